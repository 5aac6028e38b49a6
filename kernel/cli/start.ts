import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { builtKernelProgram, launchKernel, packageFolder } from "../runner/index.js";
import { startServer, type KernelSpec, type Launch, type NotebookServer } from "../server/index.js";
import type { Arguments, CommandSpec } from "./arguments.js";
import { hasScreen, openBrowser } from "./browser.js";
import { courseFolder } from "./course.js";
import { dataFolders, trashFolder, userDataFolder } from "./data-folder.js";
import { runJupyter } from "./jupyter.js";
import { kernelSpec } from "./kernelspec.js";
import { logo } from "./logo.js";
import { line, type Screen, type Terminal } from "./terminal.js";
import { version } from "./version.js";

export const startSpec: CommandSpec = {
  name: "start",
  takes: "DIR",
  summary: "Open the notebooks of a folder in the browser. Needs neither Python nor Jupyter.",
  options: {
    port: { takes: "N", help: "the port (8888, or the next that is free); 0 for any" },
    ip: { takes: "ADDRESS", help: "the address to listen to (127.0.0.1: this computer alone)" },
    "host-name": { takes: "NAME", repeats: true, help: "another name under which it is opened, as behind a proxy" },
    "no-browser": { help: "only print the address" },
    jupyter: {
      help: "in the JupyterLab or Notebook of Python instead; VIRTLAB_PYTHON names one that isn't on the PATH",
    },
    "cull-idle": { takes: "MINUTES", help: "end a kernel that has been idle and without a page for so long" },
  },
};

const defaultPort = 8888;

/** What is opened first in a folder that has it. */
const tour = "00-tour.ipynb";

function parsePort(given: string | undefined): number {
  if (given === undefined) return defaultPort;
  const port = Number(given);
  if (/^\d+$/.test(given) && port <= 65_535) return port;
  throw new UsageError(`--port ${given} is no port`, "Give a number from 0 to 65535.");
}

/** A token of the user's own, so that the address is known before the start. */
function ownToken(given: string | undefined): string | undefined {
  if (given === undefined || given === "") return undefined;
  if (/^[\w-]{16,}$/.test(given)) return given;
  throw new UsageError(
    "the token in VIRTLAB_TOKEN is too easy to guess, or can't stand in an address",
    "Give 16 or more letters, digits, - and _, or leave it out.",
  );
}

function parseMinutes(given: string | undefined): number {
  if (given === undefined) return 0;
  const minutes = Number(given);
  if (minutes > 0 && minutes <= 35_000) return minutes * 60;
  throw new UsageError(`--cull-idle ${given} is no time`, "Give minutes: --cull-idle 60.");
}

/** The course's notebooks where no folder is given. */
function chosenFolder({ positionals: [given, second] }: Arguments, err: Screen): string {
  if (second !== undefined) throw new UsageError("start takes one folder", "Give the one that holds the others.");
  if (given === undefined) return courseFolder(err);
  const folder = resolve(given);
  if (existsSync(folder)) return folder;
  throw new UsageError(`there is no folder ${folder}`, "Give one that exists: virtlab start DIR.");
}

/** Our kernel, without a kernelspec on the disk. */
export const ownSpec: KernelSpec = {
  name: "virtlab",
  spec: kernelSpec(),
  files: ["logo-svg.svg"],
  readFile: () => Promise.resolve(Buffer.from(logo)),
};

/** Other kernels may not know sockets in a folder. */
export const launch: Launch = (spec, { cwd, env }) =>
  launchKernel({
    argv: spec.spec.argv,
    cwd,
    env: { ...process.env, ...spec.spec.env, ...env },
    transport: spec === ownSpec ? "ipc" : "tcp",
  });

const firstOf = (folder: string): string | undefined => (existsSync(join(folder, tour)) ? tour : undefined);

/** Where the browser begins: at the tour in a folder that has it. The address carries the token. */
export function addressOf({ port, token }: Pick<NotebookServer, "port" | "token">, ip: string, folder: string): string {
  const host = ["0.0.0.0", "::"].includes(ip) ? "127.0.0.1" : ip.includes(":") ? `[${ip}]` : ip;
  const first = firstOf(folder);
  const page = first === undefined ? "tree" : `notebooks/${first}`;
  return `http://${host}:${port}/${page}?token=${token}`;
}

/** `virtlab start`: serves until it is told to end. */
export async function start(args: Arguments, terminal: Terminal): Promise<number> {
  const { out, err, env } = terminal;
  const folder = chosenFolder(args, err);
  const ip = args.one("ip") ?? "127.0.0.1";
  const port = parsePort(args.one("port"));
  const cullAfter = parseMinutes(args.one("cull-idle"));
  const token = ownToken(env["VIRTLAB_TOKEN"]);
  builtKernelProgram();
  if (args.has("jupyter")) {
    if (args.has("host-name")) {
      throw new UsageError("--host-name is for the built-in page", "Leave it out: Jupyter has settings of its own.");
    }
    const [first, browser] = [firstOf(folder), !args.has("no-browser") && hasScreen(process.platform, env)];
    return runJupyter({ folder, first, ip, port: args.has("port") ? port : undefined, browser, cullAfter }, terminal);
  }
  const interfaceFolder = join(packageFolder(), "dist", "ui");
  if (!existsSync(join(interfaceFolder, "manifest.json"))) {
    throw new UsageError("the notebook interface is not built", "Run npm run build first.");
  }
  const trash = trashFolder(process.platform, env);
  const server = await startServer({
    folder,
    interfaceFolder,
    stateFolder: join(userDataFolder(process.platform, env), "virtlab"),
    ...(trash === undefined ? {} : { trashFolder: trash }),
    version: version(),
    icon: logo,
    ip,
    port,
    otherPorts: !args.has("port"),
    hostNames: args.all("host-name"),
    ...(token === undefined ? {} : { token }),
    ownSpecs: [ownSpec],
    dataFolders: dataFolders(process.platform, env),
    launch,
    cullAfter,
    log: (text) => {
      line(err, `virtlab: ${text}`);
    },
  });
  const address = addressOf(server, ip, folder);
  line(out, `The notebooks of ${folder} are at\n\n    ${address}\n`);
  line(out, "Ctrl-C ends the server and its kernels; notebooks that were saved stay.");
  if (!args.has("no-browser")) openBrowser(address, env);
  await server.asked;
  await server.close();
  return 0;
}

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { writeSpec } from "./kernelspec.js";
import { writeExtension } from "./lab-extension.js";
import { line, type Terminal } from "./terminal.js";

/** A front end of Python's Jupyter. */
interface Jupyter {
  readonly name: string;
  readonly version: string;
  /** The program and its first arguments. */
  readonly command: readonly [string, ...string[]];
  /** The class that has its settings, and the one that has those of the server below it. */
  readonly app: "LabApp" | "JupyterNotebookApp" | "NotebookApp";
  readonly server: "ServerApp" | "NotebookApp";
  /** Where its pages of notebooks are. */
  readonly pages: string;
}

export interface JupyterOptions {
  readonly folder: string;
  /** The notebook of that folder that is opened first. */
  readonly first: string | undefined;
  readonly ip: string;
  /** Undefined for Jupyter's own choice. */
  readonly port: number | undefined;
  readonly browser: boolean;
  /** Seconds after which an idle kernel is ended; 0 for never. */
  readonly cullAfter: number;
}

/** Where they are looked for: in the Python that is named, or on the PATH; JupyterLab first. */
function candidates(env: NodeJS.ProcessEnv): readonly Jupyter["command"][] {
  const named = env["VIRTLAB_PYTHON"];
  const inPython = (python: string): readonly Jupyter["command"][] => [
    [python, "-m", "jupyterlab"],
    [python, "-m", "notebook"],
  ];
  if (named !== undefined && named !== "") return inPython(named);
  return [["jupyter-lab"], ["jupyter-notebook"], ...inPython(process.platform === "win32" ? "python" : "python3")];
}

function ask(command: Jupyter["command"], env: NodeJS.ProcessEnv): Jupyter | undefined {
  const [program, ...args] = command;
  const { status, stdout } = spawnSync(program, [...args, "--version"], { encoding: "utf8", env, timeout: 30_000 });
  const [version, major] = /^(\d+)\.\S+$/m.exec(status === 0 ? stdout : "") ?? [];
  if (version === undefined) return undefined;
  const isLab = command.some((word) => /jupyter-?lab$/.test(word));
  if (isLab) return { name: "JupyterLab", version, command, app: "LabApp", server: "ServerApp", pages: "/lab/tree" };
  const [app, server] =
    Number(major) >= 7 ? (["JupyterNotebookApp", "ServerApp"] as const) : (["NotebookApp", "NotebookApp"] as const);
  return { name: "Jupyter Notebook", version, command, app, server, pages: "/notebooks" };
}

/** @throws UsageError where there is none */
export function findJupyter(env: NodeJS.ProcessEnv): Jupyter {
  for (const command of candidates(env)) {
    const found = ask(command, env);
    if (found !== undefined) return found;
  }
  const named = env["VIRTLAB_PYTHON"];
  const where = named === undefined || named === "" ? "on the PATH" : `in ${named}`;
  throw new UsageError(
    `there is no JupyterLab or Jupyter Notebook ${where}`,
    "Install one (pip install jupyterlab), name its Python in VIRTLAB_PYTHON, or leave --jupyter out: virtlab start needs neither.",
  );
}

/** The arguments of one start. */
export function jupyterArguments(
  { app, server, pages }: Pick<Jupyter, "app" | "server" | "pages">,
  { folder, first, ip, port, browser, cullAfter }: JupyterOptions,
): readonly string[] {
  const settings = {
    [`${server}.ip`]: ip,
    ...(port === undefined ? {} : { [`${server}.port`]: port, [`${server}.port_retries`]: 0 }),
    ...(first === undefined ? {} : { [`${app}.default_url`]: `${pages}/${encodeURIComponent(first)}` }),
    ...(cullAfter === 0 ? {} : { "MappingKernelManager.cull_idle_timeout": cullAfter }),
    // Our own server serves root too, as containers have it; Jupyter wants to be told.
    ...(process.getuid?.() === 0 ? { [`${server}.allow_root`]: "True" } : {}),
  };
  const given = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return [...given, ...(browser ? [] : ["--no-browser"]), folder];
}

/**
 * Runs a front end of Python's Jupyter to its end, with our kernel and renderer beside what it has: nothing is installed.
 * @returns its exit code
 */
export async function runJupyter(options: JupyterOptions, { out, env }: Terminal): Promise<number> {
  const jupyter = findJupyter(env);
  const dataFolder = mkdtempSync(join(tmpdir(), "virtlab-jupyter-"));
  const cleanUp = (): void => {
    rmSync(dataFolder, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  writeSpec(dataFolder);
  writeExtension(dataFolder);
  line(out, `${jupyter.name} ${jupyter.version} (${jupyter.command.join(" ")}) serves ${options.folder}`);
  line(out, "Ctrl-C ends it and its kernels.");
  const [program, ...args] = jupyter.command;
  const paths = [dataFolder, env["JUPYTER_PATH"] ?? ""].filter((path) => path !== "");
  const child = spawn(program, [...args, ...jupyterArguments(jupyter, options)], {
    env: { ...env, JUPYTER_PATH: paths.join(delimiter) },
    stdio: ["ignore", "inherit", "inherit"],
    // A group of its own: to Ctrl-C it would answer with a question.
    detached: process.platform !== "win32",
  });
  // It ends its kernels first, which ending this process would not wait for. Who asks twice doesn't wait either.
  const asked: NodeJS.Signals[] = [];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal).on(signal, () => {
      child.kill(asked.length === 0 ? "SIGTERM" : "SIGKILL");
      asked.push(signal);
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      resolve(status ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    });
  });
  cleanUp();
  return asked.length > 0 ? 0 : code;
}

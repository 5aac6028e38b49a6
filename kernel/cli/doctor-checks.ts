import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { executeNotebook, kernelProgram, openKernel, packageFolder, type Notebook } from "../runner/index.js";
import { dataFolders } from "./data-folder.js";
import { builtExtension, extensionEntry, extensionFolder } from "./lab-extension.js";
import { readSpec, specFolder } from "./kernelspec.js";

/** What a check found, and the step that mends it. */
export interface Finding {
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  readonly mend?: string;
}

export interface Check {
  readonly name: string;
  readonly check: (env: NodeJS.ProcessEnv) => Finding | Promise<Finding>;
}

/** What mends a package that is not whole. */
export const reinstall = "Install the packages again: npm ci in a clone, npm install virtlab elsewhere.";

/** Whether a version is at least another, number by number. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(".").map(Number));
  for (const [i, wanted] of (b ?? []).entries()) {
    const had = a?.[i] ?? 0;
    if (had !== wanted) return had > wanted;
  }
  return true;
}

function checkNode(): Finding {
  const { engines } = JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const least = engines.node.replace(/^>=/, "");
  const found = `${process.versions.node} at ${process.execPath}`;
  return isAtLeast(process.versions.node, least)
    ? { state: "ok", found }
    : { state: "fail", found, mend: `virtlab needs ${least} or later: install it from nodejs.org.` };
}

/** Binds a socket, and sends a word there and back. */
async function checkZeromq(): Promise<Finding> {
  try {
    const { Reply, Request, version } = await import("zeromq");
    const server = new Reply({ linger: 0 });
    const client = new Request({ linger: 0, receiveTimeout: 2000 });
    try {
      await server.bind("tcp://127.0.0.1:*");
      client.connect(server.lastEndpoint ?? "");
      await client.send("echo");
      await server.send(await server.receive());
      const [word] = await client.receive();
      if (word?.toString() !== "echo") throw new Error("the echo differs");
      return { state: "ok", found: `libzmq ${version}, binds on 127.0.0.1 and echoes` };
    } finally {
      client.close();
      server.close();
    }
  } catch (error) {
    const mend = `${reinstall} If it loads but can't bind, a firewall or sandbox forbids 127.0.0.1.`;
    return { state: "fail", found: String(error), mend };
  }
}

async function checkLanguage(): Promise<Finding> {
  try {
    const [{ parseSync }, { transformSync }, { default: ts }] = await Promise.all([
      import("oxc-parser"),
      import("oxc-transform"),
      import("typescript"),
    ]);
    const cell = "const two: number = 1 + 1;";
    const parsed = parseSync("cell.ts", cell).program.body.length === 1;
    const stripped = transformSync("cell.ts", cell).code.includes("const two = 1 + 1");
    if (!parsed || !stripped) throw new Error("a cell of one line is not understood");
    return { state: "ok", found: `TypeScript ${ts.version}, parser and transformer work` };
  } catch (error) {
    return { state: "fail", found: String(error), mend: reinstall };
  }
}

/** The time of the newest file below a folder, in ms; 0 where it has none. */
function newest(folder: string): number {
  if (!existsSync(folder)) return 0;
  const times = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return times.reduce((latest, time) => Math.max(latest, time), 0);
}

function checkBuild(): Finding {
  const top = packageFolder();
  if (!existsSync(kernelProgram())) {
    return { state: "fail", found: `${kernelProgram()} is missing`, mend: "Run npm run build." };
  }
  // A package that was installed has no sources beside it.
  const sources = Math.max(newest(join(top, "sim")), newest(join(top, "kernel")));
  const built = join(top, "dist", ".built");
  const made = existsSync(built) ? statSync(built).mtimeMs : Infinity;
  return sources > made
    ? { state: "warn", found: "older than the sources", mend: "Run npm run build." }
    : { state: "ok", found: join(top, "dist") };
}

function checkAssets(): Finding {
  const path = join(packageFolder(), "dist", "assets", "plotly.min.js");
  // A bundle of plotly.js has more than a megabyte; less is a part of one.
  const whole = existsSync(path) && statSync(path).size > 500_000;
  return whole
    ? { state: "ok", found: path }
    : {
        state: "fail",
        found: `${path} is missing or cut off`,
        mend: "Run npm run build; virtlab run --html needs it.",
      };
}

function checkKernelSpec(env: NodeJS.ProcessEnv): Finding {
  const install = "Run virtlab install.";
  for (const folder of dataFolders(process.platform, env).map(specFolder)) {
    const spec = readSpec(folder);
    if (spec === undefined) continue;
    const gone = spec.argv.find((arg) => isAbsolute(arg) && !existsSync(arg));
    if (gone !== undefined) return { state: "fail", found: `${folder} starts ${gone}, which is gone`, mend: install };
    return spec.argv.includes(kernelProgram())
      ? { state: "ok", found: folder }
      : {
          state: "warn",
          found: `${folder} starts another copy of virtlab`,
          mend: `${install} It then starts this one.`,
        };
  }
  return { state: "warn", found: "not installed where Jupyter looks", mend: install };
}

/** Without it JupyterLab shows plots as pictures: that is no failure. */
function checkExtension(env: NodeJS.ProcessEnv): Finding {
  const own = extensionEntry(builtExtension());
  if (own === undefined) {
    return { state: "warn", found: `${builtExtension()} is missing`, mend: "Run npm run build, then virtlab install." };
  }
  const install = "Run virtlab install.";
  const folder = dataFolders(process.platform, env)
    .map(extensionFolder)
    .find((each) => extensionEntry(each) !== undefined);
  if (folder === undefined) return { state: "warn", found: "not installed where JupyterLab looks", mend: install };
  return extensionEntry(folder) === own
    ? { state: "ok", found: folder }
    : { state: "warn", found: `${folder} is of another version`, mend: install };
}

/** Clients are only looked for: virtlab runs notebooks without any. */
function checkJupyter(env: NodeJS.ProcessEnv): Finding {
  const ask = (command: string, args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync(command, args, { encoding: "utf8", env, timeout: 20_000 });
    return status === 0 ? stdout.trim() : undefined;
  };
  const python = env["VIRTLAB_PYTHON"] ?? (process.platform === "win32" ? "python" : "python3");
  const version = ask(python, ["--version"]);
  if (version === undefined) {
    return {
      state: "warn",
      found: "no Python",
      mend: "VS Code needs none; for JupyterLab install Python and jupyterlab.",
    };
  }
  const client = ask(python, ["-c", "import jupyter_client; print(jupyter_client.__version__)"]);
  return client === undefined
    ? { state: "warn", found: `${version}, no jupyter_client`, mend: `${python} -m pip install jupyterlab` }
    : { state: "ok", found: `${version}, jupyter_client ${client}` };
}

const sum: Notebook = {
  nbformat: 4,
  nbformat_minor: 4,
  metadata: {},
  cells: [{ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: "1 + 1" }],
};

async function checkKernel(): Promise<Finding> {
  const start = performance.now();
  const since = (): number => Math.round(performance.now() - start);
  const kernel = await openKernel({ startTimeout: 30 });
  try {
    const greeted = since();
    const { executions, failure } = await executeNotebook(sum, kernel, { timeout: 30 });
    if (failure !== undefined) return { state: "fail", found: `1 + 1 fails: ${failure.evalue}`, mend: reinstall };
    const [output] = executions[0]?.outputs ?? [];
    const result = output?.output_type === "execute_result" ? output.data["text/plain"] : undefined;
    const found = `answers after ${greeted} ms, evaluates 1 + 1 to ${String(result)} after ${since()} ms`;
    return result === "2" ? { state: "ok", found } : { state: "fail", found, mend: reinstall };
  } finally {
    await kernel.close();
  }
}

export const checks: readonly Check[] = [
  { name: "Node", check: checkNode },
  { name: "zeromq", check: checkZeromq },
  { name: "language", check: checkLanguage },
  { name: "build", check: checkBuild },
  { name: "plots", check: checkAssets },
  { name: "kernelspec", check: checkKernelSpec },
  { name: "plots in JupyterLab", check: checkExtension },
  { name: "Jupyter", check: checkJupyter },
  { name: "kernel", check: checkKernel },
];

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { virtlab } from "./command.js";

/** A Jupyter server with the virtlab kernel, a home of its own and a free port of this machine. */
export interface JupyterServer {
  /** Its root folder: put notebooks here. */
  readonly folder: string;
  /** The address of one of its pages, with the token that lets a browser in. */
  readonly address: (path: string) => string;
  /** What it printed. */
  readonly log: () => string;
  /** Ends it and its kernels, and removes its folders. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** The program and its first arguments; port, token and folder are added. */
  readonly command: readonly string[];
  /** The traitlets class that these belong to. */
  readonly app: "ServerApp" | "NotebookApp";
  readonly env?: NodeJS.ProcessEnv;
  /** Files of its home, by path: settings. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts a server and waits until it answers. @throws Error with what it printed if it doesn't within 60 s */
export async function startServer({ command, app, env = {}, files = {} }: ServerOptions): Promise<JupyterServer> {
  const home = mkdtempSync(join(tmpdir(), "virtlab-jupyter-"));
  const folder = join(home, "notebooks");
  mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  const environment = {
    HOME: home,
    JUPYTER_DATA_DIR: join(home, "data"),
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
    ...env,
  };
  const installed = virtlab(["install"], home, environment);
  if (installed.exit !== 0) throw new Error(installed.err);

  const port = await freePort();
  const token = randomUUID();
  const [program = "", ...args] = command;
  const settings = { port, port_retries: 0, ip: "127.0.0.1", token, open_browser: "False", allow_root: "True" };
  const options = Object.entries(settings).map(([name, value]) => `--${app}.${name}=${value}`);
  const server = spawn(program, [...args, ...options], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed: Buffer[] = [];
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (bytes: Buffer) => printed.push(bytes));
  const log = (): string => Buffer.concat(printed).toString();
  const ended = new Promise<void>((resolve) => {
    server.on("close", () => {
      resolve();
    });
    server.on("error", (error) => {
      printed.push(Buffer.from(error.message));
      resolve();
    });
  });
  const address = (path: string): string => {
    const url = new URL(path, `http://127.0.0.1:${port}/`);
    url.searchParams.set("token", token);
    return url.href;
  };
  const close = async (): Promise<void> => {
    // It shuts its kernels down first.
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
    rmSync(home, { recursive: true, force: true });
  };

  const answers = async (): Promise<boolean> => {
    try {
      return (await fetch(address("api/status"))).ok;
    } catch {
      return false;
    }
  };
  const end = performance.now() + 60_000;
  while (!(await answers())) {
    if (performance.now() < end && server.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    await close();
    throw new Error(`${command.join(" ")} does not answer:\n${log()}`);
  }
  return { folder, address, log, close };
}

/** A port of this machine that nothing listens to. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

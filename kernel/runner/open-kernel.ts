import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectClient, newConnection, type Client, type Connection } from "../wire/index.js";
import type { Death, KernelClient } from "./client.js";
import type { Metadata } from "./notebook.js";
import { startProcess, type KernelProcess } from "./process.js";
import { overWire } from "./wire-client.js";

export interface KernelOptions {
  /** The kernel's working folder; this process's where absent. */
  readonly cwd?: string;
  /** The notebook's file, from which the kernel knows the cells that have not run yet. */
  readonly path?: string;
  /** Further arguments for Node: `["--import", "patch.mjs"]`. */
  readonly nodeOptions?: readonly string[];
  /** Environment variables beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds that the kernel may take until it answers; 60 where absent. */
  readonly startTimeout?: number;
}

/** A kernel process of one's own. */
export interface Kernel extends KernelClient {
  readonly pid: number;
  /** Ends the process, politely first, and removes its files. */
  close(): Promise<void>;
}

/** The kernel's process ended or stayed silent before it could be used. */
export class KernelStartError extends Error {
  override readonly name = "KernelStartError";
}

/** The longest path of an ipc socket: `sun_path` holds 104 bytes on macOS and 108 on Linux, the channel's number included. */
const longestSocketPath = 90;

/** Sockets in the folder rather than ports: no other program can take them, and they go with the folder. */
async function connectionIn(folder: string): Promise<Connection> {
  const path = join(folder, "kernel");
  if (process.platform === "win32" || path.length > longestSocketPath) return newConnection();
  return { ...(await newConnection({ transport: "ipc" })), ip: path };
}

const describe = ({ code, signal, lastWords }: Death): string =>
  `the kernel ended before it could be used (${signal ?? `exit code ${code ?? "unknown"}`})${
    lastWords.trim() === "" ? "" : `:\n${lastWords.trim()}`
  }`;

/** Waits for the first answer. @returns the kernel's language_info @throws KernelStartError */
async function greet(client: Client, kernel: KernelProcess, seconds: number): Promise<Metadata> {
  const died = kernel.died.then((death): never => {
    throw new KernelStartError(describe(death));
  });
  const answered = client.ready(seconds * 1000).catch((error: unknown): never => {
    throw new KernelStartError(`the kernel did not answer within ${seconds} s (${String(error)})`);
  });
  const info = await Promise.race([answered, died]);
  if (info.status !== "ok") throw new KernelStartError("the kernel refused to say what it is");
  return { ...info.language_info };
}

/** Settles when the promise does, or after the seconds. */
async function settled(promise: Promise<unknown>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([promise.catch(() => undefined), over]);
  clearTimeout(timer);
}

/**
 * Starts a kernel as the kernelspec does and connects to it.
 * Whoever opens it closes it; one that is left open ends with this process.
 * @throws KernelStartError where it doesn't come up; UsageError where it isn't built
 */
export async function openKernel(options: KernelOptions = {}): Promise<Kernel> {
  const { cwd = process.cwd(), path, nodeOptions = [], startTimeout = 60 } = options;
  const folder = mkdtempSync(join(tmpdir(), "virtlab-"));
  const cleanUp = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  const forget = (): void => {
    process.removeListener("exit", cleanUp);
    cleanUp();
  };

  const connection = await connectionIn(folder);
  const client = connectClient(connection);
  let kernel: KernelProcess;
  try {
    const connectionFile = join(folder, "connection.json");
    writeFileSync(connectionFile, JSON.stringify(connection), { mode: 0o600 });
    const own = { VIRTLAB_NOTEBOOK: path, VIRTLAB_HISTORY: "off", VIRTLAB_RUN_FOLDER: folder };
    const env = { ...process.env, ...own, ...options.env };
    kernel = startProcess({ connectionFile, cwd, env, nodeOptions });
  } catch (error) {
    client.close();
    forget();
    throw error;
  }

  const end = async (): Promise<void> => {
    kernel.kill();
    await kernel.died;
    client.close();
    forget();
  };
  let languageInfo: Metadata;
  try {
    languageInfo = await greet(client, kernel, startTimeout);
  } catch (error) {
    await end();
    throw error;
  }

  return {
    ...overWire(client, languageInfo, kernel.died),
    pid: kernel.pid,
    async close() {
      // The reply is no end yet; a kernel that is stuck, or doesn't end in time, is ended.
      const asked = client.request("control", "shutdown_request", { restart: false }).then(() => kernel.died);
      await settled(Promise.race([asked, kernel.died]), 2);
      await end();
    },
  };
}

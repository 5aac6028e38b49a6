import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newConnection, type Connection } from "../wire/index.js";
import { startProcess, type KernelProcess } from "./process.js";

interface LaunchOptions {
  /** Program and arguments; `{connection_file}` stands for the connection file, as in a kernelspec. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Sockets in a folder of their own where the kernel can have them, ports otherwise. */
  readonly transport: "ipc" | "tcp";
}

/** A kernel's process and how to reach it. */
interface LaunchedKernel extends KernelProcess {
  readonly connection: Connection;
  /** Removes its files; the process has ended or is about to. */
  forget(): void;
}

/** The longest path of an ipc socket: `sun_path` holds 104 bytes on macOS and 108 on Linux, the channel's number included. */
const longestSocketPath = 90;

/** Sockets in the folder rather than ports: no other program can take them, and they go with the folder. */
async function connectionIn(folder: string, transport: LaunchOptions["transport"]): Promise<Connection> {
  const path = join(folder, "kernel");
  if (transport === "tcp" || process.platform === "win32" || path.length > longestSocketPath) return newConnection();
  return { ...(await newConnection({ transport: "ipc" })), ip: path };
}

/** The folders of kernels that run, for which one listener is enough: Node takes more than ten for a leak. */
const folders = new Set<string>();

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/**
 * Starts a kernel's process with a fresh connection, without waiting for an answer.
 * Whoever launches it kills and forgets it; one that is left ends with this process.
 */
export async function launchKernel({ argv, cwd, env, transport }: LaunchOptions): Promise<LaunchedKernel> {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-"));
  if (folders.size === 0) process.once("exit", removeAll);
  folders.add(folder);
  const forget = (): void => {
    folders.delete(folder);
    if (folders.size === 0) process.removeListener("exit", removeAll);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const connection = await connectionIn(folder, transport);
    const connectionFile = join(folder, "connection.json");
    writeFileSync(connectionFile, JSON.stringify(connection), { mode: 0o600 });
    const command = argv.map((word) => word.replaceAll("{connection_file}", connectionFile));
    // A kernel of ours removes the folder where this process was killed and couldn't.
    const own = { ...env, VIRTLAB_RUN_FOLDER: folder };
    return { ...startProcess({ argv: command, cwd, env: own }), connection, forget };
  } catch (error) {
    forget();
    throw error;
  }
}

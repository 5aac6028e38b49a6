import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("bare-server.mjs", import.meta.url));

/** A server in a process of its own, which may be killed. */
export interface SpawnedServer {
  readonly process: ChildProcess;
  readonly port: number;
  readonly token: string;
  /** The folder that it serves. */
  readonly root: string;
  readonly log: () => string;
  readonly kill: () => Promise<void>;
}

/** @param folder is kept: another server may be started on it */
export async function spawnServer(folder: string): Promise<SpawnedServer> {
  const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  let line = "";
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    line += chunk.toString();
    if (line.includes("\n")) break;
  }
  if (!line.includes("\n")) throw new Error(`the server didn't start: ${log}`);
  const { port, token } = JSON.parse(line) as { port: number; token: string };
  return {
    process: child,
    port,
    token,
    root: join(folder, "root"),
    log: () => log,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

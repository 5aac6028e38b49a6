import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectClient, newConnection, type Client } from "../../../kernel/wire/index.js";
import type { Kernel } from "./kernels.js";

/** A kernel's process, perhaps not answering yet, and a client of it. */
export interface StartedKernel {
  readonly pid: number;
  readonly client: Client;
  /** When the process was started, by `performance.now()`. */
  readonly begin: number;
  readonly alive: () => boolean;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Ends it, if it hasn't, and removes its folder. */
  close(): Promise<void>;
}

export async function startKernel({ argv, environment }: Kernel): Promise<StartedKernel> {
  const folder = mkdtempSync(join(tmpdir(), "bench-kernel-"));
  const connection = await newConnection({ transport: "tcp" });
  const file = join(folder, "connection.json");
  writeFileSync(file, JSON.stringify(connection));
  const [program = "", ...args] = argv.map((argument) => argument.replace("{connection_file}", file));
  const client = connectClient(connection);
  const begin = performance.now();
  const child = spawn(program, args, {
    cwd: folder,
    stdio: "ignore",
    env: { ...process.env, JPY_PARENT_PID: String(process.pid), VIRTLAB_HISTORY: "off", ...environment },
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.once("error", () => {
      resolve();
    });
  });
  return {
    pid: child.pid ?? NaN,
    client,
    begin,
    alive: () => child.exitCode === null && child.signalCode === null,
    ended,
    async close() {
      client.close();
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for the first answer on shell. Asks again and again: a kernel may lose what comes while it binds. */
export async function firstAnswer(client: Client, timeout: number): Promise<void> {
  const attempts = new AbortController();
  const answers: Promise<unknown>[] = [];
  const end = performance.now() + timeout;
  let answered = false;
  while (!answered && performance.now() < end) {
    const left = end - performance.now();
    answers.push(client.request("shell", "kernel_info_request", {}, { timeout: left }));
    const again = pause(250, false, { signal: attempts.signal });
    answered = await Promise.race([Promise.any(answers).then(() => true), again]);
    if (answered) again.catch(() => undefined);
  }
  attempts.abort();
  for (const answer of answers) answer.catch(() => undefined);
  if (!answered) throw new Error(`no answer in ${timeout} ms`);
}

/** Waits until broadcasts arrive too: a kernel without iopub_welcome doesn't say when, so it is asked until idle is heard. */
export async function firstBroadcast(client: Client, timeout: number): Promise<void> {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      await client.request("shell", "kernel_info_request", {}, { onBroadcast: () => undefined, timeout: 250 });
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

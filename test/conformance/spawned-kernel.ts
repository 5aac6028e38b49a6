import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { kernelCommand, kernelProgram } from "../../kernel/runner/index.js";
import {
  connectClient,
  newConnection,
  type Broadcast,
  type Client,
  type Connection,
  type ExecuteReply,
  type ExecuteRequest,
} from "../../kernel/wire/index.js";

export interface Options {
  readonly transport?: "tcp" | "ipc";
  readonly environment?: Readonly<Record<string, string>>;
  /** Another copy of the kernel. */
  readonly program?: string;
  /** Where it runs; it is made. A folder of its own where absent. */
  readonly cwd?: string;
  /** Whether it leads a process group of its own, as jupyter_client starts it. */
  readonly detached?: boolean;
  /** Files to lie in the kernel's folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What a cell did: its reply and its broadcasts between busy and idle. */
export interface Ran {
  readonly reply: ExecuteReply;
  readonly broadcasts: readonly Broadcast[];
  /** All of one stream together. */
  readonly stdout: string;
  readonly stderr: string;
  /** The result as text. */
  readonly result: string | undefined;
}

/** A kernel in a process and a folder of its own, with a client. */
export interface SpawnedKernel {
  readonly client: Client;
  readonly connection: Connection;
  readonly process: ChildProcess;
  readonly folder: string;
  /** What it wrote to its standard error. */
  readonly log: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  run(code: string, content?: Partial<ExecuteRequest>): Promise<Ran>;
  /** Resolves a little behind the next text that begins so: what the cell does behind it has begun. */
  printed(word: string): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

/** Starts the built kernel as the kernelspec does and waits until it answers. */
export async function spawnKernel(options: Options = {}): Promise<SpawnedKernel> {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-kernel-"));
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  if (options.cwd !== undefined) mkdirSync(options.cwd, { recursive: true });
  const connection = await newConnection({ transport: options.transport ?? "tcp" });
  const file = join(folder, "connection.json");
  writeFileSync(file, JSON.stringify(connection));
  const { program = kernelProgram() } = options;
  const [node = "", ...args] = kernelCommand().map((word) =>
    word === kernelProgram() ? program : word.replace("{connection_file}", file),
  );
  const child = spawn(node, args, {
    cwd: options.cwd ?? folder,
    detached: options.detached ?? false,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, JPY_PARENT_PID: String(process.pid), ...options.environment },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => {
      if (signal === "SIGABRT" || signal === "SIGSEGV") console.error(`the kernel crashed (${signal}): ${log}`);
      resolve({ code, signal });
    });
  });
  const client = connectClient(connection);
  try {
    await client.ready(60_000);
  } catch (error) {
    throw new Error(`the kernel didn't start: ${log}`, { cause: error });
  }

  return {
    client,
    connection,
    process: child,
    folder,
    log: () => log,
    ended,
    async run(code, content = {}) {
      const broadcasts: Broadcast[] = [];
      const onBroadcast = (message: Broadcast): void => void broadcasts.push(message);
      const { content: reply } = await client.request(
        "shell",
        "execute_request",
        { code, ...content },
        { onBroadcast, timeout: 60_000 },
      );
      if (reply.status === "aborted") throw new Error("the request was aborted");
      const stream = (name: string): string =>
        broadcasts
          .map((each) => (each.type === "stream" && each.content.name === name ? each.content.text : ""))
          .join("");
      const results = broadcasts.flatMap((each) => (each.type === "execute_result" ? [each.content] : []));
      const text = results[0]?.data["text/plain"];
      const result = typeof text === "string" ? text : undefined;
      return { reply, broadcasts, stdout: stream("stdout"), stderr: stream("stderr"), result };
    },
    printed(word) {
      return new Promise((resolve) => {
        const stop = client.onBroadcast((message) => {
          if (message.type !== "stream" || !message.content.text.startsWith(word)) return;
          stop();
          setTimeout(resolve, 30);
        });
      });
    },
    async close() {
      client.close();
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Polls until `condition` holds. */
export async function until(condition: () => boolean, milliseconds = 60_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A traceback as text without colours. */
export function plain(traceback: readonly string[]): string {
  return stripVTControlCharacters(traceback.join("\n"));
}

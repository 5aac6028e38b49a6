import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectClient, newConnection, type Broadcast, type Client, type Connection } from "../wire/index.js";
import type { Death, KernelClient, Publication } from "./client.js";
import type { Metadata } from "./notebook.js";
import { startProcess, type KernelProcess } from "./process.js";

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

/** What becomes an output; the rest of what a kernel broadcasts does not concern a notebook. */
function publicationOf({ type, content }: Broadcast): Publication | undefined {
  switch (type) {
    case "stream":
      return { type, name: content.name, text: content.text };
    case "error":
      return { type, ename: content.ename, evalue: content.evalue, traceback: content.traceback };
    case "clear_output":
      return { type, wait: content.wait };
    case "execute_result":
      return { type, data: content.data, metadata: content.metadata, executionCount: content.execution_count };
    case "display_data":
    case "update_display_data": {
      const id = content.transient["display_id"];
      return {
        type,
        data: content.data,
        metadata: content.metadata,
        ...(typeof id === "string" ? { displayId: id } : {}),
      };
    }
    case "status":
    case "execute_input":
    case "comm_open":
    case "comm_msg":
    case "comm_close":
    case "shutdown_reply":
    case "iopub_welcome":
      return undefined;
  }
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

  let kernel: KernelProcess;
  let client: Client;
  try {
    const connection = await connectionIn(folder);
    const connectionFile = join(folder, "connection.json");
    writeFileSync(connectionFile, JSON.stringify(connection), { mode: 0o600 });
    const env = { ...process.env, VIRTLAB_NOTEBOOK: path, ...options.env };
    kernel = startProcess({ connectionFile, cwd, env, nodeOptions });
    client = connectClient(connection);
  } catch (error) {
    forget();
    throw error;
  }

  const publishers = new Map<string, (publication: Publication) => void>();
  client.onBroadcast((message) => {
    const publication = publicationOf(message);
    if (publication !== undefined) publishers.get(message.parent_header.msg_id ?? "")?.(publication);
  });

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
    pid: kernel.pid,
    languageInfo,
    died: kernel.died,
    async execute({ code, cellId }, publish) {
      const { content } = await client.request(
        "shell",
        "execute_request",
        { code, allow_stdin: false, stop_on_error: false },
        {
          // The request is over when the kernel is idle again only where somebody listens.
          onBroadcast: () => undefined,
          onSend: (id) => publishers.set(id, publish),
          ...(cellId === undefined ? {} : { metadata: { cellId } }),
        },
      );
      switch (content.status) {
        case "aborted":
          return { status: "aborted" };
        case "ok":
          return { status: "ok", executionCount: content.execution_count };
        case "error": {
          const { ename, evalue, execution_count } = content;
          return { status: "error", executionCount: execution_count, ename, evalue };
        }
      }
    },
    async interrupt() {
      await client.request("control", "interrupt_request", {});
    },
    async close() {
      // The reply is no end yet; a kernel that doesn't end in time, or is stuck, is ended.
      const asked = client.request("control", "shutdown_request", { restart: false }).then(() => kernel.died);
      await settled(Promise.race([asked, kernel.died]), 2);
      await end();
    },
  };
}

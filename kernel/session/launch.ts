import { Worker, type MessagePort } from "node:worker_threads";

/** What the protocol worker is given. */
export interface ProtocolWorkerData {
  /** The file that the client wrote. */
  readonly connectionFile: string;
  /** The way to `startMainThread`. */
  readonly port: MessagePort;
  /** Where the notebook lies. */
  readonly folder: string;
  /** Where inputs are kept for later sessions; undefined for nowhere. */
  readonly historyFile: string | undefined;
  readonly versions: { readonly kernel: string; readonly typescript: string };
}

/**
 * Starts the thread that serves the kernel's clients. It loads nothing in this one.
 * @param wanted called when cells are to come, or the first one has: this thread may load what they need
 */
export function startProtocolWorker(data: ProtocolWorkerData, wanted: () => void): Worker {
  const worker = new Worker(new URL("./protocol-worker.js", import.meta.url), {
    workerData: data,
    transferList: [data.port],
    // For the one thing that Node gives to no worker: hearing signals. See lifetime.ts.
    execArgv: ["--expose-internals"],
    name: "virtlab protocol",
  });
  // The worker says this and no more.
  worker.once("message", wanted);
  return worker;
}

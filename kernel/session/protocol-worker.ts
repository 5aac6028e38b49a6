import { rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { createExecutor, watchOrphans } from "../exec/index.js";
import { bindKernel, ConnectionError, readConnection } from "../wire/index.js";
import { createHistoryFile } from "./history-file.js";
import { kernelInfo } from "./kernel-info.js";
import type { ProtocolWorkerData } from "./launch.js";
import { lazyLanguageTools, type LanguageTools } from "./language-tools.js";
import { watchLifetime } from "./lifetime.js";
import { rehearse } from "./rehearsal.js";
import { createSession } from "./session.js";
import { typecheckMode } from "./type-check.js";

/** Standard error without a detour through the main thread, which may be busy. */
function log(reason: string): void {
  try {
    writeSync(2, `virtlab kernel: ${reason}\n`);
  } catch {
    // Whoever read it has gone.
  }
}

// `startProtocolWorker` passes this.
const { connectionFile, port, folder, historyFile, versions } = workerData as ProtocolWorkerData;

/** How long the end waits for the history's disk, in ms. */
const patience = 300;

// Node's own way to show warnings leads through the main thread, and there to a cell.
process.removeAllListeners("warning");
process.on("warning", ({ name, message }) => {
  // zeromq says so of every option of a bound socket, also of `noDrop`, which takes effect at once.
  if (!message.startsWith("Socket option will not take effect")) log(`${name}: ${message}`);
});

/** A runner that was killed can't remove the folder that it made for this kernel. */
function removeRunFolder(): void {
  const made = process.env["VIRTLAB_RUN_FOLDER"];
  // A program that a cell starts inherits the variable.
  if (made === undefined || made !== dirname(connectionFile)) return;
  try {
    rmSync(made, { recursive: true, force: true });
  } catch (error) {
    log(`${made} stays: ${String(error)}`);
  }
}

async function start(): Promise<void> {
  const connection = readConnection(connectionFile);
  const sockets = await bindKernel(connection, log);
  const executor = createExecutor(
    port,
    (code) => void leave(code),
    () => sockets.congestion(),
    () => parentPort?.postMessage("wanted"),
  );

  const history = historyFile === undefined ? undefined : createHistoryFile(historyFile, log);
  let leaving = false;
  async function leave(code: number): Promise<void> {
    if (leaving) return;
    leaving = true;
    session.close();
    await Promise.all([sockets.close(), Promise.race([history?.settled(), pause(patience)])]);
    removeRunFolder();
    await executor.leave(code);
  }

  const info = kernelInfo(versions);
  const load = lazyLanguageTools(folder);
  let ready: Promise<LanguageTools> | undefined;
  const language = (): Promise<LanguageTools> => (ready ??= rehearsed());
  async function rehearsed(): Promise<LanguageTools> {
    const tools = await load();
    try {
      await rehearse({ sockets, executor, tools, info, log });
    } catch (error) {
      log(`the rehearsal failed: ${String(error)}`);
    }
    return tools;
  }
  const session = createSession({
    sockets,
    executor,
    language,
    typecheck: typecheckMode(process.env["VIRTLAB_TYPECHECK"], log),
    ...(history === undefined ? {} : { historyFile: history }),
    info,
    greeted() {
      executor.prepare();
    },
    leave: (code) => void leave(code),
    log,
  });
  watchLifetime(process.env, {
    interrupt() {
      session.interrupt();
    },
    leave(reason) {
      log(reason);
      void leave(0);
    },
    log,
  });
  watchOrphans();
  // "The kernel will publish state 'starting' exactly once": before any other, but behind the first welcome, which has
  // to be the first that a subscriber hears.
  let greeted = false;
  const greet = (): void => {
    if (!greeted) sockets.broadcast(undefined, "status", { execution_state: "starting" });
    greeted = true;
  };
  void sockets.subscribed.then(greet);
  sockets.serve((channel, message) => {
    greet();
    session.handle(channel, message);
  });
}

start().catch((error: unknown) => {
  log(error instanceof ConnectionError ? `${error.message}\n${error.hint}` : String(error));
  process.exit(1);
});

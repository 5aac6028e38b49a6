import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { createExecutor } from "../exec/index.js";
import { bindKernel, ConnectionError, readConnection } from "../wire/index.js";
import { kernelInfo } from "./kernel-info.js";
import type { ProtocolWorkerData } from "./launch.js";
import { lazyLanguageTools } from "./language-tools.js";
import { watchLifetime } from "./lifetime.js";
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
const { connectionFile, port, folder, versions } = workerData as ProtocolWorkerData;

async function start(): Promise<void> {
  const connection = readConnection(connectionFile);
  const executor = createExecutor(port, (code) => void leave(code));
  const sockets = await bindKernel(connection, log);

  let leaving = false;
  async function leave(code: number): Promise<void> {
    if (leaving) return;
    leaving = true;
    session.close();
    await sockets.close();
    await executor.leave(code);
  }

  const session = createSession({
    sockets,
    executor,
    language: lazyLanguageTools(folder),
    typecheck: typecheckMode(process.env["VIRTLAB_TYPECHECK"], log),
    info: kernelInfo(versions),
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
  sockets.serve((channel, message) => {
    session.handle(channel, message);
  });
  sockets.broadcast(undefined, "status", { execution_state: "starting" });
}

start().catch((error: unknown) => {
  log(error instanceof ConnectionError ? `${error.message}\n${error.hint}` : String(error));
  process.exit(1);
});

/**
 * The kernel's process; kernel.cts starts it.
 *
 *   main thread ───────── user code and nothing else: cells.ts, loaded once the client has been greeted
 *    └─ protocol worker ─ sockets and messages: session's `startProtocolWorker`; heartbeat, control and interrupts are
 *        │                served while a cell spins
 *        └─ language worker: TypeScript's language service, started once the client has been greeted
 *
 * The flag keeps Node from aborting when a loop in a timer is cut, which leaves its stack of asynchronous ids unbalanced.
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import { startProtocolWorker } from "../session/index.js";
import { historyFile } from "./data-folder.js";

const [connectionFile, ...rest] = process.argv.slice(2);
if (connectionFile === undefined || rest.length > 0) {
  console.error("usage: kernel.cjs CONNECTION_FILE\nA Jupyter client starts this; `virtlab install` tells it how.");
  process.exit(2);
}

const require = createRequire(import.meta.url);
const versionIn = (manifest: string): string => (require(manifest) as { version: string }).version;
const folder = process.cwd();
const kernelFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const { port1, port2 } = new MessageChannel();
const worker = startProtocolWorker(
  {
    connectionFile,
    port: port2,
    folder,
    historyFile: historyFile(process.platform, process.env),
    versions: { kernel: versionIn("../../../package.json"), typescript: versionIn("typescript/package.json") },
  },
  () => {
    // What the worker orders meanwhile waits in the port.
    void import("./cells.js").then(({ startCells }) => {
      startCells({ port: port1, folder, kernelFolder });
    });
  },
);
// The worker says itself what went wrong; nothing of the kernel works without it. Cells get another `process.exit`.
const exit = process.exit.bind(process);
worker.once("exit", exit);
worker.once("error", (error) => {
  // Not by console: what is written there goes to the cell, through the worker.
  writeSync(2, `virtlab kernel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
});
// The worker hears signals at any time; without a listener here they would end the process before.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

/**
 * The kernel's process, as the kernelspec starts it: `node --no-force-async-hooks-checks kernel.js CONNECTION_FILE`.
 *
 *   main thread ───────── user code and nothing else: exec's `startMainThread`
 *    └─ protocol worker ─ sockets and messages: session's `startProtocolWorker`; heartbeat, control and interrupts are
 *        │                served while a cell spins
 *        └─ language worker: TypeScript's language service, started once the client has been greeted
 *
 * The flag keeps Node from aborting when a loop in a timer is cut, which leaves its stack of asynchronous ids unbalanced.
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import { startProtocolWorker } from "../session/index.js";
import { historyFile } from "./data-folder.js";

const [connectionFile, ...rest] = process.argv.slice(2);
if (connectionFile === undefined || rest.length > 0) {
  console.error("usage: kernel.js CONNECTION_FILE\nA Jupyter client starts this; `virtlab install` tells it how.");
  process.exit(2);
}

const require = createRequire(import.meta.url);
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version;
const folder = process.cwd();
const channel = new MessageChannel();
const worker = startProtocolWorker({
  connectionFile,
  port: channel.port2,
  folder,
  historyFile: historyFile(process.platform, process.env),
  versions: { kernel: versionOf("virtlab"), typescript: versionOf("typescript") },
});
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

// The runner or the Jupyter server tells; the server's path starts at its own root.
const { VIRTLAB_NOTEBOOK, JPY_SESSION_NAME } = process.env;
const notebook = [VIRTLAB_NOTEBOOK, JPY_SESSION_NAME].find((path) => path?.endsWith(".ipynb"));

const [{ startMainThread }, { presentAll }, { originalPosition }] = await Promise.all([
  import("../exec/index.js"),
  import("../display/index.js"),
  import("../lang/index.js"),
]);
startMainThread({
  port: channel.port1,
  folder,
  kernelFolder: dirname(dirname(fileURLToPath(import.meta.url))),
  present: presentAll,
  originalPosition,
  api: {
    load: async (): Promise<unknown> => import(new URL("../api/index.js", import.meta.url).href),
    require: () => require("../api/index.js") as unknown,
  },
  notebook: notebook === undefined ? undefined : join(folder, basename(notebook)),
});

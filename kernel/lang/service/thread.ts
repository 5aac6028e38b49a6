/** The language service's thread: TypeScript is loaded here and nowhere else. */
import { parentPort, workerData } from "node:worker_threads";
import { CellTypes } from "./cell-types.js";
import type { Questions, Reply, Request, ThreadOptions } from "./messages.js";

// Only `startLanguageService` starts this file.
const { cwd, globals, records } = workerData as ThreadOptions;
const port = parentPort;
if (port === null) throw new Error("this file is a worker thread's");

const types = new CellTypes({ cwd, globals });
for (const record of records) types.restore(record);

function answer(request: Request): Questions[keyof Questions]["answer"] {
  switch (request.kind) {
    case "check":
      return types.check(request.source);
    case "declare":
      return request.untyped ? types.declareUntyped(request.source) : types.declare(request.source);
    case "complete":
      return types.complete(request.source, request.offset);
    case "inspect":
      return types.inspect(request.source, request.offset);
    case "reset":
      types.reset();
      return undefined;
  }
}

function reply(message: Reply): void {
  port?.postMessage(message);
}

port.on("message", (request: Request) => {
  try {
    reply({ kind: "answer", id: request.id, answer: answer(request) });
  } catch (error) {
    reply({ kind: "broken", id: request.id, reason: error instanceof Error ? error.message : String(error) });
  }
});

// Between two steps of the warm-up, questions are answered.
const steps = types.warmUp();
function warmUp(): void {
  if (steps.next().done === true) reply({ kind: "ready" });
  else setImmediate(warmUp);
}
warmUp();

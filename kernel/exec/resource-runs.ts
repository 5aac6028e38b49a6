import { AsyncLocalStorage, createHook, executionAsyncResource } from "node:async_hooks";
import { RunMark } from "./run-mark.js";

/** Whose the things are that Node calls back for: sockets, files' operations, programs. */
export interface ResourceRuns {
  /** The run that made the one whose callback runs; undefined where that isn't known. */
  current(): number | undefined;
  /** What is made from now on, in this callback, is of this run. */
  entered(run: number): void;
}

/** A promise's life, as v8.promiseHooks has it. */
interface PromiseHooks {
  readonly init: (promise: object) => void;
  readonly before: (promise: object) => void;
}

/** From this major on AsyncLocalStorage is V8's own work (AsyncContextFrame) and needs none of Node's hooks. */
const frames = 24;

/**
 * @param current the run of the code that makes something
 * @param promises the hooks that v8.promiseHooks has been given
 */
export function followResources(current: () => number, promises: PromiseHooks): ResourceRuns {
  if (Number(process.versions.node.split(".")[0]) >= frames) return inFrames();
  return byHook(current, promises) ?? { current: () => undefined, entered: () => undefined };
}

/** A socket that a server is given belongs to nobody here: Node makes it outside of the server's callback. */
function inFrames(): ResourceRuns {
  const storage = new AsyncLocalStorage<number>();
  return {
    current: () => storage.getStore(),
    entered(run) {
      storage.enterWith(run);
    },
  };
}

/** What makes others of its kind outside of any callback: the sockets of the clients that connect to it. */
const servers: ReadonlySet<string> = new Set(["TCPSERVERWRAP", "PIPESERVERWRAP"]);

/** The part of Node's binding `async_wrap` in use. */
interface AsyncWrap {
  readonly async_hook_fields: Uint32Array;
  readonly constants: Readonly<Record<"kTotals" | "kCheck", number>>;
  setPromiseHooks(...hooks: readonly (((promise: object) => void) | undefined)[]): void;
}

/**
 * Marks resources as they are made. The hook that tells so brings two things along that abort the process where a loop is
 * cut, and which are undone: Node's own hooks on promises, which keep a stack of ids, and the checks of that stack
 * (src/api/callback.cc looks at the number of hooks for it), which the kernel's command line switches off.
 * @returns undefined where this Node doesn't let us
 */
function byHook(current: () => number, { init, before }: PromiseHooks): ResourceRuns | undefined {
  const binding = asyncWrap();
  if (binding === undefined) return undefined;
  const runs = new Map<number, number>();
  createHook({
    init(id, type, trigger, resource) {
      const run = runs.get(trigger) ?? current();
      RunMark.set(resource, run);
      if (servers.has(type)) runs.set(id, run);
    },
  }).enable();
  binding.setPromiseHooks(init, before, undefined, undefined);
  const { kTotals, kCheck } = binding.constants;
  for (const field of [kTotals, kCheck]) binding.async_hook_fields[field] = 0;
  return {
    // No object, whatever its type says, where Node's stack is longer than its list of resources: behind a loop that was cut.
    current: () => RunMark.of(executionAsyncResource()),
    entered: () => undefined,
  };
}

function asyncWrap(): AsyncWrap | undefined {
  // It warns of its use; there is no other way to either thing.
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    const binding = Reflect.get(process, "binding") as (name: "async_wrap") => AsyncWrap;
    return binding.call(process, "async_wrap");
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

import { executionAsyncId } from "node:async_hooks";
import { promisify } from "node:util";
import { promiseHooks } from "node:v8";
import type { Evaluate } from "./evaluation.js";
import { followResources } from "./resource-runs.js";
import { RunMark } from "./run-mark.js";

/** Knows which cell the code that runs now belongs to, through promises, timers and what else calls back. */
export interface CellContext {
  /** The run that started what runs now; 0 before the first. */
  current(): number;
  /** What runs from now on, until something else's turn comes, belongs to `run`. */
  enter(run: number): void;
  /** The run that made a promise, undefined for one older than the context. */
  ofPromise(promise: object): number | undefined;
}

/**
 * Follows cells through the thread's promises, timers, immediates, ticks and microtasks, and through the resources that
 * Node calls back for: files, sockets, programs. Whose these are is looked up only when somebody asks inside their
 * callback, which has another asynchronous id than what was entered last.
 *
 * Why not AsyncLocalStorage: up to Node 22 it keeps a stack of ids by promise hooks, and a loop after an `await` that is
 * cut leaves one behind, whereupon Node aborts (src/api/callback.cc, `CHECK_EQ(env_->execution_async_id(), 0)`).
 *
 * An immediate runs inside an evaluation of its own: where one is cut that isn't the first of its turn, Node up to 24
 * tries to go on behind it for ever (lib/internal/timers.js, `prevImmediate` is undefined). Timers and ticks survive.
 * Per million awaits this adds 0.05 s to 0.07 s, AsyncLocalStorage 0.05 s.
 */
export function startCellContext(evaluate: Evaluate): CellContext {
  let now = 0;
  /** The asynchronous id in which `now` was entered: in another one, a callback runs that nobody announced. */
  let at = 0;

  const set = (run: number): void => {
    now = run;
    at = executionAsyncId();
  };
  const promises = {
    init(promise: object): void {
      new RunMark(promise, current());
    },
    before(promise: object): void {
      set(RunMark.of(promise) ?? now);
    },
  };
  promiseHooks.createHook(promises);
  const resources = followResources(current, promises);

  function current(): number {
    return executionAsyncId() === at ? now : (resources.current() ?? now);
  }

  type Callback = (...args: unknown[]) => unknown;
  type Call = (callback: Callback, self: unknown, args: unknown[]) => unknown;
  const call: Call = (callback, self, args) => Reflect.apply(callback, self, args);
  const callApart: Call = (callback, self, args) => {
    let thrown: { readonly error: unknown } | undefined;
    evaluate(() => {
      try {
        Reflect.apply(callback, self, args);
      } catch (error) {
        thrown = { error };
      }
    });
    if (thrown !== undefined) throw thrown.error;
    return undefined;
  };

  const follow = <F extends Callback>(schedule: F, invoke: Call): F => {
    const following = (callback: unknown, ...args: unknown[]): unknown => {
      if (typeof callback !== "function") return schedule(callback, ...args);
      const run = current();
      const entered = function (this: unknown, ...given: unknown[]): unknown {
        set(run);
        return invoke(callback as Callback, this, given);
      };
      return schedule(entered, ...args);
    };
    const promised: unknown = Reflect.get(schedule, promisify.custom);
    if (promised !== undefined) Object.defineProperty(following, promisify.custom, { value: promised });
    Object.defineProperty(following, "name", { value: schedule.name });
    // Same parameters, same result: only the callback is wrapped.
    return following as F;
  };
  for (const [name, invoke] of [
    ["setTimeout", call],
    ["setInterval", call],
    ["setImmediate", callApart],
  ] as const) {
    const value = follow(globalThis[name] as Callback, invoke);
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
  globalThis.queueMicrotask = follow(globalThis.queueMicrotask as Callback, call);
  process.nextTick = follow(process.nextTick.bind(process) as Callback, call);

  return {
    current,
    enter(run) {
      set(run);
      resources.entered(run);
    },
    ofPromise: (promise) => RunMark.of(promise),
  };
}

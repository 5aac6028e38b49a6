import type { Activity, Nanos, Process, World } from "../../core/index.js";
import { ApiFailure } from "./failure.js";
import { ControllerLimiter, type RateLimiter } from "./rate-limiter.js";
import { WorkQueue } from "./work-queue.js";

/** When a key is to be looked at again although nothing changes; undefined: not before something does. */
export interface Again {
  readonly after: Nanos;
  /** Whether it merely looks again, so that no run needs to wait for it. */
  readonly background?: boolean;
}

/**
 * Makes the world a little more as the object of this key asks for. It is told which object, never what happened to it: whoever acts on
 * events alone is wrong for good after the first one that is lost.
 */
export type Reconcile = (key: string) => Activity<Again | undefined>;

export interface ControlLoopOptions {
  readonly world: World;
  readonly name: string;
  readonly reconcile: Reconcile;
  /** How many keys are worked on at a time. Default 5, as of most controllers (`--concurrent-…-syncs`). */
  readonly workers?: number;
  readonly limiter?: RateLimiter;
  /** Who waits before the first key is taken: the informers' first lists. */
  readonly ready?: () => Activity<void>;
}

/** Workers that take keys and reconcile them. A request that failed has its key tried again, later each time. */
export class ControlLoop {
  readonly queue: WorkQueue;
  readonly #options: ControlLoopOptions;
  readonly #workers: Process<void>[] = [];
  readonly #starter: Process<void>;

  constructor(options: ControlLoopOptions) {
    const { world, name, limiter = new ControllerLimiter(world.engine) } = options;
    this.#options = options;
    this.queue = new WorkQueue(world.engine, limiter);
    this.#starter = world.engine.spawn(this.#start(), { name, background: true });
  }

  stop(): void {
    this.#starter.cancel();
    for (const worker of this.#workers) worker.cancel();
    this.queue.shutDown();
  }

  *#start(): Activity<void> {
    const { world, name, workers = 5, ready } = this.#options;
    if (ready !== undefined) yield* ready();
    for (let i = 0; i < workers; i++) {
      this.#workers.push(world.engine.spawn(this.#work(), { name, background: true }));
    }
  }

  *#work(): Activity<void> {
    const { queue } = this;
    for (;;) {
      const key = yield* queue.get();
      yield* this.#process(key);
      queue.done(key);
    }
  }

  *#process(key: string): Activity<void> {
    const { queue } = this;
    const { reconcile, name, world } = this.#options;
    try {
      const again = yield* reconcile(key);
      queue.forget(key);
      if (again !== undefined) queue.addAfter(key, again.after, again.background ?? false);
    } catch (error) {
      // What the API refuses is the world's business; anything else is a mistake of ours and goes out of `run()`.
      if (!(error instanceof ApiFailure)) throw error;
      world.trace.emit("reconcile.failed", name, {
        key,
        code: error.code,
        reason: error.reason,
        message: error.message,
      });
      queue.addRateLimited(key);
    }
  }
}

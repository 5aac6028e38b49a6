import type { Awaiting } from "./awaiting.js";
import type { Frame, Scripts } from "./scripts.js";

/** Something thrown, as V8 pauses at it. */
export interface Thrown {
  /** From where it was thrown to where the kernel or Node called, the latest call first. */
  readonly frames: readonly Frame[];
  /** The kernel called: what comes to it nobody caught. */
  readonly calledByKernel: boolean;
  /** V8 knows that a promise is rejected by it. */
  readonly rejection: boolean;
  /** V8 sees no handler that a promise leads to, the kernel's included. */
  readonly unhandled: boolean;
}

/**
 * Who catches something thrown: the frame of that index, a promise's handler (now or later), or nobody before the
 * kernel.
 *
 * An asynchronous function makes a rejected promise of it. Behind an `await` V8 knows the promise's handlers. Before the
 * first one nobody has the promise yet, and what its caller does with it is read off the source: where that keeps it
 * (`const p = f();`) it may be handled later, and counts as handled. So does a `reject(…)` whose promise is awaited.
 */
export type FindCatcher = (thrown: Thrown) => Promise<number | "promise" | "nobody">;

export function createFindCatcher({ errorFlow }: Pick<Scripts, "errorFlow">, awaiting: Awaiting): FindCatcher {
  /** Behind an `await`, or where Node has the promise. */
  async function later({ frames, unhandled }: Thrown): Promise<"promise" | "nobody"> {
    if (unhandled) return "nobody";
    for (const frame of await awaiting(frames)) {
      const { catches, awaitsHandled } = await errorFlow(frame);
      if (catches || awaitsHandled) return "promise";
      if (frame.topLevel) return "nobody";
    }
    return "promise";
  }

  /** Follows the promise that the call at `from` gives. @returns the frame where it is thrown again */
  async function follow(thrown: Thrown, from: number): Promise<{ readonly at: number } | "promise" | "nobody"> {
    for (let at = from; ; at++) {
      const frame = thrown.frames[at];
      if (frame === undefined && thrown.calledByKernel) return "nobody";
      if (frame === undefined || frame.owner === "hidden") return later(thrown);
      const { promise } = await errorFlow(frame);
      if (promise === "awaited") return { at };
      if (promise === "dropped") return "nobody";
      if (promise !== "returned") return "promise";
    }
  }

  return async (thrown) => {
    const { frames, calledByKernel, rejection, unhandled } = thrown;
    /** It was a promise's rejection and is thrown again where that is awaited. */
    let again = false;
    for (let at = 0; at < frames.length; at++) {
      const frame = frames[at];
      if (frame === undefined) break;
      const { catches, within, makesPromise } = await errorFlow(frame);
      const here: boolean = makesPromise && !again;
      if (!here && catches) return at;
      again = here || within?.isAsync === true;
      if (!again) continue;
      // The cell's own promise is the kernel's.
      if (!here && frame.topLevel) return "nobody";
      const followed = await follow(thrown, here ? at : at + 1);
      if (typeof followed === "string") return followed;
      at = followed.at - 1;
    }
    return calledByKernel && (unhandled || !rejection) ? "nobody" : later(thrown);
  };
}

import { Session } from "node:inspector";

const slot = Symbol.for("virtlab.job");
// The name tells a debugger that this is none of the user's code.
const expression = 'globalThis[Symbol.for("virtlab.job")]()\n//# sourceURL=node:virtlab';

/** Runs `job` so that it can be cut. @returns false if it was */
export type Evaluate = (job: () => void) => boolean;

/**
 * Calls jobs through the inspector's `Runtime.evaluate`, in this thread's own session. When another thread posts
 * `Runtime.terminateExecution`, V8 unwinds to that call and goes on behind it; a job called directly would take Node's
 * event loop callback with it.
 */
export function createEvaluate(): Evaluate {
  const session = new Session();
  session.connect();
  let job: () => void = () => undefined;
  Object.defineProperty(globalThis, slot, {
    value: () => {
      job();
    },
  });
  return (given) => {
    job = given;
    let completed = true;
    // The session is this thread's own: the callback has been called when `post` returns.
    session.post("Runtime.evaluate", { expression }, (error) => {
      completed = error === null;
    });
    return completed;
  };
}

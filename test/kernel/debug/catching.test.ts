import { expect, test } from "vitest";
import { createFindCatcher, type Thrown } from "../../../kernel/debug/catching.js";
import type { Frame } from "../../../kernel/debug/scripts.js";
import type { ErrorFlow } from "../../../kernel/lang/index.js";

/** A frame: of a function that is asynchronous or not, with a `try` or not, and what it does with its call's promise. */
interface Sketch {
  readonly isAsync?: boolean;
  readonly catches?: boolean;
  readonly promise?: ErrorFlow["promise"];
  readonly makesPromise?: boolean;
  readonly awaitsHandled?: boolean;
  readonly owner?: Frame["owner"];
  readonly topLevel?: boolean;
}

function find(
  stack: readonly Sketch[],
  given: Partial<Thrown> = {},
  awaiting: readonly Sketch[] = [],
): Promise<unknown> {
  const frame = (sketch: Sketch): Frame => ({ owner: "cell", ...sketch }) as unknown as Frame; // No more is looked at.
  const findCatcher = createFindCatcher(
    {
      errorFlow: (of) => {
        const {
          catches = false,
          isAsync = false,
          promise = "kept",
          makesPromise = false,
          awaitsHandled = false,
        } = of as unknown as Sketch;
        return Promise.resolve({
          catches,
          promise,
          makesPromise,
          awaitsHandled,
          within: { isAsync, start: { line: 1, column: 1 } },
        });
      },
    },
    () => Promise.resolve(awaiting.map(frame)),
  );
  return findCatcher({ frames: stack.map(frame), calledByKernel: true, rejection: false, unhandled: true, ...given });
}

const async = { isAsync: true } as const;
const behindAwait = { calledByKernel: false };
const handled = { calledByKernel: false, unhandled: false };

test.each<[string, readonly Sketch[], Partial<Thrown>, readonly Sketch[], unknown]>([
  ["a function in a cell", [{}], {}, [], "nobody"],
  ["a function called in a try", [{}, { catches: true }], {}, [], 1],
  ["an asynchronous cell", [async], {}, [], "nobody"],
  ["one that is awaited in a try", [async, { ...async, catches: true, promise: "awaited" }], {}, [], 1],
  ["one that is called in a try, not awaited", [async, { catches: true, promise: "dropped" }], {}, [], "nobody"],
  ["one whose promise has a catch", [async, { promise: "handled" }], {}, [], "promise"],
  ["one whose promise is kept", [async, { promise: "kept" }], {}, [], "promise"],
  ["one that another returns", [async, { promise: "returned" }, { promise: "handled" }], {}, [], "promise"],
  ["one that the kernel called back", [async, { promise: "returned" }], {}, [], "nobody"],
  ["one that Node called back", [async, { owner: "hidden" }], behindAwait, [], "nobody"],
  ["one that goes on, without a handler", [async], behindAwait, [], "nobody"],
  ["one that goes on, awaited in a try", [async], handled, [{ catches: true }], "promise"],
  ["one that goes on, awaited by its cell", [async], handled, [{}, { topLevel: true }], "nobody"],
  [
    "one that goes on, whose catch its cell awaits",
    [async],
    handled,
    [{ awaitsHandled: true, topLevel: true }],
    "promise",
  ],
  ["a cell that goes on", [{ ...async, topLevel: true }], handled, [], "nobody"],
  ["one that goes on, with a catch", [async], handled, [{}], "promise"],
  ["Promise.reject with a catch", [{ makesPromise: true, promise: "handled" }], { rejection: true }, [], "promise"],
  ["Promise.reject in a try", [{ makesPromise: true, promise: "awaited", catches: true }], {}, [], 0],
  [
    "a new Promise in a try, dropped",
    [{}, { makesPromise: true, promise: "dropped", catches: true }],
    {},
    [],
    "nobody",
  ],
  ["reject without a handler", [{}], { rejection: true }, [], "nobody"],
  ["reject of a promise that is awaited", [{}], { rejection: true, unhandled: false }, [], "promise"],
])("what %s throws", async (_, stack, given, awaiting, catcher) => {
  expect(await find(stack, given, awaiting)).toBe(catcher);
});

import type { Debugger } from "node:inspector";
import { expect, test } from "vitest";
import { createFindCatcher } from "../../../kernel/debug/catching.js";
import type { Inspector } from "../../../kernel/debug/inspector.js";
import type { Frame, Scripts } from "../../../kernel/debug/scripts.js";
import { createStepping, type Stepping, type Stop } from "../../../kernel/debug/stepping.js";

interface World {
  readonly stepping: Stepping;
  /** What was told to V8, but for patterns and the like. */
  readonly sent: string[];
  readonly stops: Stop[];
  continued: number;
  /** V8 pauses with these owners on its stack; "try" is a user's frame that catches. */
  readonly pause: (owners: readonly string[], event?: Partial<Debugger.PausedEventDataType>) => Promise<void>;
}

function world(): World {
  let paused: (event: Debugger.PausedEventDataType) => void = () => undefined;
  const sent: string[] = [];
  const stops: Stop[] = [];
  const inspector = {
    post: (command: string) => {
      if (/resume|step|Debugger.pause$/.test(command)) sent.push(command.replace("Debugger.", ""));
      return Promise.resolve({});
    },
    onPaused: (listener: typeof paused) => {
      paused = listener;
    },
    onScript: () => undefined,
    disconnect: () => undefined,
  } as unknown as Inspector; // No answer is looked at.
  const frameOf = ({ functionName: owner }: Debugger.CallFrame): Frame =>
    ({
      owner: owner === "try" || owner === "end" ? "cell" : owner,
      place: owner === "end" ? undefined : { line: 1, column: 1 },
      name: owner,
    }) as unknown as Frame; // Stepping looks at no more.
  const errorFlow: Scripts["errorFlow"] = (frame) =>
    Promise.resolve({
      catches: (frame as Frame).name === "try",
      within: undefined,
      promise: "kept",
      makesPromise: false,
      awaitsHandled: false,
    });
  const result: World = {
    sent,
    stops,
    continued: 0,
    stepping: createStepping({
      inspector,
      scripts: { locate: frameOf },
      findCatcher: createFindCatcher({ errorFlow }, () => Promise.resolve([])),
      breakpoints: { numbers: (ids) => ids.map(Number) },
      stopped: (stop) => void stops.push(stop),
      continued: () => {
        result.continued++;
      },
    }),
    pause: async (owners, event = {}) => {
      const callFrames = owners.map((functionName) => ({ functionName })) as unknown as Debugger.CallFrame[];
      paused({ reason: "other", hitBreakpoints: [], ...event, callFrames });
      await new Promise(setImmediate);
    },
  };
  return result;
}

const thrown = { reason: "exception", data: { className: "Error", description: "Error: no\n    at f" } } as const;

test("a breakpoint stops, and going on is told", async () => {
  const made = world();
  const { stepping, sent, stops, pause } = made;
  await pause(["cell", "runner"], { hitBreakpoints: ["7"] });
  expect(stops).toMatchObject([{ reason: "breakpoint", breakpoints: [7] }]);
  expect(sent).toEqual([]);
  expect(stepping.stop()).toBeDefined();
  await stepping.proceed();
  expect(stepping.stop()).toBeUndefined();
  expect(sent).toEqual(["resume"]);
  expect(made.continued).toBe(1);
});

test("a step that comes out in Node's code goes on until it is in the user's", async () => {
  const { stepping, sent, stops, pause } = world();
  stepping.started("In[1]");
  await pause(["cell"], { hitBreakpoints: ["1"] });
  await stepping.step("Debugger.stepInto");
  await pause(["hidden", "cell"]);
  await pause(["hidden", "hidden", "cell"]);
  await pause(["end", "runner"]);
  await pause(["user", "hidden", "cell"]);
  expect(sent).toEqual(["stepInto", "stepOut", "stepOut", "stepInto"]);
  expect(stops.map(({ reason }) => reason)).toEqual(["breakpoint", "step"]);
});

test("a step is over with its cell, and given up where it only strays", async () => {
  const { stepping, sent, stops, pause } = world();
  stepping.started("In[1]");
  await pause(["cell"], { hitBreakpoints: ["1"] });
  await stepping.step("Debugger.stepOver");
  stepping.ended("In[1]");
  stepping.started("In[2]");
  await pause(["cell"]);
  expect(sent.at(-1)).toBe("resume");
  expect(stops).toHaveLength(1);

  await pause(["cell"], { hitBreakpoints: ["1"] });
  await stepping.step("Debugger.stepOver");
  sent.length = 0;
  while (sent.at(-1) !== "resume" && sent.length < 1000) await pause(["hidden"]);
  expect(sent.length).toBeLessThan(300);
});

test.each([
  ["uncaught", ["cell", "runner"], 1],
  ["uncaught", ["cell", "try", "runner"], 0],
  ["uncaught", ["hidden", "cell", "runner"], 1],
  ["uncaught", ["hidden", "runner", "try"], 0],
  ["all", ["try", "runner"], 1],
  ["all", ["cell", "try"], 1],
  ["all", ["hidden", "hidden"], 0],
] as const)("of what is thrown, %s stops in %j %i times", async (filter, owners, times) => {
  const { stepping, sent, stops, pause } = world();
  await stepping.setExceptionFilters([filter]);
  await pause(owners, thrown);
  expect(stops).toHaveLength(times);
  expect(sent).toEqual(times === 0 ? ["resume"] : []);
  if (times === 1)
    expect(stops).toMatchObject([{ reason: "exception", exception: { name: "Error", description: "Error: no" } }]);
});

test("while released nothing stops, and what stood goes on", async () => {
  const { stepping, sent, stops, pause } = world();
  await pause(["cell"], { hitBreakpoints: ["1"] });
  stepping.release(true);
  expect(stepping.stop()).toBeUndefined();
  await pause(["cell"], { hitBreakpoints: ["1"] });
  expect(sent).toEqual(["resume", "resume"]);
  stepping.release(false);
  await pause(["cell"], { hitBreakpoints: ["1"] });
  expect(stops).toHaveLength(2);
});

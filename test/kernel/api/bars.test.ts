import { createContext, runInContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { progress } from "../../../kernel/api/index.js";
import { superviseRuns } from "../../../kernel/api/supervision.js";
import { createWorld, ms, s, supervise, type World } from "../../../sim/core/index.js";
import { supervision } from "../../../sim/core/supervisor.js";

type Bundle = Readonly<Record<string, string>>;
const passing = Symbol.for("virtlab.passing");
const interrupt = Symbol.for("virtlab.interruptRequested");
const place = globalThis as { [passing]?: unknown; [interrupt]?: unknown };

let wall = 0;
let stop = false;
let shown: [id: string, bundle: Bundle | undefined][] = [];

beforeEach(() => {
  [wall, stop, shown] = [0, false, []];
  vi.spyOn(performance, "now").mockImplementation(() => wall);
  place[passing] = (id: string, bundle?: Bundle) => void shown.push([id, bundle]);
  place[interrupt] = () => stop;
  superviseRuns();
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, passing);
  Reflect.deleteProperty(globalThis, interrupt);
  supervise(undefined);
  vi.restoreAllMocks();
});

const texts = (): (string | undefined)[] => shown.map(([, bundle]) => bundle?.["text/plain"]);

/** A world with an event in each of so many milliseconds; each takes so long by the wall clock. */
function ticking(events: number, cost: number, also: (n: number) => void = () => undefined): World {
  const world = createWorld();
  for (let n = 1; n <= events; n++) {
    world.engine.at(ms(n), () => {
      wall += cost;
      also(n);
    });
  }
  return world;
}

/** What was called returns. */
const rest = (): Promise<void> => Promise.resolve();

describe("the bar of a run", () => {
  test("comes after 400 ms, four times a second at most, with the time that is left, and goes", async () => {
    ticking(1000, 1).engine.run(s(1));
    expect(texts().slice(0, 2)).toEqual([
      "simulation █████░░░░░░░ 40 %: 400 ms of 1 s, 400 events; 0.4 s so far, 0.6 s left",
      "simulation ████████░░░░ 65 %: 650 ms of 1 s, 650 events; 0.7 s so far, 0.3 s left",
    ]);
    expect(shown).toHaveLength(3);
    await rest();
    expect(shown.at(-1)).toEqual([shown[0]?.[0], undefined]);
    expect(shown).toHaveLength(4);
  });

  test("is none for what is quick", async () => {
    ticking(390, 1).engine.run(s(1));
    await rest();
    expect(shown).toEqual([]);
  });

  test("tells what it can where the end isn't known", async () => {
    const { engine } = ticking(500, 1);
    engine.run();
    expect(texts()).toEqual(["simulation 400 ms of virtual time, 400 events; 0.4 s so far"]);
    await rest();
    shown = [];
    ticking(500, 1).engine.settle({ within: s(100) });
    expect(texts()[0]).toBe("simulation 400 ms of virtual time, 400 events; 0.4 s so far");
  });

  test("is a progressbar to a screen reader", async () => {
    ticking(500, 1).engine.run(s(1));
    expect(shown[0]?.[1]?.["text/html"]).toMatch(
      /^<div role="progressbar" aria-label="simulation" aria-valuemin="0" aria-valuemax="100" aria-valuenow="40" aria-valuetext="400 ms of 1 s, 400 events; 0.4 s so far, 0.6 s left"/,
    );
    await rest();
    ticking(500, 1).engine.run();
    expect(shown.at(-1)?.[1]?.["text/html"]).not.toContain("aria-valuenow");
  });

  test("counts the part of its own run", async () => {
    const { engine } = ticking(3000, 0);
    engine.run(s(1));
    await rest();
    engine.at(ms(1500), () => void (wall += 1000));
    engine.run(s(2));
    expect(texts()[0]).toMatch(/ 51 %: 1.51 s of 2 s, 1,511 events/);
  });

  test("is one for many short runs", async () => {
    for (let run = 0; run < 100; run++) ticking(10, 1).engine.run(ms(10));
    expect(new Set(shown.map(([id]) => id)).size).toBe(1);
    expect(shown).toHaveLength(3);
    // What is left is left of the present run.
    expect(texts()[1]).toMatch(/; 0.7 s so far, 0.0 s left$/);
    await rest();
    expect(texts().at(-1)).toBeUndefined();
  });

  test("is the outermost world's", () => {
    const inner = (): void => void ticking(10, 10).engine.run();
    ticking(10, 0, inner).engine.run(ms(10));
    expect(texts()[0]).toBe("simulation █████░░░░░░░ 40 %: 4 ms of 10 ms, 4 events; 0.4 s so far, 0.6 s left");
    expect(shown).toHaveLength(3);
  });

  test("is not that of a run that was cut off and could not say so", async () => {
    const cut = ticking(5, 1, () => {
      for (;;);
    });
    // V8 tears the code off here, without its `finally` blocks, as the kernel does with a cell that does not stop.
    const context = createContext({ run: () => cut.engine.run() });
    expect(() => {
      runInContext("run()", context, { timeout: 20 });
    }).toThrow("timed out");
    await rest();
    ticking(500, 1).engine.run(ms(500));
    expect(texts()[0]).toMatch(/ 80 %: 400 ms of 500 ms/);
  });

  test("is gone after an interrupt, and the world goes on", async () => {
    const { engine } = ticking(1000, 1, (n) => (stop = n === 700));
    expect(() => engine.run(s(1))).toThrow("stopped at 700 ms of virtual time; run() goes on from there");
    stop = false;
    await rest();
    expect(texts().at(-1)).toBeUndefined();
    expect(engine.run(s(1))).toEqual({ reason: "until", now: s(1) });
  });
});

describe("progress", () => {
  const slowly = (work: Iterable<unknown>): unknown[] => {
    const items = [];
    for (const item of work) {
      items.push(item);
      wall += 100;
    }
    return items;
  };

  test("goes over numbers and items, with a bar that goes at the end", () => {
    expect(slowly(progress(8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(texts()).toEqual([
      "progress ██████░░░░░░ 50 %: 4 of 8; 0.4 s so far, 0.4 s left",
      "progress ███████████░ 87 %: 7 of 8; 0.7 s so far, 0.1 s left",
      undefined,
    ]);
    shown = [];
    expect(slowly(progress(new Set("abcdefgh"), { label: "letters" }))).toEqual(Array.from("abcdefgh"));
    expect(texts()[0]).toMatch(/^letters ██████░░░░░░ 50 %/);
    shown = [];
    const endless = function* (): Generator<number> {
      for (let n = 0; n < 6; n++) yield n;
    };
    expect(slowly(progress(endless()))).toHaveLength(6);
    expect(texts()[0]).toBe("progress 4 done; 0.4 s so far");
  });

  test("takes its bar away when the loop is left, and stops when asked", () => {
    for (const n of progress(100)) {
      wall += 100;
      if (n === 50) break;
    }
    expect(texts().at(-1)).toBeUndefined();
    expect(() => {
      for (const n of progress(100)) stop = n === 50;
    }).toThrow("stopped after 51 of the loop's items");
  });

  test("is quick over many", () => {
    let sum = 0;
    for (const n of progress(1_000_000)) sum += n;
    expect(sum).toBe(499_999_500_000);
    expect(shown).toEqual([]);
  });

  test("escapes its label", () => {
    slowly(progress(5, { label: "<b>&" }));
    expect(shown[0]?.[1]?.["text/html"]).toContain("&lt;b&gt;&amp; 80 %");
  });

  test.each<[string, () => unknown, string]>([
    ["half", () => progress(1.5), "can't count to 1.5"],
    ["less than nothing", () => progress(-1), "can't count to -1"],
    ["no iterable", () => progress({} as Iterable<never>), "goes over nothing"],
    ["nothing", () => progress(undefined as never), "goes over nothing"],
    ["a mistyped option", () => progress(1, { lable: "x" } as object), '"lable"'],
  ])("over %s is refused", (_, act, message) => {
    expect(act).toThrow(message);
  });
});

test("the user's stop ends a run 16 events later at most, and the world goes on", () => {
  const world = ticking(1000, 1, (n) => {
    if (n === 500) stop = true;
  });
  expect(() => world.engine.run()).toThrow(/^stopped at 5(0\d|1[0-6]) ms of virtual time/);
  stop = false;
  expect(world.engine.run(s(1))).toEqual({ reason: "until", now: s(1) });
});

test("in a script without a terminal nobody watches over a run", () => {
  Reflect.deleteProperty(globalThis, passing);
  Reflect.deleteProperty(globalThis, interrupt);
  supervise(undefined);
  const isTTY = process.stderr.isTTY as boolean | undefined;
  process.stderr.isTTY = false;
  superviseRuns();
  ticking(500, 1).engine.run();
  process.stderr.isTTY = isTTY ?? false;
  expect(supervision.watch).toBeUndefined();
});

test("in a terminal a bar is one line of standard error that goes", () => {
  Reflect.deleteProperty(globalThis, passing);
  Reflect.deleteProperty(globalThis, interrupt);
  const isTTY = process.stderr.isTTY as boolean | undefined;
  process.stderr.isTTY = true;
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  for (const n of progress(8)) wall += 100 + n;
  process.stderr.isTTY = isTTY ?? false;
  const written = write.mock.calls.map(([text]) => String(text));
  expect(written[0]).toMatch(/^\r\u001b\[2Kprogress █+░+ 50 %: 4 of 8; 0.4 s so far, 0.4 s left$/);
  expect(written.at(-1)).toBe("\r\u001b[2K");
  expect(written.join("")).not.toContain("\n");
});

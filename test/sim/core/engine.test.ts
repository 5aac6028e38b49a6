import { createContext, runInContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";
import {
  createWorld,
  Engine,
  ms,
  ns,
  s,
  Signal,
  seldom,
  supervise,
  UsageError,
  type Nanos,
  type Progress,
} from "../../../sim/core/index.js";

afterEach(() => {
  supervise(undefined);
});

/** An engine and the record of what happened on it. */
function recorded(): { engine: Engine; log: string[]; note: (what: string) => () => void } {
  const engine = new Engine();
  const log: string[] = [];
  return {
    engine,
    log,
    note: (what) => () => {
      log.push(`${engine.now} ${what}`);
    },
  };
}

describe("events", () => {
  test("happen in the order of their time, and of their scheduling where the time is the same", () => {
    const { engine, log, note } = recorded();
    engine.at(ns(20), note("c"));
    engine.at(ns(10), note("a"));
    engine.at(ns(20), note("d"));
    engine.at(ns(10), () => {
      note("b")();
      engine.after(ns(0), note("b2"));
      engine.at(ns(20), note("e"));
    });
    engine.run();
    expect(log).toEqual(["10 a", "10 b", "10 b2", "20 c", "20 d", "20 e"]);
    expect(engine.events).toBe(6);
  });

  test("may pass to the horizon: what comes next, or the end of the run", () => {
    const { engine, log, note } = recorded();
    engine.at(ns(10), () => {
      expect(engine.horizon).toBe(30);
      engine.pass(ns(30));
      note("a")();
      engine.after(ns(0), note("b"));
      expect(engine.horizon).toBe(30);
      expect(() => {
        engine.pass(ns(29));
      }).toThrow("from 30 ns an event passes to 29 ns");
      expect(() => {
        engine.pass(ns(31));
      }).toThrow("past what happens at 30 ns");
    });
    engine.at(ns(30), note("c"));
    engine.run();
    expect(log).toEqual(["30 a", "30 c", "30 b"]);
    engine.at(ns(40), () => {
      expect(engine.horizon).toBe(100);
    });
    engine.run(ns(100));
    expect(() => {
      engine.pass(ns(100));
    }).toThrow("past");
  });

  test("are cancelled once, and only while they are still to come", () => {
    const { engine, log, note } = recorded();
    const cancelA = engine.after(ns(1), note("a"));
    const cancelB = engine.after(ns(1), note("b"));
    expect(cancelA()).toBe(true);
    expect(cancelA()).toBe(false);
    engine.run();
    // Its slot has been used again since: the old handle must not reach the new event.
    const again = engine.after(ns(1), note("c"));
    expect([cancelA(), cancelB()]).toEqual([false, false]);
    engine.run();
    expect(log).toEqual(["1 b", "2 c"]);
    expect(again()).toBe(false);
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])("are refused at %s", (time) => {
    const { engine } = recorded();
    expect(() => engine.at(time as Nanos, () => undefined)).toThrow(UsageError);
    expect(() => engine.delay(time as Nanos)).toThrow(UsageError);
    expect(() => engine.run(time as Nanos)).toThrow(UsageError);
    expect(() => engine.settle({ within: time as Nanos })).toThrow(UsageError);
  });

  test("are refused in the past", () => {
    const { engine, note } = recorded();
    engine.run(ns(10));
    expect(() => engine.at(ns(9), note("late"))).toThrow(/9 is no time that is to come: it is now 10 ns/);
    expect(() => engine.run(ns(9))).toThrow(UsageError);
  });
});

describe("run", () => {
  test("until a time does what is due then, and leaves the clock there", () => {
    const { engine, log, note } = recorded();
    for (const time of [5, 10, 11]) engine.at(ns(time), note("event"));
    expect(engine.run(ns(10))).toEqual({ reason: "until", now: 10 });
    expect(log).toEqual(["5 event", "10 event"]);
    expect(engine.run(ns(20))).toEqual({ reason: "until", now: 20 });
    expect(engine.now).toBe(20);
  });

  test("ends when only background work remains", () => {
    const { engine, log, note } = recorded();
    const beat = (): void => {
      note("beat")();
      engine.after(ns(10), beat, { background: true });
    };
    beat();
    engine.at(ns(25), note("work"));
    expect(engine.run()).toEqual({ reason: "idle", now: 25, waiting: [] });
    expect(log).toEqual(["0 beat", "10 beat", "20 beat", "25 work"]);
    engine.run(ns(40));
    expect(log.slice(4)).toEqual(["30 beat", "40 beat"]);
  });

  test("does what background work causes before it ends, if that is not declared to be such", () => {
    const { engine, log, note } = recorded();
    engine.after(ns(10), () => engine.after(ns(10), note("caused")), { background: true });
    engine.at(ns(15), note("work"));
    engine.run();
    expect(log).toEqual(["15 work", "20 caused"]);
  });

  test("is kept going by a process that has not ended, but not by one that serves for ever", () => {
    const { engine } = recorded();
    const lease = new Signal<void>("lease");
    engine.after(ns(50), () => lease.fire(), { background: true });
    engine.spawn(
      (function* () {
        yield* lease;
      })(),
      { name: "client" },
    );
    expect(engine.run()).toEqual({ reason: "idle", now: 50, waiting: [] });
    engine.spawn(
      (function* () {
        yield* new Signal<void>();
      })(),
      { background: true },
    );
    engine.after(ns(100), () => undefined, { background: true });
    expect(engine.run().now).toBe(50);
  });

  test("says who waits for what nothing will bring about", () => {
    const { engine } = recorded();
    for (const name of ["a", "b"]) {
      engine.spawn(
        (function* () {
          yield new Signal("never");
        })(),
        { name },
      );
    }
    expect(engine.run()).toEqual({ reason: "idle", now: 0, waiting: ["a", "b"] });
  });

  test("until a signal stops right behind the event that settles it", () => {
    const { engine, log, note } = recorded();
    const done = new Signal<number>();
    engine.at(ns(5), () => done.fire(7));
    engine.at(ns(5), note("later"));
    expect(engine.run(done)).toEqual({ reason: "until", now: 5 });
    expect(done.value).toBe(7);
    expect(log).toEqual([]);
    expect(engine.run(new Signal())).toEqual({ reason: "idle", now: 5, waiting: [] });
  });

  test("is refused inside an event, which leaves the world whole", () => {
    const { engine } = recorded();
    engine.at(ns(1), () => engine.run());
    expect(() => engine.run()).toThrow(/cannot be run from inside one of its own events/);
    expect(engine.run().reason).toBe("idle");
  });

  test("lets an event's error out and can go on behind it", () => {
    const { engine, log, note } = recorded();
    engine.at(ns(1), () => {
      throw new RangeError("oops");
    });
    engine.at(ns(2), note("next"));
    expect(() => engine.run()).toThrow(new RangeError("oops"));
    expect(engine.now).toBe(1);
    engine.run();
    expect(log).toEqual(["2 next"]);
  });
});

describe("settle", () => {
  test("comes to rest", () => {
    const { engine, note } = recorded();
    engine.after(ms(5), note("work"));
    engine.after(s(1), note("resync"), { background: true });
    expect(engine.settle({ within: ms(10) })).toEqual({ reason: "idle", now: ms(5), waiting: [] });
  });

  test("names what still changes when the limit passes", () => {
    const { engine } = recorded();
    function* roll(): Generator<Signal<unknown>, void, void> {
      for (;;) yield engine.delay(ms(3));
    }
    engine.spawn(roll(), { name: "rollout" });
    engine.spawn(roll(), { name: "resync", background: true });
    engine.after(s(1), () => undefined, { name: "image pull" });
    engine.after(s(1), () => undefined, { name: "image pull" });
    engine.after(s(1), function retry() {
      engine.run();
    });
    const settle = (): unknown => engine.settle({ within: ms(10) });
    expect(settle).toThrow("not settled after 10 ms: rollout, image pull, retry, resync");
    expect(engine.now).toBe(ms(10));
  });

  test("names a few of many", () => {
    const { engine } = recorded();
    for (let n = 0; n < 8; n++) engine.after(s(1), () => undefined, { name: `pod-${n}` });
    expect(() => engine.settle({ within: ms(1) })).toThrow("pod-0, pod-1, pod-2, pod-3, pod-4 and 3 more");
  });
});

describe("a supervisor", () => {
  test("stops a run between two events, and the next run goes on", () => {
    const { engine, log, note } = recorded();
    for (let time = 1; time <= 5; time++) engine.at(ns(time), note("event"));
    supervise(() => (engine.events === 3 ? 0 : 1));
    expect(engine.run()).toEqual({ reason: "interrupted", now: 3 });
    expect(engine.run(ns(4))).toEqual({ reason: "interrupted", now: 3 });
    supervise(undefined);
    expect(engine.run()).toEqual({ reason: "idle", now: 5, waiting: [] });
    expect(log).toHaveLength(5);
  });

  test("sees how far a run is", () => {
    const { engine, note } = recorded();
    const seen: (number | undefined)[][] = [];
    supervise((progress: Progress) => {
      seen.push([progress.now, progress.events, progress.until]);
      return 1;
    });
    engine.at(ns(5), note("event"));
    engine.run(ns(9));
    engine.run();
    expect(seen).toEqual([
      [0, 0, 9],
      [5, 1, 9],
      [9, 1, undefined],
    ]);
    expect(engine.until).toBeUndefined();
    // How long it takes to settle isn't known: the limit is none.
    engine.settle({ within: s(1) });
    expect(seen.at(-1)).toEqual([9, 1, undefined]);
  });

  test("is called again after as many events as it says, and before the first of each run", () => {
    const { engine, note } = recorded();
    for (let time = 1; time <= 10; time++) engine.at(ns(time), note("event"));
    const seen: number[] = [];
    supervise(({ events }) => seen.push(events) + 1);
    engine.run(ns(9));
    expect(seen).toEqual([0, 2, 5, 9]);
    supervise(({ events }) => {
      seen.push(events);
      return seldom;
    });
    engine.run();
    expect(seen.slice(4)).toEqual([9]);
  });

  test("is told that a run has ended, by an error too", () => {
    const { engine, note } = recorded();
    const ended: number[] = [];
    supervise(
      () => 1,
      ({ now }) => void ended.push(now),
    );
    engine.at(ns(5), note("event"));
    engine.run(ns(9));
    engine.at(ns(12), () => {
      throw new Error("no");
    });
    expect(() => engine.run()).toThrow("no");
    expect(ended).toEqual([5, 12]);
  });

  test("a world that was torn off inside an event refuses to go on, and no other", () => {
    const outer = createWorld();
    const inner = createWorld();
    const bystander = createWorld();
    bystander.engine.run();
    inner.engine.at(ns(1), () => {
      for (;;);
    });
    outer.engine.at(ns(1), () => inner.engine.run());
    // V8 tears the code off here, without its `finally` blocks, as the kernel does with a cell that does not stop.
    const context = createContext({ run: () => outer.engine.run() });
    expect(() => {
      runInContext("run()", context, { timeout: 20 });
    }).toThrow("timed out");
    for (const { engine } of [outer, inner]) {
      expect(() => engine.run()).toThrow(/nor after it was cut off inside one/);
      expect(() => engine.save()).toThrow(UsageError);
      expect(() => {
        engine.restore({ now: 0, events: 0 });
      }).toThrow(UsageError);
    }
    expect(bystander.engine.run().reason).toBe("idle");
  });
});

import { describe, expect, test } from "vitest";
import { createWorld, ms, Trace, UsageError } from "../../../sim/core/index.js";

describe("a trace", () => {
  test("says when, what and where, in order", () => {
    const { engine, trace } = createWorld();
    trace.emit("boot", "vm");
    engine.after(ms(2), () => {
      trace.emit("read", "sda", { lba: 63, hit: false, by: null });
    });
    engine.run();
    expect(trace.rows()).toEqual([
      { time: 0, kind: "boot", source: "vm" },
      { time: ms(2), kind: "read", source: "sda", lba: 63, hit: false, by: null },
    ]);
    expect(trace.rows("read")).toHaveLength(1);
    expect(trace.rows("write")).toEqual([]);
  });

  test("is written as JSON lines, byte for byte", () => {
    const { engine, trace } = createWorld();
    trace.emit("boot", "vm");
    engine.run(ms(1.5));
    trace.emit("read", "sdä\n", { lba: 63, mean: 0.1 + 0.2 });
    expect(trace.toJsonLines()).toBe(
      '{"time":0,"kind":"boot","source":"vm"}\n' +
        '{"time":1500000,"kind":"read","source":"sdä\\n","lba":63,"mean":0.30000000000000004}\n',
    );
  });

  test("of limited length keeps the latest rows and counts the others", () => {
    const { trace } = createWorld({ traceRows: 3 });
    for (let n = 0; n < 8; n++) {
      trace.emit("tick", "clock", { n });
      expect(trace.rows().map((row) => row["n"])).toEqual([n - 2, n - 1, n].filter((value) => value >= 0));
    }
    expect(trace.dropped).toBe(5);
    expect(trace.last(2).map((row) => row["n"])).toEqual([6, 7]);
  });

  test("of length 0 keeps nothing and says so", () => {
    const { trace } = createWorld({ traceRows: 0 });
    expect(trace.kept).toBe(false);
    trace.emit("tick", "clock");
    expect([trace.rows(), trace.toJsonLines()]).toEqual([[], ""]);
    expect(createWorld().trace.kept).toBe(true);
  });

  test("has fields that do not hide time, kind and source", () => {
    const { trace } = createWorld();
    // @ts-expect-error `time` is taken.
    trace.emit("tick", "clock", { time: 5 });
    expect(trace.rows()).toHaveLength(1);
  });

  test("is restored, into a shorter one too", () => {
    const clock = { now: ms(1) };
    const trace = new Trace(clock, 3);
    for (let n = 0; n < 5; n++) trace.emit("tick", "clock", { n });
    const saved = JSON.parse(JSON.stringify(trace.save())) as ReturnType<Trace["save"]>;
    const [same, shorter, none] = [3, 2, 0].map((limit) => new Trace(clock, limit));
    for (const other of [same, shorter, none]) other!.restore(saved);
    expect([same!.rows(), same!.dropped]).toEqual([trace.rows(), 2]);
    expect([shorter!.rows(), shorter!.dropped]).toEqual([trace.rows().slice(1), 3]);
    expect([none!.rows(), none!.dropped]).toEqual([[], 5]);
    same!.emit("tick", "clock", { n: 5 });
    expect(same!.rows().map((row) => row["n"])).toEqual([3, 4, 5]);
  });

  test.each([-1, 1.5, NaN])("cannot keep %s rows", (limit) => {
    expect(() => createWorld({ traceRows: limit })).toThrow(UsageError);
  });
});

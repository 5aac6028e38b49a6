import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { EventQueue } from "../../../sim/core/event-queue.js";
import { Engine, ns } from "../../../sim/core/index.js";

/** What a random caller does: schedules events, cancels old ones, lets time pass. */
const commands = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("at" as const), after: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("run" as const), after: fc.nat(10) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wake" as const) }) },
  ),
  { maxLength: 400 },
);

describe("the event queue", () => {
  test("gives events in the order of a sorted list, ties first come first served, the cancelled ones left out", () => {
    fc.assert(
      fc.property(commands, (script) => {
        const engine = new Engine();
        const happened: number[] = [];
        const handles: { id: number; time: number; cancel: () => boolean; gone: boolean }[] = [];
        const expected: number[] = [];
        /** The reference: sort what is left by time; the sort is stable. */
        const runReference = (until: number): void => {
          const due = handles.filter((event) => !event.gone && event.time <= until);
          for (const event of due.sort((a, b) => a.time - b.time)) {
            event.gone = true;
            expected.push(event.id);
          }
        };
        let id = 0;
        for (const command of script) {
          const mine = id++;
          if (command.do === "at") {
            const time = engine.now + command.after;
            const cancel = engine.at(ns(time), () => happened.push(mine));
            handles.push({ id: mine, time, cancel, gone: false });
          } else if (command.do === "wake") {
            // A process takes its first turn in the line of those that are woken.
            const process = engine.spawn(
              (function* () {
                happened.push(mine);
                yield* [];
              })(),
            );
            handles.push({
              id: mine,
              time: engine.now,
              cancel: () => (process.settled ? false : (process.cancel(), true)),
              gone: false,
            });
          } else if (command.do === "run") {
            const until = engine.now + command.after;
            engine.run(ns(until));
            runReference(until);
          } else if (handles.length > 0) {
            const event = handles[command.which % handles.length]!;
            expect(event.cancel()).toBe(!event.gone);
            event.gone = true;
          }
        }
        engine.run();
        runReference(Infinity);
        expect(happened).toEqual(expected);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("grows past its first capacity and stays in order", () => {
    const queue = new EventQueue();
    const times: number[] = [];
    for (let n = 0; n < 5000; n++) queue.push((n * 7919) % 4999, () => undefined, n % 2 === 0);
    expect([queue.size, queue.foreground]).toEqual([5000, 2500]);
    for (let time = queue.nextTime(); time < Infinity; time = queue.nextTime()) {
      queue.take();
      times.push(time);
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(5000);
    expect([queue.size, queue.foreground]).toEqual([0, 0]);
  });

  test("holds neither the action nor a place of what was cancelled", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const engine = new Engine();
    engine.at(ns(1e9), () => undefined);
    const captured = ((): WeakRef<object> => {
      const object = { big: new Uint8Array(1000) };
      const cancel = engine.at(ns(1e9), () => object.big.fill(1));
      cancel();
      return new WeakRef(object);
    })();
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 1_000_000; n++) engine.at(ns(1e9), () => undefined)();
    collect();
    // A million places would take tens of megabytes.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
    return new Promise<void>((resolve) => {
      // A WeakRef lives until the turn of the event loop that made it is over.
      setImmediate(() => {
        collect();
        expect(captured.deref()).toBeUndefined();
        resolve();
      });
    });
  });
});

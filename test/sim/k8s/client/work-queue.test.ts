import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, ms, s, type Activity } from "../../../../sim/core/index.js";
import { ControllerLimiter, ExponentialLimiter, WorkQueue } from "../../../../sim/k8s/index.js";

describe("a work queue", () => {
  test("holds a key once, and gives one that is being worked on again only when that is done", () => {
    const { engine } = createWorld();
    const queue = new WorkQueue(engine);
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect(queue.depth).toBe(2);
    expect(queue.get().value).toBe("a");
    queue.add("a");
    queue.add("a");
    expect(queue.depth).toBe(1);
    expect(queue.get().value).toBe("b");
    const waiting = queue.get();
    expect(waiting.settled).toBe(false);
    queue.done("a");
    expect(waiting.value).toBe("a");
    queue.done("a");
    expect(queue.depth).toBe(0);
    expect(queue.counts).toEqual({ adds: 3, retries: 0 });
  });

  test("adds later, at the earliest of the times that were asked for", () => {
    const { engine } = createWorld();
    const queue = new WorkQueue(engine);
    queue.addAfter("a", s(5));
    queue.addAfter("a", s(2));
    queue.addAfter("a", s(9));
    engine.run(ms(1999));
    expect(queue.depth).toBe(0);
    engine.run(s(2));
    expect(queue.depth).toBe(1);
    expect(queue.get().value).toBe("a");
    queue.done("a");
    engine.run();
    expect(engine.now).toBe(s(2));
  });

  test("waits 5 ms, then twice as long for each failure, 1000 s at most", () => {
    const limiter = new ExponentialLimiter();
    const waits = Array.from({ length: 20 }, () => limiter.when("a") / 1e6);
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.at(-1)).toBe(1_000_000);
    expect(limiter.when("b")).toBe(ms(5));
    limiter.forget("a");
    expect(limiter.when("a")).toBe(ms(5));
  });

  test("lets all keys together fail 10 times a second behind a burst of 100", () => {
    const { engine } = createWorld();
    const limiter = new ControllerLimiter(engine);
    const waits = Array.from({ length: 150 }, (_, i) => limiter.when(`key ${i}`));
    expect(waits.slice(0, 100).every((wait) => wait === ms(5))).toBe(true);
    expect(waits[149]).toBe(s(5));
  });

  test("never has two workers on a key, and every add is followed by work that began after it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 30 })), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (adds, workers) => {
          const { engine } = createWorld();
          const queue = new WorkQueue(engine);
          const busy = new Set<string>();
          const lastAdd = new Map<string, number>();
          const lastStart = new Map<string, number>();
          function* work(): Activity<void> {
            for (;;) {
              const key = yield* queue.get();
              expect(busy.has(key)).toBe(false);
              busy.add(key);
              lastStart.set(key, engine.now);
              yield* engine.delay(ms(7));
              busy.delete(key);
              queue.done(key);
            }
          }
          for (let i = 0; i < workers; i++) engine.spawn(work(), { background: true });
          for (const [key, at] of adds) {
            engine.at(ms(at), () => {
              lastAdd.set(`${key}`, engine.now);
              queue.add(`${key}`);
            });
          }
          engine.run();
          expect(queue.depth).toBe(0);
          for (const [key, at] of lastAdd) expect(lastStart.get(key)).toBeGreaterThanOrEqual(at);
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });
});

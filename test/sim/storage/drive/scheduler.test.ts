import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diskScheduler, type SchedulerName } from "../../../../sim/storage/drive/scheduler.js";
import { usage } from "../usage.js";

/** Serves all requests that wait at once, the arm going where it is sent. */
function order(name: SchedulerName, cylinders: readonly number[], from = 53): number[] {
  let here = from;
  const scheduler = diskScheduler<{ cylinder: number }>(name, {
    now: () => here,
    cylinderOf: ({ cylinder }) => cylinder,
  });
  for (const cylinder of cylinders) scheduler.enqueue({ cylinder });
  const served: number[] = [];
  for (let next = scheduler.pick(); next !== undefined; next = scheduler.pick()) {
    here = next.cylinder;
    served.push(here);
  }
  return served;
}

const movement = (served: readonly number[], from = 53): number =>
  served.reduce((sum, cylinder, i) => sum + Math.abs(cylinder - (served[i - 1] ?? from)), 0);

describe("orders of service", () => {
  // The example of Silberschatz, Galvin and Gagne, "Operating System Concepts", on disk scheduling.
  const queue = [98, 183, 37, 122, 14, 124, 65, 67];

  it("are those of the textbook's example", () => {
    expect(order("fifo", queue)).toEqual(queue);
    expect(movement(order("fifo", queue))).toBe(640);
    expect(order("sstf", queue)).toEqual([65, 67, 37, 14, 98, 122, 124, 183]);
    expect(movement(order("sstf", queue))).toBe(236);
    expect(order("look", queue)).toEqual([65, 67, 98, 122, 124, 183, 37, 14]);
    expect(order("c-look", queue)).toEqual([65, 67, 98, 122, 124, 183, 14, 37]);
  });

  it.each(["fifo", "sstf", "look", "c-look"] as const)("%s serves each request once", (name) => {
    fc.assert(
      fc.property(fc.array(fc.nat(200)), (cylinders) => {
        const served = order(name, cylinders);
        expect([...served].sort((a, b) => a - b)).toEqual([...cylinders].sort((a, b) => a - b));
      }),
      { seed: 12 },
    );
  });

  it("of the elevator crosses no cylinder more than twice", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 1 }), fc.nat(200), (cylinders, from) => {
        const span = Math.max(...cylinders, from) - Math.min(...cylinders, from);
        expect(movement(order("look", cylinders, from), from)).toBeLessThanOrEqual(2 * span);
      }),
      { seed: 12 },
    );
  });

  it("let requests be taken back", () => {
    const scheduler = diskScheduler<number>("look", { now: () => 0, cylinderOf: (item) => item });
    scheduler.enqueue(5);
    scheduler.enqueue(7);
    expect([scheduler.dequeue(5), scheduler.dequeue(5), scheduler.size, scheduler.pick(), scheduler.pick()]).toEqual([
      true,
      false,
      1,
      7,
      undefined,
    ]);
  });

  it("have names, the nearest of which a mistyped one is told", () => {
    expect(() => diskScheduler("elevator" as "look", { now: () => 0, cylinderOf: () => 0 })).toThrow(
      usage("", "fifo, sstf, look, c-look"),
    );
  });
});

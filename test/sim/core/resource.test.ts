import { describe, expect, test } from "vitest";
import {
  all,
  any,
  byPriority,
  Engine,
  fifo,
  ms,
  Resource,
  UsageError,
  type Activity,
  type Claim,
} from "../../../sim/core/index.js";

/** Customers who come, hold a unit for a time and go; what is logged is who began when. */
function serve(
  engine: Engine,
  resource: Resource,
  customers: readonly (readonly [name: string, at: number, for_: number, priority?: number])[],
): string[] {
  const log: string[] = [];
  function* customer(name: string, at: number, time: number, priority: number): Activity<void> {
    yield engine.delay(ms(at));
    const unit = yield* resource.acquire(priority);
    log.push(`${name} ${engine.now / 1e6}`);
    yield engine.delay(ms(time));
    unit.release();
  }
  for (const [name, at, time, priority = 0] of customers) engine.spawn(customer(name, at, time, priority), { name });
  return log;
}

describe("a resource", () => {
  test("serves first come, first served, on each of its units", () => {
    const engine = new Engine();
    const log = serve(engine, new Resource(engine, { capacity: 2 }), [
      ["a", 0, 10],
      ["b", 1, 3],
      ["c", 2, 5],
      ["d", 3, 1],
    ]);
    engine.run();
    expect(log).toEqual(["a 0", "b 1", "c 4", "d 9"]);
  });

  test("serves by priority where told to, without taking a unit away", () => {
    const engine = new Engine();
    const resource = new Resource(engine, { policy: byPriority((claim: Claim) => claim.priority) });
    const log = serve(engine, resource, [
      ["a", 0, 10, 5],
      ["b", 1, 1, 2],
      ["c", 2, 1, 1],
      ["d", 3, 1, 2],
    ]);
    engine.run();
    expect(log).toEqual(["a 0", "c 10", "b 11", "d 12"]);
  });

  test("counts what it has seen", () => {
    const engine = new Engine();
    const disk = new Resource(engine, { name: "disk" });
    serve(engine, disk, [
      ["a", 0, 10],
      ["b", 5, 10],
      ["c", 8, 10],
    ]);
    expect(engine.run().now).toBe(ms(30));
    engine.run(ms(40));
    expect(disk.statistics()).toEqual({
      resource: "disk",
      capacity: 1,
      served: 3,
      waiting: 0,
      utilisation: 30 / 40,
      // b waited 5 ms, c 12 ms.
      meanQueue: 17 / 40,
      greatestQueue: 2,
      meanWait: expect.closeTo(ms(17) / 3, 3) as number,
      greatestWait: ms(12),
    });
    expect(new Resource(engine).statistics()).toMatchObject({
      served: 0,
      meanWait: 0,
      greatestWait: 0,
      utilisation: 0,
    });
  });

  test("is held for a time by use()", () => {
    const engine = new Engine();
    const disk = new Resource(engine);
    for (let n = 0; n < 3; n++) engine.spawn(disk.use(ms(5)));
    expect(engine.run().now).toBe(ms(15));
  });

  test.each([
    ["leaves the line", 2, "c 10"],
    ["gives its unit back", 10, "c 10"],
  ])("loses nothing to a process that is cancelled: it %s", (_, at, expected) => {
    const engine = new Engine();
    const resource = new Resource(engine);
    const log = serve(engine, resource, [
      ["a", 0, 10],
      ["c", 2, 1],
    ]);
    engine.run(ms(1));
    const cancelled = engine.spawn(resource.use(ms(5)));
    engine.at(ms(at), () => {
      cancelled.cancel();
    });
    engine.run();
    expect(log).toEqual(["a 0", expected]);
    expect(resource.statistics()).toMatchObject({ waiting: 0 });
  });

  test("takes a unit back that is granted between the grant and the turn of an interrupted process", () => {
    const engine = new Engine();
    const resource = new Resource(engine);
    const first = resource.acquire();
    const waiter = engine.spawn(resource.use(ms(1)));
    engine.after(ms(1), () => {
      first.release();
      waiter.interrupt();
    });
    engine.run();
    expect(resource.acquire().settled).toBe(true);
  });

  test("is given up by any() where something else was first, and by all() where a part fails", () => {
    const engine = new Engine();
    const [disk, net] = [new Resource(engine), new Resource(engine)];
    const held = net.acquire();
    const log: string[] = [];
    engine.spawn(
      (function* () {
        const first = yield* any({ net: net.acquire(), late: engine.delay(ms(5)) });
        log.push(first.key);
        // Both are free to be had at once: the one not taken goes back.
        held.release();
        const either = yield* any({ disk: disk.acquire(), net: net.acquire() });
        log.push(either.key);
        const free = net.acquire();
        log.push(`net ${free.settled ? "free" : "taken"}`);
        free.release();
        const both = all([net.acquire(), disk.acquire(), engine.delay(ms(100))]);
        log.push((yield* any({ both, late: engine.delay(ms(5)) })).key);
        log.push(`net ${net.acquire().settled ? "free" : "taken"}`);
      })(),
    );
    engine.run();
    expect(log).toEqual(["late", "disk", "net free", "late", "net free"]);
  });

  test("says what is wrong with a release too many, and a claim that was given up", () => {
    const engine = new Engine();
    const resource = new Resource(engine, { name: "disk" });
    const unit = resource.acquire();
    const waiting = resource.acquire();
    expect(() => {
      waiting.release();
    }).toThrow('a unit of "disk" is released that is not held');
    unit.release();
    expect(() => {
      unit.release();
    }).toThrow(UsageError);
    waiting.release();
    const held = resource.acquire();
    const given = resource.acquire();
    const waiter = engine.spawn(
      (function* () {
        yield given;
      })(),
    );
    engine.run();
    waiter.cancel();
    expect(() => given.value).toThrow('the claim on "disk" was given up');
    held.release();
    expect(resource.statistics().waiting).toBe(0);
  });

  test.each([0, -1, 1.5, NaN])("cannot have %s units", (capacity) => {
    expect(() => new Resource(new Engine(), { capacity })).toThrow(UsageError);
    expect(() => new Resource(new Engine(), { capacty: 2 } as object)).toThrow(/Did you mean|no option "capacty"/);
  });
});

describe("a policy", () => {
  test.each([
    ["fifo", fifo<number>(), [30, 10, 20, 11, 12]],
    ["byPriority", byPriority((item: number) => Math.floor(item / 10)), [10, 11, 12, 20, 30]],
  ])("%s gives each item once, in its order", (_, policy, order) => {
    for (const item of [30, 10, 20, 15, 11, 12]) policy.enqueue(item);
    expect([policy.dequeue(15), policy.dequeue(15), policy.size]).toEqual([true, false, 5]);
    expect(order.map(() => policy.pick())).toEqual(order);
    expect([policy.pick(), policy.size]).toEqual([undefined, 0]);
  });

  test("fifo keeps its order through growth and removals", () => {
    const policy = fifo<number>();
    const reference: number[] = [];
    for (let n = 0; n < 3000; n++) {
      policy.enqueue(n);
      reference.push(n);
      if (n % 3 === 0) expect(policy.pick()).toBe(reference.shift());
      if (n % 7 === 3) {
        const gone = reference[reference.length >> 1]!;
        expect(policy.dequeue(gone)).toBe(true);
        reference.splice(reference.length >> 1, 1);
      }
    }
    expect(policy.size).toBe(reference.length);
    expect(reference.map(() => policy.pick())).toEqual(reference);
  });

  test("byPriority keeps its order through removals", () => {
    const policy = byPriority((item: { key: number }) => item.key);
    let reference: { key: number }[] = [];
    for (let n = 0; n < 2000; n++) {
      const item = { key: (n * 7919) % 101 };
      policy.enqueue(item);
      reference.push(item);
      if (n % 5 === 0) {
        const gone = reference[(n * 31) % reference.length]!;
        expect(policy.dequeue(gone)).toBe(true);
        reference = reference.filter((other) => other !== gone);
      }
    }
    const order = reference.sort((a, b) => a.key - b.key);
    expect(order.map(() => policy.pick())).toEqual(order);
  });
});

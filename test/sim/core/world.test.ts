import { describe, expect, test } from "vitest";
import {
  createWorld,
  invariant,
  InvariantError,
  ms,
  ns,
  Resource,
  Share,
  UsageError,
  type Activity,
  type World,
} from "../../../sim/core/index.js";

/** A little of everything: processes, a resource, a share, callbacks, chance. */
function busy(world: World): void {
  const { engine, rng, trace } = world;
  const disk = new Resource(engine, { name: "disk", capacity: 2 });
  const link = new Share(engine, { name: "link", rate: 1e9 });
  function* client(name: string): Activity<void> {
    const chance = rng.stream(name);
    for (let turn = 0; turn < 20; turn++) {
      yield engine.delay(ns(chance.exponential(5000)));
      yield* disk.use(ns(chance.lognormal(8, 1)));
      trace.emit("read", name, { turn, blocks: chance.zipf(100, 1.1) });
      yield link.use(1 + chance.pareto(1.5, 500), 1 + chance.integer(4));
      trace.emit("sent", name, { turn, weight: chance.normal() });
    }
  }
  for (const name of ["a", "b", "c"]) engine.spawn(client(name), { name });
  engine.after(ms(0.02), () => {
    trace.emit("noise", "host", { count: rng.stream("noise").poisson(40) });
  });
}

function traceOf(seed: number): string {
  const world = createWorld({ seed });
  busy(world);
  world.engine.run();
  return world.trace.toJsonLines();
}

/** FNV-1a, 32 bits: enough to notice a change. */
const digest = (text: string): number =>
  [...new TextEncoder().encode(text)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0) >>> 0;

describe("a world", () => {
  test("replays byte for byte from its seed, and differs from another seed's", () => {
    const first = traceOf(7);
    expect(first.split("\n")).toHaveLength(3 * 20 * 2 + 1 + 1);
    expect(traceOf(7)).toBe(first);
    expect(traceOf(8)).not.toBe(first);
  });

  test("gives these very bytes on every machine, in every release of every engine", () => {
    expect(digest(traceOf(7))).toBe(1097835552);
  });

  test("says seed, time and last trace rows with our own mistakes", () => {
    const { engine, trace } = createWorld({ seed: 42 });
    for (let n = 0; n < 12; n++) trace.emit("step", "vm", { n });
    engine.after(ms(3), () => {
      invariant(engine.now < 0, "time is out of joint");
    });
    let message = "";
    try {
      engine.run();
    } catch (error) {
      expect(error).toBeInstanceOf(InvariantError);
      message = (error as Error).message;
    }
    expect(message).toMatch(/^time is out of joint \(seed 42, event 1, 3000000 ns; last trace rows:/);
    expect(message.match(/"kind":"step"/g)).toHaveLength(8);
    expect(message).toContain('"n":11}');
  });

  test("leaves a student's mistake as it is", () => {
    const { engine } = createWorld();
    engine.after(ms(3), () => {
      throw new UsageError("no such disk", "Make one.");
    });
    expect(() => engine.run()).toThrow(new UsageError("no such disk", "Make one."));
  });

  test.each([{ sed: 1 }, { seed: 0.5 }, { seed: NaN }])("refuses %o", (options) => {
    expect(() => createWorld(options as object)).toThrow(UsageError);
  });
});

describe("save and restore", () => {
  test("go on as if nothing had been, through JSON", () => {
    const straight = createWorld({ seed: 3 });
    busy(straight);
    straight.engine.run();
    const saved = JSON.stringify(straight.save());
    busy(straight);
    straight.engine.run();

    const resumed = createWorld({ seed: 3 });
    resumed.restore(JSON.parse(saved) as ReturnType<World["save"]>);
    busy(resumed);
    resumed.engine.run();
    expect(resumed.trace.toJsonLines()).toBe(straight.trace.toJsonLines());
    expect(resumed.engine.events).toBe(straight.engine.events);
  });

  test("are refused while a process lives or an event is pending, but not for background timers", () => {
    const world = createWorld();
    const { engine } = world;
    engine.after(ms(1), () => undefined, { name: "boot" });
    expect(() => world.save()).toThrow("a world at work cannot be saved: boot");
    engine.run();
    const daemon = engine.spawn(
      (function* () {
        for (;;) yield engine.delay(ms(1), { background: true });
      })(),
      { name: "kubelet", background: true },
    );
    engine.run();
    expect(() => world.save()).toThrow('a world at work cannot be saved: the process "kubelet" lives');
    daemon.cancel();
    engine.after(ms(1), () => undefined, { background: true });
    expect(world.save().engine).toMatchObject({ now: ms(1) });
    expect(() => {
      world.restore(createWorld().save());
    }).toThrow("a state cannot be restored into a world in use");
  });

  test("need the same seed", () => {
    const saved = createWorld({ seed: 3 }).save();
    expect(() => {
      createWorld({ seed: 4 }).restore(saved);
    }).toThrow("the saved world has seed 3, this one 4");
  });

  test("are refused inside an event", () => {
    const world = createWorld();
    world.engine.at(ns(0), () => world.save());
    expect(() => world.engine.run()).toThrow(UsageError);
  });
});

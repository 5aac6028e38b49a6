import { describe, expect, test } from "vitest";
import { createWorld, s, type Activity } from "../../../sim/core/index.js";
import { type CpuSource, type Kernel, type Sys } from "../../../sim/os/index.js";
import { get, groups, root, set, spinner, usage } from "./groups.js";
import { kernel, play, readFile } from "./system.js";

describe("cpu", () => {
  const share = (on: Kernel, body: (sys: Sys) => Activity<string[]>): number[] =>
    play(function* (sys) {
      const watched = yield* body(sys);
      yield* sys.nanosleep(s(4));
      const usages: number[] = [];
      for (const group of watched) usages.push(usage(yield* get(sys, `${group}/cpu.stat`)));
      yield* sys.kill(-1, "SIGKILL");
      return usages;
    }, on);

  test("groups share by weight, however many tasks they have; their tasks share what theirs gets", () => {
    const [a = 0, b = 1] = share(kernel(), function* (sys) {
      yield* groups(sys, "a", "b");
      yield* set(sys, "b/cpu.weight", "300");
      for (const group of ["a", "a", "a", "b"]) yield* spinner(sys, group);
      return ["a", "b"];
    });
    expect(b / a).toBeCloseTo(3, 1);
    expect(a + b).toBeGreaterThan(3_950_000);
  });

  test("shares nest: a half of a third", () => {
    const [whole = 0, first = 0, second = 0] = share(kernel(), function* (sys) {
      yield* groups(sys, "a", "b");
      yield* set(sys, "b/cpu.weight", "200");
      yield* set(sys, "a/cgroup.subtree_control", "+cpu");
      for (const group of ["a/x", "a/y"]) {
        yield* sys.mkdir(`${root}/${group}`);
        yield* spinner(sys, group);
      }
      yield* spinner(sys, "b");
      return ["a", "a/x", "a/y"];
    });
    expect(whole / 4e6).toBeCloseTo(1 / 3, 2);
    expect(first / second).toBeCloseTo(1, 1);
  });

  test("cpu.max throttles, on one CPU and over several", () => {
    for (const [cpus, tasks, max, expected] of [
      [1, 1, "20000 100000", 0.2],
      [2, 2, "50000 100000", 0.5],
      [4, 3, "150000 100000", 1.5],
    ] as const) {
      const on = kernel({ cpus });
      const [used = 0] = share(on, function* (sys) {
        yield* groups(sys, "a");
        yield* set(sys, "a/cpu.max", max);
        for (let task = 0; task < tasks; task++) yield* spinner(sys, "a");
        return ["a"];
      });
      expect(used / 4e6).toBeCloseTo(expected, 1);
    }
  });

  test("cpu.stat counts throttled periods; a limit is read back, lifted, and refused where it makes no sense", () => {
    const seen = play(function* (sys) {
      yield* groups(sys, "a");
      yield* set(sys, "a/cpu.max", "10000 50000");
      const pid = yield* spinner(sys, "a");
      yield* sys.nanosleep(s(1));
      const stat = yield* get(sys, "a/cpu.stat");
      const throttled = Number(/nr_throttled (\d+)/.exec(stat)?.[1]);
      const time = Number(/throttled_usec (\d+)/.exec(stat)?.[1]);
      const log: unknown[] = [
        throttled >= 19 && throttled <= 21,
        time > 700_000 && time < 850_000,
        yield* get(sys, "a/cpu.max"),
      ];
      yield* set(sys, "a/cpu.max", "max");
      const before = usage(yield* get(sys, "a/cpu.stat"));
      yield* sys.nanosleep(s(1));
      log.push(usage(yield* get(sys, "a/cpu.stat")) - before > 990_000, yield* get(sys, "a/cpu.max"));
      log.push(
        yield* set(sys, "a/cpu.max", "x"),
        yield* set(sys, "a/cpu.max", "1000 1"),
        yield* set(sys, "a/cpu.weight", "0"),
      );
      yield* sys.kill(pid, "SIGKILL");
      return log;
    });
    expect(seen).toEqual([true, true, "10000 50000", true, "max 100000", "EINVAL", "ERANGE", "ERANGE"]);
  });

  test("steal time is what a CPU's source takes longer", () => {
    const world = createWorld();
    // Every second nanosecond is somebody else's.
    const shared: CpuSource = {
      count: 1,
      start: (_cpu, work, done) => {
        const begin = world.engine.now;
        const cancel = world.engine.after((2 * work) as typeof work, done);
        return {
          stop() {
            cancel();
            return Math.floor((world.engine.now - begin) / 2) as typeof work;
          },
        };
      },
    };
    const on = kernel({ world, cpus: shared });
    const seen = play(function* (sys) {
      yield* sys.compute(s(1));
      return (yield* readFile(sys, "/proc/stat"))
        .split("\n")[0]
        ?.split(" ")
        .slice(1)
        .filter((one) => one !== "")
        .map(Number);
    }, on);
    expect(on.engine.now).toBeGreaterThan(s(2));
    expect(seen?.[7]).toBeCloseTo(100, -1);
  });
});

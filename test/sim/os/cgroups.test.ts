import { describe, expect, test } from "vitest";
import { createWorld, encodeUtf8, MiB, ms, s, type Activity } from "../../../sim/core/index.js";
import {
  CLONE_NEWCGROUP,
  describeStatus,
  O_CREAT,
  O_WRONLY,
  type CpuSource,
  type Kernel,
  type Sys,
} from "../../../sim/os/index.js";
import { code, kernel, names, play, readFile } from "./system.js";

const root = "/sys/fs/cgroup";

function* set(sys: Sys, file: string, value: string): Activity<string> {
  return yield* code(
    (function* () {
      const fd = yield* sys.open(`${root}/${file}`, O_WRONLY);
      yield* sys.write(fd, encodeUtf8(value));
      yield* sys.close(fd);
    })(),
  );
}

function* get(sys: Sys, file: string): Activity<string> {
  return (yield* readFile(sys, `${root}/${file}`)).trimEnd();
}

/** Groups a and b with every controller, in a kernel with so many CPUs. */
function* groups(sys: Sys, ...paths: readonly string[]): Activity<undefined> {
  yield* set(sys, "cgroup.subtree_control", "+cpu +memory +pids");
  for (const path of paths) yield* sys.mkdir(`${root}/${path}`);
  return undefined;
}

/** A child that works in a group until it is killed. */
function* spinner(sys: Sys, group: string): Activity<number> {
  return yield* sys.clone(function* (child) {
    yield* set(child, `${group}/cgroup.procs`, "0");
    for (;;) yield* child.compute(s(1));
  });
}

const usage = (stat: string): number => Number(/usage_usec (\d+)/.exec(stat)?.[1]);

describe("the hierarchy", () => {
  test("directories are groups; files follow the controllers; no tasks where controllers are handed down", () => {
    const seen = play(function* (sys) {
      yield* sys.mkdir(`${root}/a`);
      const before = yield* names(sys, `${root}/a`);
      yield* set(sys, "cgroup.subtree_control", "+memory +pids");
      const after = yield* names(sys, `${root}/a`);
      const log: unknown[] = [
        before.filter((name) => name.startsWith("memory.")),
        after.includes("memory.max"),
        after.includes("cpu.max"),
      ];
      log.push(yield* get(sys, "a/cgroup.controllers"), yield* set(sys, "a/cgroup.subtree_control", "+cpu"));
      yield* sys.mkdir(`${root}/a/b`);
      log.push(yield* set(sys, "a/cgroup.procs", "0"), yield* set(sys, "a/cgroup.subtree_control", "+memory"));
      yield* set(sys, "a/b/cgroup.procs", "0");
      log.push(yield* set(sys, "a/cgroup.subtree_control", "+memory"), yield* set(sys, "a/cgroup.procs", "0"));
      log.push(yield* code(sys.rmdir(`${root}/a/b`)), yield* code(sys.open(`${root}/new`, O_CREAT | O_WRONLY)));
      log.push(yield* readFile(sys, "/proc/self/cgroup"), yield* get(sys, "a/cgroup.events"));
      yield* set(sys, "cgroup.procs", "0");
      log.push(
        yield* get(sys, "a/cgroup.events"),
        yield* code(sys.rmdir(`${root}/a/b`)),
        yield* code(sys.rmdir(`${root}/a`)),
      );
      return log;
    });
    expect(seen).toEqual([
      ["memory.pressure"],
      true,
      false,
      "memory pids",
      "ENOENT",
      "ok",
      "EBUSY",
      "ok",
      "EBUSY",
      "EBUSY",
      "EPERM",
      "0::/a/b\n",
      "populated 1\nfrozen 0",
      "populated 0\nfrozen 0",
      "ok",
      "ok",
    ]);
  });

  test("a delegated subtree is its owner's, and what lies above isn't", () => {
    const seen = play(function* (sys) {
      yield* groups(sys, "d");
      for (const file of ["", "/cgroup.procs", "/cgroup.subtree_control"])
        yield* sys.chown(`${root}/d${file}`, 1000, 1000);
      const log: string[] = [];
      const pid = yield* sys.clone(function* (child) {
        yield* set(child, "d/cgroup.procs", "0");
        yield* child.setresuid(1000, 1000, 1000);
        log.push(yield* code(child.mkdir(`${root}/d/x`)), yield* set(child, "d/x/cgroup.procs", "0"));
        log.push(
          yield* set(child, "cgroup.procs", "0"),
          yield* set(child, "d/memory.max", "1M"),
          yield* code(child.mkdir(`${root}/e`)),
        );
      });
      yield* sys.wait4(pid);
      return log;
    });
    expect(seen).toEqual(["ok", "ok", "EACCES", "EACCES", "EACCES"]);
  });

  test("a cgroup namespace takes its own group for the root", () => {
    const seen = play(function* (sys) {
      yield* groups(sys, "c");
      yield* sys.mkdir(`${root}/c/below`);
      yield* set(sys, "c/cgroup.procs", "0");
      yield* sys.unshare(CLONE_NEWCGROUP);
      const log: unknown[] = [yield* readFile(sys, "/proc/self/cgroup"), yield* readFile(sys, "/proc/1/cgroup")];
      yield* sys.mount("none", "/mnt", "cgroup2");
      log.push((yield* names(sys, "/mnt")).includes("below"), yield* set(sys, "cgroup.procs", "0"));
      return log;
    });
    expect(seen).toEqual(["0::/\n", "0::/..\n", true, "ENOENT"]);
  });
});

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

describe("memory", () => {
  test("touched pages count, in all groups above; what is unmapped or ends is given back", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      yield* groups(sys, "m");
      const log: unknown[] = [];
      const pid = yield* sys.clone(
        function* (child) {
          const at = yield* child.mmap(MiB(8));
          log.push(yield* get(child, "m/memory.current"));
          yield* child.touch(at, MiB(3));
          log.push(yield* get(child, "m/memory.current"));
          yield* child.munmap(at);
          log.push(yield* get(child, "m/memory.current"), yield* get(child, "m/memory.peak"));
          yield* child.touch(yield* child.mmap(MiB(1)), MiB(1));
        },
        { cgroup: on.cgroups.children.get("m")! },
      );
      yield* sys.wait4(pid);
      return [...log, yield* get(sys, "m/memory.current")];
    }, on);
    expect(seen).toEqual(["0", String(MiB(3)), "0", String(MiB(3)), "0"]);
  });

  test("over memory.max the one with the greatest score is killed; oom_score_adj and oom.group count", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      yield* groups(sys, "m");
      yield* set(sys, "m/memory.max", "10M");
      const at = { cgroup: on.cgroups.children.get("m")! };
      const eat = function* (bytes: number, adjustment: number): Activity<number> {
        const pid = yield* sys.clone(function* (child) {
          const fd = yield* child.open("/proc/self/oom_score_adj", O_WRONLY);
          yield* child.write(fd, encodeUtf8(`${adjustment}`));
          yield* child.touch(yield* child.mmap(bytes), bytes);
          yield* child.pause();
        }, at);
        yield* sys.nanosleep(ms(5));
        return pid;
      };
      const small = yield* eat(MiB(3), 0);
      const big = yield* eat(MiB(5), 0);
      const newcomer = yield* eat(MiB(4), 0);
      const first = yield* sys.wait4(-1);
      const spared = yield* eat(MiB(5), -1000);
      const second = yield* sys.wait4(-1);
      const events = yield* get(sys, "m/memory.events");
      yield* set(sys, "m/memory.oom.group", "1");
      const last = yield* eat(MiB(4), 0);
      const killed = [(yield* sys.wait4(-1))?.pid, (yield* sys.wait4(-1))?.pid];
      return [
        first?.pid === big,
        first?.status,
        second?.pid === newcomer,
        /oom_kill (\d+)/.exec(events)?.[1],
        killed.includes(last),
        killed.includes(small),
        (yield* get(sys, "m/cgroup.procs")) === `${spared}`,
      ];
    }, on);
    expect(seen).toEqual([true, 9, true, "2", true, true, true]);
  });

  test("files of a tmpfs are nobody's to free: one task after another is killed for them, then the call fails and says why", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      yield* groups(sys, "m");
      yield* sys.mount("none", "/mnt", "tmpfs");
      yield* set(sys, "m/memory.max", "1M");
      const into = { cgroup: on.cgroups.children.get("m")! };
      // One with memory, one without any of its own, and one that may not be killed, which writes.
      yield* sys.clone(function* (child) {
        yield* child.touch(yield* child.mmap(MiB(1) / 2), MiB(1) / 2);
        yield* child.pause();
      }, into);
      yield* sys.clone(function* (child) {
        yield* child.pause();
      }, into);
      yield* sys.nanosleep(ms(1));
      const writer = yield* sys.clone(function* (child) {
        yield* set(child, "../../../proc/self/oom_score_adj", "-1000");
        const fd = yield* child.open("/mnt/file", O_CREAT | O_WRONLY);
        for (let count = 0; count < 15; count++) yield* child.write(fd, new Uint8Array(64 * 1024));
        const refused = yield* code(child.write(fd, new Uint8Array(128 * 1024)));
        yield* child.exit_group(refused === "ENOMEM" ? 7 : 1);
      }, into);
      const ends: unknown[] = [];
      for (let count = 0; count < 3; count++) {
        const end = yield* sys.wait4();
        ends.push(end?.pid === writer ? "writer" : "other", end?.status);
      }
      const current = yield* get(sys, "m/memory.current");
      return [ends, /oom_kill (\d+)/.exec(yield* get(sys, "m/memory.events"))?.[1], current];
    }, on);
    expect(seen).toEqual([["other", 9, "other", 9, "writer", 7 << 8], "2", String(15 * 64 * 1024)]);
    const rows = on.trace.rows().filter(({ kind }) => kind.startsWith("oom."));
    expect(rows.map(({ kind }) => kind)).toEqual(["oom.kill", "oom.kill", "oom.none"]);
  });

  test("a machine that is out of memory with nobody to kill stops", () => {
    const on = kernel({ memory: MiB(1) });
    expect(() => {
      play(function* (sys) {
        yield* set(sys, "../../../proc/self/oom_score_adj", "-1000");
        yield* sys.touch(yield* sys.mmap(MiB(2)), MiB(2));
      }, on);
    }).toThrow("Cannot allocate memory");
    expect(on.panicked).toBe("System is deadlocked on memory");
  });

  test("files of a tmpfs are paid by who writes them", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      yield* groups(sys, "m");
      yield* sys.mount("none", "/mnt", "tmpfs");
      yield* set(sys, "m/memory.max", "1M");
      const pid = yield* sys.clone(
        function* (child) {
          const fd = yield* child.open("/mnt/file", O_CREAT | O_WRONLY);
          yield* child.write(fd, new Uint8Array(64 * 1024));
        },
        { cgroup: on.cgroups.children.get("m")! },
      );
      yield* sys.wait4(pid);
      const used = yield* get(sys, "m/memory.current");
      yield* sys.unlink("/mnt/file");
      return [used, yield* get(sys, "m/memory.current")];
    }, on);
    expect(seen).toEqual([String(64 * 1024), "0"]);
  });
});

describe("pids, freeze, kill", () => {
  test("pids.max refuses a fork", () => {
    const seen = play(function* (sys) {
      yield* groups(sys, "p");
      yield* set(sys, "p/pids.max", "2");
      yield* set(sys, "p/cgroup.procs", "0");
      const wait = function* (child: Sys): Activity<undefined> {
        yield* child.pause();
        return undefined;
      };
      const first = yield* code(sys.clone(wait));
      const second = yield* code(sys.clone(wait));
      return [first, second, yield* get(sys, "p/pids.current"), yield* get(sys, "p/pids.events")];
    });
    expect(seen).toEqual(["ok", "EAGAIN", "2", "max 1"]);
  });

  test("a frozen group stands still, but dies", () => {
    const seen = play(function* (sys) {
      yield* groups(sys, "f");
      const pid = yield* spinner(sys, "f");
      yield* sys.nanosleep(ms(20));
      yield* set(sys, "f/cgroup.freeze", "1");
      const at = usage(yield* get(sys, "f/cpu.stat"));
      yield* sys.nanosleep(s(1));
      const log: unknown[] = [usage(yield* get(sys, "f/cpu.stat")) - at, yield* get(sys, "f/cgroup.events")];
      yield* set(sys, "f/cgroup.freeze", "0");
      yield* sys.nanosleep(s(1));
      log.push(usage(yield* get(sys, "f/cpu.stat")) - at > 900_000);
      yield* set(sys, "f/cgroup.freeze", "1");
      yield* set(sys, "f/cgroup.kill", "1");
      return [...log, describeStatus((yield* sys.wait4(pid))?.status ?? -1)];
    });
    expect(seen).toEqual([0, "populated 1\nfrozen 1", true, { signal: 9 }]);
  });
});

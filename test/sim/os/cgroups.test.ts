import { describe, expect, test } from "vitest";
import { encodeUtf8, MiB, ms, s, type Activity } from "../../../sim/core/index.js";
import { CLONE_NEWCGROUP, describeStatus, O_CREAT, O_WRONLY, type Sys } from "../../../sim/os/index.js";
import { get, groups, root, set, spinner, usage } from "./groups.js";
import { code, kernel, names, play, readFile } from "./system.js";

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

import { expect, test } from "vitest";
import { ms, s, type Activity } from "../../../sim/core/index.js";
import type { Sys } from "../../../sim/os/index.js";
import { code, kernel, play, readFile, writeFile } from "./system.js";

const top = "/sys/fs/cgroup";

function* groups(sys: Sys, ...paths: readonly string[]): Activity<undefined> {
  yield* writeFile(sys, `${top}/cgroup.subtree_control`, "+cpuset +cpu");
  for (const path of paths) yield* sys.mkdir(`${top}/${path}`);
  return undefined;
}

/** Starts a child that computes for ever. @returns its pid */
function* spin(sys: Sys, before: (child: Sys) => Activity<unknown> = (child) => child.getpid()): Activity<number> {
  return yield* sys.clone(function* (child) {
    yield* before(child);
    for (;;) yield* child.compute(ms(10));
  });
}

/** Seconds of CPU that a process has had. */
function* used(sys: Sys, pid: number): Activity<number> {
  return Number((yield* readFile(sys, `/proc/${pid}/stat`)).split(" ")[13]) / 100;
}

const inGroup = (group: string) => (child: Sys) => writeFile(child, `${top}/${group}/cgroup.procs`, "0");

const list = (status: string): string => /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? "";

test("tasks of a group share its CPUs, however many stand idle beside; others have the rest", () => {
  const seen = play(
    function* (sys) {
      yield* groups(sys, "few");
      yield* writeFile(sys, `${top}/few/cpuset.cpus`, "1");
      const few = [yield* spin(sys, inGroup("few")), yield* spin(sys, inGroup("few"))];
      const free = yield* spin(sys);
      yield* sys.nanosleep(s(4));
      const times = [];
      for (const pid of [...few, free]) times.push(yield* used(sys, pid));
      // Written while they run: they go where they may.
      yield* writeFile(sys, `${top}/few/cpuset.cpus`, "1-2");
      yield* sys.nanosleep(s(4));
      const then = [];
      for (const pid of few) then.push(yield* used(sys, pid));
      return { times, then, status: list(yield* readFile(sys, `/proc/${few[0] ?? 0}/status`)) };
    },
    kernel({ cpus: 4 }),
  );
  expect(seen.times[0]).toBeCloseTo(2, 1);
  expect(seen.times[1]).toBeCloseTo(2, 1);
  expect(seen.times[2]).toBeCloseTo(4, 1);
  expect(seen.then[0]).toBeCloseTo(6, 1);
  expect(seen.then[1]).toBeCloseTo(6, 1);
  expect(seen.status).toBe("1-2");
});

test("sched_setaffinity keeps a task and its children on CPUs, within the group's; one that leaves nothing is refused", () => {
  const seen = play(
    function* (sys) {
      yield* groups(sys, "a");
      yield* writeFile(sys, `${top}/a/cpuset.cpus`, "0-1");
      yield* writeFile(sys, `${top}/a/cgroup.procs`, "0");
      const codes = [
        yield* code(sys.sched_setaffinity(0, [3])),
        yield* code(sys.sched_setaffinity(0, [1, 3])),
        yield* code(sys.sched_setaffinity(999, [1])),
      ];
      const own = yield* sys.sched_getaffinity();
      const both = [yield* spin(sys), yield* spin(sys)];
      yield* sys.nanosleep(s(2));
      const times = [];
      for (const pid of both) times.push(yield* used(sys, pid));
      // What it asked for isn't forgotten: with the group's limit goes what kept it from CPU 3.
      yield* writeFile(sys, `${top}/a/cpuset.cpus`, "");
      const wide = yield* sys.sched_getaffinity();
      yield* writeFile(sys, `${top}/a/cpuset.cpus`, "2");
      return { codes, own, times, wide, without: yield* sys.sched_getaffinity() };
    },
    kernel({ cpus: 4 }),
  );
  expect(seen.codes).toEqual(["EINVAL", "ok", "ESRCH"]);
  expect(seen.own).toEqual([1]);
  expect(seen.times[0]).toBeCloseTo(1, 1);
  expect(seen.times[1]).toBeCloseTo(1, 1);
  expect(seen.wide).toEqual([1, 3]);
  expect(seen.without).toEqual([2]);
});

test("a group has at most what the group above has, and all of that where nothing else is left", () => {
  const seen = play(
    function* (sys) {
      yield* groups(sys, "a");
      yield* writeFile(sys, `${top}/a/cgroup.subtree_control`, "+cpuset");
      yield* sys.mkdir(`${top}/a/b`);
      const effective = (): Activity<string> => readFile(sys, `${top}/a/b/cpuset.cpus.effective`);
      const log = [yield* effective()];
      yield* writeFile(sys, `${top}/a/cpuset.cpus`, "1-2");
      yield* writeFile(sys, `${top}/a/b/cpuset.cpus`, "0,2-3");
      log.push(yield* effective());
      yield* writeFile(sys, `${top}/a/cpuset.cpus`, "1");
      log.push(yield* effective(), yield* readFile(sys, `${top}/a/b/cpuset.cpus`));
      log.push(yield* readFile(sys, `${top}/a/b/cpuset.mems.effective`));
      log.push(yield* readFile(sys, `${top}/a/b/cpuset.cpus.partition`));
      const codes = [];
      for (const text of ["4", "2-1", "x", "0-3"])
        codes.push(yield* code(writeFile(sys, `${top}/a/cpuset.cpus`, text)));
      for (const text of ["1", "0"]) codes.push(yield* code(writeFile(sys, `${top}/a/cpuset.mems`, text)));
      return { log: log.map((one) => one.trim()), codes, top: yield* readFile(sys, `${top}/cgroup.controllers`) };
    },
    kernel({ cpus: 4 }),
  );
  expect(seen.log).toEqual(["0-3", "2", "1", "0,2-3", "0", "member"]);
  expect(seen.codes).toEqual(["EINVAL", "EINVAL", "EINVAL", "ok", "EINVAL", "ok"]);
  expect(seen.top).toBe("cpuset cpu io memory pids\n");
});

test("who may run everywhere makes room for who may not; weights and limits go on to hold", () => {
  const seen = play(
    function* (sys) {
      yield* groups(sys, "pinned", "capped");
      yield* writeFile(sys, `${top}/pinned/cpuset.cpus`, "0");
      yield* writeFile(sys, `${top}/capped/cpu.max`, "50000 100000");
      yield* writeFile(sys, `${top}/capped/cpuset.cpus`, "1");
      const pids = [yield* spin(sys), yield* spin(sys, inGroup("pinned")), yield* spin(sys, inGroup("capped"))];
      yield* sys.nanosleep(s(4));
      const times = [];
      for (const pid of pids) times.push(yield* used(sys, pid));
      // It ends, and the other may have its CPU.
      yield* sys.kill(pids[1] ?? 0, "SIGKILL");
      yield* sys.wait4();
      yield* sys.nanosleep(ms(10));
      return times;
    },
    kernel({ cpus: 2 }),
  );
  const [free = 0, pinned = 0, capped = 0] = seen;
  expect(capped).toBeCloseTo(2, 0);
  expect(free + pinned + capped).toBeCloseTo(8, 1);
  expect(pinned).toBeGreaterThan(1.9);
});

import { expect, test } from "vitest";
import { createWorld, KiB, MiB, ms, type Activity } from "../../../sim/core/index.js";
import {
  attachDrive,
  O_CREAT,
  O_DIRECT,
  O_RDWR,
  O_SYNC,
  O_WRONLY,
  type DiskSpeed,
  type Sys,
} from "../../../sim/os/index.js";
import { createDisk, sectorSize } from "../../../sim/storage/index.js";
import { code, kernel, play, readFile, writeFile } from "./system.js";

const top = "/sys/fs/cgroup";

function* groups(sys: Sys, ...paths: readonly string[]): Activity<undefined> {
  yield* writeFile(sys, `${top}/cgroup.subtree_control`, "+io +memory");
  for (const path of paths) yield* sys.mkdir(`${top}/${path}`);
  return undefined;
}

/** Has a child do something in a group. @returns its pid */
function* start(sys: Sys, group: string, body: (child: Sys) => Activity<unknown>): Activity<number> {
  return yield* sys.clone(function* (child) {
    yield* writeFile(child, `${top}/${group}/cgroup.procs`, "0");
    yield* body(child);
  });
}

const now = (sys: Sys): Activity<number> => sys.clock_gettime("CLOCK_MONOTONIC");

/** Seconds that something takes. */
function* timed(sys: Sys, body: Activity<unknown>): Activity<number> {
  const begun = yield* now(sys);
  yield* body;
  return ((yield* now(sys)) - begun) / 1e9;
}

/** Requests of so many bytes at offsets that follow each other. */
function* transfer(sys: Sys, path: string, flags: number, bytes: number, count: number): Activity<undefined> {
  const fd = yield* sys.open(path, flags | O_CREAT);
  const part = new Uint8Array(bytes);
  for (let at = 0; at < count; at++)
    if ((flags & O_WRONLY) !== 0) yield* sys.pwrite64(fd, part, at * bytes);
    else yield* sys.pread64(fd, bytes, at * bytes);
  yield* sys.close(fd);
  return undefined;
}

/** A disk that takes a millisecond for 1 MB, and as long for a small request. */
const speed: DiskSpeed = { readBps: 1e9, writeBps: 1e9, readIops: 1000, writeIops: 1000, latency: 0 };

test("io.max holds a group's requests back by bytes and by requests, reads and writes apart; others go on", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "slow", "free");
    yield* transfer(sys, "/var/data", O_WRONLY, MiB(1), 4);
    yield* writeFile(sys, `${top}/slow/io.max`, "254:0 rbps=1048576 wiops=10");
    const results: Record<string, number> = {};
    const inGroup = function* (group: string, name: string, body: (child: Sys) => Activity<unknown>): Activity<void> {
      yield* start(sys, group, function* (child) {
        results[name] = yield* timed(child, body(child));
      });
      yield* sys.wait4();
    };
    yield* inGroup("slow", "reads", (child) => transfer(child, "/var/data", O_DIRECT, MiB(1), 3));
    yield* inGroup("slow", "writes", (child) => transfer(child, "/var/out", O_WRONLY | O_DIRECT, KiB(4), 20));
    yield* inGroup("slow", "cached", (child) => transfer(child, "/var/data", 0, MiB(1), 0));
    yield* inGroup("free", "other", (child) => transfer(child, "/var/data", O_DIRECT, MiB(1), 3));
    return {
      results,
      stat: yield* readFile(sys, `${top}/slow/io.stat`),
      max: yield* readFile(sys, `${top}/slow/io.max`),
      pressure: Number(/^full .*total=(\d+)$/m.exec(yield* readFile(sys, `${top}/slow/io.pressure`))?.[1]) / 1e6,
    };
  });
  expect(seen.results["reads"]).toBeCloseTo(3, 2);
  expect(seen.results["writes"]).toBeCloseTo(2, 2);
  expect(seen.results["other"]).toBeLessThan(0.01);
  expect(seen.stat).toBe("254:0 rbytes=3145728 wbytes=81920 rios=3 wios=20 dbytes=0 dios=0\n");
  expect(seen.max).toBe("254:0 rbps=1048576 wbps=max riops=max wiops=10\n");
  expect(seen.pressure).toBeCloseTo(5, 1);
});

test("a limit above counts for all below; what is in the page cache isn't read again", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/cgroup.subtree_control`, "+io");
    for (const name of ["x", "y"]) yield* sys.mkdir(`${top}/a/${name}`);
    yield* transfer(sys, "/var/data", O_WRONLY, MiB(1), 2);
    yield* sys.sync();
    yield* writeFile(sys, "/proc/sys/vm/drop_caches", "1");
    yield* writeFile(sys, `${top}/a/io.max`, "254:0 rbps=1048576");
    const cold = yield* timed(
      sys,
      (function* () {
        // Each reads one half.
        for (const [place, name] of ["x", "y"].entries())
          yield* start(sys, `a/${name}`, function* (child) {
            const fd = yield* child.open("/var/data");
            yield* child.pread64(fd, MiB(1), place * MiB(1));
          });
        yield* sys.wait4();
        yield* sys.wait4();
      })(),
    );
    const warm = yield* timed(sys, transfer(sys, "/var/data", 0, MiB(1), 2));
    const bytes = [];
    for (const path of ["a/x", "a/y", "a"])
      bytes.push(Number(/rbytes=(\d+)/.exec(yield* readFile(sys, `${top}/${path}/io.stat`))?.[1]) / MiB(1));
    return { cold, warm, bytes };
  });
  expect(seen.cold).toBeCloseTo(2, 2);
  expect(seen.warm).toBeLessThan(0.01);
  expect(seen.bytes).toEqual([1, 1, 2]);
});

test("io.weight shares a disk between those that have something to do, level by level", () => {
  const seen = play(
    function* (sys) {
      yield* groups(sys, "light", "heavy", "heavy/one", "heavy/two");
      yield* writeFile(sys, `${top}/heavy/io.weight`, "300");
      yield* writeFile(sys, `${top}/heavy/cgroup.subtree_control`, "+io");
      yield* writeFile(sys, `${top}/heavy/two/io.weight`, "254:0 200");
      yield* transfer(sys, "/var/data", O_WRONLY, 1e6, 1);
      yield* sys.sync();
      const pids: number[] = [];
      for (const group of ["light", "heavy/one", "heavy/two"])
        for (let many = 0; many < 4; many++)
          pids.push(
            yield* start(sys, group, function* (child) {
              const fd = yield* child.open("/var/data", O_DIRECT);
              for (;;) yield* child.pread64(fd, 512_000, 0);
            }),
          );
      const done = function* (): Activity<number[]> {
        const counts = [];
        for (const path of ["light", "heavy/one", "heavy/two"])
          counts.push(Number(/rbytes=(\d+)/.exec(yield* readFile(sys, `${top}/${path}/io.stat`))?.[1] ?? 0));
        return counts;
      };
      yield* sys.nanosleep(ms(400));
      const counts = yield* done();
      for (const pid of pids) yield* sys.kill(pid, "SIGKILL");
      return [counts, yield* readFile(sys, `${top}/heavy/two/io.weight`)] as const;
    },
    kernel({ disk: speed }),
  );
  const [[light = 0, one = 0, two = 0], weight] = seen;
  expect((one + two) / light).toBeCloseTo(3, 0);
  expect(two / one).toBeCloseTo(2, 0);
  expect(weight).toBe("default 100\n254:0 200\n");
});

test("a disk takes its time: reading, fsync, and who writes faster than it for long", () => {
  const slow: DiskSpeed = { readBps: 1e8, writeBps: 1e7, readIops: 1e5, writeIops: 1e5, latency: 1e5 };
  const seen = play(
    function* (sys) {
      const buffered = yield* timed(sys, transfer(sys, "/var/small", O_WRONLY, 1e6, 1));
      const fd = yield* sys.open("/var/small");
      const synced = yield* timed(sys, sys.fsync(fd));
      const sync = yield* timed(sys, transfer(sys, "/var/sync", O_WRONLY | O_SYNC, 1e5, 10));
      // A fifth of what is free may be dirty, some 12 MB: the rest goes at the disk's pace.
      const much = yield* timed(sys, transfer(sys, "/var/much", O_WRONLY, 1e6, 52));
      yield* sys.sync();
      yield* writeFile(sys, "/proc/sys/vm/drop_caches", "3");
      const read = yield* timed(sys, transfer(sys, "/var/much", 0, 1e6, 10));
      return { buffered, synced, sync, much, read };
    },
    kernel({ disk: slow, memory: MiB(64) }),
  );
  expect(seen.buffered).toBeLessThan(0.001);
  expect(seen.synced).toBeCloseTo(0.1, 2);
  expect(seen.sync).toBeCloseTo(0.1, 1);
  expect(seen.much).toBeGreaterThan(3.5);
  expect(seen.much).toBeLessThan(5);
  expect(seen.read).toBeCloseTo(0.1, 1);
});

test("write-back of a group's pages counts for the group, and obeys its io.max", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/io.max`, "254:0 wbps=1048576");
    yield* start(sys, "a", (child) => transfer(child, "/var/data", O_WRONLY, MiB(1), 4));
    yield* sys.wait4();
    const took = yield* timed(sys, sys.sync());
    return [took, Number(/wbytes=(\d+)/.exec(yield* readFile(sys, `${top}/a/io.stat`))?.[1]) / MiB(1)];
  });
  expect(seen[0]).toBeCloseTo(4, 1);
  expect(seen[1]).toBe(4);
});

test("a drive that was plugged in has limits, too; words that make no sense are refused", () => {
  const world = createWorld({ seed: 1 });
  const on = kernel({ world });
  attachDrive(on, "disk", createDisk({ world, name: "disk" }));
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/io.max`, "259:0 riops=2");
    let took = 0;
    yield* start(sys, "a", function* (child) {
      const fd = yield* child.open("/dev/disk");
      took = yield* timed(
        child,
        (function* () {
          for (let at = 0; at < 4; at++) yield* child.pread64(fd, sectorSize, at * sectorSize);
        })(),
      );
    });
    yield* sys.wait4();
    const codes = [];
    for (const text of ["8:0 rbps=1", "254 rbps=1", "254:0 rbps=0", "254:0 speed=1", "254:0 rbps=1k", "254:0 rbps=max"])
      codes.push(yield* code(writeFile(sys, `${top}/a/io.max`, text)));
    const weights = [];
    for (const text of ["0", "10001", "default 50"])
      weights.push(yield* code(writeFile(sys, `${top}/a/io.weight`, text)));
    const fd = yield* sys.open("/var/data", O_CREAT | O_DIRECT | O_RDWR);
    return { took, codes, weights, direct: yield* code(sys.write(fd, new Uint8Array(100))) };
  }, on);
  expect(seen.took).toBeGreaterThan(2);
  expect(seen.took).toBeLessThan(2.2);
  expect(seen.codes).toEqual(["ENODEV", "EINVAL", "ERANGE", "EINVAL", "EINVAL", "ok"]);
  expect(seen.weights).toEqual(["ERANGE", "ERANGE", "ok"]);
  expect(seen.direct).toBe("EINVAL");
});

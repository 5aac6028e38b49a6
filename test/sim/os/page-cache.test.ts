import { expect, test } from "vitest";
import { encodeUtf8, KiB, MiB, ms, s, type Activity } from "../../../sim/core/index.js";
import { O_CREAT, O_RDWR, O_WRONLY, type Sys } from "../../../sim/os/index.js";
import { code, kernel, play, readFile, writeFile } from "./system.js";

const top = "/sys/fs/cgroup";

/** A table of a group, as numbers: memory.stat, memory.events. */
function* numbers(sys: Sys, path: string): Activity<Record<string, number>> {
  const text = yield* readFile(sys, path);
  return Object.fromEntries(
    [...text.matchAll(/^(\S+?):? +(\d+)/gm)].map(([, name = "", value]) => [name, Number(value)]),
  );
}

/** Writes a file of so many bytes, 64 KiB at a time. */
function* fill(sys: Sys, path: string, bytes: number): Activity<undefined> {
  const fd = yield* sys.open(path, O_CREAT | O_WRONLY);
  const part = new Uint8Array(65536).fill(1);
  for (let at = 0; at < bytes; at += part.length) yield* sys.write(fd, part);
  yield* sys.close(fd);
  return undefined;
}

function* readAll(sys: Sys, path: string): Activity<number> {
  const fd = yield* sys.open(path);
  let all = 0;
  for (;;) {
    const { length } = yield* sys.read(fd, 65536);
    if (length === 0) break;
    all += length;
  }
  yield* sys.close(fd);
  return all;
}

/** Has a child do something in a group. */
function* inside(sys: Sys, group: string, body: (child: Sys) => Activity<unknown>): Activity<undefined> {
  yield* sys.clone(function* (child) {
    yield* writeFile(child, `${top}/${group}/cgroup.procs`, "0");
    yield* body(child);
  });
  yield* sys.wait4();
  return undefined;
}

function* groups(sys: Sys, ...paths: readonly string[]): Activity<undefined> {
  yield* writeFile(sys, `${top}/cgroup.subtree_control`, "+memory");
  for (const path of paths) yield* sys.mkdir(`${top}/${path}`);
  return undefined;
}

test("who touches a page of a file first pays for it, and goes on paying when another reads it", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a", "b");
    yield* inside(sys, "a", (child) => fill(child, "/var/data", MiB(2)));
    yield* inside(sys, "b", (child) => readAll(child, "/var/data"));
    const first = [yield* numbers(sys, `${top}/a/memory.stat`), yield* numbers(sys, `${top}/b/memory.stat`)];
    yield* sys.sync();
    yield* writeFile(sys, "/proc/sys/vm/drop_caches", "1");
    yield* inside(sys, "b", (child) => readAll(child, "/var/data"));
    const then = [yield* numbers(sys, `${top}/a/memory.stat`), yield* numbers(sys, `${top}/b/memory.stat`)];
    yield* sys.unlink("/var/data");
    const last = [yield* numbers(sys, `${top}/a/memory.stat`), yield* numbers(sys, `${top}/b/memory.stat`)];
    return [first, then, last].map((both) => both.map((one) => (one["file"] ?? NaN) / MiB(1)));
  });
  expect(seen).toEqual([
    [2, 0],
    [0, 2],
    [0, 0],
  ]);
});

test("what is written is dirty until the flusher has been there: after 30 seconds, at its next look every five", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* inside(sys, "a", (child) => fill(child, "/var/data", MiB(1)));
    const dirty = [];
    for (const pause of [0, 29, 7]) {
      yield* sys.nanosleep(s(pause));
      dirty.push(((yield* numbers(sys, `${top}/a/memory.stat`))["file_dirty"] ?? NaN) / MiB(1));
    }
    yield* inside(sys, "a", function* (child) {
      yield* fill(child, "/var/more", MiB(1));
      const fd = yield* child.open("/var/more");
      yield* child.fsync(fd);
    });
    const { Dirty = NaN, Cached = NaN } = yield* numbers(sys, "/proc/meminfo");
    return { dirty, Dirty, Cached };
  });
  expect(seen.dirty).toEqual([1, 1, 0]);
  expect(seen.Dirty).toBe(0);
  expect(seen.Cached).toBe(2048);
});

test("under memory.max pages of files go before anybody is killed; tasks' memory can't", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/memory.max`, "8M");
    yield* inside(sys, "a", function* (child) {
      yield* fill(child, "/var/data", MiB(32));
      yield* child.touch(yield* child.mmap(MiB(6)), MiB(6));
    });
    const { max = 0, oom_kill = NaN } = yield* numbers(sys, `${top}/a/memory.events`);
    const stat = yield* numbers(sys, `${top}/a/memory.stat`);
    const peak = Number(yield* readFile(sys, `${top}/a/memory.peak`));
    yield* inside(sys, "a", function* (child) {
      yield* child.touch(yield* child.mmap(MiB(16)), MiB(16));
    });
    return { max, oom_kill, stat, peak, then: (yield* numbers(sys, `${top}/a/memory.events`))["oom_kill"] };
  });
  expect(seen.max).toBeGreaterThan(0);
  expect(seen.oom_kill).toBe(0);
  expect(seen.peak).toBeLessThanOrEqual(MiB(8));
  // 6 MiB were needed: of the file no more than 2 MiB can be left.
  expect(seen.stat["file"]).toBeLessThanOrEqual(MiB(2));
  expect(seen.stat["pgsteal"]).toBeGreaterThanOrEqual(MiB(30) / 4096);
  expect(seen.then).toBe(1);
});

test("the machine's last pages come from files, too, those first that weren't used for longest", () => {
  const seen = play(
    function* (sys) {
      yield* fill(sys, "/var/old", MiB(16));
      yield* fill(sys, "/var/used", MiB(8));
      // Read twice, it is active.
      for (let count = 0; count < 2; count++) yield* readAll(sys, "/var/used");
      const before = yield* numbers(sys, "/proc/meminfo");
      yield* sys.touch(yield* sys.mmap(MiB(48)), MiB(48));
      return { before, after: yield* numbers(sys, "/proc/meminfo") };
    },
    kernel({ memory: MiB(64) }),
  );
  expect(seen.before["Active(file)"]).toBe(8192);
  expect(seen.before["Inactive(file)"]).toBe(16384);
  expect(seen.after["Active(file)"]).toBe(8192);
  expect(seen.after["Inactive(file)"]).toBeLessThanOrEqual(8192);
  expect(seen.before["MemAvailable"]).toBeGreaterThan(65536 - 1024);
});

test("over memory.high pages of files go and nobody is held back; what that takes is time lost for want of memory", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/memory.high`, "4M");
    yield* inside(sys, "a", (child) => fill(child, "/var/data", MiB(16)));
    const { high = 0 } = yield* numbers(sys, `${top}/a/memory.events`);
    const total = Number(/^some .*total=(\d+)$/m.exec(yield* readFile(sys, `${top}/a/memory.pressure`))?.[1]);
    return { high, current: Number(yield* readFile(sys, `${top}/a/memory.current`)), total };
  });
  expect(seen.high).toBeGreaterThan(0);
  expect(seen.current).toBeLessThanOrEqual(MiB(4));
  // 12 MiB at a microsecond a page.
  expect(seen.total).toBeGreaterThan(MiB(12) / 4096 - 500);
  expect(seen.total).toBeLessThan(ms(20) / 1000);
});

test("memory.min keeps a group's pages while others have some; memory.reclaim asks for some to go", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/cgroup.subtree_control`, "+memory");
    for (const name of ["kept", "other"]) {
      yield* sys.mkdir(`${top}/a/${name}`);
      yield* inside(sys, `a/${name}`, (child) => fill(child, `/var/${name}`, MiB(4)));
    }
    yield* writeFile(sys, `${top}/a/kept/memory.min`, "4M");
    yield* writeFile(sys, `${top}/a/memory.reclaim`, "3M");
    const after = [];
    for (const name of ["kept", "other"])
      after.push(Number(yield* readFile(sys, `${top}/a/${name}/memory.current`)) / MiB(1));
    const more = yield* code(writeFile(sys, `${top}/a/memory.reclaim`, "3M"));
    return { after, more };
  });
  expect(seen.after[0]).toBe(4);
  expect(seen.after[1]).toBeLessThanOrEqual(1);
  expect(seen.more).toBe("EAGAIN");
});

test("a lower memory.max has pages go at once; a removed group leaves its pages to the one above", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/cgroup.subtree_control`, "+memory");
    yield* sys.mkdir(`${top}/a/b`);
    yield* inside(sys, "a/b", (child) => fill(child, "/var/data", MiB(4)));
    yield* sys.rmdir(`${top}/a/b`);
    const left = Number(yield* readFile(sys, `${top}/a/memory.current`));
    yield* writeFile(sys, `${top}/a/memory.max`, "1M");
    return [left / MiB(1), Number(yield* readFile(sys, `${top}/a/memory.current`)) / MiB(1)];
  });
  expect(seen[0]).toBe(4);
  expect(seen[1]).toBeLessThanOrEqual(1);
});

test("a group that can't hold what it reads at once lets it through; bytes stay what they are under any reclaim", () => {
  const seen = play(function* (sys) {
    yield* groups(sys, "a");
    yield* writeFile(sys, `${top}/a/memory.max`, "64K");
    yield* inside(sys, "a", function* (child) {
      const fd = yield* child.open("/var/data", O_CREAT | O_RDWR);
      for (let at = 0; at < 64; at++) yield* child.pwrite64(fd, encodeUtf8(`block ${at}`), at * KiB(16) + at);
    });
    yield* inside(sys, "a", (child) => readAll(child, "/var/data"));
    const fd = yield* sys.open("/var/data");
    const blocks = [];
    for (let at = 0; at < 64; at++) {
      const bytes = yield* sys.pread64(fd, 8, at * KiB(16) + at);
      blocks.push(String.fromCharCode(...bytes).replace(/\0+$/, ""));
    }
    const { oom_kill } = yield* numbers(sys, `${top}/a/memory.events`);
    return { blocks, oom_kill, peak: Number(yield* readFile(sys, `${top}/a/memory.peak`)) };
  });
  expect(seen.blocks).toEqual(Array.from({ length: 64 }, (_, at) => `block ${at}`));
  expect(seen.oom_kill).toBe(0);
  expect(seen.peak).toBeLessThanOrEqual(KiB(64));
});

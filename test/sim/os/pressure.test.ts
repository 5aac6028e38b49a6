import { expect, test } from "vitest";
import { createWorld, MiB, ms, s } from "../../../sim/core/index.js";
import { attachDrive, type Sys } from "../../../sim/os/index.js";
import { createDisk, sectorSize } from "../../../sim/storage/index.js";
import { kernel, play, readFile, writeFile } from "./system.js";

const top = "/sys/fs/cgroup";

/** The numbers of a line: averages in percent, the total in microseconds. */
function numbers(text: string, line: "some" | "full"): { avg10: number; avg60: number; avg300: number; total: number } {
  const found = new RegExp(`^${line} avg10=([\\d.]+) avg60=([\\d.]+) avg300=([\\d.]+) total=(\\d+)$`, "m").exec(text);
  const [avg10 = NaN, avg60 = NaN, avg300 = NaN, total = NaN] = (found ?? []).slice(1).map(Number);
  return { avg10, avg60, avg300, total };
}

function* spin(sys: Sys): Generator<never, never> {
  for (;;) yield* sys.compute(s(1)) as Generator<never>;
}

test("two for one CPU: one of them waits all the time, but the CPU works; averages come near by their half-lives", () => {
  const seen = play(function* (sys) {
    yield* sys.mkdir(`${top}/busy`);
    yield* sys.mkdir(`${top}/idle`);
    for (let count = 0; count < 2; count++)
      yield* sys.clone(function* (child) {
        yield* writeFile(child, `${top}/busy/cgroup.procs`, "0");
        yield* spin(child);
      });
    yield* sys.nanosleep(s(20));
    return {
      busy: yield* readFile(sys, `${top}/busy/cpu.pressure`),
      idle: yield* readFile(sys, `${top}/idle/cpu.pressure`),
      whole: yield* readFile(sys, "/proc/pressure/cpu"),
    };
  });
  const some = numbers(seen.busy, "some");
  expect(some.total / 1e6).toBeCloseTo(20, 1);
  // Ten periods of two seconds, as calc_avgs() in kernel/sched/psi.c takes them.
  const near = (left: number): number => 100 * (1 - (left / 2048) ** 10);
  expect(some.avg10).toBeCloseTo(near(1677), 0);
  expect(some.avg60).toBeCloseTo(near(1981), 0);
  expect(some.avg300).toBeCloseTo(near(2034), 0);
  // But for when others had the CPU: their parent, the kernel.
  expect(numbers(seen.busy, "full").total).toBeLessThan(1000);
  expect(numbers(seen.idle, "some").total).toBe(0);
  expect(numbers(seen.whole, "some").total).toBeGreaterThanOrEqual(some.total);
});

test("what waits on half of the CPUs counts half; who is throttled lacks the CPU altogether, but not the machine", () => {
  const seen = play(
    function* (sys) {
      yield* writeFile(sys, `${top}/cgroup.subtree_control`, "+cpu");
      yield* sys.mkdir(`${top}/half`);
      yield* writeFile(sys, `${top}/half/cpu.max`, "50000 100000");
      const child = yield* sys.clone(function* (own) {
        yield* writeFile(own, `${top}/half/cgroup.procs`, "0");
        yield* spin(own);
      });
      yield* sys.nanosleep(s(10));
      const throttled = yield* readFile(sys, `${top}/half/cpu.pressure`);
      yield* sys.kill(child, "SIGKILL");
      yield* sys.wait4();
      const before = numbers(yield* readFile(sys, "/proc/pressure/cpu"), "some").total;
      for (let count = 0; count < 3; count++) yield* sys.clone(spin);
      yield* sys.nanosleep(s(10));
      const whole = yield* readFile(sys, "/proc/pressure/cpu");
      return { throttled, gained: numbers(whole, "some").total - before, full: numbers(whole, "full").total };
    },
    kernel({ cpus: 2 }),
  );
  expect(numbers(seen.throttled, "some").total / 1e6).toBeCloseTo(5, 1);
  expect(numbers(seen.throttled, "full").total / 1e6).toBeCloseTo(5, 1);
  expect(seen.gained / 1e6).toBeCloseTo(5, 1);
  expect(seen.full).toBe(0);
});

test("over memory.high the group and those above lack memory, for as long as it is held back", () => {
  const seen = play(function* (sys) {
    yield* writeFile(sys, `${top}/cgroup.subtree_control`, "+memory");
    for (const name of ["high", "other"]) yield* sys.mkdir(`${top}/${name}`);
    yield* writeFile(sys, `${top}/high/memory.high`, "4M");
    yield* sys.clone(function* (child) {
      yield* writeFile(child, `${top}/high/cgroup.procs`, "0");
      const address = yield* child.mmap(MiB(16));
      yield* child.touch(address, MiB(16));
      yield* child.pause();
    });
    // It waits for two seconds, the most.
    yield* sys.nanosleep(s(1));
    const midway = numbers(yield* readFile(sys, `${top}/high/memory.pressure`), "full").total;
    yield* sys.nanosleep(s(9));
    const files = [`${top}/high/memory.pressure`, `${top}/other/memory.pressure`, "/proc/pressure/memory"];
    const ends = [];
    for (const file of files) {
      const text = yield* readFile(sys, file);
      ends.push(numbers(text, "some").total / 1e6, numbers(text, "full").total / 1e6);
    }
    return [midway / 1e6, ...ends];
  });
  const [midway, some, full, otherSome, otherFull, wholeSome, wholeFull] = seen;
  expect(midway).toBeCloseTo(1, 2);
  for (const one of [some, full, wholeSome, wholeFull]) expect(one).toBeCloseTo(2, 3);
  expect([otherSome, otherFull]).toEqual([0, 0]);
});

test("who waits for a disk alone makes the machine stand; beside one that computes it only could have done more", () => {
  const world = createWorld({ seed: 1 });
  const on = kernel({ world });
  attachDrive(on, "disk", createDisk({ world, name: "disk" }));
  const seen = play(function* (sys) {
    const io = function* () {
      const text = yield* readFile(sys, "/proc/pressure/io");
      return [numbers(text, "some").total, numbers(text, "full").total] as const;
    };
    const fd = yield* sys.open("/dev/disk");
    const begun = yield* sys.clock_gettime("CLOCK_MONOTONIC");
    for (let count = 0; count < 20; count++)
      yield* sys.pread64(fd, sectorSize, ((count * 7919) % 100_000) * sectorSize);
    const took = ((yield* sys.clock_gettime("CLOCK_MONOTONIC")) - begun) / 1000;
    const alone = yield* io();
    yield* sys.clone(spin);
    yield* sys.nanosleep(ms(1));
    for (let count = 0; count < 20; count++)
      yield* sys.pread64(fd, sectorSize, ((count * 4801) % 100_000) * sectorSize);
    return { took, alone, beside: yield* io() };
  }, on);
  const [some, full] = seen.alone;
  expect(some).toBe(full);
  expect(some / seen.took).toBeGreaterThan(0.9);
  expect(some).toBeLessThanOrEqual(seen.took);
  expect(seen.beside[0]).toBeGreaterThan(some * 1.5);
  expect(seen.beside[1] - full).toBeLessThan((seen.beside[0] - some) / 100);
});

import { expect, test } from "vitest";
import { encodeUtf8, MiB, ms, type Activity } from "../../../sim/core/index.js";
import { play, readFile, writeFile } from "./system.js";

test("who moves pays what it takes from then on there; what it had stays where it was", () => {
  const seen = play(function* (sys) {
    yield* writeFile(sys, "/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    for (const name of ["a", "b"]) yield* sys.mkdir(`/sys/fs/cgroup/${name}`);
    const at = function* (): Activity<number[]> {
      const read = [];
      for (const name of ["a", "b"])
        read.push(Number(yield* readFile(sys, `/sys/fs/cgroup/${name}/memory.current`)) / MiB(1));
      return read;
    };
    const gate = yield* sys.pipe2();
    yield* sys.clone(function* (child) {
      yield* writeFile(child, "/sys/fs/cgroup/a/cgroup.procs", "0");
      const address = yield* child.mmap(MiB(8));
      yield* child.touch(address, MiB(2));
      yield* writeFile(child, "/sys/fs/cgroup/b/cgroup.procs", "0");
      yield* child.touch(address, MiB(5));
      yield* child.read(gate[0], 1);
      yield* child.munmap(address);
      yield* child.read(gate[0], 1);
    });
    yield* sys.nanosleep(ms(5));
    const log = [yield* at()];
    yield* sys.write(gate[1], encodeUtf8("x"));
    yield* sys.nanosleep(ms(5));
    log.push(yield* at());
    return log;
  });
  expect(seen).toEqual([
    [2, 3],
    [0, 0],
  ]);
});

test("over memory.high a task waits for each page that it takes, the longer the further; the others don't", () => {
  const seen = play(function* (sys) {
    yield* writeFile(sys, "/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    yield* sys.mkdir("/sys/fs/cgroup/h");
    yield* writeFile(sys, "/sys/fs/cgroup/h/memory.high", "4M");
    const results = yield* sys.pipe2();
    yield* sys.clone(function* (child) {
      yield* writeFile(child, "/sys/fs/cgroup/h/cgroup.procs", "0");
      const address = yield* child.mmap(MiB(16));
      const took: number[] = [];
      // A page over is 1/1024 of memory.high, whose square is nothing; 1 MiB over, 1/16 s a page; then two seconds at most.
      for (const pages of [1024, 1025, 1280, 1281, 2048, 2049]) {
        const begun = yield* child.clock_gettime("CLOCK_MONOTONIC");
        yield* child.touch(address, pages * 4096);
        took.push(Math.round(((yield* child.clock_gettime("CLOCK_MONOTONIC")) - begun) / 1e6));
      }
      const begun = yield* child.clock_gettime("CLOCK_MONOTONIC");
      yield* writeFile(child, "/tmp/none", "");
      took.push(Math.round(((yield* child.clock_gettime("CLOCK_MONOTONIC")) - begun) / 1e6));
      yield* child.write(results[1], encodeUtf8(took.join(" ")));
    });
    yield* sys.wait4();
    const took = (yield* sys.read(results[0], 100)).reduce((text, byte) => text + String.fromCharCode(byte), "");
    return [took, Number(/^high (\d+)/m.exec(yield* readFile(sys, "/sys/fs/cgroup/h/memory.events"))?.[1])];
  });
  const overBy = (pages: number): number => ((pages - 1024) / 1024) ** 2;
  expect(seen).toEqual([
    [0, 0, 2000, Math.round(overBy(1281) * 1000), 2000, Math.round(overBy(2049) * 1000), 0].join(" "),
    5,
  ]);
});

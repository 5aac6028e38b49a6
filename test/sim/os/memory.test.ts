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

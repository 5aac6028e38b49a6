import { describe, expect, test } from "vitest";
import { encodeUtf8, isView } from "../../../sim/core/index.js";
import {
  cgroupTable,
  CLONE_NEWPID,
  mountTable,
  namespaceTable,
  processTable,
  processTree,
  Strace,
  systemCallTable,
  systemCallView,
} from "../../../sim/os/index.js";
import { code, kernel, play } from "./system.js";

describe("views", () => {
  test("processes, mounts, namespaces and groups are rows of what is there", () => {
    const on = kernel();
    play(function* (sys) {
      yield* sys.mkdir("/sys/fs/cgroup/web");
      yield* sys.mount("none", "/mnt", "tmpfs");
      yield* sys.clone(
        function* (child) {
          yield* child.pause();
        },
        { flags: CLONE_NEWPID },
      );
      yield* sys.nanosleep(1e6 as never);
      const table = processTable(on);
      expect(table.rows.map((row) => [row["pid"], row["inside"], row["state"]])).toEqual([
        [1, "", "S"],
        [2, "", "R"],
        [3, "1", "S"],
      ]);
      expect(processTree(on).edges).toEqual([
        { from: "1", to: "2" },
        { from: "2", to: "3" },
      ]);
      const [, task] = on.pidNamespace.tasks.values();
      expect(mountTable(task!).rows.map((row) => row["path"])).toContain("/mnt");
      expect(
        namespaceTable(on)
          .rows.filter((row) => row["kind"] === "pid")
          .map((row) => row["tasks"]),
      ).toEqual([2, 1]);
      expect(cgroupTable(on).rows.map((row) => row["path"])).toEqual(["/", "/web"]);
      for (const view of [table, processTree(on), mountTable(task!), namespaceTable(on), cgroupTable(on)])
        expect(isView(view)).toBe(true);
    }, on);
  });

  test("strace shows calls, arguments and errors, also of calls that wait", () => {
    const on = kernel();
    const lines = play(function* (sys) {
      const strace = new Strace(on, (task) => task.pids[0] === 2);
      yield* code(sys.open("/none"));
      const [reader, writer] = yield* sys.pipe2();
      yield* sys.clone(function* (child) {
        yield* child.write(writer, encodeUtf8("hello"));
      });
      yield* sys.read(reader, 10);
      strace.stop();
      yield* sys.getpid();
      return strace.lines();
    }, on);
    expect(lines).toEqual([
      '[pid 2] open("/none") = -1 ENOENT (No such file or directory)',
      "[pid 2] pipe2() = [0, 1]",
      "[pid 2] clone({…}) = 3",
      '[pid 2] read(0, 10) = "hello"',
    ]);
  });

  test("the table has every call of x86-64 once, by its number", () => {
    const rows = systemCallTable();
    expect(new Set(rows.map((row) => row.number)).size).toBe(rows.length);
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    expect(rows.filter((row) => row.fidelity === "partial").every((row) => row.why.length > 5)).toBe(true);
    expect(rows.find((row) => row.number === 0)?.name).toBe("read");
    expect(systemCallView().rows.length).toBe(rows.length);
  });
});

import { describe, expect, test } from "vitest";
import { encodeUtf8, type Activity } from "../../../sim/core/index.js";
import { CLONE_NEWUSER, makedev, O_RDWR, O_WRONLY, S_IFBLK, S_IFCHR, type DeviceRule } from "../../../sim/os/index.js";
import { code, kernel, play, writeFile } from "./system.js";

describe("devices", () => {
  test("null, zero, full, random", () => {
    const seen = play(function* (sys) {
      const at = function* (name: string): Activity<number> {
        return yield* sys.open(`/dev/${name}`, O_RDWR);
      };
      const random = yield* sys.read(yield* at("urandom"), 64);
      return [
        (yield* sys.read(yield* at("null"), 5)).length,
        yield* sys.write(yield* at("null"), encodeUtf8("gone")),
        [...(yield* sys.read(yield* at("zero"), 3))],
        yield* code(sys.write(yield* at("full"), encodeUtf8("x"))),
        new Set(random).size > 32,
      ];
    }, kernel());
    expect(seen).toEqual([0, 4, [0, 0, 0], "ENOSPC", true]);
  });
});

describe("a control group's rules for devices", () => {
  const none: DeviceRule = { allow: false, type: "a", access: "rwm" };

  /** What comes of calls in groups with rules: /one, and /one/two below it. */
  function under(outer: readonly DeviceRule[], inner?: readonly DeviceRule[]): readonly unknown[] {
    return play(function* (sys) {
      yield* sys.mkdir("/sys/fs/cgroup/one");
      yield* sys.mkdir("/sys/fs/cgroup/one/two");
      for (const [path, program] of [
        ["one", outer],
        ["one/two", inner],
      ] as const) {
        if (program === undefined) continue;
        const group = yield* sys.open(`/sys/fs/cgroup/${path}`);
        yield* sys.bpf("BPF_PROG_ATTACH", { target_fd: group, program });
      }
      yield* writeFile(sys, "/sys/fs/cgroup/one/two/cgroup.procs", "0");
      return [
        yield* code(sys.open("/dev/null")),
        yield* code(sys.open("/dev/null", O_WRONLY)),
        yield* code(sys.open("/dev/zero", O_RDWR)),
        yield* code(sys.mknod("/tmp/null", S_IFCHR | 0o666, makedev(1, 3))),
        yield* code(sys.mknod("/tmp/disk", S_IFBLK | 0o600, makedev(8, 0))),
        yield* code(sys.open("/tmp/disk")),
      ];
    }, kernel());
  }

  test("without any everything may be opened that there is", () => {
    expect(under([{ allow: true, type: "a", access: "rwm" }])).toEqual(["ok", "ok", "ok", "ok", "ok", "ENXIO"]);
  });

  test("what no rule speaks of is refused; the last that fits counts, for each letter", () => {
    expect(under([none])).toEqual(["EPERM", "EPERM", "EPERM", "EPERM", "EPERM", "ENOENT"]);
    expect(under([none, { allow: true, type: "c", major: 1, minor: 3, access: "r" }]).slice(0, 4)).toEqual([
      "ok",
      "EPERM",
      "EPERM",
      "EPERM",
    ]);
    const nodes: DeviceRule = { allow: true, type: "a", access: "m" };
    const zero: DeviceRule = { allow: true, type: "c", major: 1, minor: 5, access: "rw" };
    expect(under([none, nodes, zero])).toEqual(["EPERM", "EPERM", "ok", "ok", "ok", "EPERM"]);
    expect(under([zero, none])).toEqual(["EPERM", "EPERM", "EPERM", "EPERM", "EPERM", "ENOENT"]);
  });

  test("a group below may take away, and give nothing back", () => {
    const all: DeviceRule = { allow: true, type: "a", access: "rwm" };
    expect(under([none], [all])[0]).toBe("EPERM");
    expect(under([all], [none])[0]).toBe("EPERM");
    expect(under([all], [none, { allow: true, type: "c", major: 1, minor: 3, access: "rw" }]).slice(0, 3)).toEqual([
      "ok",
      "ok",
      "EPERM",
    ]);
  });

  test("a whiteout is no device; who has no right over the machine gives no rules", () => {
    const seen = play(function* (sys) {
      yield* sys.mkdir("/sys/fs/cgroup/one");
      const group = yield* sys.open("/sys/fs/cgroup/one");
      yield* sys.bpf("BPF_PROG_ATTACH", { target_fd: group, program: [none] });
      yield* writeFile(sys, "/sys/fs/cgroup/one/cgroup.procs", "0");
      const elsewhere = yield* sys.open("/tmp");
      const results = [
        yield* code(sys.mknod("/tmp/.gone", S_IFCHR, 0)),
        yield* code(sys.bpf("BPF_PROG_ATTACH", { target_fd: elsewhere, program: [] })),
        yield* code(sys.bpf("BPF_PROG_LOAD", { target_fd: group, program: [] })),
      ];
      yield* sys.unshare(CLONE_NEWUSER);
      return [...results, yield* code(sys.bpf("BPF_PROG_ATTACH", { target_fd: group, program: [] }))];
    }, kernel());
    expect(seen).toEqual(["ok", "EBADF", "EINVAL", "EPERM"]);
  });
});

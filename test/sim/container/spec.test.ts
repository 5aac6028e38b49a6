import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../sim/core/index.js";
import {
  cgroupFilesOf,
  defaultSeccomp,
  defaultSpec,
  dockerCapabilities,
  filterOf,
  parseSpec,
  weightOfShares,
} from "../../../sim/container/index.js";
import { inContainer } from "./containers.js";

describe("a configuration", () => {
  const spec = defaultSpec({ args: ["/bin/sh"], hostname: "box" });
  const parse = (value: unknown): unknown => parseSpec(encodeUtf8(JSON.stringify(value)));

  test("is read as it was written", () => {
    expect(parse(spec)).toEqual(JSON.parse(JSON.stringify(spec)));
  });

  test.each<[object, string]>([
    [{ ociVersion: "2" }, 'config.ociVersion is "2"'],
    [{ process: { ...spec.process, args: [] } }, "config.process.args is empty"],
    [{ process: { ...spec.process, cwd: "work" } }, 'config.process.cwd is "work"'],
    [{ process: { ...spec.process, user: { uid: -1, gid: 0 } } }, "config.process.user.uid is -1"],
    [{ mounts: [{ destination: "proc" }] }, 'config.mounts[0].destination is "proc"'],
    [{ linux: { namespaces: [{ type: "nett" }] } }, 'config.linux.namespaces[0].type is "nett"'],
    [{ linux: { namespaces: [{ type: "mount" }, { type: "mount" }] } }, 'has "mount" twice'],
    [{ linux: { namespaces: [{ type: "mount" }] } }, "is set without a uts namespace"],
    [{ linux: { namespaces: [{ type: "pid" }] } }, 'lacks "mount"'],
  ])("that is wrong is refused: %j", (change, message) => {
    expect(() => parse({ ...spec, ...change })).toThrow(message);
  });

  test("its resources become files of version 2", () => {
    expect([2, 512, 1024, 262_144].map(weightOfShares)).toEqual([1, 59, 100, 10_000]);
    expect(
      cgroupFilesOf({
        cpu: { shares: 1024, quota: 20_000, period: 50_000 },
        memory: { limit: 1000, reservation: 500 },
        pids: { limit: -1 },
        unified: { "memory.oom.group": "1" },
      }),
    ).toEqual([
      ["cpu.weight", "100"],
      ["cpu.max", "20000 50000"],
      ["memory.max", "1000"],
      ["memory.low", "500"],
      ["pids.max", "max"],
      ["memory.oom.group", "1"],
    ]);
    expect(cgroupFilesOf({ cpu: { quota: -1 } })).toEqual([["cpu.max", "max 100000"]]);
  });

  test("Docker's profile gives calls back with capabilities", () => {
    const allows = (capabilities: readonly string[], name: string): boolean =>
      filterOf(defaultSeccomp(capabilities)).syscalls.some(
        ({ names: all, action }) => all.includes(name) && action.action === "SCMP_ACT_ALLOW",
      );
    expect(["open", "clone", "execve", "chroot"].map((name) => allows(dockerCapabilities, name))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["mount", "ptrace", "keyctl", "reboot", "bpf"].map((name) => allows(dockerCapabilities, name))).toEqual(
      Array.from({ length: 5 }, () => false),
    );
    expect(["mount", "bpf", "keyctl"].map((name) => allows(["SYS_ADMIN"], name))).toEqual([true, true, false]);
    expect(() => filterOf({ defaultAction: "SCMP_ACT_NOTIFY" })).toThrow("is not followed here");
  });
});

test("a capability that there isn't is named", () => {
  expect(() => {
    inContainer(
      function* () {
        return undefined;
      },
      (spec) => ({ ...spec, process: { ...spec.process, capabilities: { bounding: ["CAP_ALL"] } } }),
    );
  }).toThrow('"CAP_ALL" is no capability');
});

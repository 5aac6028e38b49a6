import fc from "fast-check";
import { expect, test } from "vitest";
import { installLxc } from "../../../sim/container/index.js";
import { encodeUtf8 } from "../../../sim/core/index.js";
import {
  AF_INET,
  AF_UNIX,
  attempt,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  executable,
  MNT_DETACH,
  MS_BIND,
  MS_REC,
  MS_SHARED,
  netlink,
  O_CREAT,
  O_RDWR,
  O_WRONLY,
  SOCK_STREAM,
  type Sys,
} from "../../../sim/os/index.js";
import { writeFile } from "../os/system.js";
import { host } from "./system-host.js";

const long = process.env["VIRTLAB_LONG"] === "1";

const path = fc.oneof(
  fc.constantFrom(
    "/",
    "/secret",
    "/etc/hosts",
    "/proc/1/root/secret",
    "/proc/self/cwd",
    "/proc/2/root",
    "/tmp/a",
    "/sys/fs/cgroup/cgroup.procs",
  ),
  fc
    .array(fc.constantFrom("..", "a", "tmp", "proc", "1", "root", "secret"), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join("/")),
);
const pid = fc.integer({ min: -3, max: 60 }).filter((one) => one !== 1 && one !== -1 && one !== 0);

type Call = readonly [name: string, ...args: readonly unknown[]];

/** What a root tries that wants to reach the host. A pid 1 that it kills would only end its own system. */
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(fc.constantFrom("chdir", "chroot", "rmdir", "unlink", "mkdir"), path),
  fc.tuple(fc.constantFrom("rename", "link", "symlink", "pivot_root"), path, path),
  fc.tuple(fc.constant("open"), path, fc.constantFrom(0, O_RDWR, O_WRONLY | O_CREAT)),
  fc.tuple(fc.constant("write"), fc.integer({ min: 3, max: 8 }), fc.constant(encodeUtf8("overwritten"))),
  fc.tuple(
    fc.constant("mount"),
    path,
    path,
    fc.constantFrom("proc", "tmpfs", "sysfs", "cgroup2", "devtmpfs", undefined),
    fc.constantFrom(0, MS_BIND, MS_BIND | MS_REC, MS_SHARED | MS_REC),
  ),
  fc.tuple(fc.constant("umount2"), path, fc.constantFrom(0, MNT_DETACH)),
  fc.tuple(fc.constant("kill"), pid, fc.constantFrom("SIGKILL", "SIGSTOP")),
  fc.tuple(fc.constant("unshare"), fc.constantFrom(CLONE_NEWNS, CLONE_NEWUSER)),
  fc.tuple(fc.constant("sethostname"), fc.constant("taken")),
  fc.tuple(fc.constant("mknod"), path, fc.constantFrom(0o010666, 0o020666, 0o060666), fc.constantFrom(0, 259, 2048)),
  fc.tuple(fc.constant("chown"), path, fc.integer({ min: -1, max: 70_000 }), fc.constant(0)),
  fc.tuple(fc.constant("chmod"), path, fc.constant(0o777)),
  fc.tuple(fc.constant("socket"), fc.constantFrom(AF_INET, AF_UNIX), fc.constant(SOCK_STREAM)),
  fc.tuple(
    fc.constant("connect"),
    fc.integer({ min: 3, max: 8 }),
    fc.constantFrom<unknown>("\0outside", { address: "192.0.2.1", port: 4000 }),
  ),
  fc.tuple(fc.constant("setpriority"), pid, fc.constant(-20)),
);

test.each([
  ["a container whose root is the host's", ""],
  ["one with ids of its own", "lxc.idmap = b 0 100000 65536"],
])(
  "no random program in %s changes anything of the host",
  (_, more) => {
    let program: readonly Call[] = [];
    let reached = 0;
    const { kernel, sh } = host(installLxc);
    kernel.install({
      name: "wild",
      *main(sys) {
        for (const [name, ...args] of program) yield* attempt(sys.call(name, ...args));
        return 0;
      },
    });
    kernel.install({
      name: "outside",
      *main(sys: Sys) {
        const unix = yield* sys.socket(AF_UNIX, SOCK_STREAM);
        yield* sys.bind(unix, "\0outside");
        yield* sys.listen(unix, 64);
        for (;;) {
          yield* sys.accept(unix);
          reached++;
        }
      },
    });
    kernel.run(function* (sys) {
      yield* writeFile(sys, "/secret", "secret");
      yield* writeFile(sys, "/etc/lxc/wild.conf", `lxc.include = /etc/lxc/default.conf\n${more}\n`);
      yield* netlink(sys, { type: "RTM_NEWLINK", name: "host0", kind: "dummy" });
      yield* netlink(sys, { type: "RTM_NEWADDR", name: "host0", address: "192.0.2.1/24" });
      const fd = yield* sys.open("/usr/bin/outside", O_CREAT | O_WRONLY, 0o755);
      yield* sys.write(fd, executable("outside", kernel.machine));
      yield* sys.close(fd);
      yield* sys.clone(function* (child) {
        yield* child.execve("/usr/bin/outside", ["outside"], []);
      });
    });
    sh("lxc-create -n w -t download -f /etc/lxc/wild.conf; cp /usr/bin/outside /var/lib/lxc/w/rootfs/usr/bin/wild");
    kernel.run(function* (sys) {
      const fd = yield* sys.open("/var/lib/lxc/w/rootfs/usr/bin/wild", O_WRONLY);
      yield* sys.write(fd, executable("wild", kernel.machine));
      yield* sys.close(fd);
    });
    expect(sh("lxc-start -n w; sleep 1; lxc-info -s -n w")).toBe("State:          RUNNING\n");
    const state = (): string =>
      sh(
        "cat /secret /etc/hosts; hostname; grep -v lxc /proc/mounts; ls /; ip -o link show host0; ps -eo args | grep -c '^outside'; stat -c %a%u /secret /etc /",
      );
    const before = state();
    expect(before).toContain("secret");
    fc.assert(
      fc.property(fc.array(call, { minLength: 3, maxLength: 16 }), (calls) => {
        program = calls;
        sh("lxc-attach -n w -- /usr/bin/wild");
        expect(state()).toBe(before);
        expect(reached).toBe(0);
        if (!sh("lxc-info -s -n w").includes("RUNNING")) sh("lxc-start -n w; sleep 1");
      }),
      { seed: 7, numRuns: long ? 3000 : 12 },
    );
    // The same on the host itself is seen.
    program = [["unlink", "/secret"]];
    sh("cp /var/lib/lxc/w/rootfs/usr/bin/wild /tmp/wild; /tmp/wild");
    expect(state()).not.toBe(before);
  },
  long ? 1_800_000 : 60_000,
);

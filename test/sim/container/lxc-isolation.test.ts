import fc from "fast-check";
import { expect, test } from "vitest";
import { installLxc } from "../../../sim/container/index.js";
import {
  AF_INET,
  AF_UNIX,
  attempt,
  executable,
  netlink,
  O_CREAT,
  O_WRONLY,
  SOCK_STREAM,
  type Sys,
} from "../../../sim/os/index.js";
import { writeFile } from "../os/system.js";
import { pathsOf, wildCall, type Call } from "../os/wild-calls.js";
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
  pathsOf("a", "tmp", "proc", "1", "root", "secret"),
);
/** Nobody's but its own pid 1, which it would only end its own system by. */
const pid = fc.integer({ min: -3, max: 60 }).filter((one) => one !== 1 && one !== -1 && one !== 0);

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 15, arbitrary: wildCall({ path, pid }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("socket"), fc.constantFrom(AF_INET, AF_UNIX), fc.constant(SOCK_STREAM)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("connect"),
      fc.integer({ min: 3, max: 8 }),
      fc.constantFrom<unknown>("\0outside", { address: "192.0.2.1", port: 4000 }),
    ),
  },
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

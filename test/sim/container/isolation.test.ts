import { describe, expect, test } from "vitest";
import {
  CLONE_NEWNS,
  CLONE_NEWUSER,
  MS_BIND,
  MS_REMOUNT,
  O_CREAT,
  O_WRONLY,
  PR_GET_NO_NEW_PRIVS,
} from "../../../sim/os/index.js";
import { dockerCapabilities } from "../../../sim/container/index.js";
import { code, names, readFile } from "../os/system.js";
import { inContainer, type Change } from "./containers.js";

const linux =
  (more: Partial<Parameters<Change>[0]["linux"]>): Change =>
  (spec) => ({ ...spec, linux: { ...spec.linux, ...more } });
const process =
  (more: Partial<Parameters<Change>[0]["process"]>): Change =>
  (spec) => ({ ...spec, process: { ...spec.process, ...more } });

describe("inside of a container", () => {
  test("the process is pid 1 and sees no other; its parent is none", () => {
    const seen = inContainer(function* (sys) {
      const pids = (yield* names(sys, "/proc")).filter((name) => /^\d+$/.test(name));
      return [yield* sys.getpid(), yield* sys.getppid(), pids, yield* code(sys.kill(2, "SIGKILL"))];
    });
    expect(seen).toEqual([1, 0, ["1"], "ESRCH"]);
  });

  test("the root is the bundle's, and no path leads out", () => {
    const seen = inContainer(function* (sys) {
      const fds = yield* names(sys, "/proc/self/fd");
      return [
        yield* names(sys, "/"),
        yield* names(sys, "/.."),
        yield* code(sys.open("/etc/secret")),
        yield* code(sys.open("/../../srv/c/config.json")),
        yield* sys.readlink("/proc/self/root"),
        fds.filter((fd) => Number(fd) > 3),
      ];
    });
    const root = ["bin", "dev", "etc", "proc", "sys", "tmp", "work"];
    // The descriptor 3 is the listing's own.
    expect(seen).toEqual([root, root, "ENOENT", "ENOENT", "/", []]);
  });

  test("mounts are its own, and made as the configuration says", () => {
    const seen = inContainer(function* (sys) {
      const mounts = (yield* readFile(sys, "/proc/self/mounts")).trim().split("\n");
      return mounts.map((line) => line.split(" ")).map(([, at, type, flags]) => [at, type, flags?.split(",")[0]]);
    });
    expect(seen).toEqual(
      expect.arrayContaining([
        ["/proc", "proc", "rw"],
        ["/dev", "tmpfs", "rw"],
        ["/dev/pts", "devpts", "rw"],
        ["/sys", "sysfs", "ro"],
        ["/sys/fs/cgroup", "cgroup2", "ro"],
        ["/dev/shm", "tmpfs", "rw"],
        ["/proc/sys", "proc", "ro"],
      ]),
    );
    expect(seen.some(([at]) => at?.startsWith("/srv") === true)).toBe(false);
  });

  test("the name of the host is its own, and only with CAP_SYS_ADMIN to be changed", () => {
    const named: Change = (spec) => ({ ...spec, hostname: "box" });
    const seen = inContainer(function* (sys) {
      return [(yield* sys.uname()).nodename, yield* code(sys.sethostname("other"))];
    }, named);
    expect(seen).toEqual(["box", "EPERM"]);
  });

  test("devices are six, terminals' and links; no other can be opened", () => {
    const seen = inContainer(function* (sys) {
      const dev = yield* names(sys, "/dev");
      const fd = yield* sys.open("/dev/null", O_WRONLY);
      const zeros = yield* sys.read(yield* sys.open("/dev/zero"), 3);
      return [dev, yield* sys.write(fd, Uint8Array.of(1, 2)), [...zeros], yield* sys.readlink("/dev/fd")];
    });
    expect(seen).toEqual([
      ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"],
      2,
      [0, 0, 0],
      "/proc/self/fd",
    ]);
  });

  test("the capabilities are Docker's fourteen, in every set that counts", () => {
    const seen = inContainer(function* (sys) {
      const { permitted, effective } = yield* sys.capget();
      const status = yield* readFile(sys, "/proc/self/status");
      return [permitted.names().sort(), effective.names().length, /CapBnd:\t(\w+)/.exec(status)?.[1]];
    });
    // What `grep Cap /proc/self/status` shows in a container of Docker's.
    expect(seen).toEqual([[...dockerCapabilities].sort(), 14, "00000000a80425fb"]);
  });

  test("what root may not do there: mount, unmount, enter, reboot, lift limits, write settings", () => {
    const seen = inContainer(function* (sys) {
      return [
        yield* code(sys.mount("none", "/work", "tmpfs")),
        yield* code(sys.umount2("/proc/sys")),
        yield* code(sys.mount("", "/sys", undefined, MS_REMOUNT | MS_BIND)),
        yield* code(sys.unshare(CLONE_NEWNS)),
        yield* code(sys.unshare(CLONE_NEWUSER)),
        yield* code(sys.reboot()),
        yield* code(sys.open("/proc/sys/kernel/hostname", O_WRONLY)),
        yield* code(sys.open("/sys/fs/cgroup/pids.max", O_WRONLY)),
        yield* code(sys.call("keyctl")),
        yield* code(sys.call("clone3")),
        yield* code(sys.open("/proc/sysrq-trigger", O_WRONLY)),
      ];
    });
    expect(seen.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => "EPERM"));
    expect(["EROFS", "ENOENT"]).toContain(seen[6]);
    expect(seen[7]).toBe("EROFS");
    expect(seen.slice(8, 10)).toEqual(["EPERM", "ENOSYS"]);
    expect(seen[10]).not.toBe("ok");
  });

  test("a privileged one may mount, and has all 41 capabilities", () => {
    const seen = inContainer(
      function* (sys) {
        return [yield* code(sys.mount("none", "/work", "tmpfs")), (yield* sys.capget()).effective.names().length];
      },
      undefined,
      { privileged: true },
    );
    expect(seen).toEqual(["ok", 41]);
  });

  test("seccomp alone refuses what the capability would allow", () => {
    const admin = dockerCapabilities.concat("SYS_ADMIN").map((name) => `CAP_${name}`);
    const seen = inContainer(
      function* (sys) {
        return [yield* code(sys.mount("none", "/work", "tmpfs")), (yield* sys.capget()).effective.has("SYS_ADMIN")];
      },
      process({ capabilities: { bounding: admin, effective: admin, permitted: admin } }),
    );
    expect(seen).toEqual(["EPERM", true]);
  });

  test("its control group is the root that it sees, and limits it", () => {
    const seen = inContainer(
      function* (sys) {
        return [
          (yield* readFile(sys, "/proc/self/cgroup")).trim(),
          (yield* readFile(sys, "/sys/fs/cgroup/pids.max")).trim(),
          (yield* readFile(sys, "/sys/fs/cgroup/memory.max")).trim(),
          (yield* readFile(sys, "/sys/fs/cgroup/cpu.max")).trim(),
          (yield* readFile(sys, "/sys/fs/cgroup/cpu.weight")).trim(),
          yield* code(
            (function* () {
              for (let count = 0; count < 5; count++)
                yield* sys.clone(function* (child) {
                  yield* child.pause();
                });
              return undefined;
            })(),
          ),
        ];
      },
      linux({
        cgroupsPath: "/docker/c",
        resources: {
          pids: { limit: 4 },
          memory: { limit: 32 * 2 ** 20 },
          cpu: { quota: 50_000, period: 100_000, shares: 512 },
        },
      }),
    );
    expect(seen).toEqual(["0::/", "4", "33554432", "50000 100000", "59", "EAGAIN"]);
  });

  test("a user that isn't root has no capability and not root's files", () => {
    const seen = inContainer(
      function* (sys) {
        const { permitted, effective } = yield* sys.capget();
        return [
          yield* sys.getuid(),
          yield* sys.getgid(),
          yield* sys.getgroups(),
          permitted.names(),
          effective.names(),
          yield* code(sys.open("/etc/new", O_CREAT | O_WRONLY)),
          yield* code(sys.open("/tmp/new", O_CREAT | O_WRONLY)),
          yield* code(sys.setuid(0)),
        ];
      },
      process({ user: { uid: 1000, gid: 100, additionalGids: [27] } }),
    );
    expect(seen).toEqual([1000, 100, [27], [], [], "EACCES", "ok", "EPERM"]);
  });

  test("no_new_privs, the working directory, the environment, the arguments and the umask arrive", () => {
    const seen = inContainer(
      function* (sys, argv, env) {
        return [yield* sys.prctl(PR_GET_NO_NEW_PRIVS), yield* sys.getcwd(), env, argv, yield* sys.umask(0)];
      },
      process({
        noNewPrivileges: true,
        cwd: "/work",
        env: ["A=1", "PATH=/bin"],
        args: ["probe", "one", "two"],
        user: { uid: 0, gid: 0, umask: 0o77 },
      }),
    );
    expect(seen).toEqual([1, "/work", ["A=1", "PATH=/bin"], ["probe", "one", "two"], 0o77]);
  });

  test("a read-only root can't be written, a bind mount can", () => {
    const seen = inContainer(
      function* (sys) {
        return [
          yield* code(sys.open("/etc/new", O_CREAT | O_WRONLY)),
          yield* code(sys.open("/data/new", O_CREAT | O_WRONLY)),
          yield* code(sys.open("/data/ro/new", O_CREAT | O_WRONLY)),
        ];
      },
      (spec) => ({
        ...spec,
        root: { ...spec.root, readonly: true },
        mounts: [
          ...spec.mounts,
          { destination: "/data", type: "bind", source: "/home", options: ["rbind", "rw"] },
          { destination: "/data/ro", type: "bind", source: "/opt", options: ["bind", "ro"] },
        ],
      }),
    );
    expect(seen).toEqual(["EROFS", "ok", "EROFS"]);
  });

  test("in a user namespace root is somebody else outside, and has no power over the host's files", () => {
    const seen = inContainer(
      function* (sys) {
        return [
          yield* sys.getuid(),
          (yield* readFile(sys, "/proc/self/uid_map")).trim().split(/\s+/),
          yield* code(sys.mknod("/tmp/dev", 0o020666, 259)),
          (yield* sys.stat("/etc/os-release")).uid,
          (yield* sys.stat("/host")).uid,
          yield* code(sys.open("/host/new", O_CREAT | O_WRONLY)),
          yield* code(sys.chown("/host", 0, 0)),
          (yield* sys.read(yield* sys.open("/dev/zero"), 1)).length,
        ];
      },
      (spec) => ({
        ...spec,
        mounts: [...spec.mounts, { destination: "/host", type: "bind", source: "/home", options: ["rbind"] }],
        linux: {
          ...spec.linux,
          namespaces: [...spec.linux.namespaces, { type: "user" }],
          uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
          gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
        },
      }),
      {},
      100_000,
    );
    expect(seen).toEqual([0, ["0", "100000", "65536"], "EPERM", 0, 65_534, "EACCES", "EPERM", 1]);
  });
});

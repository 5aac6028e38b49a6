import { describe, expect, test } from "vitest";
import { ms, type Activity } from "../../../sim/core/index.js";
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  describeStatus,
  MNT_DETACH,
  MS_BIND,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  O_WRONLY,
  type Sys,
} from "../../../sim/os/index.js";
import { encodeUtf8 } from "../../../sim/core/index.js";
import { code, kernel, names, play, readFile, writeFile } from "./system.js";

/** Runs a child in new namespaces and gives what it gave. */
function* inside<T>(sys: Sys, flags: number, body: (child: Sys) => Activity<T>): Activity<T> {
  let result: { readonly value: T } | undefined;
  const pid = yield* sys.clone(
    function* (child) {
      result = { value: yield* body(child) };
    },
    { flags },
  );
  const waited = yield* sys.wait4(pid);
  if (result === undefined) throw new Error(JSON.stringify(describeStatus(waited?.status ?? -1)));
  return result.value;
}

function* write(sys: Sys, path: string, content: string): Activity<string> {
  return yield* code(
    (function* () {
      const fd = yield* sys.open(path, O_WRONLY);
      yield* sys.write(fd, encodeUtf8(content));
      yield* sys.close(fd);
    })(),
  );
}

describe("pid namespaces", () => {
  test("a task has a pid in each namespace above it, its parent outside is 0", () => {
    const seen = play(function* (sys) {
      const outer: number[] = [];
      const inner = yield* inside(sys, CLONE_NEWPID, function* (child) {
        yield* child.clone(function* (grandchild) {
          yield* grandchild.nanosleep(ms(5));
        });
        return [yield* child.getpid(), yield* child.getppid(), yield* child.wait4()].slice(0, 2);
      });
      const pid = yield* sys.clone(
        function* (child) {
          yield* child.pause();
        },
        { flags: CLONE_NEWPID },
      );
      const status = yield* readFile(sys, `/proc/${pid}/status`);
      outer.push(pid);
      const numbers = /NSpid:\t(.*)/.exec(status)?.[1];
      yield* sys.kill(pid, "SIGKILL");
      return [inner, numbers === `${pid}\t1`];
    });
    expect(seen).toEqual([[1, 0], true]);
  });

  test("proc mounted inside shows the inside alone; nobody outside can be killed", () => {
    const seen = play(function* (sys) {
      const me = yield* sys.getpid();
      return yield* inside(sys, CLONE_NEWPID | CLONE_NEWNS, function* (child) {
        yield* child.mount("proc", "/proc", "proc");
        const pids = (yield* names(child, "/proc")).filter((name) => /^\d+$/.test(name));
        return [pids, yield* code(child.kill(me, 0)), yield* child.readlink("/proc/self")];
      });
    });
    expect(seen).toEqual([["1"], "ESRCH", "1"]);
  });

  test("pid 1 has no default actions from inside; from outside SIGKILL ends it, and all of its namespace", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      const pid = yield* sys.clone(
        function* (child) {
          yield* child.clone(function* (grandchild) {
            yield* grandchild.kill(1, "SIGKILL");
            yield* grandchild.kill(1, "SIGTERM");
            yield* grandchild.pause();
          });
          for (;;) yield* child.pause();
        },
        { flags: CLONE_NEWPID },
      );
      yield* sys.nanosleep(ms(5));
      yield* sys.kill(pid, "SIGTERM");
      yield* sys.nanosleep(ms(5));
      const alive = on.pidNamespace.tasks.size;
      yield* sys.kill(pid, "SIGKILL");
      const status = describeStatus((yield* sys.wait4(pid))?.status ?? -1);
      return [alive, status, on.pidNamespace.tasks.size];
    }, on);
    expect(seen).toEqual([4, { signal: 9 }, 2]);
  });

  test("orphans go to the namespace's own pid 1; unshare puts children into a new one, and a dead one takes nobody", () => {
    const seen = play(function* (sys) {
      const adopted = yield* inside(sys, CLONE_NEWPID, function* (child) {
        let parent = -1;
        yield* child.clone(function* (middle) {
          yield* middle.clone(function* (orphan) {
            yield* orphan.nanosleep(ms(2));
            parent = yield* orphan.getppid();
          });
        });
        yield* child.wait4();
        yield* child.wait4();
        return parent;
      });
      yield* sys.unshare(CLONE_NEWPID);
      const first = yield* inside(sys, 0, (child) => child.getpid());
      return [adopted, first, yield* code(sys.clone(function* () {}))];
    });
    expect(seen).toEqual([1, 1, "ENOMEM"]);
  });
});

describe("user namespaces", () => {
  test("without a map everybody is 65534, with one root inside is somebody outside", () => {
    const seen = play(function* (sys) {
      yield* sys.mkdir("/tmp/mine", 0o755);
      yield* sys.chown("/tmp/mine", 1000, 1000);
      return yield* inside(sys, 0, function* (user) {
        yield* user.setresgid(1000, 1000, 1000);
        yield* user.setresuid(1000, 1000, 1000);
        const log: unknown[] = [yield* code(user.unshare(CLONE_NEWUTS))];
        yield* user.unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS);
        log.push(yield* user.getuid(), (yield* user.capget()).effective.names().length);
        log.push(
          yield* write(user, "/proc/self/uid_map", "0 0 1"),
          yield* write(user, "/proc/self/uid_map", "0 1000 1"),
        );
        log.push(yield* write(user, "/proc/self/gid_map", "0 1000 1"));
        log.push(
          yield* write(user, "/proc/self/setgroups", "deny"),
          yield* write(user, "/proc/self/gid_map", "0 1000 1"),
        );
        log.push(yield* write(user, "/proc/self/uid_map", "0 1000 1"));
        log.push(yield* user.getuid(), (yield* user.stat("/tmp/mine")).uid, (yield* user.stat("/etc")).uid);
        log.push(
          yield* code(user.sethostname("inside")),
          yield* code(user.mount("x", "/mnt", "tmpfs")),
          yield* code(user.mount("x", "/mnt", "devtmpfs")),
        );
        log.push(
          yield* code(user.chown("/tmp/mine", 0, 0)),
          yield* code(user.chown("/tmp/mine", 5, 5)),
          yield* code(user.mkdir("/etc/no")),
        );
        log.push(yield* code(user.mknod("/tmp/mine/null", 0o020666, 259)), yield* code(user.setuid(7)));
        return log;
      });
    });
    expect(seen).toEqual([
      "EPERM",
      65534,
      41,
      "EPERM",
      "ok",
      "EPERM",
      "ok",
      "ok",
      "EPERM",
      0,
      0,
      65534,
      "ok",
      "ok",
      "EPERM",
      "ok",
      "EINVAL",
      "EACCES",
      "EPERM",
      "EINVAL",
    ]);
  });

  test("capabilities count towards what one's own namespace owns alone", () => {
    const seen = play(function* (sys) {
      return yield* inside(sys, 0, function* (user) {
        yield* user.setresuid(1000, 1000, 1000);
        yield* user.unshare(CLONE_NEWUSER);
        const host = yield* code(user.sethostname("outer"));
        const network = yield* code(user.unshare(CLONE_NEWNET));
        return [host, network, yield* code(user.kill(1, "SIGTERM")), yield* code(user.chroot("/tmp"))];
      });
    });
    expect(seen).toEqual(["EPERM", "ok", "EPERM", "ok"]);
  });
});

describe("mount namespaces", () => {
  test("a private mount stays inside, a shared one spreads, a slave only receives", () => {
    const seen = play(function* (sys) {
      yield* sys.mount("none", "/mnt", "tmpfs");
      yield* sys.mkdir("/mnt/a");
      const log: unknown[] = [];
      for (const flag of [MS_PRIVATE, MS_SHARED, MS_SLAVE]) {
        yield* sys.mount("", "/mnt", undefined, MS_SHARED);
        if (flag === MS_PRIVATE) yield* sys.mount("", "/mnt", undefined, MS_PRIVATE);
        yield* inside(sys, CLONE_NEWNS, function* (child) {
          if (flag === MS_SLAVE) yield* child.mount("", "/", undefined, MS_SLAVE | MS_REC);
          yield* child.mount("none", "/mnt/a", "tmpfs");
          yield* child.mkdir("/mnt/a/inside");
        });
        const outside = yield* names(sys, "/mnt/a");
        if (outside.length > 0) yield* sys.umount2("/mnt/a");
        const received = yield* inside(sys, 0, function* (holder) {
          yield* holder.unshare(CLONE_NEWNS);
          if (flag === MS_SLAVE) yield* holder.mount("", "/", undefined, MS_SLAVE | MS_REC);
          let got: string[] = [];
          yield* sys.mount("none", "/mnt/a", "tmpfs");
          yield* sys.mkdir("/mnt/a/late");
          got = yield* names(holder, "/mnt/a");
          yield* sys.umount2("/mnt/a");
          return [got, yield* names(holder, "/mnt/a")];
        });
        log.push([outside, received]);
      }
      return log;
    });
    expect(seen).toEqual([
      [[], [[], []]],
      [["inside"], [["late"], []]],
      [[], [["late"], []]],
    ]);
  });

  test("bind mounts, also of files and without what is mounted below; unbindable ones", () => {
    const seen = play(function* (sys) {
      yield* sys.mount("none", "/srv", "tmpfs");
      yield* sys.mkdir("/srv/d");
      yield* sys.mount("none", "/srv/d", "tmpfs");
      yield* writeFile(sys, "/srv/d/deep", "deep");
      yield* writeFile(sys, "/srv/file", "bound");
      yield* writeFile(sys, "/etc/hosts", "plain");
      yield* sys.mount("/srv", "/mnt", undefined, MS_BIND);
      yield* sys.mount("/srv", "/opt", undefined, MS_BIND | MS_REC);
      yield* sys.mount("/srv/file", "/etc/hosts", undefined, MS_BIND);
      const log: unknown[] = [
        yield* names(sys, "/mnt/d"),
        yield* names(sys, "/opt/d"),
        yield* readFile(sys, "/etc/hosts"),
      ];
      log.push(
        yield* code(sys.rename("/etc/hosts", "/etc/other")),
        yield* code(sys.unlink("/etc/hosts")),
        yield* code(sys.mount("/srv/file", "/home", undefined, MS_BIND)),
      );
      yield* sys.umount2("/etc/hosts");
      log.push(yield* readFile(sys, "/etc/hosts"));
      yield* sys.mount("", "/srv", undefined, MS_UNBINDABLE);
      log.push(yield* code(sys.mount("/srv", "/home", undefined, MS_BIND)));
      log.push(
        yield* code(sys.umount2("/srv")),
        yield* code(sys.umount2("/srv/file")),
        yield* code(sys.umount2("/srv", MNT_DETACH)),
        yield* names(sys, "/srv"),
      );
      return log;
    });
    expect(seen).toEqual([
      [],
      ["deep"],
      "bound",
      "EBUSY",
      "EBUSY",
      "ENOTDIR",
      "plain",
      "EINVAL",
      "EBUSY",
      "EINVAL",
      "ok",
      [],
    ]);
  });

  test("pivot_root changes the root of all who stood in the old one; `..` at the root goes nowhere", () => {
    const seen = play(function* (sys) {
      return yield* inside(sys, CLONE_NEWNS, function* (child) {
        yield* child.mount("", "/", undefined, MS_REC | MS_PRIVATE);
        yield* child.mount("none", "/mnt", "tmpfs");
        yield* child.mkdir("/mnt/old");
        yield* writeFile(child, "/mnt/hello", "new root");
        const log: unknown[] = [
          yield* code(child.pivot_root("/srv", "/srv")),
          yield* code(child.pivot_root("/mnt", "/tmp")),
        ];
        yield* child.pivot_root("/mnt", "/mnt/old");
        log.push(
          yield* readFile(child, "/hello"),
          (yield* names(child, "/old")).includes("etc"),
          yield* child.getcwd(),
        );
        yield* child.umount2("/old", MNT_DETACH);
        log.push(yield* names(child, "/old"), yield* names(child, "/../../.."));
        return log;
      });
    });
    expect(seen).toEqual(["EBUSY", "EBUSY", "new root", true, "/", [], ["hello", "old"]]);
  });

  test('pivot_root(".", ".") and a lazy unmount leave the new root alone', () => {
    const seen = play(function* (sys) {
      return yield* inside(sys, CLONE_NEWNS, function* (child) {
        yield* child.mount("", "/", undefined, MS_REC | MS_PRIVATE);
        yield* child.mount("none", "/mnt", "tmpfs");
        yield* child.mkdir("/mnt/only");
        yield* child.chdir("/mnt");
        yield* child.pivot_root(".", ".");
        yield* child.umount2(".", MNT_DETACH);
        yield* child.chdir("/");
        return [yield* names(child, "/"), yield* child.getcwd()];
      });
    });
    expect(seen).toEqual([["only"], "/"]);
  });

  test("chroot is left by who may chroot again, pivot_root isn't", () => {
    const seen = play(function* (sys) {
      yield* sys.mkdir("/srv/jail");
      yield* sys.mkdir("/srv/jail/in");
      return yield* inside(sys, 0, function* (child) {
        yield* child.chroot("/srv/jail");
        yield* child.chdir("/");
        const jailed = yield* names(child, "/../..");
        // The classical escape: a working directory outside of the root.
        yield* child.chroot("in");
        yield* child.chdir("../../../..");
        return [jailed, (yield* names(child, ".")).includes("proc"), yield* child.getcwd()];
      });
    });
    expect(seen).toEqual([["in"], true, "(unreachable)/"]);
  });
});

describe("the other namespaces", () => {
  test("a hostname of one's own; links in /proc/PID/ns differ, setns joins", () => {
    const seen = play(function* (sys) {
      const before = yield* sys.readlink("/proc/self/ns/uts");
      const pid = yield* sys.clone(
        function* (child) {
          yield* child.sethostname("inside");
          yield* child.pause();
        },
        { flags: CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP },
      );
      yield* sys.nanosleep(ms(2));
      const differ: string[] = [];
      for (const kind of ["uts", "ipc", "net", "cgroup", "mnt", "pid", "user", "time"]) {
        if ((yield* sys.readlink(`/proc/${pid}/ns/${kind}`)) !== (yield* sys.readlink(`/proc/self/ns/${kind}`)))
          differ.push(kind);
      }
      const outside = (yield* sys.uname()).nodename;
      yield* sys.setns(yield* sys.open(`/proc/${pid}/ns/uts`), CLONE_NEWUTS);
      const joined = (yield* sys.uname()).nodename;
      yield* sys.kill(pid, "SIGKILL");
      return [/^uts:\[\d+\]$/.test(before), differ, outside, joined];
    });
    expect(seen).toEqual([true, ["uts", "ipc", "net", "cgroup"], "linux", "inside"]);
  });

  test("children are born into an unshared time namespace", () => {
    const seen = play(function* (sys) {
      yield* sys.unshare(CLONE_NEWTIME);
      const own = yield* sys.readlink("/proc/self/ns/time");
      const children = yield* sys.readlink("/proc/self/ns/time_for_children");
      yield* write(sys, "/proc/self/timens_offsets", "boottime 3600 0");
      const later = yield* inside(sys, 0, (child) => child.clock_gettime("CLOCK_BOOTTIME"));
      const now = yield* sys.clock_gettime("CLOCK_BOOTTIME");
      if (Math.abs(later - now - 3600e9) > 1e9) return [later, now];
      if ((yield* write(sys, "/proc/self/timens_offsets", "boottime x 0")) !== "EINVAL") return ["accepted"];
      return [own === children, (yield* inside(sys, 0, (child) => child.readlink("/proc/self/ns/time"))) === children];
    });
    expect(seen).toEqual([false, true]);
  });
});

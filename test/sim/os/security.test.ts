import { describe, expect, test } from "vitest";
import { encodeUtf8, type Activity } from "../../../sim/core/index.js";
import {
  capabilityNames,
  CLONE_NEWNS,
  CLONE_NEWUTS,
  describeStatus,
  executable,
  noCapabilities,
  PR_CAP_AMBIENT,
  PR_CAPBSET_DROP,
  PR_SET_KEEPCAPS,
  PR_SET_NO_NEW_PRIVS,
  type Filter,
  type SystemCallInterposer,
  type Task,
  type Sys,
} from "../../../sim/os/index.js";
import { code, kernel, play, readFile, text, writeFile } from "./system.js";

/** Runs a child and gives what it gave. */
function* child<T>(sys: Sys, body: (sys: Sys) => Activity<T>): Activity<T | undefined> {
  let result: T | undefined;
  yield* sys.clone(function* (born) {
    result = yield* body(born);
  });
  yield* sys.wait4();
  return result;
}

describe("capabilities", () => {
  test("there are 41, and root has them all", () => {
    const seen = play(function* (sys) {
      const status = yield* readFile(sys, "/proc/self/status");
      return [(yield* sys.capget()).effective.names().length, /CapEff:\t(\w+)/.exec(status)?.[1]];
    });
    expect(capabilityNames.length).toBe(41);
    // What a root shell of Linux 6.x shows.
    expect(seen).toEqual([41, "000001ffffffffff"]);
  });

  test("a dropped one is missed; another user has none unless they are kept", () => {
    const seen = play(function* (sys) {
      const without = yield* child(sys, function* (born) {
        const { permitted, inheritable } = yield* born.capget();
        const less = permitted.without("SYS_ADMIN").without("CHOWN");
        yield* born.capset({ permitted: less, effective: less, inheritable });
        const again = yield* code(born.capset({ permitted, effective: permitted, inheritable }));
        return [
          again,
          yield* code(born.unshare(CLONE_NEWNS)),
          yield* code(born.chown("/etc", 1, 1)),
          yield* code(born.mkdir("/x")),
        ];
      });
      const user = yield* child(sys, function* (born) {
        yield* born.setresuid(1000, 1000, 1000);
        return (yield* born.capget()).permitted.empty;
      });
      const kept = yield* child(sys, function* (born) {
        yield* born.prctl(PR_SET_KEEPCAPS, 1);
        yield* born.setresuid(1000, 1000, 1000);
        const { permitted, effective } = yield* born.capget();
        return [permitted.has("NET_RAW"), effective.has("NET_RAW")];
      });
      return [without, user, kept];
    });
    expect(seen).toEqual([["EPERM", "EPERM", "EPERM", "ok"], true, [true, false]]);
  });

  test("execve: the bounding set limits root, file capabilities and the ambient set give to users", () => {
    const on = kernel();
    on.install({
      name: "show",
      *main(sys) {
        const { effective } = yield* sys.capget();
        yield* sys.write(
          1,
          encodeUtf8(`${effective.names().length === 41 ? "all" : effective.names().join() || "none"}\n`),
        );
      },
    });
    const seen = play(function* (sys) {
      for (const path of ["/bin/show", "/bin/ping"])
        yield* writeFile(sys, path, text(executable("show", "x86_64")), 0o755);
      // vfs_cap_data, version 2, effective: permitted NET_RAW.
      const attribute = new Uint8Array(20);
      attribute.set([1, 0, 0, 2, 0, 0x20]);
      yield* sys.setxattr("/bin/ping", "security.capability", attribute);
      const [reader, writer] = yield* sys.pipe2();
      const run = function* (path: string, prepare: (born: Sys) => Activity<unknown>): Activity<undefined> {
        yield* sys.clone(function* (born) {
          yield* born.dup2(writer, 1);
          yield* prepare(born);
          yield* born.execve(path, [path]);
        });
        yield* sys.wait4();
        return undefined;
      };
      const user = function* (born: Sys): Activity<undefined> {
        yield* born.setresuid(1000, 1000, 1000);
        return undefined;
      };
      yield* run("/bin/show", function* () {});
      yield* run("/bin/show", function* (born) {
        for (const name of capabilityNames) if (name !== "KILL") yield* born.prctl(PR_CAPBSET_DROP, name);
      });
      yield* run("/bin/show", user);
      yield* run("/bin/ping", user);
      yield* run("/bin/ping", function* (born) {
        yield* user(born);
        yield* born.prctl(PR_SET_NO_NEW_PRIVS, 1);
      });
      yield* run("/bin/show", function* (born) {
        yield* born.prctl(PR_SET_KEEPCAPS, 1);
        yield* user(born);
        const { permitted } = yield* born.capget();
        yield* born.capset({ permitted, effective: permitted, inheritable: noCapabilities.with("NET_BIND_SERVICE") });
        yield* born.prctl(PR_CAP_AMBIENT, "PR_CAP_AMBIENT_RAISE", "NET_BIND_SERVICE");
      });
      return text(yield* sys.read(reader, 1000))
        .trimEnd()
        .split("\n");
    }, on);
    expect(seen).toEqual(["all", "KILL", "none", "NET_RAW", "none", "NET_BIND_SERVICE"]);
  });
});

describe("seccomp", () => {
  const filter: Filter = {
    defaultAction: { action: "SCMP_ACT_ALLOW" },
    syscalls: [
      { names: ["sethostname", "mount"], action: { action: "SCMP_ACT_ERRNO", errno: "EPERM" } },
      {
        names: ["unshare"],
        action: { action: "SCMP_ACT_ERRNO", errno: "EACCES" },
        args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value: CLONE_NEWUTS, valueTwo: CLONE_NEWUTS }],
      },
      { names: ["reboot"], action: { action: "SCMP_ACT_KILL_PROCESS" } },
    ],
  };

  test("a filter refuses calls by name and argument, holds for children, and may kill", () => {
    const seen = play(function* (sys) {
      return yield* child(sys, function* (born) {
        yield* born.seccomp(filter);
        const log: unknown[] = [
          yield* code(born.sethostname("x")),
          yield* code(born.unshare(CLONE_NEWUTS)),
          yield* code(born.unshare(CLONE_NEWNS)),
        ];
        yield* born.clone(function* (grandchild) {
          if ((yield* code(grandchild.sethostname("x"))) === "EPERM") yield* grandchild.reboot();
        });
        log.push(describeStatus((yield* born.wait4())?.status ?? -1));
        return log;
      });
    });
    expect(seen).toEqual(["EPERM", "EACCES", "ok", { signal: 9 }]);
  });

  test("a filter sees clone's flags and the signal at its end", () => {
    const refusing = (value: number, valueTwo: number): Filter => ({
      defaultAction: { action: "SCMP_ACT_ALLOW" },
      syscalls: [
        {
          names: ["clone"],
          action: { action: "SCMP_ACT_ERRNO", errno: "EACCES" },
          args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value, valueTwo }],
        },
      ],
    });
    const seen = play(function* (sys) {
      return yield* child(sys, function* (born) {
        const none = function* (): Activity<undefined> {};
        const make = (options?: Parameters<Sys["clone"]>[1]): Activity<string> => code(born.clone(none, options));
        yield* born.seccomp(refusing(CLONE_NEWUTS, CLONE_NEWUTS));
        const log = [yield* make(), yield* make({ flags: CLONE_NEWUTS }), yield* make({ flags: CLONE_NEWNS })];
        // SIGCHLD is 17.
        yield* born.seccomp(refusing(0xff, 17));
        return [...log, yield* make(), yield* make({ exitSignal: 0 })];
      });
    });
    expect(seen).toEqual(["ok", "EACCES", "ok", "EACCES", "ok"]);
  });

  test("a user needs no_new_privs for it; of two filters the sterner counts", () => {
    const seen = play(function* (sys) {
      return yield* child(sys, function* (born) {
        yield* born.setresuid(1000, 1000, 1000);
        const early = yield* code(born.seccomp(filter));
        yield* born.prctl(PR_SET_NO_NEW_PRIVS, 1);
        yield* born.seccomp(filter);
        yield* born.seccomp({ defaultAction: { action: "SCMP_ACT_ALLOW" }, syscalls: [] });
        const status = yield* readFile(born, "/proc/self/status");
        return [early, yield* code(born.mount("", "/", undefined)), /Seccomp_filters:\t(\d)/.exec(status)?.[1]];
      });
    });
    expect(seen).toEqual(["EACCES", "EPERM", "2"]);
  });
});

describe("interposers", () => {
  test("see each call with its outcome, and may change it", () => {
    const on = kernel();
    const log: string[] = [];
    const lie: SystemCallInterposer<Task> = (call, next) => {
      log.push(call.name);
      return call.name === "getuid" ? 12345 : next(call);
    };
    on.interposers.push(lie);
    const seen = play(function* (sys) {
      yield* sys.getpid();
      return yield* sys.getuid();
    }, on);
    expect(seen).toBe(12345);
    expect(log).toContain("getpid");
  });
});

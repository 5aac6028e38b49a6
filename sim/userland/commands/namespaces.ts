import type { Activity } from "../../core/index.js";
import {
  attempt,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  describeStatus,
  Errno,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  O_RDONLY,
  O_WRONLY,
  type Sys,
} from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { encode } from "../program/encoding.js";
import { quoteName } from "../program/quoting.js";
import { writeAll } from "../program/streams.js";
import { execInPath } from "./execution.js";

/** Kinds of namespaces: option, flag, file under /proc/PID/ns. */
const kinds = [
  { short: "U", long: "user", flag: CLONE_NEWUSER, file: "user" },
  { short: "C", long: "cgroup", flag: CLONE_NEWCGROUP, file: "cgroup" },
  { short: "i", long: "ipc", flag: CLONE_NEWIPC, file: "ipc" },
  { short: "u", long: "uts", flag: CLONE_NEWUTS, file: "uts" },
  { short: "n", long: "net", flag: CLONE_NEWNET, file: "net" },
  { short: "p", long: "pid", flag: CLONE_NEWPID, file: "pid" },
  { short: "m", long: "mount", flag: CLONE_NEWNS, file: "mnt" },
  { short: "T", long: "time", flag: CLONE_NEWTIME, file: "time" },
] as const;

function* demand<T>(what: string, call: Activity<T>): Activity<T> {
  const result = yield* attempt(call);
  if (result instanceof Errno) throw new Failure(`${what}: ${result.message}`);
  return result;
}

function* write(sys: Sys, path: string, text: string): Activity<undefined> {
  const fd = yield* demand(`cannot open ${path}`, sys.open(path, O_WRONLY));
  yield* demand(`write failed ${path}`, writeAll(sys, fd, encode(text)));
  yield* sys.close(fd);
  return undefined;
}

const shellOf = (it: Invocation): readonly string[] =>
  it.operands.length > 0 ? it.operands : [it.variable("SHELL") ?? "/bin/sh"];

/** Has a child do something, waits for it and ends as it ends. */
function* asChild(it: Invocation, body: (sys: Sys) => Activity<number>): Activity<number> {
  const pid = yield* it.sys.clone(body);
  const waited = yield* it.sys.wait4(pid);
  const how = describeStatus(waited?.status ?? 0);
  return "exited" in how ? how.exited : 128 + how.signal;
}

function* unshare(it: Invocation): Activity<number> {
  const mapsRoot = it.has("r");
  let flags = 0;
  for (const { short, flag } of kinds) if (it.has(short)) flags |= flag;
  if (mapsRoot) flags |= CLONE_NEWUSER;
  const proc = it.has("mount-proc");
  if (proc) flags |= CLONE_NEWNS;
  const [uid, gid] = [yield* it.sys.geteuid(), yield* it.sys.getegid()];
  yield* demand("unshare failed", it.sys.unshare(flags));
  if (mapsRoot) {
    yield* write(it.sys, "/proc/self/setgroups", "deny");
    yield* write(it.sys, "/proc/self/uid_map", `0 ${uid} 1`);
    yield* write(it.sys, "/proc/self/gid_map", `0 ${gid} 1`);
  }
  const go = function* (sys: Sys): Activity<number> {
    if ((flags & CLONE_NEWNS) !== 0 && it.value("propagation") !== "unchanged")
      yield* demand(
        "cannot change root filesystem propagation",
        sys.mount("none", "/", undefined, MS_REC | MS_PRIVATE),
      );
    const root = it.value("R");
    if (root !== undefined) {
      yield* demand(`cannot change root directory to ${quoteName(root)}`, sys.chroot(root));
      yield* sys.chdir(it.value("w") ?? "/");
    }
    if (proc) yield* demand("mount /proc failed", sys.mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV));
    return yield* execInPath(sys, shellOf(it), it.env, "unshare");
  };
  return it.has("f") ? yield* asChild(it, go) : yield* go(it.sys);
}

function* enter(it: Invocation): Activity<number> {
  const pid = it.value("t");
  if (pid === undefined) throw new Failure("no target PID specified");
  const chosen = kinds.filter(({ short }) => it.has(short) || (it.has("a") && short !== "U"));
  const fds: number[] = [];
  // All are opened before one is entered: afterwards /proc may be another's.
  for (const { file } of chosen)
    fds.push(yield* demand(`cannot open /proc/${pid}/ns/${file}`, it.sys.open(`/proc/${pid}/ns/${file}`, O_RDONLY)));
  const root = it.has("r")
    ? yield* demand(`cannot open /proc/${pid}/root`, it.sys.open(`/proc/${pid}/root`, O_RDONLY))
    : undefined;
  for (const [at, fd] of fds.entries()) {
    yield* demand(
      `reassociate to namespace 'ns/${chosen[at]?.file ?? ""}' failed`,
      it.sys.setns(fd, chosen[at]?.flag ?? 0),
    );
    yield* it.sys.close(fd);
  }
  if (root !== undefined) {
    yield* it.sys.fchdir(root);
    yield* demand("cannot change root directory", it.sys.chroot("."));
    yield* it.sys.close(root);
  }
  const go = (sys: Sys): Activity<number> => execInPath(sys, shellOf(it), it.env, "nsenter");
  // Only children are born into a pid namespace.
  return chosen.some(({ short }) => short === "p") && !it.has("F") ? yield* asChild(it, go) : yield* go(it.sys);
}

const options = kinds.map(({ short, long }) => ({ short, long, help: `${long} namespace` }));

export const namespaceCommands: readonly Command[] = [
  {
    name: "unshare",
    usage: ["[options] [<program> [<argument>...]]"],
    about: "Run a program with some namespaces unshared from the parent.",
    options: [
      ...options,
      { short: "f", long: "fork", help: "fork before launching <program>" },
      { short: "r", long: "map-root-user", help: "map current user to root (implies --user)" },
      { long: "mount-proc", help: "mount proc filesystem first (implies --mount)" },
      {
        long: "propagation",
        argument: "slave|shared|private|unchanged",
        help: "modify mount propagation in mount namespace",
      },
      { short: "R", long: "root", argument: "<dir>", help: "run the command with root directory set to <dir>" },
      { short: "w", long: "wd", argument: "<dir>", help: "change working directory to <dir>" },
    ],
    posix: true,
    run: unshare,
  },
  {
    name: "nsenter",
    usage: ["[options] [<program> [<argument>...]]"],
    about: "Run a program with namespaces of other processes.",
    options: [
      ...options,
      { short: "a", long: "all", help: "enter all namespaces" },
      { short: "t", long: "target", argument: "<pid>", help: "target process to get namespaces from" },
      { short: "r", long: "root", help: "set the root directory" },
      { short: "F", long: "no-fork", help: "do not fork before exec'ing <program>" },
    ],
    posix: true,
    run: enter,
  },
  {
    name: "chroot",
    usage: ["[OPTION] NEWROOT [COMMAND [ARG]...]"],
    about: "Run COMMAND with root directory set to NEWROOT.",
    options: [],
    posix: true,
    operands: [1, Infinity],
    usageStatus: 125,
    *run(it) {
      const [root = "", ...words] = it.operands;
      const failure = yield* attempt(it.sys.chroot(root));
      if (failure instanceof Errno)
        throw new Failure(`cannot change root directory to ${quoteName(root)}: ${failure.message}`, 125);
      yield* it.sys.chdir("/");
      const command = words.length > 0 ? words : [it.variable("SHELL") ?? "/bin/sh", "-i"];
      return yield* execInPath(it.sys, command, it.env, "chroot");
    },
  },
  {
    name: "pivot_root",
    usage: ["[options] new_root put_old"],
    about: "Change the root filesystem.",
    options: [],
    operands: [2, 2],
    *run(it) {
      const [root = "", old = ""] = it.operands;
      yield* demand(`failed to change root from \`${root}' to \`${old}'`, it.sys.pivot_root(root, old));
      return 0;
    },
  },
];

import { invariant } from "../../core/index.js";
import { cpusUpTo, formatCpuList, formatCpuMask } from "../cgroup/cpu-list.js";
import { pathFrom } from "../cgroup/membership.js";
import { E } from "../errno.js";
import { numberIn } from "../namespace/pid-namespace.js";
import { UserNamespace, type IdExtent } from "../namespace/user-namespace.js";
import { capable } from "../security/credentials.js";
import { badness } from "../task/memory.js";
import { stateLetter } from "../task/parts.js";
import { Task } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import { pageSize } from "../vfs/content.js";
import type { Place } from "../vfs/mount.js";
import { pathOf } from "../vfs/resolve.js";
import type { Text } from "../vfs/pseudo.js";
import { mountInfo, mounts } from "./mount-files.js";

/** Who reads: a task; file systems are asked by nobody else here. */
export function reader(caller: Caller): Task {
  if (!(caller instanceof Task)) throw E.EACCES;
  return caller;
}

/** @throws EACCES for who may not look into a task: of another user, without CAP_SYS_PTRACE (ptrace(2), PTRACE_MODE_READ) */
export function demandInsight(caller: Caller, task: Task): void {
  const { credentials: who } = caller;
  const whom = task.credentials;
  const same =
    [whom.uid, whom.euid, whom.suid].every((id) => id === who.uid) &&
    whom.permitted.within(who.permitted.or(whom.permitted));
  if (same && whom.userNamespace === who.userNamespace) return;
  if (!capable(who, whom.userNamespace, "SYS_PTRACE")) throw E.EACCES;
}

const stateNames: Record<string, string> = {
  R: "running",
  S: "sleeping",
  D: "disk sleep",
  T: "stopped",
  Z: "zombie",
  X: "dead",
};

const mask = (signals: Iterable<number>): string => {
  let [low, high] = [0, 0];
  for (const signal of signals) {
    if (signal <= 32) low |= 1 << (signal - 1);
    else high |= 1 << (signal - 33);
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
};

function status(task: Task, caller: Caller): string {
  const { credentials: who } = task;
  const { userNamespace: names } = caller.credentials;
  const namespace = reader(caller).pidNamespace;
  const ids = (real: number, effective: number, saved: number, show: (id: number) => number): string =>
    [real, effective, saved, effective].map(show).join("\t");
  const uid = (id: number): number => names.shownUid(id);
  const gid = (id: number): number => names.shownGid(id);
  const pid = task.pidIn(namespace);
  const own = task.pids.slice(Math.max(0, task.pids.length - 1 - (task.pidNamespace.level - namespace.level)));
  const ignored: number[] = [];
  const caught: number[] = [];
  for (const [signal, action] of task.actions ?? []) (action.handler === undefined ? ignored : caught).push(signal);
  const kib = (bytes: number): string => `${String(Math.floor(bytes / 1024)).padStart(8)} kB`;
  const letter = stateLetter(task);
  const cpus = task.allowedCpus ?? cpusUpTo(task.kernel.scheduler.cpus);
  const rows: [string, string | number][] = [
    ["Name", task.name],
    ["Umask", task.context.umask.toString(8).padStart(4, "0")],
    ["State", `${letter} (${stateNames[letter] ?? ""})`],
    ["Tgid", pid],
    ["Pid", pid],
    ["PPid", task.parent?.pidIn(namespace) ?? 0],
    ["Uid", ids(who.uid, who.euid, who.suid, uid)],
    ["Gid", ids(who.gid, who.egid, who.sgid, gid)],
    ["FDSize", 64],
    ["Groups", who.groups.map(gid).join(" ")],
    ["NStgid", own.join("\t")],
    ["NSpid", own.join("\t")],
    ["NSpgid", task.processGroup.numberIn(namespace)],
    ["NSsid", numberIn(task.processGroup.session.pids, namespace)],
    ["VmSize", kib(task.memory.size)],
    ["VmRSS", kib(task.memory.resident)],
    ["Threads", 1],
    ["SigPnd", mask((task.pending ?? []).map((one) => one.signal))],
    ["SigBlk", mask(task.blocked ?? [])],
    ["SigIgn", mask(ignored)],
    ["SigCgt", mask(caught)],
    ["CapInh", who.inheritable.toString()],
    ["CapPrm", who.permitted.toString()],
    ["CapEff", who.effective.toString()],
    ["CapBnd", who.bounding.toString()],
    ["CapAmb", who.ambient.toString()],
    ["NoNewPrivs", Number(who.noNewPrivileges)],
    ["Seccomp", task.filters === undefined ? 0 : 2],
    ["Seccomp_filters", task.filters?.length ?? 0],
    ["Cpus_allowed", formatCpuMask(cpus, task.kernel.scheduler.cpus)],
    ["Cpus_allowed_list", formatCpuList(cpus)],
    ["Mems_allowed", formatCpuMask([0], 1)],
    ["Mems_allowed_list", "0"],
    ["voluntary_ctxt_switches", task.switches],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
}

/** /proc/PID/stat up to rss, proc_pid_stat(5); times in ticks of 10 ms. */
function stat(task: Task, caller: Caller): string {
  const namespace = reader(caller).pidNamespace;
  const ticks = (nanos: number): number => Math.floor(nanos / 1e7);
  const { processGroup: group } = task;
  const system = Math.min(task.systemTime, task.used);
  const terminal = group.session.terminal;
  const fields = [
    task.pidIn(namespace),
    `(${task.name})`,
    stateLetter(task),
    task.parent?.pidIn(namespace) ?? 0,
    group.numberIn(namespace),
    numberIn(group.session.pids, namespace),
    terminal === undefined ? 0 : terminal.device,
    terminal?.foreground?.numberIn(namespace) ?? -1,
    0,
    ...[0, 0, 0, 0],
    ticks(task.used - system),
    ticks(system),
    ticks(task.childrenUser),
    ticks(task.childrenSystem),
    20 + task.nice,
    task.nice,
    1,
    0,
    ticks(task.startTime),
    task.memory.size,
    Math.floor(task.memory.resident / pageSize),
  ];
  return `${fields.join(" ")}\n`;
}

const column = (value: number): string => String(value).padStart(10);

function idMap(task: Task, caller: Caller, kind: "uid" | "gid"): string {
  const { userNamespace } = task.credentials;
  const map = kind === "uid" ? userNamespace.uidMap : userNamespace.gidMap;
  // Seen from outside: in the reader's own ids, or in the parent's where the reader is inside.
  const seenFrom =
    caller.credentials.userNamespace === userNamespace
      ? (userNamespace.parent ?? userNamespace)
      : caller.credentials.userNamespace;
  return (map ?? [])
    .map(({ inside, count }) => {
      const kernel = kind === "uid" ? userNamespace.uidToKernel(inside) : userNamespace.gidToKernel(inside);
      const outside = kind === "uid" ? seenFrom.uidFromKernel(kernel) : seenFrom.gidFromKernel(kernel);
      return `${column(inside)} ${column(outside)} ${column(count)}\n`;
    })
    .join("");
}

/** At most so many lines, user_namespaces(7). */
const extentsMax = 340;

/**
 * Writing uid_map or gid_map, once: user_namespaces(7), "Defining user and group ID mappings".
 * @throws EPERM, EINVAL
 */
function setIdMap(task: Task, caller: Caller, kind: "uid" | "gid", text: string): void {
  const { userNamespace } = task.credentials;
  const { parent } = userNamespace;
  const { credentials: who } = caller;
  const present = kind === "uid" ? userNamespace.uidMap : userNamespace.gidMap;
  if (present !== undefined || parent === undefined) throw E.EPERM;
  if (who.userNamespace !== userNamespace && who.userNamespace !== parent) throw E.EPERM;
  const extents = text.split("\n").map((line): IdExtent => {
    const numbers = line.trim().split(/\s+/).map(Number);
    const [inside, outside, count] = numbers;
    if (numbers.length !== 3 || inside === undefined || outside === undefined || count === undefined) throw E.EINVAL;
    if (!numbers.every((one) => Number.isInteger(one) && one >= 0) || count === 0) throw E.EINVAL;
    return { inside, outside, count };
  });
  if (extents.length > extentsMax || overlaps(extents)) throw E.EINVAL;
  const capability = kind === "uid" ? "SETUID" : "SETGID";
  // CAP_SYS_ADMIN in the namespace itself, and then either its own id alone, or the right to set ids outside.
  if (!capable(who, userNamespace, "SYS_ADMIN")) throw E.EPERM;
  const own = kind === "uid" ? parent.uidFromKernel(who.euid) : parent.gidFromKernel(who.egid);
  const [first] = extents;
  const isOwn = extents.length === 1 && first?.count === 1 && first.outside === own && who.euid === userNamespace.owner;
  const maySetAll = capable(who, parent, capability);
  if (!maySetAll && !(isOwn && (kind === "uid" || !userNamespace.setgroupsAllowed))) throw E.EPERM;
  for (const { outside, count } of extents) {
    const toKernel = (id: number): number => (kind === "uid" ? parent.uidToKernel(id) : parent.gidToKernel(id));
    if (toKernel(outside) < 0 || toKernel(outside + count - 1) < 0) throw E.EPERM;
  }
  if (kind === "uid") userNamespace.uidMap = extents;
  else userNamespace.gidMap = extents;
}

function overlaps(extents: readonly IdExtent[]): boolean {
  const crosses = (a: number, b: number, aCount: number, bCount: number): boolean => a < b + bCount && b < a + aCount;
  return extents.some((one, place) =>
    extents
      .slice(place + 1)
      .some(
        (other) =>
          crosses(one.inside, other.inside, one.count, other.count) ||
          crosses(one.outside, other.outside, one.count, other.count),
      ),
  );
}

function setgroups(task: Task, text: string): void {
  const { userNamespace } = task.credentials;
  if (text === "deny") {
    if (userNamespace.gidMap !== undefined) throw E.EPERM;
    userNamespace.setgroupsAllowed = false;
  } else if (text !== "allow" || !userNamespace.setgroupsAllowed) throw E.EINVAL;
}

/** Seconds and nanoseconds. */
const clockText = (nanos: number): string =>
  `${String(Math.floor(nanos / 1e9)).padStart(10)} ${String(nanos - Math.floor(nanos / 1e9) * 1e9).padStart(9)}`;

/** The clocks of the time namespace that the task's children are to live in: before the first does, time_namespaces(7). */
function setTimeOffsets(task: Task, caller: Caller, text: string): void {
  const namespace = task.childTimeNamespace;
  if (namespace === undefined || namespace === task.namespaces.time) throw E.EACCES;
  if (!capable(caller.credentials, namespace.userNamespace, "SYS_TIME")) throw E.EPERM;
  for (const other of task.kernel.pidNamespace.tasks.values()) if (other.namespaces.time === namespace) throw E.EACCES;
  for (const line of text.split("\n")) {
    const [clock, seconds, nanos] = line.trim().split(/\s+/);
    const offset = Number(seconds) * 1e9 + Number(nanos);
    if (!Number.isSafeInteger(offset) || Number(nanos) < 0 || Number(nanos) >= 1e9) throw E.EINVAL;
    if (clock === "monotonic" || clock === "1") namespace.monotonic = offset;
    else if (clock === "boottime" || clock === "7") namespace.boottime = offset;
    else throw E.EINVAL;
  }
}

/** The plain files of /proc/PID. */
export const taskFiles: ReadonlyMap<string, (task: Task) => Text> = new Map(
  Object.entries<(task: Task) => Text>({
    cgroup: (task) => ({ read: (caller) => `0::${pathFrom(reader(caller).namespaces.cgroup.root, task.cgroup)}\n` }),
    cmdline: (task) => ({ read: () => (task.zombie ? "" : task.argv.map((one) => `${one}\0`).join("")) }),
    comm: (task) => ({ read: () => `${task.name}\n` }),
    environ: (task) => ({
      read: (caller) => {
        demandInsight(caller, task);
        return task.env.map((one) => `${one}\0`).join("");
      },
    }),
    gid_map: (task) => ({
      read: (caller) => idMap(task, caller, "gid"),
      write: (caller, text) => {
        setIdMap(task, caller, "gid", text);
      },
    }),
    uid_map: (task) => ({
      read: (caller) => idMap(task, caller, "uid"),
      write: (caller, text) => {
        setIdMap(task, caller, "uid", text);
      },
    }),
    setgroups: (task) => ({
      read: () => (task.credentials.userNamespace.setgroupsAllowed ? "allow\n" : "deny\n"),
      write: (_caller, text) => {
        setgroups(task, text);
      },
    }),
    mountinfo: (task) => ({ read: () => mountInfo(task) }),
    mounts: (task) => ({ read: () => mounts(task) }),
    oom_score: (task) => ({
      // Out of 1,000 for all memory, two thirds of it in today's kernels: proc_oom_score() in fs/proc/base.c.
      read: () => {
        const score = badness(task, task.kernel.memory);
        return `${score === -Infinity ? 0 : Math.max(0, Math.round(((1000 + (score * 1000) / (task.kernel.memory / pageSize)) * 2) / 3))}\n`;
      },
    }),
    oom_score_adj: (task) => ({
      read: () => `${task.oomAdjustment}\n`,
      write: (caller, text) => {
        const value = Number(text);
        if (!/^-?\d+$/.test(text) || value < -1000 || value > 1000) throw E.EINVAL;
        if (
          value < task.oomAdjustment &&
          !capable(caller.credentials, task.kernel.pidNamespace.userNamespace, "SYS_RESOURCE")
        )
          throw E.EACCES;
        task.oomAdjustment = value;
      },
    }),
    stat: (task) => ({ read: (caller) => stat(task, caller) }),
    status: (task) => ({ read: (caller) => status(task, caller) }),
    timens_offsets: (task) => ({
      read: () => {
        const { monotonic, boottime } = task.childTimeNamespace ?? task.namespaces.time;
        return `monotonic  ${clockText(monotonic)}\nboottime   ${clockText(boottime)}\n`;
      },
      write: (caller, text) => {
        setTimeOffsets(task, caller, text);
      },
    }),
    wchan: (task) => ({ read: () => task.frames.at(-1)?.waitName || "0" }),
  }),
);

/** Where /proc/PID/root, cwd and exe lead. */
export function placeOf(task: Task, which: "root" | "cwd" | "exe", caller: Caller): Place {
  demandInsight(caller, task);
  const place = which === "exe" ? task.executable : task[which];
  if (place === undefined || task.zombie) throw E.ENOENT;
  return place;
}

/** What such a link, or a descriptor's, reads as. */
export const shownPath = (place: Place, caller: Caller): string => pathOf(place, reader(caller).root, caller);

/** What /proc/PID/ns lists, proc_pid_ns(5). */
export const namespaceNames = [
  "cgroup",
  "ipc",
  "mnt",
  "net",
  "pid",
  "pid_for_children",
  "time",
  "time_for_children",
  "user",
  "uts",
] as const;

/** The namespaces of a task by these names. */
export function namespacesOf(
  task: Task,
): Readonly<
  Record<
    (typeof namespaceNames)[number],
    { readonly kind: string; readonly number: number; readonly userNamespace: UserNamespace }
  >
> {
  const { mnt, uts, ipc, net, cgroup, time } = task.namespaces;
  const { userNamespace: user } = task.credentials;
  invariant(user instanceof UserNamespace, "a task has a user namespace");
  return {
    cgroup,
    ipc,
    mnt,
    net,
    pid: task.pidNamespace,
    pid_for_children: task.childPidNamespace ?? task.pidNamespace,
    time,
    time_for_children: task.childTimeNamespace ?? time,
    user,
    uts,
  };
}

import { E } from "../errno.js";
import { Task, type KernelState } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import { pageSize } from "../vfs/content.js";
import type { Text } from "../vfs/pseudo.js";
import { controllers, type Cgroup, type Controller } from "./cgroup.js";
import { enableController, freeze, killAll, moveTask } from "./membership.js";

/** A file of a group's directory: with a controller, where that is handed down to it; not in the root where `inner`. */
export interface CgroupFile {
  readonly controller?: Controller;
  readonly inner?: boolean;
  readonly text: Text;
}

/** Who may move tasks between two groups asks this of the group above both. */
export type MayWrite = (cgroup: Cgroup, caller: Caller) => boolean;

const line = (value: number | string): string => `${value}\n`;
const limit = (value: number): string => line(value === Infinity ? "max" : value);
const table = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");

/** A number or "max". @throws EINVAL */
function parseLimit(text: string): number {
  if (text === "max") return Infinity;
  return parseWhole(text, 0, Number.MAX_SAFE_INTEGER);
}

function parseWhole(text: string, least: number, most: number): number {
  if (!/^\d+$/.test(text)) throw E.EINVAL;
  const value = Number(text);
  if (value < least || value > most) throw E.ERANGE;
  return value;
}

/** Bytes, in whole pages; K, M and G count. */
function parseBytes(text: string): number {
  if (text === "max") return Infinity;
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) throw E.EINVAL;
  const unit = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[(match[2] ?? "").toLowerCase()] ?? 1;
  return Math.floor((Number(match[1]) * unit) / pageSize) * pageSize;
}

function flag(text: string): boolean {
  if (text !== "0" && text !== "1") throw E.EINVAL;
  return text === "1";
}

/**
 * The files of a group's directory, cgroup-v2.rst. Memory is in bytes, times in microseconds. Nothing is ever reclaimed, so
 * memory.high only holds tasks back, and memory.low and memory.min hold what was written.
 */
export function cgroupFiles(
  cgroup: Cgroup,
  kernel: KernelState,
  mayWrite: MayWrite,
): Readonly<Record<string, CgroupFile>> {
  const { memory, pids, group } = cgroup;
  const micro = (nanos: number): number => Math.floor(nanos / 1000);
  const bytes = (field: "max" | "high" | "low" | "min"): CgroupFile => ({
    controller: "memory",
    inner: true,
    text: {
      read: () => limit(memory[field]),
      write: (_caller, text) => {
        memory[field] = parseBytes(text);
      },
    },
  });
  return {
    "cgroup.procs": {
      text: {
        read: (caller) => listProcesses(cgroup, caller),
        write: (caller, text) => {
          attach(cgroup, caller, text, mayWrite);
        },
      },
    },
    "cgroup.controllers": { text: { read: () => line(available(cgroup).join(" ")) } },
    "cgroup.subtree_control": {
      text: {
        read: () => line([...cgroup.enabled].sort().join(" ")),
        write: (_caller, text) => {
          control(cgroup, text, kernel);
        },
      },
    },
    "cgroup.events": {
      inner: true,
      text: { read: () => table({ populated: Number(cgroup.populated), frozen: Number(cgroup.isFrozen) }) },
    },
    "cgroup.type": { inner: true, text: { read: () => line("domain") } },
    "cgroup.freeze": {
      inner: true,
      text: {
        read: () => line(Number(cgroup.frozen)),
        write: (_caller, text) => {
          freeze(cgroup, flag(text));
        },
      },
    },
    "cgroup.kill": {
      inner: true,
      text: {
        write: (_caller, text) => {
          if (text !== "1") throw E.ERANGE;
          killAll(cgroup);
        },
      },
    },
    "cgroup.stat": {
      text: { read: () => table({ nr_descendants: [...cgroup.subtree()].length - 1, nr_dying_descendants: 0 }) },
    },
    "cpu.stat": {
      text: {
        read: () => {
          const usage = { usage_usec: micro(group.usage) };
          const { bandwidth } = group;
          if (cgroup.parent === undefined || !cgroup.has("cpu")) return table(usage);
          return table({
            ...usage,
            nr_periods: bandwidth?.periods ?? 0,
            nr_throttled: bandwidth?.throttledPeriods ?? 0,
            throttled_usec: micro(bandwidth?.throttledTime ?? 0),
          });
        },
      },
    },
    "cpu.weight": {
      controller: "cpu",
      inner: true,
      text: {
        read: () => line(cgroup.weight),
        write: (_caller, text) => {
          cgroup.weight = parseWhole(text, 1, 10000);
          // 100 weighs as much as a task of nice 0: sched_weight_from_cgroup().
          kernel.scheduler.weigh(group, Math.max(2, Math.round((cgroup.weight * 1024) / 100)));
        },
      },
    },
    "cpu.max": {
      controller: "cpu",
      inner: true,
      text: {
        read: () => {
          const { bandwidth } = group;
          return bandwidth === undefined
            ? line("max 100000")
            : line(`${micro(bandwidth.quota)} ${micro(bandwidth.period)}`);
        },
        write: (_caller, text) => {
          const [quota = "", period = "100000"] = text.split(/\s+/);
          const every = parseWhole(period, 1000, 1_000_000) * 1000;
          const amount = parseLimit(quota) * 1000;
          if (amount < 1e6) throw E.EINVAL;
          kernel.scheduler.limit(group, amount === Infinity ? undefined : { quota: amount, period: every });
        },
      },
    },
    "memory.current": { controller: "memory", inner: true, text: { read: () => line(memory.current) } },
    "memory.peak": { controller: "memory", inner: true, text: { read: () => line(memory.peak) } },
    "memory.max": bytes("max"),
    "memory.high": bytes("high"),
    "memory.low": bytes("low"),
    "memory.min": bytes("min"),
    "memory.events": { controller: "memory", inner: true, text: { read: () => table({ ...memory.events }) } },
    "memory.oom.group": {
      controller: "memory",
      inner: true,
      text: {
        read: () => line(Number(memory.oomGroup)),
        write: (_caller, text) => {
          memory.oomGroup = flag(text);
        },
      },
    },
    "pids.current": { controller: "pids", inner: true, text: { read: () => line(pids.current) } },
    "pids.peak": { controller: "pids", inner: true, text: { read: () => line(pids.peak) } },
    "pids.max": {
      controller: "pids",
      inner: true,
      text: {
        read: () => limit(pids.max),
        write: (_caller, text) => {
          pids.max = parseLimit(text);
        },
      },
    },
    "pids.events": { controller: "pids", inner: true, text: { read: () => table({ max: pids.refused }) } },
  };
}

const available = (cgroup: Cgroup): Controller[] => controllers.filter((one) => cgroup.has(one));

/** "+cpu -memory". @throws EINVAL for a name that is none */
function control(cgroup: Cgroup, text: string, kernel: KernelState): void {
  const wanted = text.split(/\s+/).filter((one) => one !== "");
  const parsed = wanted.map((one) => {
    const controller = controllers.find((name) => name === one.slice(1));
    if (controller === undefined || !/^[+-]/.test(one)) throw E.EINVAL;
    return { controller, on: one.startsWith("+") };
  });
  for (const { controller, on } of parsed) enableController(cgroup, controller, on, kernel);
}

function listProcesses(cgroup: Cgroup, caller: Caller): string {
  const pids: number[] = [];
  for (const member of cgroup.members) {
    if (member instanceof Task && caller instanceof Task) pids.push(member.pidIn(caller.pidNamespace));
  }
  return pids
    .sort((a, b) => a - b)
    .map((pid) => `${pid}\n`)
    .join("");
}

/** Writing a pid to cgroup.procs; 0 is the writer. @throws ESRCH; EACCES without the right over the group above both */
function attach(cgroup: Cgroup, caller: Caller, text: string, mayWrite: MayWrite): void {
  if (!(caller instanceof Task)) throw E.EINVAL;
  if (!/^\d+$/.test(text)) throw E.EINVAL;
  const task = text === "0" ? caller : caller.pidNamespace.tasks.get(Number(text));
  if (task === undefined || task.zombie) throw E.ESRCH;
  let common: Cgroup | undefined = cgroup;
  while (common !== undefined && !task.cgroup.isWithin(common)) common = common.parent;
  if (common !== undefined && !mayWrite(common, caller)) throw E.EACCES;
  // Neither end may lie outside of what the writer's cgroup namespace shows (nsdelegate).
  const { root } = caller.namespaces.cgroup;
  if (!cgroup.isWithin(root) || !task.cgroup.isWithin(root)) throw E.ENOENT;
  moveTask(task, cgroup);
}

import { E } from "../errno.js";
import { limit, line, micro, parseBytes, parseFlag, parseLimit, parseWhole, table } from "./file.js";
import type { CgroupFile, CgroupFiles } from "./file.js";
import { resources } from "./pressure.js";

/** The files of the cpu controller; times in microseconds. */
export const cpuFiles: CgroupFiles = {
  "cpu.stat": {
    read: ({ cgroup }) => {
      const { usage, bandwidth } = cgroup.group;
      const always = { usage_usec: micro(usage) };
      if (cgroup.parent === undefined || !cgroup.has("cpu")) return table(always);
      return table({
        ...always,
        nr_periods: bandwidth?.periods ?? 0,
        nr_throttled: bandwidth?.throttledPeriods ?? 0,
        throttled_usec: micro(bandwidth?.throttledTime ?? 0),
      });
    },
  },
  "cpu.weight": {
    controller: "cpu",
    inner: true,
    read: ({ cgroup }) => line(cgroup.weight),
    write: ({ cgroup, kernel }, _caller, text) => {
      cgroup.weight = parseWhole(text, 1, 10000);
      // 100 weighs as much as a task of nice 0: sched_weight_from_cgroup().
      kernel.scheduler.weigh(cgroup.group, Math.max(2, Math.round((cgroup.weight * 1024) / 100)));
    },
  },
  "cpu.max": {
    controller: "cpu",
    inner: true,
    read: ({ cgroup: { group } }) => {
      const { bandwidth } = group;
      return bandwidth === undefined
        ? line("max 100000")
        : line(`${micro(bandwidth.quota)} ${micro(bandwidth.period)}`);
    },
    write: ({ cgroup, kernel }, _caller, text) => {
      const [quota = "", period = "100000"] = text.split(/\s+/);
      const every = parseWhole(period, 1000, 1_000_000) * 1000;
      const amount = parseLimit(quota) * 1000;
      if (amount < 1e6) throw E.EINVAL;
      kernel.scheduler.limit(cgroup.group, amount === Infinity ? undefined : { quota: amount, period: every });
    },
  },
};

const bytes = (field: "max" | "high" | "low" | "min"): CgroupFile => ({
  controller: "memory",
  inner: true,
  read: ({ cgroup }) => limit(cgroup.memory[field]),
  write: ({ cgroup }, _caller, text) => {
    cgroup.memory[field] = parseBytes(text);
  },
});

/**
 * The files of the memory controller, in bytes. Nothing is ever reclaimed, so memory.high only holds tasks back, and memory.low
 * and memory.min hold what was written.
 */
export const memoryFiles: CgroupFiles = {
  "memory.current": { controller: "memory", inner: true, read: ({ cgroup }) => line(cgroup.memory.current) },
  "memory.peak": { controller: "memory", inner: true, read: ({ cgroup }) => line(cgroup.memory.peak) },
  "memory.max": bytes("max"),
  "memory.high": bytes("high"),
  "memory.low": bytes("low"),
  "memory.min": bytes("min"),
  "memory.events": { controller: "memory", inner: true, read: ({ cgroup }) => table({ ...cgroup.memory.events }) },
  "memory.oom.group": {
    controller: "memory",
    inner: true,
    read: ({ cgroup }) => line(Number(cgroup.memory.oomGroup)),
    write: ({ cgroup }, _caller, text) => {
      cgroup.memory.oomGroup = parseFlag(text);
    },
  },
};

/** What each group, and the machine, loses for want of a resource: there whatever controllers there are. */
export const pressureFiles: CgroupFiles = Object.fromEntries(
  resources.map((resource) => [
    `${resource}.pressure`,
    {
      read: ({ cgroup, kernel: { engine, scheduler } }) =>
        cgroup.pressure.text(engine.now, scheduler.cpus, resource, cgroup.parent === undefined),
    } satisfies CgroupFile,
  ]),
);

/** The files of the pids controller. */
export const pidsFiles: CgroupFiles = {
  "pids.current": { controller: "pids", inner: true, read: ({ cgroup }) => line(cgroup.pids.current) },
  "pids.peak": { controller: "pids", inner: true, read: ({ cgroup }) => line(cgroup.pids.peak) },
  "pids.max": {
    controller: "pids",
    inner: true,
    read: ({ cgroup }) => limit(cgroup.pids.max),
    write: ({ cgroup }, _caller, text) => {
      cgroup.pids.max = parseLimit(text);
    },
  },
  "pids.events": { controller: "pids", inner: true, read: ({ cgroup }) => table({ max: cgroup.pids.refused }) },
};

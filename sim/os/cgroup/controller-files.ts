import { E } from "../errno.js";
import { reclaim } from "../memory/reclaim.js";
import { killFor } from "../task/memory.js";
import { limit, line, micro, parseBytes, parseFlag, parseLimit, parseWhole, table } from "./file.js";
import type { CgroupFile, CgroupFiles, Site } from "./file.js";
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

const bytes = (field: "max" | "high" | "low" | "min", then: (at: Site) => void = () => undefined): CgroupFile => ({
  controller: "memory",
  inner: true,
  read: ({ cgroup }) => limit(cgroup.memory[field]),
  write: (at, _caller, text) => {
    at.cgroup.memory[field] = parseBytes(text);
    then(at);
  },
});

/** What is over a new memory.high goes, as far as it can. */
function toHigh({ cgroup, kernel: { pageCache } }: Site): void {
  const { current, high } = cgroup.memory;
  if (current > high) reclaim(cgroup, current - high, pageCache);
}

/** What is over a new memory.max goes; if need be tasks are killed: memory_max_write() in mm/memcontrol.c. */
function toMax({ cgroup, kernel: { pageCache, outOfMemory } }: Site): void {
  const { memory } = cgroup;
  while (memory.current > memory.max) {
    if (reclaim(cgroup, memory.current - memory.max, pageCache) > 0) continue;
    try {
      killFor(cgroup, outOfMemory.total, outOfMemory.oom);
    } catch (error) {
      if (error !== E.ENOMEM) throw error;
      return;
    }
  }
}

/** memory.stat; tmpfs's pages are files' and lie on the lists of tasks' memory, since only swap could free them. */
function memoryStat({ cgroup: { memory } }: Site): string {
  const { current, file, shmem, active, dirty, writeback, happenings } = memory;
  return table({
    anon: current - file - shmem,
    file: file + shmem,
    shmem,
    file_dirty: dirty,
    file_writeback: writeback,
    inactive_anon: shmem,
    active_anon: current - file - shmem,
    inactive_file: file - active,
    active_file: active,
    ...happenings,
  });
}

/** The files of the memory controller, in bytes. */
export const memoryFiles: CgroupFiles = {
  "memory.current": { controller: "memory", inner: true, read: ({ cgroup }) => line(cgroup.memory.current) },
  "memory.peak": { controller: "memory", inner: true, read: ({ cgroup }) => line(cgroup.memory.peak) },
  "memory.max": bytes("max", toMax),
  "memory.high": bytes("high", toHigh),
  "memory.low": bytes("low"),
  "memory.min": bytes("min"),
  "memory.events": { controller: "memory", inner: true, read: ({ cgroup }) => table({ ...cgroup.memory.events }) },
  "memory.stat": { controller: "memory", read: memoryStat },
  "memory.reclaim": {
    controller: "memory",
    write: ({ cgroup, kernel: { pageCache } }, _caller, text) => {
      const wanted = parseBytes(text);
      if (reclaim(cgroup, wanted, pageCache) < wanted) throw E.EAGAIN;
    },
  },
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

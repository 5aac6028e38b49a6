import { E } from "../errno.js";
import { Task } from "../task/task.js";
import type { Cgroup } from "./cgroup.js";
import { bothHave, cpusUpTo, formatCpuList, parseCpuList, type CpuSet } from "./cpu-list.js";
import { line, type CgroupFile, type CgroupFiles } from "./file.js";

/** The CPUs that a group's tasks may run on; undefined stands for all. Where nothing of its own is left, those of the group above. */
export function effectiveCpus(cgroup: Cgroup): CpuSet | undefined {
  if (cgroup.parent === undefined) return undefined;
  const above = effectiveCpus(cgroup.parent);
  if (cgroup.cpus === undefined || !cgroup.has("cpuset")) return above;
  const own = bothHave(cgroup.cpus, above);
  return own?.size === 0 ? above : own;
}

/** Has a task run where sched_setaffinity(2) and its group let it; where nothing of what it asked for is left, where its group does. */
export function settleCpus(task: Task): void {
  const group = effectiveCpus(task.cgroup);
  const both = bothHave(task.affinity, group);
  task.kernel.scheduler.allow(task, both?.size === 0 ? group : both);
}

/** A group's CPUs are others now: its tasks, and those below, go where they may. */
export function settleGroup(cgroup: Cgroup): void {
  for (const below of cgroup.subtree())
    for (const member of below.members) if (member instanceof Task) settleCpus(member);
}

/** There is one node of memory. */
const onlyNode = "0";

const fixed = (controller: "cpuset", text: string, inner: boolean): CgroupFile => ({
  controller,
  inner,
  read: () => line(text),
});

/** The files of the cpuset controller: cgroup-v2.rst, "Cpuset Interface Files". A group is never a partition's root. */
export const cpusetFiles: CgroupFiles = {
  "cpuset.cpus": {
    controller: "cpuset",
    inner: true,
    read: ({ cgroup }) => line(formatCpuList(cgroup.cpus ?? [])),
    write: ({ cgroup, kernel }, _caller, text) => {
      const cpus = parseCpuList(text);
      if ([...cpus].some((cpu) => cpu >= kernel.scheduler.cpus)) throw E.EINVAL;
      cgroup.cpus = cpus.size === 0 ? undefined : cpus;
      settleGroup(cgroup);
    },
  },
  "cpuset.cpus.effective": {
    controller: "cpuset",
    read: ({ cgroup, kernel }) => line(formatCpuList(effectiveCpus(cgroup) ?? cpusUpTo(kernel.scheduler.cpus))),
  },
  "cpuset.cpus.partition": {
    ...fixed("cpuset", "member", true),
    write: (_at, _caller, text) => {
      if (text !== "member") throw E.EINVAL;
    },
  },
  "cpuset.mems": {
    controller: "cpuset",
    inner: true,
    read: ({ cgroup }) => line(cgroup.mems),
    write: ({ cgroup }, _caller, text) => {
      if (text !== "" && text !== onlyNode) throw E.EINVAL;
      cgroup.mems = text;
    },
  },
  "cpuset.mems.effective": fixed("cpuset", onlyNode, false),
};

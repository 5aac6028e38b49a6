import type { Cgroup } from "../cgroup/cgroup.js";
import { DiskUse, type IoOperation } from "./disk-use.js";

/** A group's use of a disk, by the disk's number. */
export function useOf(cgroup: Cgroup, disk: number): DiskUse {
  cgroup.disks ??= new Map();
  let use = cgroup.disks.get(disk);
  if (use === undefined) {
    use = new DiskUse();
    cgroup.disks.set(disk, use);
  }
  return use;
}

/** When a request has had its turn under the io.max of its group and of those above. */
export function passLimits(cgroup: Cgroup, disk: number, op: IoOperation, bytes: number, now: number): number {
  let passed = now;
  for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) {
    const use = at.disks?.get(disk);
    if (use !== undefined && use.max.size > 0) passed = use.pass(passed, op, bytes);
  }
  return passed;
}

/** Counts a request for its group and those above. */
export function countRequest(cgroup: Cgroup, disk: number, op: IoOperation, bytes: number): void {
  for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) {
    const { counts } = useOf(at, disk);
    counts[op === "read" ? "rbytes" : "wbytes"] += bytes;
    counts[op === "read" ? "rios" : "wios"]++;
  }
}

/** Of a group's own tasks and groups, what its share of a disk is weighed by. */
export const ioWeightOf = (cgroup: Cgroup, disk: number): number => cgroup.disks?.get(disk)?.weight ?? cgroup.ioWeight;

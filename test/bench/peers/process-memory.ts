import { spawnSync } from "node:child_process";

/** Resident memory of a process and of all that it started, in MB; NaN where there is no `ps` to ask. */
export function residentMegabytes(pid: number): number {
  const { stdout, status } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,rss="], { encoding: "utf8" });
  if (status !== 0) return NaN;
  const processes = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = new Set([pid]);
  // A child may stand before its parent: look until no more are found.
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const [child = NaN, parent = NaN] of processes) if (family.has(parent)) family.add(child);
  }
  const kilobytes = processes.reduce((sum, [member = NaN, , rss = 0]) => sum + (family.has(member) ? rss : 0), 0);
  return kilobytes / 1024;
}

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The processes of this computer: number, parent, resident kilobytes. Empty where there is no `ps` to ask. */
function processes(): readonly (readonly [pid: number, parent: number, resident: number])[] {
  const { stdout, status } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,rss="], { encoding: "utf8" });
  if (status !== 0) return [];
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [pid = NaN, parent = NaN, resident = 0] = line.trim().split(/\s+/).map(Number);
      return [pid, parent, resident];
    });
}

/** A process and all that it started. */
function familyOf(pid: number, all: ReturnType<typeof processes>): ReadonlySet<number> {
  const family = new Set([pid]);
  // A child may stand before its parent: look until no more are found.
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const [child, parent] of all) if (family.has(parent)) family.add(child);
  }
  return family;
}

/** Resident memory of a process and of all that it started, in MB; NaN where there is no `ps` to ask. */
export function residentMegabytes(pid: number): number {
  const all = processes();
  if (all.length === 0) return NaN;
  const family = familyOf(pid, all);
  return all.reduce((sum, [member, , rss]) => sum + (family.has(member) ? rss : 0), 0) / 1024;
}

/**
 * The same as proportional set size, in MiB: what processes share counts for each by its part, so that sizes add up.
 * NaN where the system doesn't tell (Linux does: proc_pid_smaps(5), `Pss` of smaps_rollup).
 */
export function proportionalMebibytes(pid: number): number {
  try {
    const rollups = [...familyOf(pid, processes())].map((member) =>
      readFileSync(`/proc/${member}/smaps_rollup`, "utf8"),
    );
    return rollups.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]), 0) / 1024;
  } catch {
    return NaN;
  }
}

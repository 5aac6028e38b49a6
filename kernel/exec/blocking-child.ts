import { readdirSync, readFileSync } from "node:fs";

/**
 * Signals the program that the main thread waits for in `execSync` or `spawnSync`, and what it started: the youngest
 * child, since a thread that waits can't start another. For another thread to call, when the main thread doesn't answer.
 */
export function signalBlockingChild(signal: NodeJS.Signals): void {
  if (!mayWait()) return;
  const youngest = childrenOf(process.pid).at(-1);
  if (youngest === undefined) return;
  for (const pid of [youngest, ...descendantsOf(youngest)]) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** The kernel's own, not a cell's. */
const overlooked = new Set<number>();

/** Takes a child for none from now on. */
export function overlook(pid: number): void {
  overlooked.add(pid);
}

/** The programs that cells started and that are still in this group. */
export function childrenInGroup(group: string | undefined): number[] {
  return descendantsOf(process.pid).filter((pid) => {
    try {
      return groupOf(pid) === group;
    } catch {
      // It has ended by itself.
      return false;
    }
  });
}

/** Ends the programs that cells started and that run on, those apart that were given a group of their own (`detached`). */
export function endChildren(): void {
  for (const pid of descendantsOf(process.pid)) {
    try {
      if (process.platform !== "linux" || groupOf(pid) === groupOf(process.pid)) process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** proc(5), /proc/pid/stat: state, parent and group follow the command's name. */
export function groupOf(pid: number): string | undefined {
  return /\) \w \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
}

/** Whether the main thread sleeps; where it computes, in native code perhaps, its children have nothing to do with it. */
function mayWait(): boolean {
  if (process.platform !== "linux") return true;
  // proc(5), /proc/pid/stat: the state follows the command's name, which stands in brackets.
  const state = /\) (\w)/.exec(readFileSync(`/proc/${process.pid}/task/${process.pid}/stat`, "utf8"))?.[1];
  return state === "S" || state === "D";
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** In the order they were started, as far as the system tells. */
function childrenOf(pid: number): number[] {
  try {
    const children = process.platform === "linux" ? linuxChildren(pid) : listed(pgrep(pid));
    return children.filter((child) => !overlooked.has(child));
  } catch {
    // Ended meanwhile, or a system that can't be asked.
    return [];
  }
}

/** Loads what Linux, and a kernel that nobody interrupts, need not. */
function pgrep(pid: number): Buffer {
  const { execFileSync } = process.getBuiltinModule("node:child_process");
  return execFileSync("pgrep", ["-P", String(pid)]);
}

/** proc(5), /proc/pid/task/tid/children; needs CONFIG_PROC_CHILDREN, which distributions set. */
function linuxChildren(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((task) => listed(readFileSync(`${tasks}/${task}/children`)));
}

const listed = (text: Buffer): number[] => text.toString().split(/\s+/).filter(Boolean).map(Number);

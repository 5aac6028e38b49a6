import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Signals the program that a thread of this process waits for in `execSync` or `spawnSync`, and what it started: the
 * youngest child, since the thread that waits can't start another. For another thread to call.
 */
export function signalBlockingChild(signal: NodeJS.Signals): void {
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

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** In the order they were started, as far as the system tells. */
function childrenOf(pid: number): number[] {
  try {
    return process.platform === "linux" ? linuxChildren(pid) : listed(execFileSync("pgrep", ["-P", String(pid)]));
  } catch {
    // Ended meanwhile, or a system that can't be asked.
    return [];
  }
}

/** proc(5), /proc/pid/task/tid/children; needs CONFIG_PROC_CHILDREN, which distributions set. */
function linuxChildren(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((task) => listed(readFileSync(`${tasks}/${task}/children`)));
}

const listed = (text: Buffer): number[] => text.toString().split(/\s+/).filter(Boolean).map(Number);

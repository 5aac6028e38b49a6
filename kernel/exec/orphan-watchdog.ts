import { childrenInGroup, groupOf, overlook } from "./blocking-child.js";

/** How often programs that cells start are looked for, in ms. */
const interval = 250;

/** Reads what to kill, a line for each time that changes, and does so once nobody can write any more. */
const script = 'while read -r line; do last=$line; done; [ -z "$last" ] || kill -s KILL -- $last';

/**
 * Ends the programs that cells started also when the kernel's process is ended by SIGKILL, which it can't answer. A shell
 * in a group of its own waits at a pipe whose other end is the kernel's; it is started when there is a first such
 * program. Programs with a group of their own (`detached`) live on. Only on Linux: elsewhere looking for children costs
 * a process each time.
 */
export function watchOrphans(): void {
  if (process.platform !== "linux") return;
  const group = groupOf(process.pid);
  // The kernel that leads its group, as clients start it, names the group: nothing in it is missed.
  const leads = group === String(process.pid);
  let told = "";
  let tell: ((line: string) => void) | undefined;

  const timer = setInterval(() => {
    try {
      const children = childrenInGroup(group);
      if (children.length === 0 && tell === undefined) return;
      if (leads) clearInterval(timer);
      const line = leads ? `-${process.pid}` : children.join(" ");
      if (line === told) return;
      told = line;
      tell ??= startShell();
      tell(line);
    } catch {
      // The system starts no shell, or tells nothing: the next look may be luckier.
    }
  }, interval).unref();
}

function startShell(): (line: string) => void {
  // Loaded late: most kernels need it never.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const shell = spawn("/bin/sh", ["-c", script], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  if (shell.pid !== undefined) overlook(shell.pid);
  return (line) => {
    shell.stdin.write(`${line}\n`);
  };
}

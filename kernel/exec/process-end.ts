import { constants } from "node:os";

/** What a shell reports for a process that a signal ended: 128 and the signal's number. */
const bySignal = 128;

/** Signals that don't end a process that has the kernel's handlers, or that ask for nothing. */
const harmless = new Set(["0", "SIGINT", "SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"]);

/**
 * Lets the clients know before code ends this process, by `process.exit`, `process.abort` or a signal to itself.
 * @param tell doesn't return before the clients have been told
 */
export function announceEnd(tell: (code: number, call: string) => void): void {
  const exit = process.exit.bind(process);
  const kill = process.kill.bind(process);
  const end = (code: number, call: string): never => {
    tell(code, call);
    return exit(code);
  };
  process.exit = (code) => {
    const status = Number(code ?? process.exitCode ?? 0);
    return end(status, `process.exit(${status})`);
  };
  process.abort = () => end(bySignal + constants.signals.SIGABRT, "process.abort()");
  process.kill = (pid, signal = "SIGTERM") => {
    const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal);
    const own = Object.entries(constants.signals).find(([each]) => each === name);
    if (pid !== process.pid || own === undefined || harmless.has(name)) return kill(pid, signal);
    return end(bySignal + own[1], `process.kill(process.pid, "${name}")`);
  };
}

import type { Activity } from "../../core/index.js";
import { attempt, Errno, WUNTRACED, type Sys } from "../../os/index.js";

/** A process of a job, and how it ended or stopped: wait(2)'s status. */
interface Process {
  readonly pid: number;
  status: number | undefined;
}

/** A pipeline that runs, or a list in the background. */
export interface Job {
  readonly number: number;
  /** Undefined where jobs aren't controlled. */
  readonly group: number | undefined;
  readonly processes: readonly Process[];
  readonly text: string;
  background: boolean;
  /** What was last told of it. */
  told: "running" | "stopped" | undefined;
}

/** What the shell needs to have of itself for jobs. */
export interface JobHolder {
  readonly sys: Sys;
  jobs: Job[];
  readonly terminal: number | undefined;
}

export type JobState = "Running" | "Stopped" | "Done";

export function stateOf(job: Job): JobState {
  if (job.processes.some(({ status }) => status === undefined)) return "Running";
  if (job.processes.some(({ status }) => ((status ?? 0) & 0xff) === 0x7f)) return "Stopped";
  return "Done";
}

/** A status as `$?` has it. */
function statusOf(waited: number): number {
  if ((waited & 0xff) === 0x7f) return 128 + (waited >> 8);
  return (waited & 0x7f) === 0 ? waited >> 8 : 128 + (waited & 0x7f);
}

/** That of its last process. */
export const statusOfJob = (job: Job): number => statusOf(job.processes.at(-1)?.status ?? 0);

/** The lowest number that is free. */
export function nextNumber(jobs: readonly Job[]): number {
  let number = 1;
  while (jobs.some((job) => job.number === number)) number++;
  return number;
}

/** Notes what wait4(2) told. */
export function note(jobs: readonly Job[], pid: number, status: number): Job | undefined {
  for (const job of jobs)
    for (const process of job.processes)
      if (process.pid === pid) {
        process.status = status === 0xffff ? undefined : status;
        return job;
      }
  return undefined;
}

/**
 * Waits until a job has ended or stopped.
 * @param interrupted asked when a signal's handler ran; where it says so the wait is given up
 * @returns whether it came to that
 */
export function* waitFor(holder: JobHolder, job: Job, interrupted: () => boolean): Activity<boolean> {
  while (stateOf(job) === "Running") {
    const waited = yield* attempt(holder.sys.wait4(-1, holder.terminal === undefined ? 0 : WUNTRACED));
    if (waited instanceof Errno) {
      if (waited.code === "ECHILD") {
        for (const process of job.processes) process.status ??= 0x7f00;
        return true;
      }
    } else if (waited !== undefined) note(holder.jobs, waited.pid, waited.status);
    // A signal that is trapped ends the wait, even where the job ended at the same time.
    if (interrupted()) return false;
  }
  return true;
}

/** %1, %%, %+, %-, %name, or a pid. */
export function jobOf(jobs: readonly Job[], text: string | undefined): Job | undefined {
  if (text === undefined || text === "%%" || text === "%+" || text === "%")
    return jobs.findLast((job) => stateOf(job) === "Stopped") ?? jobs.at(-1);
  if (text === "%-") return jobs.at(-2);
  if (!text.startsWith("%")) return jobs.find((job) => job.processes.some(({ pid }) => String(pid) === text));
  const name = text.slice(1);
  if (/^\d+$/.test(name)) return jobs.find((job) => job.number === Number(name));
  return name.startsWith("?")
    ? jobs.find((job) => job.text.includes(name.slice(1)))
    : jobs.find((job) => job.text.startsWith(name));
}

const signalTexts: Readonly<Record<number, string>> = {
  1: "Hangup",
  2: "Interrupt",
  3: "Quit",
  4: "Illegal instruction",
  6: "Aborted",
  8: "Floating point exception",
  9: "Killed",
  10: "User defined signal 1",
  11: "Segmentation fault",
  12: "User defined signal 2",
  13: "Broken pipe",
  14: "Alarm clock",
  15: "Terminated",
  19: "Stopped (signal)",
  20: "Stopped",
  21: "Stopped (tty input)",
  22: "Stopped (tty output)",
  31: "Bad system call",
};

/** What became of a process, in strsignal(3)'s words; "" for one that ended by itself. */
export function signalText(waited: number): string {
  const stopped = (waited & 0xff) === 0x7f;
  const signal = stopped ? waited >> 8 : waited & 0x7f;
  return signal === 0 ? "" : (signalTexts[signal] ?? `Signal ${signal}`);
}

/** A line of `jobs`. */
export function describe(job: Job, jobs: readonly Job[], long = false): string {
  const state = stateOf(job);
  const last = job.processes.at(-1)?.status ?? 0;
  const mark = job === jobOf(jobs, undefined) ? "+" : job === jobs.at(-2) ? "-" : " ";
  const ended = signalText(last) !== "" ? signalText(last) : last === 0 ? "Done" : `Done(${last >> 8})`;
  const text = state === "Running" ? "Running" : ended;
  const pid = long ? `${job.processes[0]?.pid ?? 0} ` : "";
  return `[${job.number}] ${mark} ${pid}${text.padEnd(27 - pid.length)}${job.text}\n`;
}

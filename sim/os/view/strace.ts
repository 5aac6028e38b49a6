import type { Nanos, TextView, Viewable } from "../../core/index.js";
import { Errno } from "../errno.js";
import { isActivity, type Outcome, type SystemCall, type SystemCallInterposer } from "../syscall/interposer.js";
import type { KernelState, Task } from "../task/task.js";

/** One system call that was made. */
export interface TracedCall {
  readonly time: Nanos;
  readonly pid: number;
  readonly command: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** What it gave, or the errno that it failed with; undefined while it waits, or where it doesn't return. */
  readonly result: unknown;
}

/** How much of a buffer is shown: strace's own default. */
const shownBytes = 32;

/** Records the system calls of all tasks, or of some, as strace(1) does; it is an interposer and no more. */
export class Strace implements Viewable {
  readonly calls: TracedCall[] = [];
  readonly #kernel: KernelState;
  readonly #wanted: (task: Task) => boolean;
  readonly #interposer: SystemCallInterposer<Task>;

  /** Begins to record. */
  constructor(kernel: KernelState, wanted: (task: Task) => boolean = () => true) {
    this.#kernel = kernel;
    this.#wanted = wanted;
    this.#interposer = (call, next) => this.#trace(call, next);
    kernel.interposers.push(this.#interposer);
  }

  /** Ends the recording. */
  stop(): void {
    const { interposers } = this.#kernel;
    const at = interposers.indexOf(this.#interposer);
    if (at >= 0) interposers.splice(at, 1);
  }

  lines(): readonly string[] {
    return this.calls.map(
      ({ pid, name, args, result }) => `[pid ${pid}] ${name}(${args.map(show).join(", ")}) = ${showResult(result)}`,
    );
  }

  view(): TextView {
    return { as: "text", text: this.lines().join("\n") };
  }

  #trace(call: SystemCall<Task>, next: (call: SystemCall<Task>) => Outcome): Outcome {
    const { task, name, args } = call;
    if (!this.#wanted(task)) return next(call);
    const at = this.calls.length;
    const record = (result: unknown): void => {
      this.calls[at] = {
        time: this.#kernel.engine.now,
        pid: task.pids[0] ?? 0,
        command: task.name,
        name,
        args,
        result,
      };
    };
    record(undefined);
    try {
      const outcome = next(call);
      if (!isActivity(outcome)) {
        record(outcome);
        return outcome;
      }
      return (function* () {
        try {
          const value = yield* outcome;
          record(value);
          return value;
        } catch (error) {
          record(error);
          throw error;
        }
      })();
    } catch (error) {
      record(error);
      throw error;
    }
  }
}

function showBytes(bytes: Uint8Array): string {
  const some = String.fromCharCode(...bytes.subarray(0, shownBytes));
  return JSON.stringify(some) + (bytes.length > shownBytes ? "..." : "");
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return showBytes(value);
  if (typeof value === "function") return value.name === "" ? "{…}" : value.name;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => typeof field === "number" || typeof field === "string");
    return `{${fields.map(([name, field]) => `${name}=${show(field)}`).join(", ")}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function showResult(result: unknown): string {
  if (result instanceof Errno) return `-1 ${result.code} (${result.message})`;
  if (result === undefined) return "0";
  if (typeof result === "symbol") return "?";
  return show(result);
}

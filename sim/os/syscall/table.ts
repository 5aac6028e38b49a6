import type { Activity, Nanos } from "../../core/index.js";
import { UsageError } from "../../core/index.js";
import { settleMemory } from "../cgroup/high.js";
import { E, Errno } from "../errno.js";
import { gone } from "../task/execution.js";
import { pause } from "../task/waiting.js";
import { pageSize } from "../vfs/content.js";
import { send } from "../task/signal-sending.js";
import { SIGCHLD, SIGKILL, SIGSYS } from "../task/signals.js";
import type { Body } from "../task/program.js";
import type { Task } from "../task/task.js";
import { judge, type FilterAction } from "../security/seccomp.js";
import { absentCalls } from "./absent.js";
import { attributeCalls, attributeRows } from "./attribute-calls.js";
import { channelCalls, channelRows } from "./channel-calls.js";
import { eventCalls, eventRows } from "./event-calls.js";
import { fileCalls, fileRows } from "./file-calls.js";
import { identityCalls, identityRows } from "./identity-calls.js";
import { isActivity, type Outcome, type SystemCall } from "./interposer.js";
import { messageCalls, messageRows } from "./message-calls.js";
import { nameCalls, nameRows } from "./name-calls.js";
import { namespaceCalls, namespaceRows } from "./namespace-calls.js";
import { programCalls, programRows } from "./program-calls.js";
import type { Row } from "./row.js";
import { signalCalls, signalRows } from "./signal-calls.js";
import { socketCalls, socketRows } from "./socket-calls.js";
import { taskCalls, taskRows } from "./task-calls.js";

const handlers = {
  ...fileCalls,
  ...nameCalls,
  ...attributeCalls,
  ...taskCalls,
  ...identityCalls,
  ...signalCalls,
  ...namespaceCalls,
  ...channelCalls,
  ...socketCalls,
  ...messageCalls,
  ...eventCalls,
  ...programCalls,
};
const rows: Readonly<Record<string, Row>> = {
  ...fileRows,
  ...nameRows,
  ...attributeRows,
  ...taskRows,
  ...identityRows,
  ...signalRows,
  ...namespaceRows,
  ...channelRows,
  ...socketRows,
  ...messageRows,
  ...eventRows,
  ...programRows,
};

type Handlers = typeof fileCalls &
  typeof nameCalls &
  typeof attributeCalls &
  typeof taskCalls &
  typeof identityCalls &
  typeof signalCalls &
  typeof namespaceCalls &
  typeof channelCalls &
  typeof socketCalls &
  typeof messageCalls &
  typeof eventCalls &
  typeof programCalls;

/** What a call's activity gives; a call that doesn't return gives never. */
type Given<R> = Exclude<R, Activity<unknown>> | (R extends Activity<infer T> ? T : never) extends infer V
  ? V extends typeof gone
    ? never
    : V
  : never;

type Calls = {
  readonly [K in Exclude<keyof Handlers, "clone">]: Handlers[K] extends (task: Task, ...args: infer A) => infer R
    ? (...args: A) => Activity<Given<R>>
    : never;
};

/** What a child of clone(2) does: as a program, but with its parent's variables in reach. */
export type ChildBody = (sys: Sys) => Body;

type CloneOptions = NonNullable<Parameters<typeof taskCalls.clone>[2]>;

/**
 * The system calls, as a program makes them: `const fd = yield* sys.open("/etc/passwd")`. Names, arguments and errors are
 * Linux's; where C takes a buffer, bytes are given and returned. An error is thrown as `Errno` where the program called.
 */
export interface Sys extends Calls {
  /** fork(2): the child begins with `body`; its end is the child's. @returns the child's pid */
  clone(body: ChildBody, options?: CloneOptions): Activity<number>;
  /** Works for as long on an undisturbed CPU, outside of the kernel: it is over when the CPU has done it. No system call. */
  compute(work: Nanos): Activity<undefined>;
  /** The same for work of which there are many short pieces: as a system call's, it may be done somewhat later (at most 100 µs of it). */
  charge(work: Nanos): Activity<undefined>;
  /** Touches the first `length` bytes of a mapping. No system call, but a page fault may cost memory, and so the task. */
  touch(address: number, length: number): Activity<undefined>;
  /** Makes any call by its name: what the table doesn't have fails with ENOSYS. */
  call(name: string, ...args: readonly unknown[]): Activity<unknown>;
}

interface Entry extends Row {
  readonly name: string;
  readonly run: (task: Task, ...args: readonly unknown[]) => Outcome;
}

const entries: ReadonlyMap<string, Entry> = new Map(
  Object.entries(handlers).map(([name, run]) => {
    const row = rows[name] ?? { number: -1, fidelity: "full", cost: "call" };
    // A row's arguments were checked where the program was: `Sys` has their types.
    return [name, { ...row, name, run: run as unknown as Entry["run"] }];
  }),
);

/** One row of the table of system calls, for people. */
export interface SystemCallRow {
  readonly [key: string]: string | number;
  readonly number: number;
  readonly name: string;
  readonly fidelity: "full" | "partial" | "absent";
  readonly why: string;
}

/** Every system call of x86-64, and how far it is here. */
export function systemCallTable(): readonly SystemCallRow[] {
  const present = [...entries.values()].map(({ number, name, fidelity }): SystemCallRow => {
    return fidelity === "full"
      ? { number, name, fidelity, why: "" }
      : { number, name, fidelity: "partial", why: fidelity.partial };
  });
  const absent = absentCalls.map(([number, name]): SystemCallRow => ({ number, name, fidelity: "absent", why: "" }));
  return [...present, ...absent].sort((a, b) => a.number - b.number);
}

/** How far effects run ahead of the time that their calls take: at most so many nanoseconds of work. */
const burst = 100_000;

function enter(call: SystemCall<Task>): Outcome {
  return enterBy(entries.get(call.name), call.task, call.name, call.args);
}

function enterBy(entry: Entry | undefined, task: Task, name: string, args: readonly unknown[]): Outcome {
  const { filters, kernel } = task;
  if (filters !== undefined) refuse(task, judge(filters, name, registersOf(name, args)));
  if (entry === undefined || (kernel.callsToCome.size > 0 && kernel.callsToCome.has(name))) throw E.ENOSYS;
  return entry.run(task, ...args);
}

/** What a filter sees: clone's first argument holds its flags, and in the lowest byte the signal at its end (clone(2)). */
function registersOf(name: string, args: readonly unknown[]): readonly unknown[] {
  if (name !== "clone") return args;
  const { flags = 0, exitSignal = SIGCHLD } = (args[1] ?? {}) as CloneOptions;
  return [flags | exitSignal];
}

function refuse(task: Task, verdict: FilterAction): void {
  switch (verdict.action) {
    case "SCMP_ACT_ALLOW":
    case "SCMP_ACT_LOG":
      return;
    case "SCMP_ACT_ERRNO":
      throw E[verdict.errno];
    case "SCMP_ACT_TRAP":
      send(task, SIGSYS, undefined);
      throw E.ENOSYS;
    case "SCMP_ACT_KILL_PROCESS":
    case "SCMP_ACT_KILL_THREAD":
      send(task, SIGKILL, undefined);
      throw E.EPERM;
  }
}

/** Interposers come first, outermost first; then seccomp, then the call. */
function interposed(task: Task, name: string, number: number, args: readonly unknown[]): Outcome {
  const all = task.kernel.interposers;
  const own = task.interposers;
  const chain = own === undefined ? all : [...all, ...own];
  const at = (place: number, next: SystemCall<Task>): Outcome => {
    const interposer = chain[place];
    return interposer === undefined ? enter(next) : interposer(next, (passed) => at(place + 1, passed));
  };
  return at(0, { task, number, name, args });
}

/**
 * A call that a program makes, and the activity that it is to the program. Most are over at once: an object of one kind costs half of
 * what a generator does, and has its rest as a generator only where it waits.
 */
class Call {
  readonly #task: Task;
  readonly #entry: Entry | undefined;
  readonly #name: string;
  readonly #args: readonly unknown[];
  #rest: Activity<unknown> | undefined = undefined;

  constructor(task: Task, entry: Entry | undefined, name: string, args: readonly unknown[]) {
    this.#task = task;
    this.#entry = entry;
    this.#name = name;
    this.#args = args;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<unknown, unknown> {
    if (this.#rest !== undefined) return this.#rest.next();
    const task = this.#task;
    const cost = task.kernel.costs[this.#entry?.cost ?? "call"];
    task.debt += cost;
    task.systemTime += cost;
    // Nothing of a task's work is left when it ends.
    if (this.#entry?.cost === "exit") return this.#goOn(this.#waiting(this.#afterwards()));
    let outcome: unknown;
    let failure: Errno | undefined;
    try {
      outcome = this.#outcome();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      failure = error;
    }
    if (failure === undefined && isActivity(outcome)) return this.#goOn(this.#waiting(outcome));
    if (outcome === gone || owesMemory(task) || task.attention || task.debt >= burst)
      return this.#goOn(ending(task, outcome, failure));
    if (failure !== undefined) throw failure;
    return { done: true, value: outcome };
  }

  return(value: unknown): IteratorResult<unknown, unknown> {
    return this.#rest?.return(value) ?? { done: true, value };
  }

  throw(error: unknown): IteratorResult<unknown, unknown> {
    if (this.#rest === undefined) throw error;
    return this.#rest.throw(error);
  }

  #goOn(rest: Activity<unknown>): IteratorResult<unknown, unknown> {
    this.#rest = rest;
    return rest.next();
  }

  #outcome(): Outcome {
    const task = this.#task;
    if (task.kernel.interposers.length === 0 && task.interposers === undefined)
      return enterBy(this.#entry, task, this.#name, this.#args);
    return interposed(task, this.#name, this.#entry?.number ?? -1, this.#args);
  }

  /** Makes the call once the debt is worked off. */
  *#afterwards(): Activity<unknown> {
    yield pause;
    const outcome = this.#outcome();
    return isActivity(outcome) ? yield* outcome : outcome;
  }

  *#waiting(activity: Activity<unknown>): Activity<unknown> {
    let outcome: unknown;
    let failure: Errno | undefined;
    try {
      outcome = yield* activity;
      this.#task.frame.interrupted = false;
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      failure = error;
    }
    return yield* ending(this.#task, outcome, failure);
  }
}

/** Whether it took pages, or had others' reclaimed, that it hasn't paid for yet. */
const owesMemory = ({ chargedPages, kernel }: Task): boolean => chargedPages > 0 || kernel.pageCache.debt.due;

/** Gives the CPU and signals their due before a call returns. */
function* ending(task: Task, outcome: unknown, failure: Errno | undefined): Activity<unknown> {
  if (outcome === gone) for (;;) yield pause;
  if (owesMemory(task)) yield* settleMemory(task);
  if (task.attention || task.debt >= burst) yield pause;
  if (failure !== undefined) throw failure;
  return outcome;
}

/** What a program gets. `yield*` takes it as it takes a generator: of either it asks `next`, `throw` and `return` alone. */
const callOf = (task: Task, entry: Entry | undefined, name: string, args: readonly unknown[]): Activity<unknown> =>
  new Call(task, entry, name, args) as unknown as Activity<unknown>;

class Interface {
  readonly task: Task;

  constructor(task: Task) {
    this.task = task;
  }

  call(name: string, ...args: readonly unknown[]): Activity<unknown> {
    return callOf(this.task, entries.get(name), name, args);
  }

  *compute(work: Nanos): Activity<undefined> {
    this.#owe(work);
    yield pause;
    return undefined;
  }

  *charge(work: Nanos): Activity<undefined> {
    const { task } = this;
    this.#owe(work);
    if (task.attention || task.debt >= burst) yield pause;
    return undefined;
  }

  #owe(work: Nanos): void {
    if (!(work >= 0)) throw new UsageError(`${work} is no time to work`, "Give nanoseconds from 0 on: ms(5).");
    this.task.debt += work;
  }

  *touch(address: number, length: number): Activity<undefined> {
    const { task } = this;
    const before = task.memory.resident;
    let failure: Errno | undefined;
    try {
      task.memory.touch(address, length);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      failure = error;
    }
    task.chargedPages += Math.max(0, task.memory.resident - before) / pageSize;
    if (task.attention) yield pause;
    if (owesMemory(task)) yield* settleMemory(task);
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

for (const [name, entry] of entries) {
  Object.defineProperty(Interface.prototype, name, {
    value(this: Interface, ...args: readonly unknown[]): Activity<unknown> {
      return callOf(this.task, entry, name, args);
    },
  });
}

/** The calls of one task. */
export function sysOf(task: Task): Sys {
  // Its methods are made from the table above, by name; `Sys` is their type.
  return new Interface(task) as unknown as Sys;
}

/** Makes calls that may fail: gives the error instead of throwing it. */
export function* attempt<T>(calls: Activity<T>): Activity<T | Errno> {
  try {
    return yield* calls;
  } catch (error) {
    if (error instanceof Errno) return error;
    throw error;
  }
}

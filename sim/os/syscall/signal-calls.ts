import type { Activity, Nanos } from "../../core/index.js";
import { Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { capable } from "../security/credentials.js";
import { wait } from "../task/waiting.js";
import { ignores, send, setBlocked } from "../task/signal-sending.js";
import {
  defaultAction,
  greatestSignal,
  SIGCONT,
  SIGKILL,
  signalNumbers,
  SIGSTOP,
  type SignalName,
} from "../task/signals.js";
import type { Task } from "../task/task.js";
import type { SignalAction } from "../task/parts.js";
import { full, partial, type Rows } from "./row.js";

/** What a program does about a signal: default, ignore, or a generator that handles it. */
export type Disposition = "SIG_DFL" | "SIG_IGN" | ((signal: number) => Activity<unknown>);

/** @throws EINVAL */
export function signalNumber(signal: SignalName | number): number {
  const number = typeof signal === "number" ? signal : signalNumbers[signal];
  if (!(Number.isInteger(number) && number >= 0 && number <= greatestSignal)) throw E.EINVAL;
  return number;
}

/** kill_ok_by_cred in kernel/signal.c; SIGCONT goes to all of one's session. */
function mayKill(task: Task, other: Task, signal: number): boolean {
  const { credentials: who } = task;
  const whom = other.credentials;
  if ([who.euid, who.uid].some((id) => id === whom.suid || id === whom.uid)) return true;
  if (capable(who, whom.userNamespace, "KILL")) return true;
  return signal === SIGCONT && other.processGroup.session === task.processGroup.session;
}

export const signalCalls = {
  kill(task: Task, pid: number, signal: SignalName | number): undefined {
    const number = signalNumber(signal);
    const { pidNamespace } = task;
    let targets: Task[];
    if (pid > 0) {
      const other = pidNamespace.tasks.get(pid);
      targets = other === undefined ? [] : [other];
    } else if (pid === -1) {
      targets = [...pidNamespace.tasks.values()].filter((one) => one !== task && one !== pidNamespace.init);
    } else {
      const group = pid === 0 ? task.processGroup.numberIn(pidNamespace) : -pid;
      targets = [...pidNamespace.tasks.values()].filter((one) => one.processGroup.numberIn(pidNamespace) === group);
    }
    if (targets.length === 0) throw E.ESRCH;
    const allowed = targets.filter((one) => mayKill(task, one, number));
    if (allowed.length === 0) throw E.EPERM;
    for (const one of allowed) send(one, number, task);
  },
  rt_sigaction(
    task: Task,
    signal: SignalName | number,
    disposition: Disposition,
    flags: {
      readonly restart?: boolean;
      readonly mask?: readonly (SignalName | number)[];
      readonly noChildWait?: boolean;
      readonly reset?: boolean;
    } = {},
  ): undefined {
    const number = signalNumber(signal);
    if (number === 0 || number === SIGKILL || number === SIGSTOP) throw E.EINVAL;
    if (disposition === "SIG_DFL") task.actions?.delete(number);
    else {
      const action: SignalAction = {
        handler: disposition === "SIG_IGN" ? undefined : disposition,
        restart: flags.restart ?? false,
        mask: new Set((flags.mask ?? []).map(signalNumber)),
        noChildWait: flags.noChildWait ?? false,
        reset: flags.reset ?? false,
      };
      (task.actions ??= new Map()).set(number, action);
    }
    // What is ignored now is pending no more: sigaction(2).
    const ignored = disposition === "SIG_IGN" || (disposition === "SIG_DFL" && defaultAction(number) === "ignore");
    if (ignored && ignores(task, number, false)) task.pending = task.pending?.filter((one) => one.signal !== number);
  },
  rt_sigprocmask(
    task: Task,
    how: "SIG_BLOCK" | "SIG_UNBLOCK" | "SIG_SETMASK",
    signals: readonly (SignalName | number)[],
  ): readonly number[] {
    const before = [...(task.blocked ?? [])];
    const numbers = signals.map(signalNumber);
    if (how === "SIG_BLOCK") setBlocked(task, [...before, ...numbers]);
    else if (how === "SIG_SETMASK") setBlocked(task, numbers);
    else
      setBlocked(
        task,
        before.filter((one) => !numbers.includes(one)),
      );
    return before;
  },
  rt_sigpending(task: Task): readonly number[] {
    return (task.pending ?? []).map((one) => one.signal).sort((a, b) => a - b);
  },
  pause(task: Task): Activity<undefined> {
    return (function* () {
      yield* wait(task, new Signal<void>("pause"), "once", "pause");
      return undefined;
    })();
  },
  alarm(task: Task, delay: Nanos): undefined {
    task.kernel.engine.after(
      delay,
      () => {
        send(task, signalNumbers.SIGALRM, undefined);
      },
      { name: "alarm" },
    );
  },
};

export const signalRows: Rows<typeof signalCalls> = {
  kill: full(62),
  rt_sigaction: partial(13, "no SA_SIGINFO, SA_ONSTACK; a handler gets the number"),
  rt_sigprocmask: full(14),
  rt_sigpending: full(127),
  pause: full(34),
  alarm: partial(37, "in nanoseconds; one doesn't replace another"),
};

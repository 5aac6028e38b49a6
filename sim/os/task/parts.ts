import type { Activity, Signal } from "../../core/index.js";
import type { Place } from "../vfs/mount.js";

/** One activity of a task: its program, or a signal's handler that runs on top. */
export interface Frame {
  readonly body: Activity<unknown>;
  /** Of a handler: the signals that were blocked before it. */
  readonly blocked: ReadonlySet<number> | undefined;
  readonly handler: boolean;
  /** Thrown into it when it goes on: the EINTR of a call that a handler interrupted. */
  thrown: unknown;
  /** A handler ran while it waited, and what it waited for came too: it doesn't wait again in the same call. */
  interrupted: boolean;
  /** What it waits for, and how. */
  waitsFor: Signal<unknown> | undefined;
  waitKind: WaitKind;
  /** In words, as /proc/PID/wchan has it. */
  waitName: string;
  waitStall: Stall | undefined;
}

/** What sigaction(2) sets. */
export interface SignalAction {
  /** Undefined ignores the signal (SIG_IGN); a signal without an action has its default one. */
  readonly handler: ((signal: number) => Activity<unknown>) | undefined;
  readonly restart: boolean;
  readonly mask: ReadonlySet<number>;
  /** SA_NOCLDWAIT: children leave no zombies. */
  readonly noChildWait: boolean;
  readonly reset: boolean;
}

export interface PendingSignal {
  readonly signal: number;
  /** Of whoever sent it, as the receiver sees it; 0 for the kernel. */
  readonly sender: number;
  /** Sent from outside of the namespace whose pid 1 receives it: it may not be shrugged off. */
  readonly forced: boolean;
}

/** What a wait is for that counts as pressure. */
export type Stall = "memory" | "io";

/** How a wait ends when a signal comes. */
export type WaitKind = "restartable" | "once" | "uninterruptible";

/** The root, working directory and mask of a task; shared by CLONE_FS. */
export interface FileContext {
  root: Place;
  cwd: Place;
  umask: number;
}

/** Soft limits, getrlimit(2). */
export interface Limits {
  /** RLIMIT_NOFILE: descriptors. */
  readonly files: number;
  /** RLIMIT_NPROC: tasks of one user. */
  readonly processes: number;
  /** RLIMIT_FSIZE: bytes of a file that it writes. */
  readonly fileSize: number;
  /** RLIMIT_AS: bytes of mappings. */
  readonly addressSpace: number;
}

export type TaskState = "running" | "waiting" | "stopped" | "zombie" | "dead";

const letters = { running: "R", stopped: "T", zombie: "Z", dead: "X" } as const;

/** A task's state as ps(1) shows it. */
export const stateLetter = ({ state, waitKind }: { readonly state: TaskState; readonly waitKind: WaitKind }): string =>
  state === "waiting" ? (waitKind === "uninterruptible" ? "D" : "S") : letters[state];

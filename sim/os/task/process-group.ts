import { numberIn, type PidNamespace, type Pids } from "../namespace/pid-namespace.js";

/** A session, setsid(2), and the terminal that controls it. */
export class Session<T> {
  readonly pids: Pids<T>;
  terminal: ControllingTerminal<T> | undefined = undefined;

  constructor(pids: Pids<T>) {
    this.pids = pids;
  }
}

/** What job control needs to know of a terminal. */
export interface ControllingTerminal<T> {
  /** Who may read from it, and gets its signals. */
  foreground: ProcessGroup<T> | undefined;
  session: Session<T> | undefined;
  /** Its number, as /proc/PID/stat has it. */
  readonly device: number;
}

/** A process group, setpgid(2): what a shell calls a job. */
export class ProcessGroup<T> {
  readonly pids: Pids<T>;
  readonly session: Session<T>;
  readonly members: Set<T> = new Set();

  constructor(pids: Pids<T>, session: Session<T>) {
    this.pids = pids;
    this.session = session;
  }

  numberIn(namespace: PidNamespace<T>): number {
    return numberIn(this.pids, namespace);
  }
}

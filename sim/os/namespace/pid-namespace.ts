import { E } from "../errno.js";
import type { Namespace } from "./namespace.js";
import type { UserNamespace } from "./user-namespace.js";

/** pid_max on 64 bits is 4,194,304; this is the default of a machine with up to 32 CPUs: proc(5). */
const pidMax = 32768;
/** Where counting starts again (RESERVED_PIDS). */
const firstAgain = 300;

/** A pid namespace, pid_namespaces(7): a task in it has a pid here and in every namespace above. */
export class PidNamespace<T> implements Namespace {
  readonly kind = "pid";
  readonly number: number;
  readonly parent: PidNamespace<T> | undefined;
  readonly level: number;
  readonly userNamespace: UserNamespace;
  /** Every task visible here, by its pid here. */
  readonly tasks: Map<number, T> = new Map();
  /** The task with pid 1: who inherits orphans. */
  init: T | undefined = undefined;
  /** Its pid 1 has ended: nobody can be born here any more. */
  dead = false;
  /** /proc/sys/kernel/pid_max; raised by those who need more. */
  max: number;
  #last = 0;

  constructor(number: number, parent: PidNamespace<T> | undefined, userNamespace: UserNamespace, max: number = pidMax) {
    this.number = number;
    this.parent = parent;
    this.level = parent === undefined ? 0 : parent.level + 1;
    this.userNamespace = userNamespace;
    this.max = parent?.max ?? max;
  }

  /** A free pid here. @throws EAGAIN where all are taken; ENOMEM where pid 1 has ended */
  allocate(): number {
    if (this.dead) throw E.ENOMEM;
    for (let tries = 0; tries < this.max; tries++) {
      this.#last = this.#last + 1 >= this.max ? firstAgain : this.#last + 1;
      if (!this.tasks.has(this.#last)) return this.#last;
    }
    throw E.EAGAIN;
  }

  isWithin(other: PidNamespace<T>): boolean {
    return this === other || this.parent?.isWithin(other) === true;
  }
}

/** Numbers that a task, a group or a session has: one in each namespace from the initial one down to its own. */
export interface Pids<T> {
  readonly namespace: PidNamespace<T>;
  /** By level. */
  readonly numbers: readonly number[];
}

/** What it is called in `namespace`; 0 where it isn't visible there. */
export function numberIn<T>(pids: Pids<T>, namespace: PidNamespace<T>): number {
  const { level } = namespace;
  if (level === 0) return pids.numbers[0] ?? 0;
  return pids.namespace.level >= level && pids.namespace.isWithin(namespace) ? (pids.numbers[level] ?? 0) : 0;
}

import { s, type Cancel, type Nanos } from "../../core/index.js";
import { netlink, type NetlinkRequest } from "../../os/index.js";
import type { NodeMachine } from "./machine.js";

/** Between two writings there is at least so much time: kube-proxy's `minSyncPeriod`. */
const leastPeriod: Nanos = s(1);

/**
 * Writes what a component has its node's kernel hold, when what that is made of has changed: not too often, one writing at a time, each by a
 * process of the node's.
 */
export class RulesWriter {
  readonly #machine: NodeMachine;
  readonly #name: string;
  readonly #requests: () => readonly NetlinkRequest[] | undefined;
  #last = -Infinity;
  #due: Cancel | undefined;
  #busy = false;
  #dirty = false;

  /** @param requests what leads from what was written last to what shall be; undefined while that isn't known */
  constructor(machine: NodeMachine, name: string, requests: () => readonly NetlinkRequest[] | undefined) {
    this.#machine = machine;
    this.#name = name;
    this.#requests = requests;
  }

  /** What the rules are made of has changed. */
  changed(): void {
    this.#dirty = true;
    if (this.#due !== undefined || this.#busy) return;
    const { engine } = this.#machine.kernel;
    const write = (): void => {
      this.#due = undefined;
      this.#begin();
    };
    const wait = Math.max(0, this.#last + leastPeriod - engine.now) as Nanos;
    this.#due = engine.after(wait, write, { name: this.#name });
  }

  /** What is written stays. */
  stop(): void {
    this.#due?.();
    this.#due = undefined;
    this.#dirty = false;
  }

  #begin(): void {
    const requests = this.#requests();
    if (requests === undefined) return;
    this.#busy = true;
    this.#dirty = false;
    this.#last = this.#machine.kernel.engine.now;
    const after = (): void => {
      this.#busy = false;
      if (this.#dirty) this.changed();
    };
    this.#machine.start(this.#name, function* (sys) {
      try {
        for (const request of requests) yield* netlink(sys, request);
      } finally {
        after();
      }
    });
  }
}

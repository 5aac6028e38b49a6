import { s, type Activity, type Cancel, type Nanos } from "../../core/index.js";
import { netlink, type Sys } from "../../os/index.js";
import type { NodeMachine } from "./machine.js";

/** Between two writings there is at least so much time: kube-proxy's `minSyncPeriod`. */
const leastPeriod: Nanos = s(1);

/** What a node's packet filter is to hold of one component's. */
export interface Rules {
  /** For iptables-restore --noflush. */
  readonly text: string;
  /** Chains that come and go with what they are for, in the table of `table`. */
  readonly chains: readonly string[];
}

/**
 * Writes a component's rules into its node's packet filter when what they are made of has changed: all of them, not too often, one writing
 * at a time, each by a process of the node's.
 */
export class RulesWriter {
  readonly #machine: NodeMachine;
  readonly #name: string;
  readonly #table: "nat" | "filter";
  readonly #prepare: readonly string[];
  readonly #rules: () => Rules | undefined;
  #chains: ReadonlySet<string> = new Set();
  #prepared = false;
  #last = -Infinity;
  #due: Cancel | undefined;
  #busy = false;
  #dirty = false;

  /**
   * @param prepare lines of iptables that are put in once, before the first rules
   * @param rules undefined while it isn't known what they are to be
   */
  constructor(
    machine: NodeMachine,
    given: {
      readonly name: string;
      readonly table: "nat" | "filter";
      readonly prepare: readonly string[];
      readonly rules: () => Rules | undefined;
    },
  ) {
    this.#machine = machine;
    this.#name = given.name;
    this.#table = given.table;
    this.#prepare = given.prepare;
    this.#rules = given.rules;
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
    const rules = this.#rules();
    if (rules === undefined) return;
    this.#busy = true;
    this.#dirty = false;
    this.#last = this.#machine.kernel.engine.now;
    const write = (sys: Sys): Activity<undefined> => this.#write(sys, rules);
    const after = (): void => {
      this.#busy = false;
      if (this.#dirty) this.changed();
    };
    this.#machine.start(this.#name, function* (sys) {
      try {
        yield* write(sys);
      } finally {
        after();
      }
    });
  }

  *#write(sys: Sys, { text, chains }: Rules): Activity<undefined> {
    if (!this.#prepared) {
      this.#prepared = true;
      for (const line of this.#prepare) yield* netlink(sys, { type: "NFT_MSG_NEWRULE", line });
    }
    yield* netlink(sys, { type: "NFT_MSG_RESTORE", text, keep: true });
    const now = new Set(chains);
    const gone = [...this.#chains].filter((chain) => !now.has(chain));
    this.#chains = now;
    if (gone.length === 0) return undefined;
    // Emptied first: they may jump to each other.
    const emptied = gone.map((chain) => `:${chain} - [0:0]`);
    const removed = gone.map((chain) => `-X ${chain}`);
    const removal = [`*${this.#table}`, ...emptied, ...removed, "COMMIT", ""].join("\n");
    yield* netlink(sys, { type: "NFT_MSG_RESTORE", text: removal, keep: true });
    return undefined;
  }
}

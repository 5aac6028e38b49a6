import { UsageError, type GraphView, type TableView, type Viewable } from "../../core/index.js";
import type { Kept, MachineStop } from "../../machine/index.js";
import type { VirtualMachine } from "../virtual-machine.js";

/** A virtual machine as it was, and which snapshot it came from. */
export interface Snapshot {
  readonly name: string;
  readonly parent: string | undefined;
  /** The guest's instructions by then. */
  readonly instructions: number;
  readonly state: Kept;
  /** Why it had stopped; undefined where it could go on. */
  readonly ended: MachineStop | undefined;
}

/**
 * Snapshots of a virtual machine, as a tree: each comes from the one that the machine was taken from or reverted to last. Pages that are as
 * they were there are kept once.
 */
export class Snapshots implements Viewable {
  readonly #vm: VirtualMachine;
  readonly #all = new Map<string, Snapshot>();
  #current: string | undefined;

  constructor(vm: VirtualMachine) {
    this.#vm = vm;
  }

  get all(): readonly Snapshot[] {
    return [...this.#all.values()];
  }

  /** Where the machine comes from; undefined before the first. */
  get current(): string | undefined {
    return this.#current;
  }

  /** Pages in memory, for all snapshots together; pages of zeros take none. */
  get held(): number {
    return new Set(this.all.flatMap(({ state }) => state.pages.filter((page) => page !== undefined))).size;
  }

  /** @throws UsageError for a name that is taken, and for a machine that runs */
  take(name: string): Snapshot {
    if (this.#all.has(name)) {
      throw new UsageError(`there is a snapshot "${name}" already`, "Give another name, or remove it.");
    }
    const parent = this.#current;
    const earlier = parent === undefined ? undefined : this.#all.get(parent)?.state;
    const { instructions } = this.#vm.machine;
    const snapshot: Snapshot = { name, parent, instructions, state: this.#vm.keep(earlier), ended: this.#vm.ended };
    this.#all.set(name, snapshot);
    this.#current = name;
    return snapshot;
  }

  /** The machine is as it was; what it did since then is lost, unless another snapshot has it. @throws UsageError for an unknown name */
  revert(name: string): void {
    this.clone(name, this.#vm);
    this.#current = name;
  }

  /** Another machine for the same guest goes on from a snapshot. @throws UsageError where it can't, or for an unknown name */
  clone(name: string, to: VirtualMachine): void {
    const { state, ended } = this.#of(name);
    to.restore(state);
    to.ended = ended;
  }

  /** Its children are its parent's from then on. @throws UsageError for an unknown name */
  remove(name: string): void {
    const { parent } = this.#of(name);
    this.#all.delete(name);
    for (const child of this.all) if (child.parent === name) this.#all.set(child.name, { ...child, parent });
    if (this.#current === name) this.#current = parent;
  }

  table(): TableView {
    return {
      as: "table",
      title: `Snapshots of ${this.#vm.name}`,
      columns: [
        { key: "name" },
        { key: "parent" },
        { key: "instructions" },
        { key: "pages", label: "pages that aren't zeros" },
        { key: "own", label: "not in the parent" },
      ],
      rows: this.all.map(({ name, parent, instructions, state }) => {
        const pages = state.pages.filter((page) => page !== undefined);
        const before = parent === undefined ? undefined : this.#all.get(parent);
        const old = new Set(before?.state.pages);
        const own = pages.filter((page) => !old.has(page)).length;
        return { name, parent: parent ?? "", instructions, pages: pages.length, own };
      }),
      caption: `${this.held} pages are held for all of them`,
    };
  }

  view(): GraphView {
    const all = this.all;
    return {
      as: "graph",
      title: `Which snapshot of ${this.#vm.name} comes from which?`,
      caption: `the machine comes from: ${this.#current ?? "none"}`,
      nodes: all.map(({ name, instructions }) => ({
        id: name,
        label: `${name} (${instructions} instructions)`,
        role: name === this.#current ? "guest" : "memory",
      })),
      edges: all.flatMap(({ name, parent }) => (parent === undefined ? [] : [{ from: parent, to: name }])),
    };
  }

  #of(name: string): Snapshot {
    const found = this.#all.get(name);
    if (found !== undefined) return found;
    const names = [...this.#all.keys()].join(", ");
    throw new UsageError(`there is no snapshot "${name}"`, names === "" ? "take() one first." : `There are: ${names}.`);
  }
}

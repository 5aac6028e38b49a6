import { createWorld, KiB, UsageError, withDefaults, type LanesView, type TableView } from "../core/index.js";
import {
  machine,
  rv64,
  usualPatience,
  type EngineName,
  type Executable,
  type Isa,
  type Machine,
  type MachineOptions,
} from "../machine/index.js";
import { Costs, type CostParameters } from "./costs.js";
import { HostMemory } from "./frames.js";
import { exitLanesView } from "./exit-views.js";
import { guestMemory, guestOf, type Guest } from "./guest.js";
import type { HostOs } from "./host-os.js";
import { HostCpu } from "./host-cpu.js";
import { pageSize } from "./privileged.js";
import { leastFrames } from "./shadow-paging.js";
import type { Technique } from "./technique.js";
import { VirtualMachine } from "./virtual-machine.js";

export interface VmmOptions {
  /** What it runs: one guest, or several at once on the one processor. A kernel's bytes, such as an ELF file's, are a guest too. */
  readonly guest: Guest | Executable | null;
  readonly guests: readonly (Guest | Executable)[];
  /** The instructions that the host has, and the virtual machines with it; those that the first guest needs where null. */
  readonly isa: Isa | null;
  /** Guest instructions before it is the next guest's turn. */
  readonly slice: number;
  /** Pages for each virtual hart's shadow tables. */
  readonly shadowPages: number;
  readonly costs: Partial<CostParameters>;
  /** What the monitor is a process of ("Type II"); it owns the machine where null ("Type I"). */
  readonly hostOs: HostOs | null;
  /** How the host executes: see the machine's options. */
  readonly engine: EngineName;
  readonly patience: number;
  /** Whether a notebook prints guests' consoles as they run. */
  readonly echo: boolean;
  /** Changes to the machines that guests are made for. */
  readonly machine: Partial<Omit<MachineOptions, "isa" | "name">>;
}

const defaults: VmmOptions = {
  guest: null,
  guests: [],
  isa: null,
  slice: 10_000,
  shadowPages: 64,
  costs: {},
  hostOs: null,
  engine: "translate",
  patience: usualPatience,
  echo: false,
  machine: {},
};

export interface VmmRunOptions {
  /** Guest instructions, of all guests together. */
  readonly instructions: number;
}

/** A virtual machine monitor, which owns a machine or is a process of its host, and the virtual machines on it. */
export class Vmm {
  readonly technique: Technique;
  /** The physical machine. */
  readonly host: Machine;
  readonly machines: readonly VirtualMachine[];
  readonly #slice: number;
  readonly #cpu: HostCpu;
  #turn = 0;

  constructor(technique: Technique, given?: Partial<VmmOptions>) {
    const options = withDefaults("vmm.create", given, defaults);
    const { slice, shadowPages, engine, patience } = options;
    const guests = (options.guest === null ? options.guests : [options.guest, ...options.guests]).map(guestOf);
    if (guests.length === 0) throw new UsageError("a VMM needs a guest", "Give { guest: vmm.guests.tiny }.");
    if (!Number.isInteger(slice) || slice < 1) {
      throw new UsageError(`${slice} is no slice of instructions`, "Give a whole number from 1 on.");
    }
    const isa = options.isa ?? guests[0]?.isa ?? rv64;
    this.technique = technique;
    this.#slice = slice;
    const machines = guests.map((guest) => ({
      memory: guestMemory,
      echo: options.echo,
      ...softwareOf(guest, technique),
      ...options.machine,
      isa,
      name: guest.name,
    }));
    const tables = (size: number): number => (Math.max(leastFrames, shadowPages) + technique.pages(size)) * pageSize;
    const memory = machines.reduce<number>(
      (sum, each) => sum + each.memory + tables(each.memory) * (each.harts ?? 1),
      KiB(64),
    );
    this.host = machine({ name: "host", memory, isa: technique.hostIsa?.(isa) ?? isa, patience, echo: false });
    this.#cpu = new HostCpu(this.host, engine);
    const free = new HostMemory(this.host);
    const costs = new Costs(options.costs, technique.crossing, options.hostOs);
    this.machines = machines.map(
      (each) =>
        new VirtualMachine({
          technique,
          host: this.#cpu,
          memory: free,
          costs,
          options: { ...each, world: each.world ?? createWorld() },
          shadowPages,
        }),
    );
  }

  /** The only one, or the first. */
  get machine(): VirtualMachine {
    const [first] = this.machines;
    if (first !== undefined) return first;
    throw new UsageError("the VMM has no machine", "Give { guest }.");
  }

  /** Instructions of all guests, and cycles of the host that they and the VMM took by the model. */
  get instructions(): number {
    return this.machines.reduce((sum, { machine: { instructions } }) => sum + instructions, 0);
  }

  get cycles(): number {
    return this.machines.reduce((sum, { cycles }) => sum + cycles, 0);
  }

  /** How often one guest's registers gave way to another's. */
  get switches(): number {
    return this.#cpu.switches;
  }

  /** The exits of the only machine, or the first. */
  get exits(): VirtualMachine["exits"] {
    return this.machine.exits;
  }

  /**
   * Lets guests execute in turns, a slice each, until all have ended or so many instructions are over. Each has its own clock, which
   * counts its own instructions: a guest can't tell how many others there are.
   * @throws UsageError for an option that it doesn't know
   */
  run(given?: Partial<VmmRunOptions>): this {
    const { instructions } = withDefaults("run", given, { instructions: Infinity });
    let left = instructions;
    while (left > 0) {
      const ready = this.machines.filter(({ ended }) => ended === undefined);
      if (ready.length === 0) break;
      const next = this.machines[this.#turn++ % this.machines.length];
      if (next?.ended !== undefined || next === undefined) continue;
      const before = next.machine.instructions;
      const stop = next.run(ready.length === 1 ? left : Math.min(this.#slice, left));
      left -= Math.max(1, next.machine.instructions - before);
      if (stop.kind === "interrupted") break;
    }
    return this;
  }

  /** A machine by its name. @throws UsageError where there is none */
  vm(name: string): VirtualMachine {
    const found = this.machines.find((each) => each.name === name);
    if (found !== undefined) return found;
    const names = this.machines.map((each) => each.name).join(", ");
    throw new UsageError(`the VMM has no machine "${name}"`, `It has: ${names}.`);
  }

  /** When each guest had the processor, and when the VMM worked for it, by the model. */
  lanes(most?: number): LanesView {
    return exitLanesView(this.machines, most);
  }

  view(): TableView {
    return {
      as: "table",
      title: this.technique.title,
      columns: [
        { key: "name", label: "machine" },
        { key: "stopped" },
        { key: "instructions" },
        { key: "exits" },
        { key: "cycles", unit: "cycles" },
      ],
      rows: this.machines.map(({ name, ended, machine: { instructions }, exits, cycles }) => ({
        name,
        stopped: ended?.kind ?? "",
        instructions,
        exits: exits.total,
        cycles,
      })),
      caption: `one host hart, slices of ${this.#slice} guest instructions`,
    };
  }
}

/** What the guest's machine is made of: its software as it is, or ported. @throws UsageError where there is no port */
function softwareOf(guest: Guest, { name, runsPorts = false }: Technique): Guest["options"] {
  if (!runsPorts) return guest.options;
  if (guest.ported !== undefined) return guest.ported.options;
  throw new UsageError(
    `the guest "${guest.name}" is not ported to ${name}`,
    "Take another guest, or a technique that runs kernels as they are.",
  );
}

import { UsageError, nearest, withDefaults, type GroupView, type PlotView, type Viewable } from "../core/index.js";
import type { Machine } from "../machine/index.js";
import { Costs } from "./costs.js";
import { bare, type Guest } from "./guest.js";
import { guests } from "./guests/index.js";
import { hypervised, hypervisedMemory } from "./guests/hypervisor/index.js";
import { monitored, monitoredState } from "./guests/monitor/index.js";

/** What stands between the guest and the machine. */
interface Below {
  /** In figures. */
  readonly noun: string;
  /** Which program it is, in a caption. */
  readonly which: string;
  upon(guest: Guest): Guest;
  /** The guest's memory with so many below it; the bare machine's with 0. */
  memory(machine: Machine, levels: number): Uint8Array;
}

const belows: Readonly<Record<"monitor" | "hypervisor", Below>> = {
  monitor: {
    noun: "monitors",
    which: "each monitor is the same assembly program, in machine mode of the machine that it sees",
    upon: monitored,
    memory: (machine, levels) =>
      levels === 0 ? machine.read(machine.bus.ramBase, machine.bus.ramSize) : monitoredState(machine, levels).memory,
  },
  hypervisor: {
    noun: "hypervisors",
    which: "each hypervisor is the same assembly program, in HS-mode of the machine that it sees",
    upon: hypervised,
    memory: hypervisedMemory,
  },
};

export interface NestingOptions {
  readonly guest: Guest;
  /** How many monitors stand on each other at most. */
  readonly levels: number;
  /** Monitors that de-privilege all of their guest, or hypervisors that have the hypervisor extension run its kernel. */
  readonly by: "monitor" | "hypervisor";
}

/** What one run of the guest took on the machine below all monitors. */
export interface NestingLevel {
  /** Monitors or hypervisors between the guest and the machine; 0 is the bare machine. */
  readonly level: number;
  /** Instructions that the machine began, monitors' too. */
  readonly instructions: number;
  /** Traps that it took. */
  readonly traps: number;
  /** Of the model: `CostParameters`. */
  readonly cycles: number;
  /** How many times the bare machine's cycles. */
  readonly slowdown: number;
  /** How many times the traps of one monitor less; 0 for the first monitor, below which there are only the guest's own. */
  readonly growth: number;
  /** Whether the guest ended with the bare machine's memory and console. */
  readonly same: boolean;
}

const most = 5;

/** The runs of one guest on small monitors upon monitors. Shows itself as cost by level, and a table. */
export class Nesting implements Viewable {
  readonly levels: readonly NestingLevel[];
  readonly guest: string;
  readonly #below: Below;

  constructor(guest: string, by: NestingOptions["by"], levels: readonly NestingLevel[]) {
    this.guest = guest;
    this.#below = belows[by];
    this.levels = levels;
  }

  plot(): PlotView {
    const x = this.levels.map(({ level }) => level);
    return {
      as: "plot",
      title: `What does each of the ${this.#below.noun} more cost on RISC-V?`,
      caption: this.#caption,
      x: { label: `${this.#below.noun} below the guest`, unit: "" },
      y: { label: "on the real machine", unit: "", scale: "log" },
      series: [
        { name: "cycles by the model", mark: "line", x, y: this.levels.map(({ cycles }) => cycles), role: "guest" },
        { name: "traps", mark: "line", x, y: this.levels.map(({ traps }) => Math.max(1, traps)), role: "trap" },
      ],
    };
  }

  /** The real machine's traps, level by level, beside those of another: is one way to nest cheaper, or only from a lower level on? */
  beside(other: Nesting): PlotView {
    const of = (nesting: Nesting, role: "trap" | "guest"): PlotView["series"][number] => ({
      name: nesting.#below.noun,
      mark: "line",
      x: nesting.levels.map(({ level }) => level),
      y: nesting.levels.map(({ traps }) => Math.max(1, traps)),
      role,
    });
    return {
      as: "plot",
      title: `How do traps grow, with ${this.#below.noun} and with ${other.#below.noun}?`,
      caption: `${this.#caption}; ${other.#below.which}`,
      x: { label: "levels below the guest", unit: "" },
      y: { label: "traps of the real machine", unit: "", scale: "log" },
      series: [of(this, "trap"), of(other, "guest")],
    };
  }

  view(): GroupView {
    return {
      as: "group",
      views: [
        this.plot(),
        {
          as: "table",
          title: `One guest on small ${this.#below.noun} upon ${this.#below.noun}`,
          columns: [
            { key: "level", label: this.#below.noun },
            { key: "instructions" },
            { key: "traps" },
            { key: "growth", label: "× one less" },
            { key: "cycles" },
            { key: "slowdown", label: "× bare" },
            { key: "same", label: "same end" },
          ],
          rows: this.levels.map((level) => ({ ...level, growth: level.growth === 0 ? null : level.growth })),
          caption: `${this.#caption}; × one less: times the traps with one less; × bare: times the bare machine's cycles`,
        },
      ],
    };
  }

  get #caption(): string {
    return `${this.guest}; ${this.#below.which}`;
  }
}

/**
 * Theorem 2 on RISC-V: a monitor's guest is a monitor. Each privileged instruction of a monitor that is itself a guest is a trap to the one
 * below, so traps multiply by what one costs in privileged instructions. The theorem's condition: a guest that reads the time can tell.
 *
 * By hypervisors, which enter their guests by SRET, a kernel's own privileged instructions cost nothing on any level. What traps is
 * what a hypervisor does with the hypervisor's CSRs, where it is itself a guest. A trap out of a virtual mode counts as any other.
 * @throws UsageError for an option that isn't there, levels that make no sense, and a guest that the small monitor can't have
 */
export function nesting(given?: Partial<NestingOptions>): Nesting {
  const usual: NestingOptions = { guest: guests.tiny, levels: 3, by: "monitor" };
  const { guest, levels: upTo, by } = withDefaults<NestingOptions>("nesting", given, usual);
  if (!Object.hasOwn(belows, by)) {
    const names = Object.keys(belows);
    throw new UsageError(
      `nesting: by cannot be "${by}"`,
      `Did you mean "${nearest(by, names) ?? ""}"? There are: ${names.join(", ")}.`,
    );
  }
  const below: Below = belows[by];
  if (!Number.isInteger(upTo) || upTo < 0 || upTo > most) {
    throw new UsageError(`nesting: levels cannot be ${upTo}`, `Give a whole number from 0 to ${most}.`);
  }
  const costs = new Costs();
  const native = bare(guest, { echo: false });
  native.run();
  const memory = below.memory(native, 0);
  const levels: NestingLevel[] = [];
  let software = guest;
  for (let level = 0; level <= upTo; level++) {
    if (level > 0) software = below.upon(software);
    const machine = level === 0 ? native : bare(software, { echo: false });
    if (level > 0) machine.run();
    const { cycles: instructions, retired } = machine.hart(0);
    const traps = instructions - retired;
    const cycles = costs.bare(instructions, traps);
    const left = below.memory(machine, level);
    levels.push({
      level,
      instructions,
      traps,
      cycles,
      slowdown: cycles / (levels[0]?.cycles ?? cycles),
      growth: level < 2 ? 0 : traps / (levels[level - 1]?.traps ?? traps),
      same: machine.console.text === native.console.text && left.every((byte, index) => byte === memory[index]),
    });
  }
  return new Nesting(guest.name, by, levels);
}

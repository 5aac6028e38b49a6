import { UsageError, withDefaults, type GroupView, type PlotView, type Viewable } from "../core/index.js";
import { Costs } from "./costs.js";
import { bare, type Guest } from "./guest.js";
import { guests } from "./guests/index.js";
import { monitored, monitoredState } from "./guests/monitor/index.js";

export interface NestingOptions {
  readonly guest: Guest;
  /** How many monitors stand on each other at most. */
  readonly levels: number;
}

/** What one run of the guest took on the machine below all monitors. */
export interface NestingLevel {
  /** Monitors between the guest and the machine; 0 is the bare machine. */
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

  constructor(guest: string, levels: readonly NestingLevel[]) {
    this.guest = guest;
    this.levels = levels;
  }

  plot(): PlotView {
    const x = this.levels.map(({ level }) => level);
    return {
      as: "plot",
      title: "What does each monitor more cost on RISC-V?",
      caption: this.#caption,
      x: { label: "monitors below the guest", unit: "" },
      y: { label: "on the real machine", unit: "", scale: "log" },
      series: [
        { name: "cycles by the model", mark: "line", x, y: this.levels.map(({ cycles }) => cycles), role: "guest" },
        { name: "traps", mark: "line", x, y: this.levels.map(({ traps }) => Math.max(1, traps)), role: "trap" },
      ],
    };
  }

  view(): GroupView {
    return {
      as: "group",
      views: [
        this.plot(),
        {
          as: "table",
          title: "One guest on small monitors upon monitors",
          columns: [
            { key: "level", label: "monitors" },
            { key: "instructions" },
            { key: "traps" },
            { key: "growth", label: "times the traps of one less" },
            { key: "cycles", unit: "cycles" },
            { key: "slowdown", label: "times the bare machine's cycles" },
            { key: "same", label: "same final state" },
          ],
          rows: this.levels.map((level) => ({ ...level })),
          caption: this.#caption,
        },
      ],
    };
  }

  get #caption(): string {
    return `${this.guest}; each monitor is the same assembly program, in machine mode of the machine that it sees`;
  }
}

/**
 * Theorem 2 on RISC-V: a monitor's guest is a monitor. Each privileged instruction of a monitor that is itself a guest is a trap to the one
 * below, so traps multiply by what one costs in privileged instructions. The theorem's condition: a guest that reads the time can tell.
 * @throws UsageError for an option that isn't there, levels that make no sense, and a guest that the small monitor can't have
 */
export function nesting(given?: Partial<NestingOptions>): Nesting {
  const { guest, levels: upTo } = withDefaults<NestingOptions>("nesting", given, { guest: guests.tiny, levels: 3 });
  if (!Number.isInteger(upTo) || upTo < 0 || upTo > most) {
    throw new UsageError(`nesting: levels cannot be ${upTo}`, `Give a whole number from 0 to ${most}.`);
  }
  const costs = new Costs();
  const native = bare(guest, { echo: false });
  native.run();
  const memory = native.read(native.bus.ramBase, native.bus.ramSize);
  const levels: NestingLevel[] = [];
  let software = guest;
  for (let level = 0; level <= upTo; level++) {
    if (level > 0) software = monitored(software);
    const machine = level === 0 ? native : bare(software, { echo: false });
    if (level > 0) machine.run();
    const { cycles: instructions, retired } = machine.hart(0);
    const traps = instructions - retired;
    const cycles = costs.bare(instructions, traps);
    const left = level === 0 ? memory : monitoredState(machine, level).memory;
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
  return new Nesting(guest.name, levels);
}

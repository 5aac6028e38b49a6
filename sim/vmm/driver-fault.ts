import { UsageError, withDefaults, type PlotView, type Viewable } from "../core/index.js";
import { assemble } from "../machine/index.js";
import { bare, type Guest } from "./guest.js";
import { driverDomain, faultyHost, smallHost } from "./guests/host-kernel.js";
import type { Technique } from "./technique.js";
import { trapAndEmulate } from "./trap-and-emulate.js";
import { Vmm } from "./vmm.js";

/** Where the driver is: in the kernel of the host whose process the monitor is, or in a guest of a monitor that owns the machine. */
export type DriverPlace = "host" | "domain";

export interface DriverFaultOptions {
  readonly technique: Technique;
  /** Guests beside the driver; two that count for ever where there is none. */
  readonly guests: readonly Guest[];
  /** Bytes that the driver writes before it fails. */
  readonly bytes: number;
  /** Guest instructions of a turn, and turns that each guest would have. */
  readonly slice: number;
  readonly turns: number;
}

const counting = (name: string): Guest => ({
  name,
  about: "Counts for ever.",
  options: { program: assemble("1: addi a0, a0, 1\n j 1b") },
  results: [],
});

/** Behind a turn: instructions that each guest has executed, bytes that the driver has written, and whether it failed in this turn. */
interface Turn {
  readonly guests: readonly number[];
  readonly bytes: number;
  readonly failed: boolean;
}

/** Instructions of the host's kernel between two turns of guests, at most. */
const patience = 100_000;

/** What a fault of one driver took down. Shows itself as the guests' progress. */
export class DriverFault implements Viewable {
  readonly place: DriverPlace;
  readonly names: readonly string[];
  readonly course: readonly Turn[];

  constructor(place: DriverPlace, names: readonly string[], course: readonly Turn[]) {
    this.place = place;
    this.names = names;
    this.course = course;
  }

  /** How often the driver failed: once, where nobody is left to start it again. */
  get faults(): number {
    return this.course.filter(({ failed }) => failed).length;
  }

  /** How many guests still got turns behind the first fault. */
  get survivors(): number {
    const at = this.course.findIndex(({ failed }) => failed);
    const [then, last] = [this.course[at], this.course.at(-1)];
    if (then === undefined || last === undefined) return this.names.length;
    return last.guests.filter((instructions, index) => instructions > (then.guests[index] ?? 0)).length;
  }

  view(): PlotView {
    const x = this.course.map((_, turn) => turn + 1);
    const failed = this.course.flatMap(({ failed, bytes }, turn) => (failed ? [{ turn: turn + 1, bytes }] : []));
    return {
      as: "plot",
      title: "Who notices that a driver fails?",
      caption:
        this.place === "host"
          ? "The driver is in the host's kernel, and the monitor a process of it (Type II)."
          : "The monitor owns the machine (Type I); the driver is in a guest of its own, which is rebooted.",
      x: { label: "turns", unit: "" },
      y: { label: "instructions of the guest", unit: "thousands" },
      series: [
        ...this.names.map((name, index) => ({
          name,
          mark: "line" as const,
          role: index === 0 ? ("guest" as const) : ("reference" as const),
          x,
          y: this.course.map(({ guests }) => (guests[index] ?? 0) / 1000),
        })),
        {
          name: "the driver fails",
          mark: "points",
          role: "fault",
          x: failed.map(({ turn }) => turn),
          y: failed.map(() => 0),
        },
      ],
    };
  }
}

/**
 * One driver with a bug, executed in the kernel of a host, or in a domain of its own. With a host, a guest's turn begins where the host's
 * kernel comes to run it, for its process; so what becomes of the guests is what becomes of that kernel. A domain that fails is
 * rebooted behind the turn, as any guest (K. Fraser et al., "Safe Hardware Access with the Xen Virtual Machine Monitor", OASIS 2004).
 * Requests that were under way are lost, in both; nobody makes them again here.
 * @throws UsageError for an option that there isn't, and for numbers that make no sense
 */
export function driverFault(place: DriverPlace, given?: Partial<DriverFaultOptions>): DriverFault {
  const usual: DriverFaultOptions = { technique: trapAndEmulate, guests: [], bytes: 20, slice: 1000, turns: 40 };
  const options = withDefaults<DriverFaultOptions>("driver fault", given, usual);
  const { technique, bytes, slice, turns } = options;
  for (const [name, value] of Object.entries({ bytes, slice, turns })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UsageError(`driver fault: ${name} cannot be ${value}`, "Give a whole number from 1 on.");
    }
  }
  const guests = options.guests.length > 0 ? options.guests : [counting("first"), counting("second")];
  const names = guests.map(({ name }) => name);
  const course =
    place === "host" ? hosted(technique, guests, bytes, slice, turns) : owned(technique, guests, bytes, slice, turns);
  return new DriverFault(place, names, course);
}

const progress = (vmm: Vmm, count: number): number[] =>
  vmm.machines.slice(0, count).map(({ machine }) => machine.instructions);

function owned(technique: Technique, guests: readonly Guest[], bytes: number, slice: number, turns: number): Turn[] {
  const vmm = new Vmm(technique, { guests: [...guests, driverDomain(bytes)], slice });
  const driver = vmm.vm("driver domain");
  return Array.from({ length: turns }, () => {
    vmm.run({ instructions: slice * vmm.machines.length });
    const failed = driver.ended !== undefined;
    if (failed) driver.reboot();
    return { guests: progress(vmm, guests.length), bytes: driver.machine.console.text.length, failed };
  });
}

function hosted(technique: Technique, guests: readonly Guest[], bytes: number, slice: number, turns: number): Turn[] {
  const vmm = new Vmm(technique, { guests, slice, hostOs: smallHost() });
  const host = bare(faultyHost(bytes), { echo: false });
  host.break("guest_runs");
  let down = false;
  return Array.from({ length: turns }, () => {
    const before = down;
    for (const machine of vmm.machines) {
      down ||= host.run({ instructions: patience }).kind !== "breakpoint";
      if (!down && machine.ended === undefined) machine.run(slice);
    }
    return { guests: progress(vmm, guests.length), bytes: host.console.text.length, failed: down && !before };
  });
}

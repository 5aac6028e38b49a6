import {
  createWorld,
  ms,
  plot,
  UsageError,
  withDefaults,
  type Nanos,
  type PlotView,
  type Viewable,
} from "../../core/index.js";
import { pageSize } from "../privileged.js";
import type { VirtualMachine } from "../virtual-machine.js";
import { HostedGuest } from "./hosted-guest.js";

export interface WorkingSetOptions {
  /** How often the dirty log is read, and how many times. */
  readonly interval: Nanos;
  readonly samples: number;
  /** Instructions of the guest between two looks at the time. */
  readonly slice: number;
}

const defaults: WorkingSetOptions = { interval: ms(1), samples: 64, slice: 1000 };

/**
 * What a guest writes: how many different pages in intervals of each length. The longer the interval, the fewer writes go to pages
 * that it had not written yet; where that levels off is its writable working set, for which pre-copy is in vain.
 * Source: C. Clark et al., "Live Migration of Virtual Machines", NSDI 2005, section 2.1 (figure 1) and 4.2.
 */
export class WorkingSet implements Viewable {
  readonly name: string;
  readonly interval: Nanos;
  /** The pages written in each interval, by address. */
  readonly samples: readonly (readonly number[])[];

  constructor(name: string, interval: Nanos, samples: readonly (readonly number[])[]) {
    this.name = name;
    this.interval = interval;
    this.samples = samples;
  }

  /** Pages dirtied in intervals of so many samples each, on average. */
  dirtied(length: number): number {
    const count = Math.floor(this.samples.length / length);
    let sum = 0;
    for (let index = 0; index < count; index++) {
      sum += new Set(this.samples.slice(index * length, (index + 1) * length).flat()).size;
    }
    return count === 0 ? 0 : sum / count;
  }

  /** The average over intervals of each length. */
  curve(): readonly { readonly interval: number; readonly pages: number }[] {
    const lengths: number[] = [];
    for (let length = 1; length <= this.samples.length; length *= 2) lengths.push(length);
    return lengths.map((length) => ({ interval: length * this.interval, pages: this.dirtied(length) }));
  }

  /** Bits a second of the pages dirtied, in intervals of so many samples. */
  rate(length: number = 1): number {
    return (8e9 * pageSize * this.dirtied(length)) / (length * this.interval);
  }

  view(): PlotView {
    const curve = this.curve();
    return plot({
      title: `How many pages does ${this.name} write in an interval?`,
      caption: `${this.samples.length} samples of ${this.interval / 1e6} ms`,
      x: { label: "length of the interval", unit: "ms", scale: "log" },
      y: { label: "different pages written", unit: "" },
      series: [
        {
          name: this.name,
          mark: "line",
          x: curve.map(({ interval }) => interval / 1e6),
          y: curve.map(({ pages }) => pages),
          role: "guest",
        },
      ],
    });
  }
}

/**
 * Lets a guest execute for a while and reads its dirty log at intervals.
 * @throws UsageError for an option that there isn't, or that samples nothing
 */
export function workingSet(vm: VirtualMachine, given?: Partial<WorkingSetOptions>): WorkingSet {
  const { interval, samples, slice } = withDefaults("workingSet", given, defaults);
  if (!(interval >= 1 && Number.isInteger(samples) && samples >= 1)) {
    throw new UsageError("that samples nothing", "Give { interval: ms(1), samples: 64 }, both above 0.");
  }
  const { engine } = createWorld();
  const guest = new HostedGuest(engine, vm, "source", slice, []);
  vm.machine.dirtyPages();
  guest.start();
  const written = Array.from({ length: samples }, () => {
    engine.run((engine.now + interval) as Nanos);
    return vm.machine.dirtyPages();
  });
  guest.hold();
  return new WorkingSet(vm.name, interval, written);
}

/**
 * What pre-copy's rounds send where a guest dirties at a constant rate: Vᵢ = M·λⁱ, with λ the dirtying rate over the link's, until all of the
 * memory is dirty again. A guest with a working set dirties fewer pages the longer it takes, so it deviates.
 * @param memory M, in any unit
 * @param rounds how many, the first included
 */
export const geometricRounds = (memory: number, lambda: number, rounds: number): readonly number[] =>
  Array.from({ length: rounds }, (_, round) => memory * Math.min(1, lambda ** round));

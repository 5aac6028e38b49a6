import type { Nanos } from "../../core/index.js";
import { create, guests, walkReferences, type CostParameters, type Exit, type ExitReason } from "../../vmm/index.js";

/** The processor that virtual machines stand on. */
export interface ProcessorOptions {
  /** Cycles in a second. 2.93e9: a Xeon X5570 (Intel's specification), whose exits were measured. */
  readonly hertz: number;
  /** What differs from sim/vmm's costs, in cycles. An exit takes 2,000: that Xeon (A. Landau et al., "SplitX", WIOV 2011, table 1). */
  readonly costs: Partial<CostParameters>;
}

export const usualProcessor: ProcessorOptions = { hertz: 2.93e9, costs: { hardwareExit: 2000 } };

/** How often a guest comes to its monitor for each reason. */
export type ExitCounts = Readonly<Partial<Record<ExitReason, number>>>;

/** The exits of one request of a virtio device: by the driver that kicks it, and by its interrupt's handler. */
interface RequestExits {
  readonly kick: ExitCounts;
  readonly interrupt: ExitCounts;
}

/** Requests that `guests.block` makes: it reads a sector and writes another. */
const requests = 2;

function counted(exits: readonly Exit[]): ExitCounts {
  const counts: Partial<Record<ExitReason, number>> = {};
  for (const { reason } of exits) counts[reason] = (counts[reason] ?? 0) + 1 / requests;
  return counts;
}

/** Runs a driver for a virtio disk under hardware assist, and counts by where in its code it came to the monitor. */
function measureRequest(): RequestExits {
  const monitor = create("hardware-assist", { guest: guests.block });
  monitor.run();
  const { symbols } = monitor.machine.machine;
  const at = (name: string): bigint => symbols.find((symbol) => symbol.name === name)?.address ?? 0n;
  const between = (from: string, to: string): readonly Exit[] =>
    monitor.exits.log().filter(({ pc }) => pc >= at(from) && pc < at(to));
  return { kick: counted(between("request", "interrupted")), interrupt: counted(between("interrupted", "print")) };
}

let measured: RequestExits | undefined;

/** What leaving a guest costs, in nanoseconds: the counts from real guests under sim/vmm, the prices from its model. */
export class ExitCosts {
  readonly processor: ProcessorOptions;
  readonly request: RequestExits;
  readonly #price: (reason: ExitReason) => number;

  /** @throws UsageError for a cost that there isn't */
  constructor(processor: ProcessorOptions = usualProcessor) {
    this.processor = processor;
    this.request = measured ??= measureRequest();
    const { costs } = create("hardware-assist", { guest: guests.tiny, costs: processor.costs }).exits;
    this.#price = (reason) => costs.exit(reason);
    this.walk = this.time((walkReferences.two - walkReferences.one) * costs.parameters.walkReference);
  }

  /** What a TLB's miss takes more than on a bare machine: tables of two stages are walked. */
  readonly walk: number;

  /** So many cycles, in nanoseconds. */
  time(cycles: number): number {
    return (cycles / this.processor.hertz) * 1e9;
  }

  /** Instructions, one a cycle, and exits. */
  work(instructions: number, exits: ExitCounts): Nanos {
    return Math.round(this.time(instructions) + this.exits(exits)) as Nanos;
  }

  exits(counts: ExitCounts): Nanos {
    let cycles = 0;
    for (const [reason, count] of Object.entries(counts)) cycles += this.#price(reason as ExitReason) * count;
    return Math.round(this.time(cycles)) as Nanos;
  }

  /** A first touch of a page: the monitor gives it memory. */
  get fill(): number {
    return this.exits({ "nested fill": 1 });
  }
}

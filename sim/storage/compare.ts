import {
  formatBytes,
  UsageError,
  type Axis,
  type PlotView,
  type Row,
  type TableView,
  type Viewable,
} from "../core/index.js";
import { createDisk, type DiskOptions } from "./disk.js";
import type { SchedulerName } from "./drive/scheduler.js";
import type { Timed } from "./timed.js";
import { describeLoad, workload, type WorkloadOptions, type WorkloadResult } from "./workload.js";

/** What was varied, and what its plots ask. */
interface Sweep {
  readonly latency: string;
  readonly throughput: string;
  readonly axis: Axis;
  /** What a caption says of options that stay the same. */
  readonly fixed: (options: WorkloadOptions) => string;
}

/** The same workload on several devices, or with several values of one of its options. */
export class Comparison implements Viewable {
  /** `at` is the value that was varied: a block size in KiB, a rate in requests a second. */
  readonly results: readonly { readonly name: string; readonly at: number; readonly result: WorkloadResult }[];
  readonly #sweep: Sweep;

  constructor(results: Comparison["results"], sweep: Sweep) {
    this.results = results;
    this.#sweep = sweep;
  }

  get rows(): readonly Row[] {
    return this.results.map(({ name, at, result }) => ({
      name,
      at,
      mean: result.mean,
      interval: result.interval,
      p99: result.percentile(0.99),
      throughput: result.throughput,
      amplification: result.amplification,
    }));
  }

  view(): PlotView {
    return this.latency();
  }

  /** Mean latency with its 95 % interval. */
  latency(): PlotView {
    return this.#plot(this.#sweep.latency, { label: "mean latency", unit: "ms" }, (result) => {
      const { mean, interval } = result;
      return { value: mean / 1e6, low: (mean - interval) / 1e6, high: (mean + interval) / 1e6 };
    });
  }

  throughput(): PlotView {
    return this.#plot(this.#sweep.throughput, { label: "throughput", unit: "MB/s" }, ({ throughput }) => ({
      value: throughput / 1e6,
    }));
  }

  table(): TableView {
    return {
      as: "table",
      title: this.#sweep.latency,
      columns: [
        { key: "name", label: "" },
        { key: "at", label: this.#sweep.axis.label, unit: this.#sweep.axis.unit },
        { key: "mean", label: "mean latency", unit: "ms" },
        { key: "p99", label: "99th percentile", unit: "ms" },
        { key: "throughput", unit: "MB/s" },
        { key: "amplification", label: "drive requests for each" },
      ],
      rows: this.rows.map((row) => ({
        ...row,
        mean: brief(Number(row["mean"]) / 1e6),
        p99: brief(Number(row["p99"]) / 1e6),
        throughput: brief(Number(row["throughput"]) / 1e6),
        amplification: brief(Number(row["amplification"])),
      })),
    };
  }

  #plot(
    title: string,
    y: { readonly label: string; readonly unit: string },
    measure: (result: WorkloadResult) => { value: number; low?: number; high?: number },
  ): PlotView {
    const names = [...new Set(this.results.map(({ name }) => name))];
    const [first] = this.results;
    const options = first?.result.options;
    const seed = first?.result.worldSeed ?? 0;
    return {
      as: "plot",
      title,
      caption:
        options === undefined
          ? ""
          : `${describeLoad(options)}${this.#sweep.fixed(options)}; 95 % intervals; seed ${seed}`,
      x: this.#sweep.axis,
      y: { ...y, scale: "log" },
      series: names.map((name) => {
        const mine = this.results.filter((entry) => entry.name === name);
        const values = mine.map(({ result }) => measure(result));
        const low = values.map((entry) => entry.low).filter((bound) => bound !== undefined);
        const high = values.map((entry) => entry.high).filter((bound) => bound !== undefined);
        return {
          name,
          mark: "line",
          x: mine.map(({ at }) => at),
          y: values.map(({ value }) => value),
          ...(low.length === values.length ? { band: { low, high, meaning: "95 % interval of the mean" } } : {}),
        };
      }),
    };
  }
}

const brief = (value: number): number => Number(value.toPrecision(4));

/** The sizes that a sweep takes where none are given: 4 KiB to 1 MiB. */
const usual = [4, 16, 64, 256, 1024].map((kibibytes) => kibibytes * 1024);

/**
 * Sweeps the block size over several devices with the same workload, one after the other on their worlds' clocks.
 * @throws UsageError without devices, or for what `workload` refuses
 */
export function compareDevices(
  devices: Readonly<Record<string, Timed>>,
  options: Partial<WorkloadOptions> & { readonly blockSizes?: readonly number[] } = {},
): Comparison {
  const { blockSizes = usual, ...rest } = options;
  const entries = Object.entries(devices);
  if (entries.length === 0)
    throw new UsageError("there is nothing to compare", "Name devices, as { bare: partition, thin: disk }.");
  const results = entries.flatMap(([name, device]) =>
    blockSizes.map((blockSize) => ({ name, at: blockSize / 1024, result: workload(device, { ...rest, blockSize }) })),
  );
  return new Comparison(results, {
    latency: "How does latency grow with the block size?",
    throughput: "How does throughput grow with the block size?",
    axis: { label: "block size", unit: "KiB", scale: "log" },
    fixed: () => "",
  });
}

/**
 * The same arrivals on a disk of its own for each order of service, over a range of rates (requests a second).
 * What comes out for each rate: mean response time, and how far the arm moved.
 */
export function compareSchedulers(
  disk: Partial<DiskOptions>,
  options: Partial<Omit<WorkloadOptions, "rate" | "depth">> & {
    readonly schedulers?: readonly SchedulerName[];
    readonly rates?: readonly number[];
  } = {},
): SchedulerComparison {
  const { schedulers = ["fifo", "look"], rates = [20, 40, 60, 80], ...rest } = options;
  const runs = schedulers.flatMap((scheduler) =>
    rates.map((rate) => {
      const drive = createDisk({ ...disk, scheduler });
      const result = workload(drive, { ...rest, rate });
      return { name: scheduler, at: rate, result, distance: drive.statistics.distance / result.completions.length };
    }),
  );
  return new SchedulerComparison(runs);
}

/** FIFO against the elevator: the price of serving in the order of arrival. */
export class SchedulerComparison extends Comparison {
  readonly runs: readonly { readonly name: string; readonly at: number; readonly distance: number }[];

  constructor(runs: readonly (Comparison["results"][number] & { readonly distance: number })[]) {
    super(runs, {
      latency: "How long does a request take under each order of service?",
      throughput: "How much is moved under each order of service?",
      axis: { label: "requests a second", unit: "1/s" },
      fixed: ({ blockSize }) => `, ${formatBytes(blockSize)} each`,
    });
    this.runs = runs;
  }

  /** Cylinders that the arm crosses for each request. */
  movement(): PlotView {
    const names = [...new Set(this.runs.map(({ name }) => name))];
    return {
      as: "plot",
      title: "How far does the arm move for each request?",
      caption: this.latency().caption,
      x: { label: "requests a second", unit: "1/s" },
      y: { label: "cylinders for each request", unit: "" },
      series: names.map((name) => {
        const mine = this.runs.filter((run) => run.name === name);
        return { name, mark: "line", x: mine.map(({ at }) => at), y: mine.map(({ distance }) => distance) };
      }),
    };
  }
}

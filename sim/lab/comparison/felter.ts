import { UsageError, withDefaults, type TableView, type Viewable } from "../../core/index.js";
import { usualProcessor, type ProcessorOptions } from "../kvm/index.js";
import { randomAccess, roundTrip, stream, systemCall } from "./benchmarks.js";
import { places, stageAt, type Place, type Stage } from "./places.js";

export interface FelterOptions {
  readonly seed: number;
  readonly places: readonly Place[];
  readonly benchmarks: readonly BenchmarkName[];
  readonly processor: ProcessorOptions;
}

export type BenchmarkName = "stream" | "random read" | "random write" | "round trip" | "system call";

interface Benchmark {
  readonly unit: string;
  readonly measure: (stage: Stage) => number;
  /** Felter et al.'s own, by place. */
  readonly published: Readonly<Partial<Record<Place, number>>>;
}

/**
 * W. Felter, A. Ferreira, R. Rajamony, J. Rubio, "An Updated Performance Comparison of Virtual Machines and Linux Containers", IBM RC25482, 2014;
 * recomputed from its logs. Its streams are in GB/s of a whole machine, ours in parts of an undisturbed CPU: only ratios compare. Round trips' don't:
 * our cable ends in no cards, whose interrupts take most of a real one; what a virtual machine adds in microseconds compares.
 */
const benchmarks: Readonly<Record<BenchmarkName, Benchmark>> = {
  stream: {
    ...{ unit: "GB/s, and parts of a CPU", measure: stream },
    published: { native: 45.6, container: 45.63, "virtual machine": 45.02 },
  },
  "random read": {
    ...{ unit: "requests/s", measure: (stage) => randomAccess(stage, "read") },
    published: { native: 84_044, container: 84_092, "virtual machine": 42_543 },
  },
  "random write": {
    ...{ unit: "requests/s", measure: (stage) => randomAccess(stage, "write") },
    published: { native: 112_034, container: 112_048, "virtual machine": 56_160 },
  },
  "round trip": {
    ...{ unit: "µs", measure: roundTrip },
    published: { native: 37.6, "virtual machine": 67.9 },
  },
  "system call": { unit: "ns", measure: systemCall, published: {} },
};

/** One benchmark in one place. */
export interface FelterRow {
  readonly benchmark: BenchmarkName;
  readonly place: Place;
  readonly measured: number;
  /** Against native; and what was published. */
  readonly ratio: number;
  readonly published: number | undefined;
}

/** Felter's comparison, measured here: `.rows`, and a table with what was published beside. */
export class Felter implements Viewable {
  readonly rows: readonly FelterRow[];

  constructor(options: FelterOptions) {
    const measured = new Map(
      options.places.map((place) => {
        const stage = stageAt(place, options.seed, options.processor);
        return [place, new Map(options.benchmarks.map((name) => [name, benchmarks[name].measure(stage)]))];
      }),
    );
    const at = (place: Place, benchmark: BenchmarkName): number => measured.get(place)?.get(benchmark) ?? NaN;
    this.rows = options.benchmarks.flatMap((benchmark) =>
      options.places.map((place): FelterRow => {
        const { published } = benchmarks[benchmark];
        const [found, base] = [published[place], published.native];
        return {
          ...{ benchmark, place, measured: at(place, benchmark) },
          ratio: at(place, benchmark) / at("native", benchmark),
          published: found === undefined || base === undefined ? undefined : found / base,
        };
      }),
    );
  }

  /** Against native. */
  ratio(benchmark: BenchmarkName, place: Place): number {
    const row = this.rows.find((one) => one.benchmark === benchmark && one.place === place);
    if (row === undefined)
      throw new UsageError(`"${benchmark}" was not measured for "${place}"`, "Name it in the options.");
    return row.ratio;
  }

  view(): TableView {
    return {
      as: "table",
      title: "Native, in a container, in a virtual machine",
      columns: [
        { key: "benchmark" },
        { key: "place" },
        { key: "measured" },
        { key: "unit" },
        { key: "ratio", label: "of native" },
        { key: "published", label: "of native, Felter et al. 2014" },
      ],
      rows: this.rows.map(({ benchmark, place, measured, ratio, published }) => ({
        ...{ benchmark, place, measured: Number(measured.toPrecision(4)), unit: benchmarks[benchmark].unit },
        ratio: Number(ratio.toPrecision(4)),
        published: published === undefined ? "" : Number(published.toFixed(3)),
      })),
      caption: "a host of 4 CPUs; fio's 16 requests of 4 KiB under way; one byte there and back by TCP over 10 Gbit/s",
    };
  }
}

/**
 * Measures what Felter et al. did, in their places: `comparison.felter()`.
 * @throws UsageError for an option that there isn't
 */
export function felter(options?: Partial<FelterOptions>): Felter {
  return new Felter(
    withDefaults<FelterOptions>("felter", options, {
      ...{ seed: 41, places, processor: usualProcessor },
      benchmarks: Object.keys(benchmarks) as BenchmarkName[],
    }),
  );
}

import {
  formatBytes,
  formatDuration,
  Rng,
  UsageError,
  withDefaults,
  type Activity,
  type Nanos,
  type PlotView,
  type Row,
  type Signal,
  type TableView,
  type Viewable,
} from "../core/index.js";
import { sectorSize } from "./block-device.js";
import type { Access } from "./drive/mechanism.js";
import type { Completion, Timed } from "./timed.js";

export interface WorkloadOptions {
  readonly pattern: "random" | "sequential";
  /** Bytes of each request: whole sectors. */
  readonly blockSize: number;
  /** How many requests. */
  readonly count: number;
  /** Requests under way at once: each that ends brings the next one (a closed loop). */
  readonly depth: number;
  /** Requests a second that come by chance, however many are under way (an open loop); null for the closed one. */
  readonly rate: number | null;
  /** Which part of the requests reads; the others write. */
  readonly readShare: number;
  /** Bytes: requests lie in the range of `length` from `from` on; to the device's end where null. */
  readonly from: number;
  readonly length: number | null;
  /** Whether buffers and caches are emptied first, so that nothing earlier is measured with it. */
  readonly cold: boolean;
  /** Tells one sample from another in the same world. The same seed and options ask for the same sectors everywhere. */
  readonly seed: number;
}

const defaults: WorkloadOptions = {
  pattern: "random",
  blockSize: 4096,
  count: 200,
  depth: 1,
  rate: null,
  readShare: 1,
  from: 0,
  length: null,
  cold: true,
  seed: 0,
};

/** What a workload measured. Times are in nanoseconds. */
export class WorkloadResult implements Viewable {
  readonly device: string;
  readonly options: WorkloadOptions;
  readonly worldSeed: number;
  /** In the order of their ends. */
  readonly completions: readonly Completion[];
  /** From the first request's coming to the last one's end. */
  readonly elapsed: Nanos;

  constructor(device: string, options: WorkloadOptions, worldSeed: number, completions: readonly Completion[]) {
    this.device = device;
    this.options = options;
    this.worldSeed = worldSeed;
    this.completions = completions;
    const first = completions.reduce((least, { issued }) => Math.min(least, issued), Infinity);
    const last = completions.reduce((most, { finished }) => Math.max(most, finished), 0);
    this.elapsed = (last - first) as Nanos;
  }

  /** One for each request, in the order of their ends. */
  get latencies(): readonly number[] {
    return this.completions.map(({ issued, finished }) => finished - issued);
  }

  /** Mean latency. */
  get mean(): number {
    return this.latencies.reduce((sum, latency) => sum + latency, 0) / this.completions.length;
  }

  /** Half-width of the 95 % interval around the mean, from the latencies' spread (normal approximation). */
  get interval(): number {
    const { mean, latencies } = this;
    const squares = latencies.reduce((sum, latency) => sum + (latency - mean) ** 2, 0);
    return latencies.length < 2 ? 0 : 1.96 * Math.sqrt(squares / (latencies.length - 1) / latencies.length);
  }

  /** The latency that a share of the requests stays within: `percentile(0.99)`. Nearest rank. */
  percentile(share: number): number {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  }

  /** Bytes a second. */
  get throughput(): number {
    return (this.completions.length * this.options.blockSize * 1e9) / this.elapsed;
  }

  /** Requests a second. */
  get iops(): number {
    return (this.completions.length * 1e9) / this.elapsed;
  }

  /** Drives' requests for each request asked for: 1 on a bare disk, more where tables are read and clusters copied. */
  get amplification(): number {
    return this.completions.reduce((sum, { requests }) => sum + requests.length, 0) / this.completions.length;
  }

  get rows(): readonly Row[] {
    return this.completions.map(({ op, lba, count, issued, finished, requests }) => ({
      op,
      lba,
      count,
      issued,
      latency: finished - issued,
      requests: requests.length,
    }));
  }

  /** The same numbers for each result, to be put in one table. */
  summary(): Row {
    return {
      device: this.device,
      mean: formatDuration(this.mean),
      median: formatDuration(this.percentile(0.5)),
      p99: formatDuration(this.percentile(0.99)),
      iops: Math.round(this.iops),
      throughput: `${formatBytes(this.throughput)}/s`,
      amplification: Number(this.amplification.toFixed(2)),
    };
  }

  view(): TableView {
    return summaryTable([this], `Latency and throughput of ${this.device}`);
  }

  /** How the latencies are spread: their cumulative distribution. */
  distribution(): PlotView {
    return distributionPlot([this]);
  }

  /** How many requests took how long. */
  histogram(bins = 30): PlotView {
    const unit = 1e6;
    const most = this.percentile(1) / unit;
    const counts = Array.from({ length: bins }, () => 0);
    for (const latency of this.latencies) {
      const bin = Math.min(bins - 1, Math.floor((latency / unit / most) * bins));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return {
      as: "plot",
      title: `How long do requests to ${this.device} take?`,
      caption: caption(this.options, this.worldSeed),
      x: { label: "latency", unit: "ms" },
      y: { label: "requests", unit: "" },
      series: [
        {
          name: this.device,
          mark: "bars",
          x: counts.map((_, bin) => ((bin + 0.5) * most) / bins),
          y: counts,
          role: "disk",
        },
      ],
    };
  }
}

/**
 * Asks a device for a pattern of requests, lets virtual time pass until they are served, and measures.
 * The sectors asked for depend on the world's seed and the options alone, so that devices compare on the same requests.
 * @throws UsageError for an unknown option, a range that the device doesn't have, or no requests at all
 */
export function workload(device: Timed, options?: Partial<WorkloadOptions>): WorkloadResult {
  const chosen = withDefaults<WorkloadOptions>("workload", options, defaults);
  const accesses = plan(device, chosen);
  if (chosen.cold) device.cool();
  const { engine } = device.world;
  const completions: Completion[] = [];
  const record = (done: Signal<Completion>): void => {
    completions.push(done.value);
  };
  const { depth, rate } = chosen;
  if (rate === null) {
    let next = 0;
    const client = function* (): Activity<void> {
      for (let access = accesses[next++]; access !== undefined; access = accesses[next++]) {
        const done = device.submit(access);
        yield* done;
        record(done);
      }
    };
    const clients = Array.from({ length: Math.min(depth, accesses.length) }, (_, i) =>
      engine.spawn(client(), { name: `client ${i + 1} of ${device.name}` }),
    );
    for (const running of clients) if (engine.run(running).reason === "interrupted") break;
  } else {
    const arrivals = chance(device, chosen, "arrivals");
    const source = function* (): Activity<void> {
      const pending: Signal<Completion>[] = [];
      for (const access of accesses) {
        yield* engine.delay(Math.round(arrivals.exponential(1e9 / rate)) as Nanos);
        const done = device.submit(access);
        done.onSettled(record);
        pending.push(done);
      }
      for (const done of pending) yield* done;
    };
    engine.run(engine.spawn(source(), { name: `arrivals at ${device.name}` }));
  }
  if (completions.length < accesses.length) {
    throw new UsageError("the workload was interrupted", "Run it again; what was measured so far is not shown.");
  }
  return new WorkloadResult(device.name, chosen, device.world.seed, completions);
}

function chance(device: Timed, { pattern, seed }: WorkloadOptions, what: string): Rng {
  return new Rng(device.world.seed, "workload", pattern, String(seed), what);
}

function plan(device: Timed, options: WorkloadOptions): readonly Access[] {
  const { pattern, blockSize, count, depth, rate, readShare, from, length } = options;
  const size = device.sectors * sectorSize;
  const end = length === null ? size : from + length;
  const demands: readonly (readonly [string, boolean, string])[] = [
    ["blockSize", blockSize > 0 && blockSize % sectorSize === 0, `a multiple of ${sectorSize}`],
    ["count", Number.isInteger(count) && count > 0, "a whole number from 1 on"],
    ["depth", Number.isInteger(depth) && depth > 0, "a whole number from 1 on"],
    ["rate", rate === null || rate > 0, "requests a second, or null"],
    ["readShare", readShare >= 0 && readShare <= 1, "a number from 0 to 1"],
    ["from", from >= 0 && from % sectorSize === 0, `a multiple of ${sectorSize}`],
    ["length", end <= size && end - from >= blockSize, `so that a block fits into the ${size} bytes of ${device.name}`],
    ["pattern", ["random", "sequential"].includes(pattern), '"random" or "sequential"'],
  ];
  for (const [name, valid, wanted] of demands) {
    if (!valid) throw new UsageError(`a workload cannot have this ${name}`, `Give ${name} as ${wanted}.`);
  }
  const blocks = Math.floor((end - from) / blockSize);
  const places = chance(device, options, "places");
  const kinds = chance(device, options, "kinds");
  return Array.from({ length: count }, (_, i) => {
    const block = pattern === "random" ? places.integer(blocks) : i % blocks;
    const op = kinds.uniform() < readShare ? "read" : "write";
    return { op, lba: (from + block * blockSize) / sectorSize, count: blockSize / sectorSize } as const;
  });
}

function caption(options: WorkloadOptions, seed: number): string {
  return `${describeLoad(options)}, ${formatBytes(options.blockSize)} each; seed ${seed}`;
}

/** What a workload asks for, in a caption's words, but for the block size. */
export function describeLoad({ pattern, count, depth, rate, readShare }: WorkloadOptions): string {
  const load = rate === null ? `${depth} at once` : "arriving by chance";
  return `${count} ${pattern} requests, ${load}, ${readShare * 100} % reads`;
}

/** Results beside one another. */
export function summaryTable(results: readonly WorkloadResult[], title: string): TableView {
  const [first] = results;
  return {
    as: "table",
    title,
    columns: [
      { key: "device" },
      { key: "mean" },
      { key: "median" },
      { key: "p99", label: "99th percentile" },
      { key: "iops", label: "requests a second" },
      { key: "throughput" },
      { key: "amplification", label: "drive requests for each" },
    ],
    rows: results.map((result) => result.summary()),
    ...(first === undefined ? {} : { caption: caption(first.options, first.worldSeed) }),
  };
}

/** The latencies' cumulative distributions in one plot. */
export function distributionPlot(results: readonly WorkloadResult[]): PlotView {
  const [first] = results;
  return {
    as: "plot",
    title: "Which share of the requests is done within which time?",
    caption: first === undefined ? "" : caption(first.options, first.worldSeed),
    x: { label: "latency", unit: "ms", scale: "log" },
    y: { label: "share of requests", unit: "" },
    series: results.map((result) => {
      const sorted = [...result.latencies].sort((a, b) => a - b);
      return {
        name: result.device,
        mark: "steps",
        x: sorted.map((latency) => latency / 1e6),
        y: sorted.map((_, i) => (i + 1) / sorted.length),
      };
    }),
  };
}

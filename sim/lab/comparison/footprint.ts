import {
  formatBytes,
  GiB,
  MiB,
  ms,
  s,
  UsageError,
  withDefaults,
  type Axis,
  type PlotView,
  type Series,
  type TableView,
  type Viewable,
} from "../../core/index.js";
import { mappedFiles } from "../../os/index.js";
import { usualProcessor, type MonitorName, type ProcessorOptions } from "../kvm/index.js";
import { lab } from "../lab.js";
import type { Linux } from "../linux.js";
import { instanceKinds, instancesOn, runAll, type InstanceKind } from "./instances.js";
import { Service, usualServiceMemory } from "./service.js";

export interface FootprintOptions {
  readonly seed: number;
  /** How many instances are started at once, trial by trial. */
  readonly counts: readonly number[];
  readonly kinds: readonly InstanceKind[];
  /** Of the host. */
  readonly cpus: number;
  readonly memory: number;
  /** Bytes that each service has of its own. */
  readonly serviceMemory: number;
  readonly guestMemory: number;
  readonly monitor: MonitorName;
  readonly processor: ProcessorOptions;
}

/** One trial: times in seconds, memory in bytes. */
export interface FootprintRow {
  readonly kind: InstanceKind;
  readonly count: number;
  /** From the order to start all to the last service that is ready. */
  readonly start: number;
  /** From the order to stop all to the last that is gone. */
  readonly stop: number;
  /** What all together take of the host's memory, files that are executed included. */
  readonly memory: number;
}

/** How many fit. */
export interface DensityRow {
  readonly kind: InstanceKind;
  /** Most that ran at once. */
  readonly held: number;
  /** Why there were no more. */
  readonly end: string;
}

const defaults: FootprintOptions = {
  ...{ seed: 41, counts: [1, 4, 16], kinds: instanceKinds, cpus: 2, memory: GiB(16) },
  ...{ serviceMemory: usualServiceMemory, guestMemory: MiB(256), monitor: "qemu", processor: usualProcessor },
};

/**
 * Memory of tasks and tmpfs, and the files that the host's processes execute, each once; other files' pages go when somebody needs
 * the room. Guests' are in their monitors' memory.
 */
function occupied(host: Linux): number {
  const { current, file } = host.cgroups.memory;
  return current - file + mappedFiles(host).reduce((sum, { size }) => sum + size, 0);
}

/** One kind's trials, on one host: what they stopped is gone before the next. */
function trials(kind: InstanceKind, options: FootprintOptions): FootprintRow[] {
  const world = lab({ seed: options.seed });
  const host = world.linux({ hostname: "host", cpus: options.cpus, memory: options.memory });
  const instancesOf = instancesOn(host, kind, options);
  return options.counts.map((count) => {
    const service = new Service(count, options.serviceMemory);
    const instances = instancesOf(service);
    const [before, begun] = [occupied(host), world.now];
    for (let i = 0; i < count; i++) instances.start();
    runAll(world.engine, [service.allReady]);
    const [start, memory] = [world.now - begun, occupied(host) - before];
    const order = world.now;
    instances.stop();
    runAll(world.engine, instances.gone());
    return { kind, count, start: start / 1e9, stop: (world.now - order) / 1e9, memory };
  });
}

/** Starts one after the other until the kernel kills somebody for want of memory, or one doesn't come up. */
function fill(kind: InstanceKind, options: FootprintOptions): DensityRow {
  const world = lab({ seed: options.seed });
  const host = world.linux({ hostname: "host", cpus: options.cpus, memory: options.memory });
  const service = new Service(Infinity, options.serviceMemory);
  const instances = instancesOn(host, kind, options)(service);
  const kills = (): number => world.trace.rows("oom.kill").length;
  for (let held = 0; ; held++) {
    instances.start();
    const end = world.now + patience;
    while (service.ready === held && kills() === 0 && world.now < end) world.run(look);
    if (kills() > 0 || service.ready === held || instances.running <= held) {
      const [victim] = world.trace.rows("oom.kill");
      const name = String(victim?.["name"] ?? "");
      return { kind, held, end: victim === undefined ? "it did not start" : `the oom killer took ${name}` };
    }
  }
}

/** How often it is looked, and how long one may take to come up. */
const look = ms(20);
const patience = s(10);

/** What instances of a service took of a host, count by count. */
export class Footprint implements Viewable {
  readonly options: FootprintOptions;
  readonly rows: readonly FootprintRow[];

  constructor(options: FootprintOptions) {
    this.options = options;
    this.rows = options.kinds.flatMap((kind) => trials(kind, options));
  }

  of(kind: InstanceKind, count: number): FootprintRow {
    const found = this.rows.find((row) => row.kind === kind && row.count === count);
    if (found === undefined)
      throw new UsageError(`no trial of ${count} in ${kind}s`, `There are: ${this.options.counts.join(", ")}.`);
    return found;
  }

  /** How long it takes until all are up. */
  start(): PlotView {
    return this.#plot(
      "How long do n instances take to start?",
      { label: "time to start", unit: "s" },
      ({ start }) => start,
    );
  }

  stop(): PlotView {
    return this.#plot(
      "How long do n instances take to stop?",
      { label: "time to stop", unit: "s" },
      ({ stop }) => stop,
    );
  }

  memory(): PlotView {
    return this.#plot(
      "What do n instances take of the host's memory?",
      { label: "memory", unit: "MiB" },
      ({ memory }) => memory / MiB(1),
    );
  }

  view(): TableView {
    return {
      as: "table",
      title: "A service in containers and in virtual machines",
      columns: [
        { key: "kind" },
        { key: "count" },
        { key: "start", unit: "ms" },
        { key: "stop", unit: "ms" },
        { key: "memory", unit: "MiB" },
        { key: "each", label: "memory of each", unit: "MiB" },
      ],
      rows: this.rows.map(({ kind, count, start, stop, memory }) => ({
        kind,
        count,
        start: round(start * 1000),
        stop: round(stop * 1000),
        memory: round(memory / MiB(1)),
        each: round(memory / MiB(1) / count),
      })),
      caption: this.#caption,
    };
  }

  get #caption(): string {
    const { cpus, memory, serviceMemory, guestMemory, monitor, seed } = this.options;
    return `a host of ${cpus} CPUs and ${formatBytes(memory)}; ${formatBytes(serviceMemory)} for each service; guests of ${formatBytes(guestMemory)} under ${monitor}; seed ${seed}`;
  }

  #plot(title: string, y: Axis, value: (row: FootprintRow) => number): PlotView {
    const series = this.options.kinds.map((kind): Series => {
      const rows = this.rows.filter((row) => row.kind === kind);
      const role = kind === "container" ? "container" : "guest";
      return { name: `${kind}s`, mark: "line", x: rows.map(({ count }) => count), y: rows.map(value), role };
    });
    const x: Axis = { label: "instances", unit: "", scale: "log" };
    return { as: "plot", title, caption: this.#caption, x, y: { ...y, scale: "log" }, series };
  }
}

const round = (value: number): number => Number(value.toPrecision(3));

/**
 * A service in n containers and in n virtual machines, started at once: `.start()`, `.stop()` and `.memory()` draw what that took. Images are
 * there, guests' disks hold the program. dockerd, its shims and the host's own kernel take no memory here; the real ones do.
 * @throws UsageError for an option that there isn't
 */
export function footprint(options?: Partial<FootprintOptions>): Footprint {
  return new Footprint(withDefaults<FootprintOptions>("footprint", options, defaults));
}

/**
 * How many instances of a service fit into a host's memory, by starting one after the other. Limits of the real world that aren't memory
 * (addresses of a bridge's subnet, pids) end it, too.
 * @throws UsageError for an option that there isn't
 */
export function density(options?: Partial<Omit<FootprintOptions, "counts">>): Density {
  return new Density(withDefaults<FootprintOptions>("density", options, { ...defaults, memory: MiB(512) }));
}

export class Density implements Viewable {
  readonly rows: readonly DensityRow[];
  readonly #memory: number;

  constructor(options: FootprintOptions) {
    this.#memory = options.memory;
    this.rows = options.kinds.map((kind) => fill(kind, options));
  }

  /** How many of a kind. */
  held(kind: InstanceKind): number {
    return this.rows.find((row) => row.kind === kind)?.held ?? 0;
  }

  view(): TableView {
    return {
      as: "table",
      title: `How many fit into ${formatBytes(this.#memory)}?`,
      columns: [{ key: "kind" }, { key: "held", label: "ran at once" }, { key: "end", label: "then" }],
      rows: this.rows.map((row) => ({ ...row })),
    };
  }
}

import { withDefaults, type TableView } from "../core/index.js";
import { binaryTranslation, binaryTranslationWith } from "./binary-translation.js";
import { Costs, type CostParameters } from "./costs.js";
import { bare } from "./guest.js";
import { nanobenchmarkGuest, type NanobenchmarkCode } from "./guests/nanobenchmark.js";
import { hardwareAssist, hardwareAssistWith } from "./hardware-assist.js";
import { lmbench } from "./lmbench.js";
import { paravirtualization } from "./paravirtualization.js";
import type { Technique } from "./technique.js";
import { trapAndEmulate } from "./trap-and-emulate.js";
import { Vmm } from "./vmm.js";

/**
 * What executes it: the bare machine, or a VMM. `tracedTranslation` sees each store to a page table, as VMware's monitors did;
 * `firstHardware` has neither nested paging nor a virtual timer, as the paper's VT-x.
 */
export type NanobenchmarkColumn =
  | "native"
  | "trapAndEmulate"
  | "binaryTranslation"
  | "tracedTranslation"
  | "paravirtualization"
  | "firstHardware"
  | "hardware";

interface Nanobenchmark extends NanobenchmarkCode {
  /** What it is on RISC-V. */
  readonly what: string;
  /** Accesses to a device, and misses of the TLB, that one round makes on a bare machine. */
  readonly devices?: number;
  readonly misses?: number;
}

/** Published cycles: native, software VMM, hardware VMM; of some only what it was more than. */
type Published = readonly [native: number | undefined, software: number, hardware: number | string];

/** Adams & Agesen's seven, as far as RISC-V has such. */
const nanobenchmarks7: readonly (Nanobenchmark & { readonly published: Published })[] = [
  {
    name: "syscall",
    what: "ecall from user mode, and back",
    body: "  ecall",
    mode: "process",
    published: [242, 2308, 242],
  },
  {
    name: "in",
    what: "a load from a device's register",
    body: "  lbu   t0, 5(s3)",
    mode: "kernel",
    devices: 1,
    published: [3209, 216, 15826],
  },
  {
    name: "cr8wr",
    what: "a write of stimecmp",
    body: "  set_timer s4",
    mode: "kernel",
    published: [undefined, 35, "> 1000"],
  },
  {
    name: "call/ret",
    what: "a call of a function that returns",
    body: "  call  leaf",
    mode: "kernel",
    published: [11, 40, 11],
  },
  {
    name: "pgfault",
    what: "a page fault to the kernel's handler, which skips the load",
    body: "  lw    t0, 0(s1)",
    mode: "kernel",
    misses: 1,
    published: [1093, 3927, 11242],
  },
  {
    name: "divzero",
    what: "ebreak in user mode: RISC-V's division never traps",
    body: "  ebreak",
    mode: "process",
    published: [889, 3223, 1014],
  },
  {
    name: "ptemod",
    what: "a page-table entry changed, fenced and used",
    body: `  xor   t2, s8, s9
  xor   s9, s9, t2
  xor   s8, s8, t2
  set_entry s5, s8, 0
  entry_set s1
  lw    t0, 0(s1)`,
    mode: "kernel",
    misses: 1,
    published: [1, 391, 7733],
  },
];

const firstHardware = hardwareAssistWith({ nestedPaging: false, timer: true, time: true });
const techniques: readonly (readonly [NanobenchmarkColumn, Technique])[] = [
  ["trapAndEmulate", trapAndEmulate],
  ["binaryTranslation", binaryTranslation],
  ["tracedTranslation", binaryTranslationWith({ shadows: "traced" })],
  ["paravirtualization", paravirtualization],
  ["firstHardware", firstHardware],
  ["hardware", hardwareAssist],
];

/** Rounds of the short and of the long run: what a round costs is what the difference costs, so beginning and end don't count. */
const rounds = [8, 24] as const;
/** A loop's end: one is subtracted, and it goes back. */
const loop = 3;

type Cycles = Readonly<Record<NanobenchmarkColumn, number>>;

/** One benchmark: the host's cycles that a round takes by the model. */
interface NanobenchmarkRow {
  readonly name: string;
  readonly what: string;
  readonly cycles: Cycles;
}

function nativeCycles(benchmark: Nanobenchmark, times: number, costs: Costs): number {
  const machine = bare(nanobenchmarkGuest(benchmark, times), { echo: false });
  machine.run();
  const { cycles, retired } = machine.hart(0);
  const { devices = 0, misses = 0 } = benchmark;
  const beside = devices * costs.parameters.device + misses * costs.miss("one");
  return costs.bare(cycles, cycles - retired) + times * beside;
}

function virtualCycles(benchmark: Nanobenchmark, technique: Technique, times: number, costs: Costs): number {
  const vmm = new Vmm(technique, {
    guest: nanobenchmarkGuest(benchmark, times),
    costs: costs.parameters,
  }).run();
  // Devices are the VMM's; pages are found by the hart, through as many tables as it is on.
  const missed = costs.miss(technique === hardwareAssist ? "two" : "one");
  return vmm.cycles + times * (benchmark.misses ?? 0) * missed;
}

function measure(benchmark: Nanobenchmark, costs: Costs): NanobenchmarkRow {
  const perRound = (run: (times: number) => number): number => {
    const [short, long] = rounds.map(run);
    return ((long ?? 0) - (short ?? 0)) / (rounds[1] - rounds[0]) - loop * costs.parameters.instruction;
  };
  const measured = techniques.map(([column, technique]) => [
    column,
    perRound((times) => virtualCycles(benchmark, technique, times, costs)),
  ]);
  const native = perRound((times) => nativeCycles(benchmark, times, costs));
  return {
    name: benchmark.name,
    what: benchmark.what,
    cycles: { native, ...Object.fromEntries(measured) } as Cycles,
  };
}

const columns = [
  { key: "name", label: "benchmark" },
  { key: "what", label: "on RISC-V" },
  { key: "native" },
  { key: "trapAndEmulate", label: "trap and emulate" },
  { key: "binaryTranslation", label: "binary translation" },
  { key: "tracedTranslation", label: "with traced tables" },
  { key: "paravirtualization", label: "paravirtual" },
  { key: "firstHardware", label: "hardware, shadow tables" },
  { key: "hardware", label: "hardware, nested tables" },
] as const;

const rounded = (cycles: Cycles): Record<string, number> =>
  Object.fromEntries(Object.entries(cycles).map(([column, count]) => [column, Math.round(count)]));

/** Benchmarks' results, and the published ones beside them. */
export interface Nanobenchmarks {
  readonly rows: readonly NanobenchmarkRow[];
  view(): TableView;
}

export interface NanobenchmarkOptions {
  readonly costs: Partial<CostParameters>;
}

function run(
  list: readonly Nanobenchmark[],
  options: Partial<NanobenchmarkOptions> | undefined,
): readonly NanobenchmarkRow[] {
  const { costs: given } = withDefaults<NanobenchmarkOptions>("nanobenchmarks", options, { costs: {} });
  const costs = new Costs(given);
  return list.map((benchmark) => measure(benchmark, costs));
}

/**
 * The seven nanobenchmarks of K. Adams and O. Agesen, "A Comparison of Software and Hardware Techniques for x86 Virtualization"
 * (ASPLOS 2006, figure 4), as kernels for RISC-V, on a bare machine and under every technique: cycles of the model for each event.
 *
 * What differs: code isn't moved by our translator, so that a call and its return cost it nothing; lazy shadow tables are not
 * write-protected, so that a changed entry costs nothing before it is fenced and used. Where they are traced, as the paper's, the
 * entry's change is a callout more, since translated code adapts.
 * @throws UsageError for an option that there isn't
 */
export function nanobenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks {
  const rows = run(nanobenchmarks7, options);
  return {
    rows,
    view: () => ({
      as: "table",
      title: "What one event costs, by technique",
      columns: [
        ...columns,
        { key: "publishedNative", label: "published: native" },
        { key: "publishedSoftware", label: "software VMM" },
        { key: "publishedHardware", label: "hardware VMM" },
      ],
      rows: rows.map(({ name, what, cycles }, index) => {
        const [native, software, hardware] = nanobenchmarks7[index]?.published ?? [];
        return {
          name,
          what,
          ...rounded(cycles),
          publishedNative: native ?? "",
          publishedSoftware: software ?? "",
          publishedHardware: hardware ?? "",
        };
      }),
      caption:
        "cycles of the model; published: Adams & Agesen 2006, a Pentium 4 of 3.8 GHz with VT-x and without nested paging",
    }),
  };
}

/**
 * Rows of lmbench's process tables in P. Barham et al., "Xen and the Art of Virtualization" (SOSP 2003, tables 3 to 5), as kernels for
 * RISC-V. What they have in common with the published ones is the order: native, ported, emulated. Files are not read, so of fork, exec
 * and sh it is the work on page tables, faults and copies. VMware's column is above Xen's in every row; our translator's is above the
 * port's with traced tables alone, as VMware's were: with lazy ones it has no exits for the entries that a fork writes.
 *
 * Two rows don't come out. "page fault": our port pays one hidden fault there, and Xen's guests none, whose own tables the processor
 * walked; without it the order is the published one. "context switch": our shadow keeps all address spaces, so that a switch is a callout
 * of the translator's, and a trap of the port's. The figures of sh are quoted from memory.
 * @throws UsageError for an option that there isn't
 */
export function processBenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks {
  const rows = run(lmbench, options);
  return {
    rows,
    view: () => ({
      as: "table",
      title: "What a process costs its kernel, by technique",
      columns: [
        ...columns,
        { key: "lmbenchNative", label: "published: native", unit: "µs" },
        { key: "xen", label: "Xen", unit: "µs" },
        { key: "vmware", label: "VMware Workstation", unit: "µs" },
        { key: "uml", label: "User-mode Linux", unit: "µs" },
      ],
      rows: rows.map(({ name, what, cycles }, index) => {
        const [lmbenchNative, xen, vmware, uml] = lmbench[index]?.published ?? [];
        return {
          name,
          what,
          ...rounded(cycles),
          lmbenchNative: lmbenchNative ?? "",
          xen: xen ?? "",
          vmware: vmware ?? "",
          uml: uml ?? "",
        };
      }),
      caption: "ours: cycles of the model; published: lmbench on a Xeon of 2.4 GHz, Barham et al. 2003",
    }),
  };
}

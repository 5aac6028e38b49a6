/**
 * Our kernel beside tslab and Deno's, each spawned as its kernelspec says and driven over the wire by the same client.
 * In each round every kernel lives once, by turns; all benches read their figures from those lives.
 */
import { plainLoop } from "./peers/plain-node.js";
import { live, type Figure, type Figures } from "./peers/kernel-life.js";
import { deno, tslab, virtlab, virtlabUnchecked, type Kernel } from "./peers/kernels.js";
import type { Bench, Contender, Goal, Room } from "./runner/measure.js";

const kernels = [virtlab, deno, tslab, virtlabUnchecked].filter(({ missing }) => missing === undefined);
/** What the chosen benches read from a kernel's life. */
const wanted = new Map(kernels.map((kernel) => [kernel, new Set<Figure>()]));

async function liveByTurns(): Promise<ReadonlyMap<Kernel, Figures>> {
  const figures = new Map<Kernel, Figures>();
  for (const [kernel, asked] of wanted) if (asked.size > 0) figures.set(kernel, await live(kernel, asked));
  return figures;
}

const rounds: Promise<ReadonlyMap<Kernel, Figures>>[] = [];

function contender(kernel: Kernel, figure: Figure): Contender {
  let round = 0;
  const { name, missing } = kernel;
  return {
    name,
    ...(missing === undefined ? {} : { missing }),
    prepare: () => wanted.get(kernel)?.add(figure),
    async run() {
      const figures = await (rounds[round++] ??= liveByTurns());
      return figures.get(kernel)?.[figure] ?? NaN;
    },
  };
}

interface Row {
  readonly unit?: string;
  readonly better?: "higher" | "lower";
  readonly goal?: Goal;
  readonly ours?: Kernel;
  /** The first is the one that a goal's ratio is about. */
  readonly peers?: readonly Kernel[];
  /** Comes before the peers. */
  readonly baseline?: Contender;
}

function row(
  name: string,
  figure: Figure,
  { unit = "ms", better = "lower", goal, ours, peers, baseline }: Row = {},
): Bench {
  const others = (peers ?? [deno, tslab]).map((kernel) => contender(kernel, figure));
  return {
    name,
    unit,
    better,
    contenders: [contender(ours ?? virtlab, figure), ...(baseline === undefined ? [] : [baseline]), ...others],
    ...(goal === undefined ? {} : { goal }),
  };
}

const noWorse: Goal = { ratio: 1 };
const tslabFirst = [tslab, deno];
const everyone = [deno, tslab, virtlabUnchecked];

export const room: Room = {
  benches: [
    row("start until kernel_info is answered", "start", { goal: noWorse }),
    row("first 1+1, behind the warming checker", "first", { goal: { median: 1500 } }),
    row("first typed cell of 7 lines, right after", "firstTyped"),
    row("typed cell of 7 lines, checked (not by Deno)", "typed", { goal: { ratio: 2.86 }, peers: tslabFirst }),
    row("typed cell of 7 lines, unchecked", "typed", { goal: noWorse, ours: virtlabUnchecked, peers: [deno] }),
    row("warm 1+1, median", "warmMedian", { goal: noWorse }),
    row("warm 1+1, 95th percentile", "warmP95", { goal: noWorse }),
    row("completion of a member", "complete", { goal: noWorse, peers: tslabFirst }),
    row("inspection of a function", "inspect", { goal: noWorse, peers: tslabFirst }),
    row("completion while a cell spins", "completeBusy", { goal: noWorse, peers: tslabFirst }),
    row("inspection while a cell spins", "inspectBusy", { goal: noWorse, peers: tslabFirst }),
    row("300 declaring cells, the first 50", "declareFirst"),
    row("300 declaring cells, the last 50", "declareLast"),
    row("300 declaring cells, last 50 against first 50", "growth", { unit: "×", goal: { median: 1.2 } }),
    row("memory after them", "memoryAfterCells", { unit: "MB", goal: { median: 350 }, peers: everyone }),
    // At most 1.2 times what Node takes. The types of a loop are another row's matter.
    row("top-level loop of 10 million rounds, by its own clock", "loop", {
      goal: { ratio: 1 / 1.2 },
      ours: virtlabUnchecked,
      baseline: plainLoop,
    }),
    row("the same, until the client has heard of it", "loopRoundTrip", { ours: virtlabUnchecked }),
    row("20,000 printed lines, until idle", "lines", { goal: { median: 200 } }),
    row("of them there at idle, in order", "linesAtIdle", {
      unit: "lines",
      better: "higher",
      goal: { median: 20_000 },
    }),
    row("of them there in the end, in any order", "linesInAll", { unit: "lines", better: "higher" }),
    row("memory after start", "memoryAtStart", { unit: "MB", goal: { median: 100 }, peers: everyone }),
    row("memory at the end", "memoryAtEnd", { unit: "MB", peers: everyone }),
    row("shutdown, until the process has ended", "shutdown"),
  ],
};

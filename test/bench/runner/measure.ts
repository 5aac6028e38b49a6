/**
 * One way of doing what a bench measures: ours, or a peer's.
 */
export interface Contender {
  readonly name: string;
  /** Why it cannot run here; it is then left out and the table says so. */
  readonly missing?: string;
  /** Told before the first round: what is measured for this one will be asked for. */
  prepare?(): void;
  /** Does it once and gives what was measured, in the bench's unit; NaN where it never came to an end. */
  run(): number | Promise<number>;
}

export interface Bench {
  /** What is done: "callbacks, 1,000 pending". */
  readonly name: string;
  /** "events/s", "ms". */
  readonly unit: string;
  /** Which way is better; "higher", as for rates, where absent. */
  readonly better?: "higher" | "lower";
  /** Ours first; the others are what it is compared with. */
  readonly contenders: readonly [Contender, ...Contender[]];
  readonly goal?: Goal;
}

export interface Goal {
  /** What our median must reach, in the unit. */
  readonly median?: number;
  /** How many times better than the first peer our median must be. */
  readonly ratio?: number;
}

/** What a file beside main.ts exports as `room`: the benches of one room of the project. */
export interface Room {
  readonly benches: readonly Bench[];
  /** What the figures say together, a line each. */
  notes?(outcomes: readonly Outcome[]): readonly string[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

export interface Result {
  readonly contender: string;
  readonly missing?: string;
  /** Each round's measurement, in order; NaN (in JSON: null) where there is none. */
  readonly samples: readonly number[];
  /** Of the rounds that gave a measurement; absent where none did. */
  readonly spread?: Spread;
  /** How many times better ours was than this one, round by round; not for ours. */
  readonly ratio?: Spread;
}

export interface Outcome {
  readonly bench: string;
  readonly unit: string;
  readonly goal?: Goal;
  /** Whether the goal was reached; undefined where there is none, or its peer is missing. */
  readonly met?: boolean;
  readonly results: readonly Result[];
}

function spread(samples: readonly number[]): Spread | undefined {
  const sorted = samples.filter((sample) => !Number.isNaN(sample)).sort((a, b) => a - b);
  const [least, greatest] = [sorted[0], sorted.at(-1)];
  if (least === undefined || greatest === undefined) return undefined;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, least, greatest };
}

/** A result's spread under its name; nothing where there is none. */
function named<Name extends "spread" | "ratio">(name: Name, samples: readonly number[]): { [N in Name]?: Spread } {
  const value = spread(samples);
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]: Spread });
}

/**
 * Runs the contenders in turn, A B A B …, for so many rounds after one that is not counted, so that a machine whose speed
 * drifts drifts for all of them. Ratios are taken within a round for the same reason.
 */
export async function measure(bench: Bench, rounds: number): Promise<Outcome> {
  const samples = bench.contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [place, contender] of bench.contenders.entries()) {
      if (contender.missing !== undefined) continue;
      const sample = await contender.run();
      if (round >= 0) samples[place]?.push(sample);
    }
  }
  const ours = samples[0] ?? [];
  const results = bench.contenders.map((contender, place): Result => {
    const theirs = samples[place] ?? [];
    const result = { contender: contender.name, samples: theirs };
    if (contender.missing !== undefined) return { ...result, missing: contender.missing };
    if (place === 0) return { ...result, ...named("spread", theirs) };
    const ratio = ours.map((sample, round) => {
      const other = theirs[round] ?? NaN;
      return bench.better === "lower" ? other / sample : sample / other;
    });
    return { ...result, ...named("spread", theirs), ...named("ratio", ratio) };
  });
  const met = reached(bench, results);
  return {
    bench: bench.name,
    unit: bench.unit,
    results,
    ...(bench.goal === undefined ? {} : { goal: bench.goal }),
    ...(met === undefined ? {} : { met }),
  };
}

function reached({ goal, better }: Bench, [ours, peer]: readonly Result[]): boolean | undefined {
  if (goal === undefined || ours === undefined || ours.missing !== undefined) return undefined;
  if (ours.spread === undefined) return false;
  const checks: boolean[] = [];
  if (goal.median !== undefined) {
    checks.push(better === "lower" ? ours.spread.median <= goal.median : ours.spread.median >= goal.median);
  }
  if (goal.ratio !== undefined) {
    if (peer?.ratio === undefined) return undefined;
    checks.push(peer.ratio.median >= goal.ratio);
  }
  return checks.every(Boolean);
}

import * as distributions from "./distributions.js";
import { refusal, type Source } from "./distributions.js";
import { invariant, UsageError } from "./errors.js";
import type { Persist } from "./persist.js";

/** Where a generator stands, and each of the streams that were taken from it. */
export interface RngState {
  readonly bits: readonly number[];
  readonly streams: Readonly<Record<string, RngState>>;
}

/**
 * Random numbers from a seed: the same on every machine, down to the last bit.
 *
 * The bits are those of xoshiro128** 1.1 (D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators",
 * ACM TOMS 47(4), 2021): period 2^128 − 1, 32-bit operations alone. `stream(name)` gives an independent generator whose
 * numbers depend on the seed and the name only, so that a component that draws more, or a new component, changes nothing
 * for the others. Logarithms and exponentials are our own, see portable-math.ts.
 */
export class Rng implements Persist<RngState>, Source {
  readonly #path: readonly (number | string)[];
  readonly #bits = new Int32Array(4);
  readonly #streams = new Map<string, Rng>();

  /** @param path the seed, a whole number, and behind it the names of the streams that lead here */
  constructor(...path: readonly [seed: number, ...names: string[]]) {
    if (!Number.isSafeInteger(path[0])) {
      throw new UsageError(`${path[0]} is no seed`, "Give a whole number, below 2^53 either way.");
    }
    this.#path = path;
    this.#reset();
  }

  /** The independent generator of that name: the same one at every call. One name for each component that draws. */
  stream(name: string): Rng {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const [seed, ...names] = this.#path as [number, ...string[]];
      stream = new Rng(seed, ...names, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** 32 random bits, as a number from 0. */
  uint32(): number {
    const s = this.#bits;
    const s0 = s[0] ?? 0;
    const s1 = s[1] ?? 0;
    const s2 = (s[2] ?? 0) ^ s0;
    const s3 = (s[3] ?? 0) ^ s1;
    s[0] = s0 ^ s3;
    s[1] = s1 ^ s2;
    s[2] = s2 ^ (s1 << 9);
    s[3] = rotate(s3, 11);
    return Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
  }

  /** Uniform from `low` up to but without `high`: 0 to 1 where absent. In 2^53 steps. */
  uniform(low = 0, high = 1): number {
    const sane = low <= high && Number.isFinite(high - low);
    if (!sane) throw refusal(`uniform(${low}, ${high})`, "two finite numbers, the lower first");
    const drawn = low + (high - low) * (distributions.unit(this) - 2 ** -53);
    // Where the two are close together, the sum may round up to the bound.
    return drawn < high ? drawn : low;
  }

  /** A whole number from 0 up to but without `below`, each equally likely: draws that would favour some are repeated. */
  integer(below: number): number {
    if (!(Number.isSafeInteger(below) && below >= 1))
      throw refusal(`integer(${below})`, "a whole number from 1 up to 2^53 − 1");
    const range = below <= 2 ** 32 ? 2 ** 32 : 2 ** 53;
    const end = range - (range % below);
    for (;;) {
      const drawn = range === 2 ** 32 ? this.uint32() : distributions.unit(this) * 2 ** 53 - 1;
      if (drawn < end) return drawn % below;
    }
  }

  /** Exponential with that mean. */
  exponential(mean: number): number {
    return distributions.exponential(this, mean);
  }

  /** Normal, by mean and standard deviation. */
  normal(mean = 0, deviation = 1): number {
    const sane = Number.isFinite(mean) && deviation >= 0 && deviation < Infinity;
    if (!sane) throw refusal(`normal(${mean}, ${deviation})`, "a finite mean, and a standard deviation from 0 on");
    return mean + deviation * distributions.normal(this);
  }

  /** Lognormal: `mu` and `sigma` are mean and standard deviation of its logarithm. Its median is e^mu. */
  lognormal(mu: number, sigma: number): number {
    return distributions.lognormal(this, mu, sigma);
  }

  /** Pareto from `scale` on: P(X > x) = (scale/x)^shape. It has a mean for shapes above 1 only. */
  pareto(shape: number, scale: number): number {
    return distributions.pareto(this, shape, scale);
  }

  /** Poisson: how many of many rare things happen, with that mean. */
  poisson(mean: number): number {
    return distributions.poisson(this, mean);
  }

  /** Trials up to and with the first success: 1, 2, 3, … with mean 1/p. */
  geometric(p: number): number {
    return distributions.geometric(this, p);
  }

  /** A rank of 1 … n, with a probability proportional to rank^-exponent. */
  zipf(n: number, exponent: number): number {
    return distributions.zipf(this, n, exponent);
  }

  /** One of the items, each equally likely. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new UsageError("choice([]) has nothing to choose from", "Give one item at least.");
    return items[this.integer(items.length)] as T;
  }

  /** One of the items, each with a probability proportional to its weight. */
  weighted<T>(items: readonly T[], weights: readonly number[]): T {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const sane = weights.length === items.length && total > 0 && total < Infinity && weights.every((w) => w >= 0);
    if (!sane) throw refusal(`weighted(…, [${weights.join(", ")}])`, "a weight ≥ 0 for each item, not all of them 0");
    let left = this.uniform(0, total);
    let last = 0;
    for (const [place, weight] of weights.entries()) {
      if (weight === 0) continue;
      last = place;
      left -= weight;
      if (left < 0) break;
    }
    return items[last] as T;
  }

  /** The items in a random order, each order equally likely, as a new list (R. Durstenfeld, "Algorithm 235", 1964). */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let left = shuffled.length; left > 1; left--) {
      const drawn = this.integer(left);
      [shuffled[drawn], shuffled[left - 1]] = [shuffled[left - 1] as T, shuffled[drawn] as T];
    }
    return shuffled;
  }

  save(): RngState {
    const streams = [...this.#streams].map(([name, stream]) => [name, stream.save()] as const);
    return { bits: [...this.#bits], streams: Object.fromEntries(streams) };
  }

  /** Streams that the state does not know begin anew, as they would have then. */
  restore(state: RngState): void {
    if (state.bits.length !== 4 || !state.bits.some((word) => word !== 0)) {
      throw new UsageError("that is no state of a random number generator", "Restore what save() gave.");
    }
    this.#bits.set(state.bits);
    for (const [name, stream] of this.#streams) if (!Object.hasOwn(state.streams, name)) stream.#restart();
    for (const [name, saved] of Object.entries(state.streams)) this.stream(name).restore(saved);
  }

  #restart(): void {
    this.#reset();
    for (const stream of this.#streams.values()) stream.#restart();
  }

  /**
   * Hashes the path with FNV-1a (64 bits; G. Fowler, L. C. Noll and K.-P. Vo, 1991) and spreads the hash with SplitMix64, as xoshiro's authors advise
   * (G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). SplitMix64
   * gives each word once in its period, so the state is never all zeros.
   */
  #reset(): void {
    let hash = 0xcbf29ce484222325n;
    const text = JSON.stringify(this.#path);
    for (let place = 0; place < text.length; place++) {
      const unit = text.charCodeAt(place);
      for (const byte of [unit & 0xff, unit >> 8]) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
    for (const at of [0, 2]) {
      hash = BigInt.asUintN(64, hash + 0x9e3779b97f4a7c15n);
      let z = hash;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      z ^= z >> 31n;
      this.#bits[at] = Number(BigInt.asIntN(32, z));
      this.#bits[at + 1] = Number(BigInt.asIntN(32, z >> 32n));
    }
    invariant(
      this.#bits.some((word) => word !== 0),
      "a generator's state is all zeros",
    );
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

import { UsageError } from "./errors.js";
import { studentQuantile } from "./student.js";

/** Mean, variance and extremes of numbers that come one by one, none of which is kept (B. P. Welford, 1962). */
export class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #least = Infinity;
  #greatest = -Infinity;

  add(value: number): void {
    this.#count++;
    const off = value - this.#mean;
    this.#mean += off / this.#count;
    this.#squares += off * (value - this.#mean);
    if (value < this.#least) this.#least = value;
    if (value > this.#greatest) this.#greatest = value;
  }

  get count(): number {
    return this.#count;
  }
  /** 0 before the first value. */
  get mean(): number {
    return this.#mean;
  }
  /** The sample's, with n − 1; 0 before the second value. */
  get variance(): number {
    return this.#count > 1 ? this.#squares / (this.#count - 1) : 0;
  }
  /** The standard deviation. */
  get deviation(): number {
    return Math.sqrt(this.variance);
  }
  /** Infinity before the first value. */
  get least(): number {
    return this.#least;
  }
  /** −Infinity before the first value. */
  get greatest(): number {
    return this.#greatest;
  }
}

/** The mean over time of a quantity that changes in steps: a queue's length, busy servers. */
export class TimeAverage {
  readonly #clock: { readonly now: number };
  readonly #begin: number;
  #value = 0;
  #greatest = 0;
  /** The area under the curve up to any time t is this plus value·t. */
  #offset = 0;

  /** Begins now, at 0. */
  constructor(clock: { readonly now: number }) {
    this.#clock = clock;
    this.#begin = clock.now;
  }

  get value(): number {
    return this.#value;
  }

  /** Has the value change now. */
  add(change: number): void {
    this.#offset -= change * this.#clock.now;
    this.#value += change;
    if (this.#value > this.#greatest) this.#greatest = this.#value;
  }

  /** From the beginning until now; the value itself where no time has passed. */
  get mean(): number {
    const now = this.#clock.now;
    return now === this.#begin ? this.#value : (this.#offset + this.#value * now) / (now - this.#begin);
  }

  get greatest(): number {
    return this.#greatest;
  }
}

/** A mean and the interval that holds the true one with the confidence given. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/**
 * The value below which a fraction `p` of the values lies, between two values in proportion (R. J. Hyndman and Y. Fan,
 * "Sample quantiles in statistical packages", The American Statistician 50(4), 1996, type 7).
 */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0 || !(p >= 0 && p <= 1)) {
    throw new UsageError(
      `quantile ${p} of ${values.length} values`,
      "Give one value at least, and a fraction from 0 to 1.",
    );
  }
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * p;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

/** The mean of independent values (repeated runs, say) with Student's confidence interval. */
export function confidenceInterval(values: readonly number[], confidence = 0.95): Interval {
  if (values.length < 2 || !(confidence > 0 && confidence < 1)) {
    throw new UsageError(
      `no interval of confidence ${confidence} comes from ${values.length} values`,
      "Give two values at least, and a confidence between 0 and 1.",
    );
  }
  const moments = new Moments();
  for (const value of values) moments.add(value);
  const half = studentQuantile(confidence, values.length - 1) * (moments.deviation / Math.sqrt(values.length));
  return { mean: moments.mean, low: moments.mean - half, high: moments.mean + half, confidence };
}

/**
 * The mean of one long run's values, which depend on one another, by batch means: the run is cut into `batches` of
 * equal size, long enough that their means are nearly independent, and these are taken as the values. A rest that fills
 * no batch is left out at the front, where the run is warming up (A. M. Law, "Simulation Modeling and Analysis",
 * section 9.5.3, which advises 20 batches or so).
 */
export function batchMeans(values: readonly number[], batches = 20, confidence = 0.95): Interval {
  const size = Math.floor(values.length / batches);
  if (!Number.isSafeInteger(batches) || batches < 2 || size < 1) {
    throw new UsageError(
      `${values.length} values make no ${batches} batches`,
      "Give two batches at least, and a value at least for each of them.",
    );
  }
  const skipped = values.length - batches * size;
  const means = Array.from({ length: batches }, (_, batch) => {
    const moments = new Moments();
    for (let at = 0; at < size; at++) moments.add(values[skipped + batch * size + at] ?? 0);
    return moments.mean;
  });
  return confidenceInterval(means, confidence);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { any, Engine, ms, ns, s, Share, UsageError } from "../../../sim/core/index.js";

interface Job {
  readonly at: number;
  readonly work: number;
  readonly weight: number;
}

/**
 * When each job ends in the fluid model, worked out step by step from the definition in exact fractions: at any time,
 * each job present gets rate·weight/Σweights. Rounded up to whole nanoseconds, but from a thousandth (1/1024) above one
 * rounded down to it, as the share promises. The rate is 1 a nanosecond.
 */
function fluidEnds(jobs: readonly Job[]): number[] {
  // A fraction is numerator over denominator, both whole.
  type Fraction = readonly [bigint, bigint];
  const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
  const fraction = (n: bigint, d: bigint): Fraction => {
    const by = gcd(n < 0n ? -n : n, d) || 1n;
    return [n / by, d / by];
  };
  const plus = ([a, b]: Fraction, [c, d]: Fraction): Fraction => fraction(a * d + c * b, b * d);
  const minus = (a: Fraction, [c, d]: Fraction): Fraction => plus(a, [-c, d]);
  const times = ([a, b]: Fraction, [c, d]: Fraction): Fraction => fraction(a * c, b * d);
  const less = ([a, b]: Fraction, [c, d]: Fraction): boolean => a * d < c * b;
  const left = jobs.map((job): Fraction => [BigInt(job.work), 1n]);
  const ends = jobs.map(() => -1);
  let now: Fraction = [0n, 1n];
  for (;;) {
    const open = jobs.flatMap((job, place) => (ends[place] === -1 && !less(now, [BigInt(job.at), 1n]) ? [place] : []));
    const coming = jobs
      .map((job): Fraction => [BigInt(job.at), 1n])
      .filter((at) => less(now, at))
      .reduce<Fraction | undefined>((first, at) => (first === undefined || less(at, first) ? at : first), undefined);
    if (open.length === 0) {
      if (coming === undefined) return ends;
      now = coming;
      continue;
    }
    const weights = open.reduce((sum, place) => sum + BigInt(jobs[place]!.weight), 0n);
    const spans = open.map((place) => times(left[place]!, fraction(weights, BigInt(jobs[place]!.weight))));
    let span = spans.reduce((first, other) => (less(other, first) ? other : first));
    if (coming !== undefined && less(minus(coming, now), span)) span = minus(coming, now);
    now = plus(now, span);
    for (const place of open) {
      left[place] = minus(left[place]!, times(span, fraction(BigInt(jobs[place]!.weight), weights)));
      if (left[place][0] > 0n) continue;
      const [n, d] = minus(now, [1n, 1024n]);
      ends[place] = Number((n + d - 1n) / d);
    }
  }
}

/** When each job ends on our share. */
function shareEnds(jobs: readonly Job[]): number[] {
  const engine = new Engine();
  const share = new Share(engine, { rate: 1e9 });
  const ends = jobs.map(() => -1);
  for (const [place, job] of jobs.entries()) {
    engine.at(ns(job.at), () => {
      share.use(job.work, job.weight).onSettled(() => (ends[place] = engine.now));
    });
  }
  engine.run();
  return ends;
}

describe("a share", () => {
  test("ends one job when its work is done, two when each has had its part", () => {
    // A works alone for 4, then half as fast: the 6 left take 12. B has done 6 of 9 by then and goes on alone.
    expect(
      shareEnds([
        { at: 0, work: 10, weight: 1 },
        { at: 4, work: 9, weight: 1 },
      ]),
    ).toEqual([16, 19]);
    // Weights 1 and 3: B's 9 take 12, in which A does 3 of its 6.
    expect(
      shareEnds([
        { at: 0, work: 10, weight: 1 },
        { at: 4, work: 9, weight: 3 },
      ]),
    ).toEqual([19, 16]);
  });

  test("ends every job at the nanosecond that the fluid model says", () => {
    const job = fc.record({
      at: fc.nat(2000),
      work: fc.integer({ min: 1, max: 1000 }),
      weight: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(job, { minLength: 1, maxLength: 15 }), (jobs) => {
        expect(shareEnds(jobs)).toEqual(fluidEnds(jobs));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  test("stays exact over a long busy period", () => {
    const engine = new Engine();
    const share = new Share(engine, { rate: 1e9 });
    // Three jobs at any time, each of which is followed by another: a third of the rate each, for an hour.
    const ends: number[] = [];
    const again = (lane: number): void => {
      share.use(1e9 + lane).onSettled(() => {
        if (lane === 0) ends.push(engine.now);
        if (engine.now < s(3600)) again(lane);
      });
    };
    for (const lane of [0, 1, 2]) again(lane);
    engine.run();
    // Lane 0 has a third of the rate all along, so its n-th job of 10⁹ ends at n·3·10⁹, but that every job, of its own
    // lane and of the others, begins up to a nanosecond after the end of the one before.
    expect(ends.length).toBe(1200);
    ends.forEach((end, n) => {
      expect(Math.abs(end - (n + 1) * 3e9)).toBeLessThanOrEqual(1 + 2 * (n + 1));
    });
  });

  test("gives the rate of a job that is given up to the others", () => {
    const engine = new Engine();
    const link = new Share(engine, { name: "link", rate: 1e9 });
    const log: string[] = [];
    engine.spawn(
      (function* () {
        const slow = link.use(ms(10));
        log.push((yield* any({ slow, late: engine.delay(ms(4)) })).key);
        expect(() => slow.value).toThrow('the job on "link" was given up');
      })(),
    );
    engine.spawn(
      (function* () {
        yield link.use(ms(3));
        log.push(`done at ${engine.now / 1e6} ms`);
      })(),
    );
    // Half of the rate for 4 ms, all of it for the last millisecond.
    expect(engine.run().now).toBe(ms(5));
    expect(log).toEqual(["late", "done at 5 ms"]);
  });

  test("counts what it has seen", () => {
    const engine = new Engine();
    const cpu = new Share(engine, { name: "cpu", rate: 1e6 });
    cpu.use(2000);
    cpu.use(2000);
    engine.run();
    engine.run(ms(8));
    expect(cpu.statistics()).toEqual({
      share: "cpu",
      rate: 1e6,
      done: 2,
      running: 0,
      utilisation: 0.5,
      meanJobs: 1,
      greatestJobs: 2,
      meanStay: ms(4),
      greatestStay: ms(4),
    });
    expect(new Share(engine).statistics()).toMatchObject({ done: 0, greatestStay: 0 });
  });

  test("refuses work, weights and rates that make no sense", () => {
    const engine = new Engine();
    const share = new Share(engine);
    for (const bad of [0, -1, NaN, Infinity]) {
      expect(() => share.use(bad)).toThrow(UsageError);
      expect(() => share.use(1, bad)).toThrow(UsageError);
      expect(() => new Share(engine, { rate: bad })).toThrow(UsageError);
    }
  });
});

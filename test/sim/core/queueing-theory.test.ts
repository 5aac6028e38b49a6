import { describe, expect, test } from "vitest";
import {
  batchMeans,
  confidenceInterval,
  createWorld,
  ns,
  Resource,
  Share,
  type Activity,
  type Engine,
  type Interval,
  type Rng,
} from "../../../sim/core/index.js";

/** The mean time between arrivals: long in nanoseconds, so that whole ones make no difference. */
const interarrival = 1e6;

interface Model {
  readonly seed: number;
  readonly customers: number;
  /** A service time, in nanoseconds. */
  readonly service: (rng: Rng) => number;
  /** What a customer does between coming and going; returns what is measured. */
  readonly visit: (engine: Engine, service: number) => Activity<number>;
}

/** Poisson arrivals; gives each customer's measure, in the order of their leaving. */
function simulate({ seed, customers, service, visit }: Model, world = createWorld({ seed, traceRows: 0 })): number[] {
  const { engine, rng } = world;
  const measures: number[] = [];
  function* customer(time: number): Activity<void> {
    measures.push(yield* visit(engine, time));
  }
  function* source(): Activity<void> {
    for (let n = 0; n < customers; n++) {
      yield engine.delay(ns(rng.stream("arrivals").exponential(interarrival)));
      engine.spawn(customer(service(rng.stream("services"))));
    }
  }
  engine.spawn(source());
  engine.run();
  return measures;
}

/** Waiting times in a queue with so many servers. */
function waits(servers: number, model: Omit<Model, "visit">): number[] {
  let resource: Resource | undefined;
  return simulate({
    ...model,
    *visit(engine, service) {
      resource ??= new Resource(engine, { capacity: servers });
      const came = engine.now;
      const unit = yield* resource.acquire();
      const waited = engine.now - came;
      yield engine.delay(ns(service));
      unit.release();
      return waited;
    },
  });
}

/** The measure's interval holds what theory says, and is narrow enough for that to mean something. */
function expectToHold(interval: Interval, theory: number): void {
  expect(interval.low).toBeLessThan(theory);
  expect(interval.high).toBeGreaterThan(theory);
  expect(interval.high - interval.low).toBeLessThan(0.2 * theory);
}

/** Erlang's C formula: the probability of waiting with `servers` servers and an offered load of `load` servers. */
function erlangC(servers: number, load: number): number {
  let blocking = 1;
  for (let n = 1; n <= servers; n++) blocking = (load * blocking) / (n + load * blocking);
  return (servers * blocking) / (servers - load * (1 - blocking));
}

/** The Pollaczek–Khinchine mean wait, from the service's mean and squared coefficient of variation. */
function pollaczekKhinchine(mean: number, squaredVariation: number): number {
  const load = mean / interarrival;
  return ((load * mean) / (1 - load)) * ((1 + squaredVariation) / 2);
}

describe("mean waits agree with theory", () => {
  test("M/M/1 (D. G. Kendall's notation; W = ρ/(μ−λ))", () => {
    const mean = 0.8 * interarrival;
    const measured = waits(1, { seed: 1, customers: 200_000, service: (rng) => rng.exponential(mean) });
    expectToHold(batchMeans(measured, 20, 0.95), (mean * 0.8) / (1 - 0.8));
  });

  test("M/M/1, as often as the intervals say", () => {
    const mean = 0.5 * interarrival;
    const theory = mean;
    const intervals = Array.from({ length: 40 }, (_, seed) =>
      batchMeans(waits(1, { seed, customers: 10_000, service: (rng) => rng.exponential(mean) }), 20, 0.9),
    );
    const held = intervals.filter(({ low, high }) => low < theory && theory < high).length;
    // 36 of 40 are expected, with a standard deviation of 1.9.
    expect(held).toBeGreaterThanOrEqual(31);
    expect(held).toBeLessThanOrEqual(40);
    expectToHold(
      confidenceInterval(
        intervals.map((interval) => interval.mean),
        0.99,
      ),
      theory,
    );
  });

  test.each([
    [2, 0.75],
    [5, 0.8],
  ])("M/M/%i at load %s (Erlang C)", (servers, load) => {
    const mean = servers * load * interarrival;
    const measured = waits(servers, { seed: 2, customers: 200_000, service: (rng) => rng.exponential(mean) });
    expectToHold(batchMeans(measured, 20, 0.95), (erlangC(servers, servers * load) * mean) / (servers * (1 - load)));
    const waited = measured.map((wait) => Number(wait > 0));
    expectToHold(batchMeans(waited, 20, 0.95), erlangC(servers, servers * load));
  });

  test.each<[string, (rng: Rng, mean: number) => number, number]>([
    ["constant", (_, mean) => mean, 0],
    ["uniform", (rng, mean) => rng.uniform(0, 2 * mean), 1 / 3],
    // Sigma such that e^σ² − 1, its squared variation, is 2.
    ["lognormal", (rng, mean) => rng.lognormal(Math.log(mean) - Math.log(3) / 2, Math.sqrt(Math.log(3))), 2],
  ])("M/G/1 with %s service (Pollaczek and Khinchine)", (_, service, squaredVariation) => {
    const mean = 0.7 * interarrival;
    const measured = waits(1, { seed: 3, customers: 300_000, service: (rng) => service(rng, mean) });
    expectToHold(batchMeans(measured, 20, 0.95), pollaczekKhinchine(mean, squaredVariation));
  });
});

describe("a share agrees with theory", () => {
  test.each<[string, (rng: Rng, mean: number) => number]>([
    ["exponential", (rng, mean) => rng.exponential(mean)],
    ["constant", (_, mean) => mean],
    ["heavy-tailed", (rng, mean) => rng.pareto(2.5, (mean * 1.5) / 2.5)],
  ])("M/G/1 processor sharing: the mean stay is E[S]/(1 − ρ) with %s work too (L. Kleinrock, 1967)", (_, service) => {
    const mean = 0.6 * interarrival;
    let share: Share | undefined;
    const stays = simulate({
      seed: 4,
      customers: 200_000,
      service: (rng) => service(rng, mean),
      *visit(engine, work) {
        share ??= new Share(engine, { rate: 1e9 });
        const came = engine.now;
        yield share.use(work);
        return engine.now - came;
      },
    });
    expectToHold(batchMeans(stays, 20, 0.95), mean / (1 - 0.6));
  });
});

test("the statistics of a resource agree with those of its customers, and with Little's law", () => {
  const world = createWorld({ seed: 5, traceRows: 0 });
  const resource = new Resource(world.engine, { name: "server" });
  let waited = 0;
  simulate(
    {
      seed: 5,
      customers: 50_000,
      service: (rng) => rng.exponential(0.7 * interarrival),
      *visit(engine, service) {
        const came = engine.now;
        const unit = yield* resource.acquire();
        waited += engine.now - came;
        yield engine.delay(ns(service));
        unit.release();
        return 0;
      },
    },
    world,
  );
  const { served, meanWait, meanQueue, utilisation } = resource.statistics();
  expect(served).toBe(50_000);
  expect(meanWait / (waited / served)).toBeCloseTo(1, 9);
  // L = λW, exactly, over a run that begins and ends empty.
  expect(meanQueue / ((served / world.engine.now) * meanWait)).toBeCloseTo(1, 9);
  expect(utilisation).toBeCloseTo(0.7, 1);
});

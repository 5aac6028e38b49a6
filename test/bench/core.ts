import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createWorld, Resource, seldom, supervise, type Activity, type Nanos } from "../../sim/core/index.js";
import type { Bench, Contender, Room } from "./runner/measure.js";

/**
 * What `count` of something amount to a second, where `work` does them. In seconds of the processor, all threads of the
 * process together: on a machine that others use too, time on the wall says more about them.
 */
function rate(count: number, work: () => void): number {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return (count * 1e6) / (user + system);
}

const many = 2_000_000;
const { rng } = createWorld({ seed: 1 });
const delays = Array.from({ length: 4096 }, () => (1 + rng.integer(1_000_000)) as Nanos);

/** The hold model: so many events are pending, and each that happens schedules another, a random time later. */
function hold(pending: number): number {
  const { engine } = createWorld();
  let scheduled = 0;
  const tick = (): void => {
    if (scheduled < many) engine.after(delays[scheduled++ & 4095] as Nanos, tick);
  };
  for (let event = 0; event < pending; event++) tick();
  return rate(many, () => engine.run());
}

function callbacks(pending: number, goal: number): Bench {
  return {
    name: `callbacks, ${pending.toLocaleString("en")} pending`,
    unit: "events/s",
    goal: { median: goal },
    contenders: [{ name: "virtlab", run: () => hold(pending) }],
  };
}

/** What it costs the smallest events that a kernel watches over their run: it asks every 16, and the clock every 256. */
const supervised: Bench = {
  name: "callbacks, 2 pending, supervised",
  unit: "events/s",
  goal: { ratio: 0.9 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const words = new Int32Array(new SharedArrayBuffer(4));
        let calls = 0;
        supervise(() => {
          if (++calls % 16 === 0) performance.now();
          return Atomics.load(words, 0) === 0 ? 16 : seldom;
        });
        try {
          return hold(2);
        } finally {
          supervise(undefined);
        }
      },
    },
    { name: "unsupervised", run: () => hold(2) },
  ],
};

/** Ten processes that do nothing but wait, by turns. */
const switches: Bench = {
  name: "process switches, 10 processes",
  unit: "switches/s",
  contenders: [
    {
      name: "virtlab",
      run() {
        const { engine } = createWorld();
        const each = 100_000;
        function* waiter(step: number): Activity<void> {
          for (let turn = 0; turn < each; turn++) yield engine.delay(step as Nanos);
        }
        for (let number = 0; number < 10; number++) engine.spawn(waiter(100 + number));
        return rate(10 * each, () => engine.run());
      },
    },
  ],
};

/** The queue with Poisson arrivals, exponential service and one server: a process for each customer. */
const customers = 200_000;
const arrivalMean = 1000;
const serviceMean = 800;
/** ρ/(μ − λ), D. G. Kendall, 1953: what the mean wait comes to, so that a contender that runs another model is found out. */
const meanWait = (serviceMean * serviceMean) / (arrivalMean - serviceMean);

function checkedRate(who: string, customersPerSecond: number, wait: number): number {
  if (Math.abs(wait / meanWait - 1) < 0.15) return customersPerSecond;
  throw new Error(`${who} ran another model: the mean wait is ${wait}, and ${meanWait} by theory`);
}

const virtlabQueue: Contender = {
  name: "virtlab",
  run() {
    const { engine, rng } = createWorld({ seed: 1 });
    const server = new Resource(engine);
    const arrivals = rng.stream("arrivals");
    const services = rng.stream("services");
    function* customer(): Activity<void> {
      const unit = server.acquire();
      yield unit;
      yield engine.delay(Math.round(services.exponential(serviceMean)) as Nanos);
      unit.release();
    }
    function* source(): Activity<void> {
      for (let number = 0; number < customers; number++) {
        yield engine.delay(Math.round(arrivals.exponential(arrivalMean)) as Nanos);
        engine.spawn(customer());
      }
    }
    engine.spawn(source());
    const measured = rate(customers, () => engine.run());
    return checkedRate("virtlab", measured, server.statistics().meanWait);
  },
};

/** The same in SimPy, under the first Python that has it. */
function simpyQueue(): Contender {
  const program = join(dirname(fileURLToPath(import.meta.url)), "../../../test/bench/peers/mm1_simpy.py");
  const candidates = [process.env["VIRTLAB_PYTHON"], "/usr/bin/python3", "python3"].filter(
    (path) => path !== undefined,
  );
  const python = candidates.find((path) => spawnSync(path, ["-c", "import simpy"]).status === 0);
  if (python === undefined) {
    return { name: "SimPy", missing: "no python3 here imports simpy (Debian: python3-simpy3)", run: () => NaN };
  }
  return {
    name: "SimPy",
    run() {
      const args = [program, customers, arrivalMean, serviceMean].map(String);
      const { stdout, stderr, status } = spawnSync(python, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
      const { seconds, mean_wait: wait } = JSON.parse(stdout) as { seconds: number; mean_wait: number };
      return checkedRate("SimPy", customers / seconds, wait);
    },
  };
}

export const room: Room = {
  benches: [
    callbacks(2, 10e6),
    supervised,
    callbacks(1_000, 5e6),
    callbacks(100_000, 2.5e6),
    switches,
    { name: "M/M/1 customers", unit: "customers/s", goal: { ratio: 15 }, contenders: [virtlabQueue, simpyQueue()] },
  ],
};

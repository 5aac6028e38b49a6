import { createWorld, ms, ns, us, UsageError, withDefaults, type Nanos } from "../../core/index.js";
import { RaftCluster } from "./cluster.js";
import type { StateMachine } from "./node.js";

export interface ElectionTrialOptions {
  readonly seed: number;
  readonly trials: number;
  readonly servers: number;
  /** The shortest and the longest election timeout. */
  readonly timeouts: readonly [Nanos, Nanos];
  /** From one server to another; a broadcast is twice that and a sync: here some 10 ms, in the paper "roughly 15". */
  readonly latency: Nanos;
  readonly jitter: Nanos;
  readonly sync: readonly [Nanos, Nanos];
  /** A trial without a leader after this time ends, and counts as so long. */
  readonly limit: Nanos;
}

/** A state machine that keeps nothing: these trials are about leaders. */
const nothing = (): StateMachine<number, undefined> => ({
  apply: () => undefined,
  save: () => undefined,
  restore: () => undefined,
});

/**
 * How long a cluster is without a leader after its leader crashed, trial by trial, shortest first: the experiment of
 * figure 16 in D. Ongaro and J. Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014),
 * section 9.3. As there: the leader crashes at a random time within its heartbeat interval, half the shortest timeout,
 * right behind a heartbeat to all (whose answers it still gets), so that all followers' timers start nearly at once; logs
 * differ in length, so that some servers can't be elected; no pre-vote.
 *
 * Measured from the crash to the first leader of a later term. A trial is a cluster of its own in a world of its own.
 *
 * Latency and the disks' time by default were sought until the figure's rows came out together (a broadcast takes 10 ms with them, where the
 * paper says some 15): that they do is no confirmation of either.
 */
export function electionTrials(options?: Partial<ElectionTrialOptions>): readonly Nanos[] {
  const settings = withDefaults<ElectionTrialOptions>("electionTrials", options, {
    seed: 0,
    trials: 100,
    servers: 5,
    timeouts: [ms(150), ms(300)],
    latency: ms(2.5),
    jitter: ms(1),
    sync: [ms(4), ms(5)],
    limit: ms(10_000),
  });
  const [least, most] = settings.timeouts;
  if (least > most)
    throw new UsageError("the shortest timeout is longer than the longest", "Give [shortest, longest].");
  const times: Nanos[] = [];
  for (let trial = 0; trial < settings.trials; trial++) times.push(oneTrial(settings, trial));
  return times.sort((a, b) => a - b);
}

function oneTrial(settings: ElectionTrialOptions, trial: number): Nanos {
  const { seed, servers, timeouts, latency, jitter, sync, limit } = settings;
  const [least, most] = timeouts;
  // Ticks so short that the draw is as good as continuous.
  const tick = us(50);
  const ticks = (time: number): number => Math.round(time / tick);
  const world = createWorld({ seed: seed * 1_000_003 + trial, traceRows: 0 });
  const { engine } = world;
  const cluster = new RaftCluster(nothing, {
    world,
    servers,
    tick,
    heartbeatTicks: ticks(least / 2),
    electionTicks: ticks(least),
    electionSpread: ticks(most - least) + 1,
    preVote: false,
    checkQuorum: false,
    network: { latency, jitter },
    sync,
    record: false,
  });
  // The first leader is made, not waited for.
  cluster.node(1).campaign();
  engine.run(cluster.elected());
  engine.run(ns(engine.now + least / 2));
  const rng = world.rng.stream("trial");
  const old = cluster.leader;
  if (old === undefined) return limit;
  // Logs of different lengths: one entry reaches two of the followers, one more only one of these.
  const others = cluster.nodes.map(({ id }) => id).filter((id) => id !== old.id);
  const ahead = rng.shuffle(others);
  const arrival = latency + jitter;
  for (const count of [2, 1]) {
    for (const id of ahead.slice(count)) cluster.network.cut(old.id, id);
    old.propose(0);
    engine.run(ns(engine.now + arrival));
    cluster.heal();
  }
  old.beat();
  const crash = engine.now + Math.floor(rng.uniform(0, least / 2));
  engine.run(ns(Math.min(crash, engine.now + arrival)));
  // The heartbeats have arrived; the logs stay as they are.
  for (const id of others) cluster.network.cut(old.id, id);
  engine.run(ns(crash));
  old.crash();
  const elected = cluster.elected();
  engine.after(limit, () => elected.fire(0), { background: true });
  engine.run(elected);
  return ns(engine.now - crash);
}

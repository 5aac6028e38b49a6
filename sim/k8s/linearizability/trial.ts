import {
  createWorld,
  InvariantError,
  ms,
  ns,
  s,
  withDefaults,
  type Activity,
  type Nanos,
  type Rng,
} from "../../core/index.js";
import { EtcdCluster, type EtcdClusterOptions } from "../etcd/cluster.js";
import { errors, isEtcdError, type EtcdError } from "../etcd/errors.js";
import type { NodeId } from "../raft/index.js";
import { checkLinearizable, type Verdict } from "./checker.js";
import type { Operation, RegisterCall } from "./history.js";

/** What befalls a cluster in a trial. */
export type Nuisance = "partition" | "crash" | "pause" | "skew" | "loss";

export interface TrialOptions {
  readonly seed: number;
  readonly servers: number;
  readonly clients: number;
  /** How many operations each client makes. */
  readonly operations: number;
  readonly keys: number;
  readonly nuisances: readonly Nuisance[];
  /** What the cluster shall have instead of this trial's own settings. */
  readonly cluster: Partial<Omit<EtcdClusterOptions, "world" | "servers">>;
}

export interface Trial {
  readonly verdict: Verdict;
  /** What an invariant within Raft said, which no sound server violates; undefined where all held. */
  readonly broken: string | undefined;
  readonly history: readonly Operation[];
  readonly cluster: EtcdCluster;
}

/**
 * Clients read, write, delete and replace a few keys of an etcd cluster while it is partitioned, its servers crash and
 * lose what their disks hadn't synced, stand still, and have clocks of different speed; then what they saw is checked
 * for linearizability, as Jepsen does with real ones (K. Kingsbury, jepsen.io). A trial is a world of its own: the same
 * seed gives the same trial.
 */
export function linearizabilityTrial(options?: Partial<TrialOptions>): Trial {
  const settings = withDefaults<TrialOptions>("linearizabilityTrial", options, {
    seed: 0,
    servers: 3,
    clients: 4,
    operations: 25,
    keys: 2,
    nuisances: ["partition", "crash", "pause", "skew", "loss"],
    cluster: {},
  });
  const { seed, servers, clients, nuisances } = settings;
  const world = createWorld({ seed, traceRows: 0 });
  const { engine, rng } = world;
  const cluster = new EtcdCluster({
    world,
    servers,
    record: false,
    requestTimeout: s(1.5),
    snapshotEvery: 20,
    // Syncs as long as messages: crashes shall fall into them.
    sync: [ms(1), ms(10)],
    network: { latency: ms(1), jitter: ms(10), loss: nuisances.includes("loss") ? 0.02 : 0, duplication: 0.02 },
    ...settings.cluster,
  });
  const history: Operation[] = [];
  let broken: string | undefined;
  try {
    cluster.start();
    const running = Array.from({ length: clients }, (_, client) =>
      engine.spawn(clientOf(cluster, settings, client + 1, history, rng.stream(`client ${client + 1}`)), {
        name: `client ${client + 1}`,
      }),
    );
    engine.spawn(trouble(cluster, nuisances, rng.stream("trouble")), { name: "trouble", background: true });
    for (const process of running) engine.run(process);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    broken = error.message;
  }
  return { verdict: checkLinearizable(history), broken, history, cluster };
}

function* clientOf(
  cluster: EtcdCluster,
  settings: TrialOptions,
  client: number,
  history: Operation[],
  rng: Rng,
): Activity<void> {
  const { engine } = cluster.world;
  let seen: string | undefined;
  for (let count = 1; count <= settings.operations; count++) {
    yield* engine.delay(ns(Math.round(rng.exponential(80e6))));
    const key = `k${rng.integer(settings.keys)}`;
    const value = `${client}.${count}`;
    const type = rng.weighted(["read", "write", "replace", "delete"] as const, [5, 4, 2, 1]);
    const call: RegisterCall =
      type === "write" ? { type, value } : type === "replace" ? { type, expected: seen ?? "", value } : { type };
    const called = engine.now;
    const answer = yield* ask(cluster, rng.integer(settings.servers) + 1, key, call);
    if (!isEtcdError(answer)) {
      history.push({ client, key, call, called, answered: engine.now, answer });
      if (type === "read") seen = answer.read;
      // What wasn't taken on never takes effect, and a read that failed says nothing.
    } else if (mayHaveHappened(answer) && type !== "read")
      history.push({ client, key, call, called, answered: undefined });
  }
}

const mayHaveHappened = (error: EtcdError): boolean => error === errors.timeout;

function* ask(
  cluster: EtcdCluster,
  at: NodeId,
  key: string,
  call: RegisterCall,
): Activity<NonNullable<Operation["answer"]> | EtcdError> {
  const member = cluster.member(at);
  switch (call.type) {
    case "read": {
      const response = yield* member.range({ key });
      return isEtcdError(response) ? response : { read: response.kvs[0]?.value };
    }
    case "write": {
      const response = yield* member.put({ key, value: call.value });
      return isEtcdError(response) ? response : {};
    }
    case "delete": {
      const response = yield* member.deleteRange({ key });
      return isEtcdError(response) ? response : {};
    }
    case "replace": {
      const { expected: operand, value } = call;
      const response = yield* member.txn({
        compare: [{ key, target: "value", result: "equal", operand }],
        success: [{ put: { key, value } }],
      });
      return isEtcdError(response) ? response : { replaced: response.succeeded };
    }
  }
}

/** Does one thing after another to the cluster, and mends it after a while. */
function* trouble(cluster: EtcdCluster, nuisances: readonly Nuisance[], rng: Rng): Activity<never> {
  const { raft } = cluster;
  const ids = raft.nodes.map(({ id }) => id);
  const some = (): NodeId[] => rng.shuffle(ids).slice(0, 1 + rng.integer(ids.length));
  const a = (least: number, most: number): Nanos => ms(Math.round(rng.uniform(least, most)));
  const kinds = nuisances.filter((kind) => kind !== "loss");
  for (;;) {
    yield* cluster.world.engine.delay(a(50, 800), { background: true });
    if (kinds.length === 0) continue;
    switch (rng.choice(kinds)) {
      case "partition": {
        // Half of the time it is the leader that is cut off, alone or with another.
        const leader = raft.leader?.id;
        const others = rng.shuffle(ids.filter((id) => id !== leader));
        const order = leader === undefined || rng.uniform() < 0.5 ? rng.shuffle(ids) : [leader, ...others];
        const cut = 1 + rng.integer(Math.max(1, Math.floor(ids.length / 2)));
        raft.partition(order.slice(0, cut), order.slice(cut));
        yield* cluster.world.engine.delay(a(200, 3000), { background: true });
        raft.heal();
        break;
      }
      case "crash": {
        const down = some();
        raft.crash(...down);
        yield* cluster.world.engine.delay(a(10, 1500), { background: true });
        raft.restart(...down);
        break;
      }
      case "pause": {
        const held = some();
        raft.pause(...held);
        yield* cluster.world.engine.delay(a(10, 3000), { background: true });
        raft.resume(...held);
        break;
      }
      case "skew":
        for (const id of ids) raft.node(id).setClockRate(rng.uniform(0.7, 1.4));
        break;
    }
  }
}

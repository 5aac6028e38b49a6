import {
  createWorld,
  ms,
  s,
  Signal,
  UsageError,
  withDefaults,
  type LanesView,
  type Nanos,
  type SequenceView,
  type TableView,
  type TextView,
  type World,
} from "../../core/index.js";
import {
  founded,
  joining,
  simpleConf,
  type ConfChange,
  type Entry,
  type Message,
  type NodeId,
  type RaftFlaw,
  type RaftOptions,
  type Role,
} from "../raft/index.js";
import { LogDisk } from "./disk.js";
import { MessageNetwork, type Fate, type NetworkOptions } from "./network.js";
import { RaftNode, type NodeFlaw, type NodeSettings, type Outcome, type StateMachine } from "./node.js";
import { describeMessage, messageSequence, roleLanes, transcript, type RoleChange, type SentMessage } from "./views.js";

export interface RaftClusterOptions {
  readonly world: World;
  /** What its rows of the trace and its streams of chance are called. */
  readonly name: string;
  /** How many servers there are at first: 1 … n. */
  readonly servers: number;
  /** The defaults are etcd's: a heartbeat every 100 ms, an election timeout of 1 s and up to as much more. */
  readonly tick: Nanos;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  readonly electionSpread: number | undefined;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly reads: "safe" | "lease";
  /** A data centre's network, by default: 0.5 ms and up to 0.5 ms more. */
  readonly network: Partial<NetworkOptions>;
  /** How long a sync of a disk takes: from, to. By default 1 to 3 ms, as an SSD's under etcd. */
  readonly sync: readonly [Nanos, Nanos];
  /** etcd: 5 s and two election timeouts. */
  readonly requestTimeout: Nanos;
  /** etcd: 10,000 (100,000 before 3.2). */
  readonly snapshotEvery: number;
  /** Entries that one message carries at most. etcd counts bytes: 1 MiB. */
  readonly entriesPerMessage: number;
  /** How fast each server's clock runs, from server 1 on; 1 where it isn't given. */
  readonly clockRates: readonly number[];
  /** Whether every message is recorded, for views and transcripts. */
  readonly record: boolean;
  /** Plants a mistake in every server. */
  readonly flaw: RaftFlaw | NodeFlaw | undefined;
}

const flawsOutside: readonly string[] = ["forgets-votes", "acks-before-sync"] satisfies readonly NodeFlaw[];

/** Servers that keep a state machine the same by Raft, and what may befall them. */
export class RaftCluster<C, R> {
  readonly world: World;
  readonly name: string;
  readonly network: MessageNetwork;
  readonly #options: RaftClusterOptions;
  readonly #nodes = new Map<NodeId, RaftNode<C, R>>();
  readonly #make: () => StateMachine<C, R>;
  readonly #roles: RoleChange[] = [];
  readonly #messages: SentMessage[] = [];
  readonly #elected: ((leader: NodeId, term: number) => void)[] = [];
  /** Told of each entry that a server applies. */
  onApplied: (node: NodeId, entry: Entry) => void = () => undefined;
  /** Told of each change of a server's role. */
  onRole: (node: NodeId, role: RoleChange["role"]) => void = () => undefined;

  /**
   * @param make the state machine that every server begins with
   * @throws UsageError for options that make no sense
   */
  constructor(make: () => StateMachine<C, R>, options?: Partial<RaftClusterOptions>) {
    this.#options = withDefaults<RaftClusterOptions>("RaftCluster", options, {
      world: options?.world ?? createWorld(),
      name: "raft",
      servers: 3,
      tick: ms(100),
      heartbeatTicks: 1,
      electionTicks: 10,
      electionSpread: undefined,
      preVote: true,
      checkQuorum: true,
      reads: "safe",
      network: {},
      sync: [ms(1), ms(3)],
      requestTimeout: s(7),
      snapshotEvery: 10_000,
      entriesPerMessage: 1024,
      clockRates: [],
      record: true,
      flaw: undefined,
    });
    const { world, name, servers } = this.#options;
    if (!(Number.isInteger(servers) && servers >= 1)) {
      throw new UsageError(`a cluster of ${servers} servers`, "Give a whole number from 1 on; an odd one is best.");
    }
    this.world = world;
    this.name = name;
    this.#make = make;
    const network = withDefaults<NetworkOptions>("network", this.#options.network, {
      latency: ms(0.5),
      jitter: ms(0.5),
      loss: 0,
      duplication: 0,
    });
    this.network = new MessageNetwork(
      world,
      name,
      network,
      (message) => this.#nodes.get(message.to)?.receive(message) ?? false,
      (message, fate) => {
        if (this.#options.record) this.#note(message, fate);
      },
    );
    const ids = Array.from({ length: servers }, (_, place) => place + 1);
    const first = founded(simpleConf(ids), make().save());
    for (const id of ids) this.#add(id, first).start();
  }

  #add(id: NodeId, durable: ReturnType<typeof founded>): RaftNode<C, R> {
    const { world, name, sync } = this.#options;
    const rng = world.rng.stream(`${name}.${id}.disk`);
    const [least, most] = sync;
    const latency = (): Nanos => Math.round(most > least ? rng.uniform(least, most) : least) as Nanos;
    const disk = new LogDisk(world.engine, rng, durable, latency);
    const node = new RaftNode(id, world, name, this.network, disk, this.#make, this.#settings(id), {
      role: (node, role, term) => {
        this.#noteRole(node, role, term);
      },
      applied: (node, entry) => {
        this.onApplied(node, entry);
      },
    });
    this.#nodes.set(id, node);
    return node;
  }

  #settings(id: NodeId): NodeSettings {
    const o = this.#options;
    const outside = o.flaw !== undefined && flawsOutside.includes(o.flaw);
    const raft: Omit<RaftOptions, "id"> = {
      electionTicks: o.electionTicks,
      electionSpread: o.electionSpread ?? o.electionTicks,
      heartbeatTicks: o.heartbeatTicks,
      preVote: o.preVote,
      checkQuorum: o.checkQuorum,
      reads: o.reads,
      entriesPerMessage: o.entriesPerMessage,
      // etcd's maxInflightMsgs.
      window: 512,
      flaw: outside ? undefined : (o.flaw as RaftFlaw | undefined),
    };
    return {
      raft,
      tick: o.tick,
      clockRate: o.clockRates[id - 1] ?? 1,
      requestTimeout: o.requestTimeout,
      snapshotEvery: o.snapshotEvery,
      flaw: outside ? (o.flaw as NodeFlaw) : undefined,
    };
  }

  /** @throws UsageError where there is no such server */
  node(id: NodeId): RaftNode<C, R> {
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    throw new UsageError(`there is no server ${id}`, `There are ${[...this.#nodes.keys()].join(", ")}.`);
  }

  /** How long a request may take, until nobody knows what became of it. */
  get requestTimeout(): Nanos {
    return this.#options.requestTimeout;
  }

  /** All servers, those that are down too. */
  get nodes(): readonly RaftNode<C, R>[] {
    return [...this.#nodes.values()];
  }

  /** Who leads in the highest term that a server which is up leads in. It may have been deposed and not know it yet. */
  get leader(): RaftNode<C, R> | undefined {
    const leaders = this.nodes.filter((node) => node.raft?.status.role === "leader" && !node.paused);
    return leaders.sort((a, b) => (b.raft?.status.term ?? 0) - (a.raft?.status.term ?? 0))[0];
  }

  /** Fires with the next server that is elected; at once where there is a leader: `world.run(cluster.elected())`. */
  elected(): Signal<NodeId> {
    const signal = new Signal<NodeId>("a leader");
    const { leader } = this;
    if (leader !== undefined) signal.fire(leader.id);
    else this.#elected.push((id) => signal.fire(id));
    return signal;
  }

  /** Proposes at the leader, or at the server named. */
  propose(command: C, at: NodeId | undefined = this.leader?.id): Signal<Outcome<R>> {
    if (at !== undefined) return this.node(at).propose(command);
    const refused = new Signal<Outcome<R>>("request");
    refused.fire({ outcome: "refused", reason: "no leader" });
    return refused;
  }

  /** Power fails at these servers. */
  crash(...ids: readonly NodeId[]): void {
    for (const id of ids) this.node(id).crash();
  }

  /** They come back with what is on their disks. */
  restart(...ids: readonly NodeId[]): void {
    for (const id of ids) this.node(id).start();
  }

  pause(...ids: readonly NodeId[]): void {
    for (const id of ids) this.node(id).pause();
  }

  resume(...ids: readonly NodeId[]): void {
    for (const id of ids) this.node(id).resume();
  }

  /** Splits the network: messages go within a group only. Servers that no group names are alone. */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.network.heal();
    const group = (id: NodeId): number => groups.findIndex((members) => members.includes(id));
    for (const from of this.#nodes.keys()) {
      for (const to of this.#nodes.keys()) {
        if (from !== to && (group(from) !== group(to) || group(from) < 0)) this.network.cut(from, to);
      }
    }
  }

  /** Ends all partitions. */
  heal(): void {
    this.network.heal();
  }

  /** Starts a server that is to join: it gets the log when a change of the configuration names it. */
  join(id: NodeId): RaftNode<C, R> {
    if (this.#nodes.has(id))
      throw new UsageError(`server ${id} is there already`, "Take a number that was never used.");
    const node = this.#add(id, joining(this.#make().save()));
    node.start();
    return node;
  }

  /** Changes who takes part, at the leader. */
  change(change: ConfChange): Signal<Outcome<number>> {
    const { leader } = this;
    if (leader !== undefined) return leader.change(change);
    const refused = new Signal<Outcome<number>>("request");
    refused.fire({ outcome: "refused", reason: "no leader" });
    return refused;
  }

  #noteRole(node: NodeId, role: RoleChange["role"], term: number): void {
    const { now } = this.world.engine;
    this.#roles.push({ time: now, node, role, term });
    this.world.trace.emit("raft.role", `${this.name}-${node}`, { role, term });
    this.onRole(node, role);
    if (role !== "leader") return;
    for (const tell of this.#elected.splice(0)) tell(node, term);
  }

  #note(message: Message, fate: Fate): void {
    const { from, to, type, term } = message;
    this.#messages.push({ time: this.world.engine.now, from, to, type, fate, text: describeMessage(message) });
    if (this.world.trace.kept) this.world.trace.emit(`raft.${fate}`, `${this.name}-${from}`, { to, type, term });
  }

  /** Every change of a role so far, in order. */
  get roles(): readonly RoleChange[] {
    return this.#roles;
  }

  /** Who was what when, and in which term. */
  timeline(): LanesView {
    const caption = `seed ${this.world.seed}, ${this.nodes.length} servers`;
    return roleLanes(this.#roles, this.world.engine.now, this.name, caption);
  }

  /** Who told whom what, without heartbeats unless they are asked for. */
  sequence(options: { readonly from?: Nanos; readonly to?: Nanos; readonly heartbeats?: boolean } = {}): SequenceView {
    return messageSequence(this.#messages, options, `seed ${this.world.seed}, ${this.nodes.length} servers`);
  }

  /** Roles and messages as lines of text: for the same seed and steps, the same bytes. */
  transcript(): TextView {
    return { as: "text", text: transcript(this.#roles, this.#messages) };
  }

  /** Each server's term, role and log. */
  view(): TableView {
    return {
      as: "table",
      title: `The servers of ${this.name}`,
      columns: ["server", "role", "term", "leader", "last", "committed", "applied"].map((key) => ({ key })),
      rows: this.nodes.map((node) => {
        const status = node.raft?.status;
        if (status === undefined) {
          return {
            server: node.id,
            role: "down",
            term: null,
            leader: null,
            last: null,
            committed: null,
            applied: null,
          };
        }
        const { term, leader, log } = status;
        const role: Role | "paused" = node.paused ? "paused" : status.role;
        const { lastIndex: last, committed, applied } = log;
        return { server: node.id, role, term, leader: leader === 0 ? null : leader, last, committed, applied };
      }),
    };
  }
}

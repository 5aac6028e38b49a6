import { Signal, type Cancel, type Nanos, type Rng, type World } from "../../core/index.js";
import {
  Raft,
  type ConfChange,
  type Durable,
  type Entry,
  type Message,
  type NodeId,
  type RaftOptions,
  type Ready,
  type Role,
} from "../raft/index.js";
import type { LogDisk } from "./disk.js";
import type { MessageNetwork } from "./network.js";

/** What Raft keeps the same on all servers. */
export interface StateMachine<Command, Result> {
  /** Must do the same everywhere: it may ask nothing but its own state and the command. */
  apply(command: Command, index: number): Result;
  /** All of its state, which later commands must not change. */
  save(): unknown;
  restore(state: unknown): void;
}

/**
 * What became of a request. `refused`: it was not done and never will be. `unknown`: nobody answered in time; it may have
 * been done, or be done yet.
 */
export type Outcome<T> =
  | { readonly outcome: "done"; readonly value: T }
  | { readonly outcome: "refused"; readonly reason: string }
  | { readonly outcome: "unknown"; readonly reason: string };

/**
 * Mistakes in what stands around Raft: `forgets-votes` doesn't write term and vote down; `acks-before-sync` takes a
 * write for durable when it lies in the cache.
 */
export type NodeFlaw = "forgets-votes" | "acks-before-sync";

interface Command {
  /** Whose request it is, and which. */
  readonly request: string;
  readonly command: unknown;
}

export interface NodeSettings {
  readonly raft: Omit<RaftOptions, "id">;
  /** What the node's clock calls a tick. */
  readonly tick: Nanos;
  /** How fast its clock runs: 1.01 is 1 % fast. */
  readonly clockRate: number;
  readonly requestTimeout: Nanos;
  /** Entries that are applied before the state machine is saved and the log cut. */
  readonly snapshotEvery: number;
  readonly flaw: NodeFlaw | undefined;
}

/** What a node tells its cluster. */
export interface NodeEvents {
  role(node: NodeId, role: Role | "down" | "paused", term: number): void;
  applied(node: NodeId, entry: Entry): void;
}

/** A server: Raft's state machine with a clock, a disk and a network, and the state machine that it keeps. */
export class RaftNode<C, R> {
  readonly id: NodeId;
  readonly disk: LogDisk;
  readonly #world: World;
  readonly #rng: Rng;
  readonly #network: MessageNetwork;
  readonly #make: () => StateMachine<C, R>;
  readonly #settings: NodeSettings;
  readonly #events: NodeEvents;
  #raft: Raft | undefined;
  #machine: StateMachine<C, R>;
  #clockRate: number;
  /** When the last tick was, on the world's clock, and what is left until the next one. */
  #lastTick = 0;
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined;
  #paused = false;
  #missed: (() => void)[] = [];
  #life = 0;
  #requests = 0;
  #applied = 0;
  #sinceSnapshot = 0;
  #shown = "";
  #pumping = false;
  /** Requests that this node made and waits for. */
  readonly #waiting = new Map<string, Signal<Outcome<unknown>>>();
  /** Confirmed reads that wait for the state machine. */
  #reads: { readonly index: number; readonly context: string }[] = [];

  constructor(
    id: NodeId,
    world: World,
    name: string,
    network: MessageNetwork,
    disk: LogDisk,
    make: () => StateMachine<C, R>,
    settings: NodeSettings,
    events: NodeEvents,
  ) {
    this.id = id;
    this.disk = disk;
    this.#world = world;
    this.#rng = world.rng.stream(`${name}.${id}`);
    this.#network = network;
    this.#make = make;
    this.#settings = settings;
    this.#events = events;
    this.#clockRate = settings.clockRate;
    this.#machine = make();
  }

  /** Raft as it stands; undefined while the node is down. */
  get raft(): Raft | undefined {
    return this.#raft;
  }

  get machine(): StateMachine<C, R> {
    return this.#machine;
  }

  get up(): boolean {
    return this.#raft !== undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Starts with what is on the disk. */
  start(): void {
    if (this.#raft !== undefined) return;
    const durable: Durable = this.disk.read();
    this.#life++;
    this.#raft = new Raft({ ...this.#settings.raft, id: this.id }, durable, (below) => this.#rng.integer(below));
    this.#machine = this.#make();
    this.#machine.restore(durable.snapshot.data);
    this.#applied = durable.snapshot.index;
    this.#sinceSnapshot = 0;
    // Nodes don't tick in step.
    this.#lastTick = this.#world.engine.now - Math.floor(this.#rng.uniform(0, this.#tickLength));
    this.#pump();
  }

  /** The process is gone, and with the computer what the disk hadn't synced. */
  crash(): void {
    if (this.#raft === undefined) return;
    this.#life++;
    this.disk.crash();
    this.#raft = undefined;
    this.#paused = false;
    this.#missed = [];
    this.#setTimer(Infinity);
    this.#reads = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const signal of waiting) signal.fire({ outcome: "unknown", reason: "the server crashed" });
    this.#show("down");
  }

  /** Holds the process, as a stopped virtual machine or a long collection does: messages and the disk's answers wait. */
  pause(): void {
    if (this.#raft === undefined || this.#paused) return;
    this.#catchUp();
    this.#paused = true;
    this.#setTimer(Infinity);
    this.#show("paused");
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Ticks that fell into the pause are lost: a ticker of Go keeps one.
    this.#lastTick = Math.max(this.#lastTick, this.#world.engine.now - this.#tickLength);
    for (const missed of this.#missed.splice(0)) missed();
    this.#pump();
  }

  /** Sets how fast its clock runs from now on. */
  setClockRate(rate: number): void {
    this.#catchUp();
    this.#clockRate = rate;
    this.#catchUp();
    this.#pump();
  }

  get #tickLength(): number {
    return this.#settings.tick / this.#clockRate;
  }

  /** Tells Raft of the ticks that have passed. */
  #catchUp(): void {
    if (this.#raft === undefined || this.#paused) return;
    // A clock of odd speed divides with a rest: a millionth of a tick early is in time, or the timer would come for nothing.
    const ticks = Math.floor((this.#world.engine.now - this.#lastTick) / this.#tickLength + 1e-6);
    if (ticks <= 0) return;
    this.#lastTick += ticks * this.#tickLength;
    this.#raft.tick(ticks);
  }

  /** One event for the next tick that has an effect, and none for those before it. */
  #setTimer(at: number): void {
    if (this.#timer?.at === at) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (at === Infinity) return;
    const tick = (): void => {
      this.#timer = undefined;
      this.#do(() => undefined);
    };
    this.#timer = { at, cancel: this.#world.engine.at(at as Nanos, tick, { name: "tick", background: true }) };
  }

  /** Whatever happens to the node happens here: after the ticks that came before it. */
  #do(action: (raft: Raft) => void): void {
    if (this.#raft === undefined) return;
    if (this.#paused) {
      this.#missed.push(() => {
        this.#do(action);
      });
      return;
    }
    this.#catchUp();
    action(this.#raft);
    this.#pump();
  }

  /** @returns whether somebody is there to take it */
  receive(message: Message): boolean {
    if (this.#raft === undefined) return false;
    this.#do((raft) => {
      raft.step(message);
    });
    return true;
  }

  /** Does all that Raft asks for. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      const raft = this.#raft;
      while (raft?.isReady === true && raft === this.#raft) this.#serve(raft, raft.ready());
    } finally {
      this.#pumping = false;
    }
    const raft = this.#raft;
    if (raft === undefined || this.#paused) return;
    this.#show(raft.status.role);
    const due = raft.ticksUntilDue;
    this.#setTimer(due === Infinity ? Infinity : Math.ceil(this.#lastTick + due * this.#tickLength));
  }

  #serve(raft: Raft, ready: Ready): void {
    const { write } = ready;
    const flaw = this.#settings.flaw;
    if (write !== undefined) {
      const life = this.#life;
      const acknowledge = (): void => {
        if (life === this.#life)
          this.#do((raft) => {
            raft.persisted(write.id);
          });
      };
      const record = flaw === "forgets-votes" ? { ...write, hard: undefined } : write;
      this.disk.append(record, flaw === "acks-before-sync" ? undefined : acknowledge);
      if (flaw === "acks-before-sync") raft.persisted(write.id);
    }
    for (const message of ready.messages) {
      if (message.type !== "snapshot") this.#network.send(message);
      else {
        this.#network.send(message, (taken) => {
          if (raft === this.#raft)
            this.#do(() => {
              raft.reportSnapshot(message.to, taken);
            });
        });
      }
    }
    if (ready.restored !== undefined) {
      this.#machine.restore(ready.restored.data);
      this.#applied = ready.restored.index;
    }
    for (const entry of ready.committed) this.#apply(entry);
    this.#reads.push(...ready.reads);
    this.#answerReads();
    if (this.#sinceSnapshot >= this.#settings.snapshotEvery) this.snapshot();
  }

  #apply(entry: Entry): void {
    this.#applied = entry.index;
    this.#sinceSnapshot++;
    if (entry.type === "normal" && entry.data !== undefined) {
      const { request, command } = entry.data as Command;
      this.#settle(request, { outcome: "done", value: this.#machine.apply(command as C, entry.index) });
    } else if (entry.type === "configuration" && typeof entry.change.context === "string") {
      this.#settle(entry.change.context, { outcome: "done", value: entry.index });
    }
    this.#events.applied(this.id, entry);
  }

  #answerReads(): void {
    const due = this.#reads.filter((read) => read.index <= this.#applied);
    if (due.length === 0) return;
    this.#reads = this.#reads.filter((read) => read.index > this.#applied);
    for (const { context, index } of due) this.#settle(context, { outcome: "done", value: index });
  }

  /** Saves the state machine and cuts the log. */
  snapshot(): void {
    const raft = this.#raft;
    if (raft === undefined) return;
    this.#sinceSnapshot = 0;
    this.disk.append({ snapshot: raft.compact(this.#machine.save()), own: true, entries: [] });
  }

  #settle(request: string, outcome: Outcome<unknown>): void {
    const signal = this.#waiting.get(request);
    this.#waiting.delete(request);
    signal?.fire(outcome);
  }

  #request<T>(ask: (raft: Raft, request: string) => string | undefined): Signal<Outcome<T>> {
    const signal = new Signal<Outcome<T>>(`request to server ${this.id}`);
    if (this.#raft === undefined) {
      signal.fire({ outcome: "refused", reason: "the server is down" });
      return signal;
    }
    const request = `${this.id}.${this.#life}.${++this.#requests}`;
    this.#waiting.set(request, signal);
    const { engine } = this.#world;
    const cancel = engine.after(this.#settings.requestTimeout, () => {
      this.#settle(request, { outcome: "unknown", reason: "request timed out" });
    });
    signal.onSettled(() => cancel());
    this.#do((raft) => {
      const refusal = ask(raft, request);
      if (refusal !== undefined) this.#settle(request, { outcome: "refused", reason: refusal });
    });
    return signal;
  }

  /** Has a command applied everywhere; fires with what it gave here. */
  propose(command: C): Signal<Outcome<R>> {
    return this.#request((raft, request) => {
      const data: Command = { request, command };
      return raft.propose({ type: "normal", data }) ? undefined : "no leader";
    });
  }

  /** Fires when this node's state machine holds all that was done before this call, anywhere. */
  readIndex(): Signal<Outcome<number>> {
    return this.#request((raft, request) => (raft.readIndex(request) ? undefined : "no leader"));
  }

  /** Fires with its index when the change is applied here. A leader that can't make it now drops it: that times out. */
  change(change: ConfChange): Signal<Outcome<number>> {
    return this.#request((raft, request) => {
      const refusal = raft.refusalOf(change);
      if (refusal !== undefined) return refusal;
      const proposal = { type: "configuration", change: { ...change, context: request } } as const;
      return raft.propose(proposal) ? undefined : "no leader";
    });
  }

  transferLeader(target: NodeId): void {
    this.#do((raft) => {
      raft.transferLeader(target);
    });
  }

  /** Sends heartbeats now, if it leads. */
  beat(): void {
    this.#do((raft) => {
      raft.beat();
    });
  }

  campaign(): void {
    this.#do((raft) => {
      raft.campaign();
    });
  }

  #show(role: Role | "down" | "paused"): void {
    const term = this.#raft?.status.term ?? 0;
    const shown = `${role} ${term}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#events.role(this.id, role, term);
  }
}

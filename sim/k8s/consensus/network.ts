import { ns, type Nanos, type Rng, type World } from "../../core/index.js";
import type { Message, NodeId } from "../raft/index.js";

export interface NetworkOptions {
  /** From one server to another, at least. */
  readonly latency: Nanos;
  /** Up to so much is added to each message's latency, evenly distributed: messages overtake one another. */
  readonly jitter: Nanos;
  /** The part of the messages that get lost. */
  readonly loss: number;
  /** The part of the messages that arrive twice. */
  readonly duplication: number;
}

/** What became of a message. */
export type Fate = "sent" | "delivered" | "lost" | "cut";

/**
 * Messages between servers: delayed, lost, duplicated, overtaken, cut off by partitions. Each is one event.
 *
 * Not sockets of `sim/net`: a message over TCP there is some ten events, and Raft asks nothing of its network but that
 * it carries messages, in any order and not always (paper, section 2).
 */
export class MessageNetwork {
  readonly options: NetworkOptions;
  readonly #world: World;
  readonly #rng: Rng;
  readonly #deliver: (message: Message) => boolean;
  readonly #record: (message: Message, fate: Fate) => void;
  /** Directions that carry nothing: "1>2". */
  readonly #cuts = new Set<string>();
  #messages = 0;

  /** @param deliver says whether the message was taken: nobody is there to, at a server that is down */
  constructor(
    world: World,
    name: string,
    options: NetworkOptions,
    deliver: (message: Message) => boolean,
    record: (message: Message, fate: Fate) => void,
  ) {
    this.options = options;
    this.#world = world;
    this.#rng = world.rng.stream(`${name}.network`);
    this.#deliver = deliver;
    this.#record = record;
  }

  /** How many were sent. */
  get messages(): number {
    return this.#messages;
  }

  /** @param settled told whether the message was taken, as soon as that is decided */
  send(message: Message, settled?: (taken: boolean) => void): void {
    this.#messages++;
    const { loss, duplication } = this.options;
    this.#record(message, "sent");
    const lost = loss > 0 && this.#rng.uniform() < loss;
    this.#carry(message, lost, settled);
    if (duplication > 0 && this.#rng.uniform() < duplication) this.#carry(message, false);
  }

  #carry(message: Message, lost: boolean, settled?: (taken: boolean) => void): void {
    const { latency, jitter } = this.options;
    const delay = ns(latency + (jitter > 0 ? Math.floor(this.#rng.uniform(0, jitter)) : 0));
    const background = message.type === "heartbeat" || message.type === "heartbeatResponse";
    const arrive = (): void => {
      // A message is lost to a partition that exists when it would arrive.
      const cut = this.#cuts.has(`${message.from}>${message.to}`);
      const taken = !cut && !lost && this.#deliver(message);
      this.#record(message, taken ? "delivered" : cut ? "cut" : "lost");
      settled?.(taken);
    };
    this.#world.engine.after(delay, arrive, { name: `${message.type} to ${message.to}`, background });
  }

  /** Cuts what goes from one server to another. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts.add(`${from}>${to}`);
  }

  /** Whether messages get through in that direction. */
  carries(from: NodeId, to: NodeId): boolean {
    return !this.#cuts.has(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
  }
}

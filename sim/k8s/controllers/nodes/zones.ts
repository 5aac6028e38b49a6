import { TokenBucket } from "../../client/token-bucket.js";
import type { ControllerFlags } from "../flags.js";
import { labelsOf } from "../../objects/value.js";
import type { Engine } from "../../../core/index.js";
import type { Node } from "./taints.js";

export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

/** The zone that a node says it is in; nodes that say nothing are one zone. */
export const zoneOf = (node: Node): string => {
  const labels = labelsOf(node);
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
};

/**
 * How it is with a zone (kubernetes, `ComputeZoneState`). Two nodes that fail are two failures; from three on, a large part of a zone that is
 * silent is rather a network that is.
 */
export function zoneState(ready: number, not: number, threshold: number): ZoneState {
  if (ready === 0 && not > 0) return "FullDisruption";
  return not > 2 && not / (ready + not) >= threshold ? "PartialDisruption" : "Normal";
}

/** How many nodes a second may lose their pods in a zone of this state. */
export function evictionRate(state: ZoneState, nodes: number, flags: ControllerFlags): number {
  if (state !== "PartialDisruption") return flags.nodeEvictionRate;
  return nodes > flags.largeClusterSizeThreshold ? flags.secondaryNodeEvictionRate : 0;
}

/** Nodes of one zone that wait for their taint, and the pace at which they get it (`RateLimitedTimedQueue`). */
export class ZoneQueue {
  readonly waiting: Set<string> = new Set();
  readonly #engine: Engine;
  #rate: number;
  #bucket: TokenBucket;

  constructor(engine: Engine, rate: number) {
    this.#engine = engine;
    this.#rate = rate;
    this.#bucket = new TokenBucket(engine, rate, 1);
  }

  set rate(rate: number) {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#bucket = new TokenBucket(this.#engine, rate, 1);
  }

  /** The next node whose turn it is. */
  take(): string | undefined {
    const [next] = this.waiting;
    if (next === undefined || this.#rate <= 0 || !this.#bucket.tryTake()) return undefined;
    this.waiting.delete(next);
    return next;
  }
}

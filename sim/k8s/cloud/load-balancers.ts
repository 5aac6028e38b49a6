import { s, type Activity, type Nanos, type World } from "../../core/index.js";
import { keyOf } from "../client/address.js";
import type { Node } from "../client/pod-types.js";
import type { Rented } from "./bill.js";
import type { LoadBalancers, LoadBalancerStatus, Service } from "./provider.js";

/** US dollars an hour, like a Network Load Balancer of EC2: declared, not looked up. */
const price = 0.0225;
/** What making one takes. Declared, not measured. */
const makingTime = s(20);

interface Balancer {
  readonly ip: string;
  readonly since: Nanos;
  nodes: readonly string[];
}

/** The load balancers that a cloud rents out: each has an address (203.0.113.0/24, RFC 5737) and the nodes that it sends to. */
export class CloudLoadBalancers implements LoadBalancers {
  readonly #world: World;
  readonly #ask: () => Activity<void>;
  readonly #balancers = new Map<string, Balancer>();
  readonly #past: Rented[] = [];
  #made = 0;

  constructor(world: World, ask: () => Activity<void>) {
    this.#world = world;
    this.#ask = ask;
  }

  /** The nodes that a service's load balancer sends to, by their names; undefined where there is none. @param service `namespace/name` */
  nodes(service: string): readonly string[] | undefined {
    return this.#balancers.get(service)?.nodes;
  }

  rented(now: Nanos): readonly Rented[] {
    const there = [...this.#balancers.values()].map(({ since }) => rental(since, now));
    return [...this.#past, ...there];
  }

  *status(service: Service): Activity<LoadBalancerStatus | undefined> {
    yield* this.#ask();
    const found = this.#balancers.get(keyOf(service));
    return found === undefined ? undefined : statusOf(found);
  }

  *ensure(service: Service, nodes: readonly Node[]): Activity<LoadBalancerStatus> {
    yield* this.#ask();
    const key = keyOf(service);
    if (!this.#balancers.has(key)) {
      yield* this.#world.engine.delay(makingTime);
      const ip = `203.0.113.${(this.#made++ % 254) + 1}`;
      this.#balancers.set(key, { ip, since: this.#world.engine.now, nodes: [] });
    }
    const balancer = this.#balancers.get(key);
    if (balancer === undefined) return { ingress: [] };
    balancer.nodes = namesOf(nodes);
    this.#world.trace.emit("cloud.balancer", key, { ip: balancer.ip, nodes: balancer.nodes.length });
    return statusOf(balancer);
  }

  *update(service: Service, nodes: readonly Node[]): Activity<void> {
    yield* this.#ask();
    const balancer = this.#balancers.get(keyOf(service));
    if (balancer !== undefined) balancer.nodes = namesOf(nodes);
  }

  *remove(service: Service): Activity<void> {
    yield* this.#ask();
    const key = keyOf(service);
    const balancer = this.#balancers.get(key);
    if (balancer === undefined) return;
    this.#balancers.delete(key);
    this.#past.push(rental(balancer.since, this.#world.engine.now));
    this.#world.trace.emit("cloud.balancer", key, { ip: balancer.ip, nodes: 0 });
  }
}

const rental = (from: Nanos, until: Nanos): Rented => ({ item: "load balancers", from, until, price });
const statusOf = ({ ip }: Balancer): LoadBalancerStatus => ({ ingress: [{ ip }] });
const namesOf = (nodes: readonly Node[]): readonly string[] => nodes.map(({ metadata: { name = "" } }) => name).sort();

import {
  ms,
  s,
  UsageError,
  withDefaults,
  type Activity,
  type Nanos,
  type Process,
  type TableView,
  type World,
} from "../../core/index.js";
import { TokenBucket } from "../client/token-bucket.js";
import type { Node } from "../client/pod-types.js";
import { Bill, type Rented } from "./bill.js";
import { InstanceGroup, type GroupOptions } from "./instance-group.js";
import type { Instance, Order, Renting } from "./instance.js";
import { CloudLoadBalancers } from "./load-balancers.js";
import {
  CloudFailure,
  type CloudProvider,
  type InstanceMetadata,
  type Instances,
  type Route,
  type Routes,
} from "./provider.js";
import { drawStartUp, type StartUp } from "./start-up.js";

/** Where a cloud's virtual machines run: nodes of a simulated cluster by themselves, or guests of simulated hosts. */
export interface Machines {
  /** Boots a machine, until what runs on it has begun. The time that the cloud takes to make one has passed. */
  start(instance: Instance): Activity<void>;
  /** Ends one at once, as when its power is cut. */
  end(instance: Instance): void;
  /** Its address in the nodes' network. */
  address(instance: Instance): string;
}

export interface CloudOptions {
  /** Default `eu-1`. */
  readonly region?: string;
  /** Zones of the region, by their letters. Default a, b and c. */
  readonly zones?: readonly string[];
  /** The node groups, by name. Default one, `workers`, of m5.large. */
  readonly groups?: Readonly<Record<string, GroupOptions>>;
  /** How long machines take to start. Default `ec2`. */
  readonly startUp?: StartUp;
  /** How many processors may be rented at a time. Default any. */
  readonly quota?: number;
  /** What a request to the cloud's API takes. Declared, not measured: default 100 ms. */
  readonly latency?: Nanos;
  /** Requests a second that the API answers, behind a burst of twice as many; more are refused. Default any. */
  readonly rate?: number;
}

/** How often a group looks whether it has as many machines as it is to have. Declared, not measured. */
const groupPeriod = s(30);

interface Rental {
  readonly instance: Instance & { state: Instance["state"] };
  since: Nanos | undefined;
  boot: Process<void> | undefined;
}

/**
 * A cloud in the world: instances that take time to start, zones that fail, stock and a quota that run out, groups that keep their size, and
 * a bill.
 */
export class Cloud implements CloudProvider, Renting {
  readonly name = "cloud";
  readonly groups: readonly InstanceGroup[];
  readonly zones: readonly string[];
  readonly region: string;
  readonly loadBalancers: CloudLoadBalancers;
  readonly #world: World;
  readonly #machines: Machines;
  readonly #startUp: StartUp;
  readonly #quota: number;
  readonly #latency: Nanos;
  readonly #bucket: TokenBucket | undefined;
  readonly #rentals = new Map<string, Rental>();
  readonly #past: Rented[] = [];
  readonly #routes = new Map<string, Route>();
  /** What is sold out: `zone/type`. */
  readonly #soldOut = new Set<string>();
  readonly #down = new Set<string>();
  #count = 0;
  #requests = 0;

  /** @throws UsageError for options that can't be */
  constructor(world: World, machines: Machines, given: CloudOptions = {}) {
    type All = { [Key in keyof CloudOptions]-?: CloudOptions[Key] | undefined };
    const unsaid = { region: undefined, zones: undefined, groups: undefined, startUp: undefined } as const;
    const {
      region = "eu-1",
      zones = ["a", "b", "c"],
      ...rest
    } = withDefaults<All>("cloud", given, {
      ...unsaid,
      ...{ quota: undefined, latency: undefined, rate: undefined },
    });
    const {
      groups = { workers: {} },
      startUp = "ec2",
      quota = Number.POSITIVE_INFINITY,
      latency = ms(100),
      rate,
    } = rest;
    if (zones.length === 0)
      throw new UsageError("a cloud has a zone at least", 'Give their letters: { zones: ["a"] }.');
    this.#world = world;
    this.#machines = machines;
    this.region = region;
    this.zones = zones.map((letter) => `${region}${letter}`);
    this.#startUp = startUp;
    this.#quota = quota;
    this.#latency = latency;
    this.#bucket = rate === undefined ? undefined : new TokenBucket(world.engine, rate, rate * 2);
    this.loadBalancers = new CloudLoadBalancers(world, () => this.ask());
    this.groups = Object.entries(groups).map(([name, options]) => new InstanceGroup(name, options, this));
    for (const group of this.groups) group.keep();
    const look = (): void => {
      world.engine.after(groupPeriod, look, { name: "groups of instances", background: true });
      for (const group of this.groups) this.#look(group);
    };
    look();
  }

  /** How often its API was asked. */
  get requests(): number {
    return this.#requests;
  }

  /** What is rented, oldest first. */
  get rented(): readonly Instance[] {
    return [...this.#rentals.values()].map(({ instance }) => instance);
  }

  readonly instances: Instances = {
    exists: (node) => this.#find(node, (instance) => instance !== undefined),
    isShutDown: (node) => this.#find(node, (instance) => instance?.state === "stopped"),
    metadata: (node) => this.#find(node, (instance) => (instance === undefined ? undefined : this.#metadata(instance))),
  };

  readonly routes: Routes = {
    list: () => this.#answer(() => [...this.#routes.values()]),
    create: (route) =>
      this.#answer(() => {
        this.#routes.set(route.name, route);
      }),
    remove: (route) =>
      this.#answer(() => {
        this.#routes.delete(route.name);
      }),
  };

  /** What has been rented until now, and what it cost. */
  bill(): Bill {
    const { now } = this.#world.engine;
    const running = [...this.#rentals.values()].flatMap(({ instance, since }): Rented[] =>
      since === undefined ? [] : [{ item: instance.group, from: since, until: now, price: instance.type.price }],
    );
    return new Bill([...this.#past, ...running, ...this.loadBalancers.rented(now)], now);
  }

  /** A machine's host breaks: the instance is no more. Its group will make another. @throws UsageError */
  kill(name: string): void {
    this.terminate(this.#named(name).instance.id);
  }

  /** Switches a machine off: it stays rented. @throws UsageError */
  shutDown(name: string): void {
    this.#halt(this.#named(name), "stopped");
  }

  /** Switches a machine on again that was switched off. @throws UsageError */
  powerOn(name: string): void {
    const rental = this.#named(name);
    if (rental.instance.state === "stopped") this.#boot(rental);
  }

  /** A zone loses its power. Groups end what doesn't answer, and make others elsewhere. @throws UsageError for a zone that there isn't */
  failZone(zone: string): void {
    this.#down.add(this.#zone(zone));
    for (const rental of this.#rentals.values()) if (rental.instance.zone === zone) this.#halt(rental, "impaired");
    this.#world.trace.emit("cloud.zone", zone, { up: false });
  }

  /** New machines can be made in it again. @throws UsageError for a zone that there isn't */
  restoreZone(zone: string): void {
    this.#down.delete(this.#zone(zone));
    this.#world.trace.emit("cloud.zone", zone, { up: true });
  }

  /** Has a zone, or all, no machines of a type until `restock`. @throws UsageError for a zone that there isn't */
  sellOut(type: string, ...zones: readonly string[]): void {
    for (const zone of zones.length === 0 ? this.zones : zones) this.#soldOut.add(`${this.#zone(zone)}/${type}`);
  }

  restock(type: string): void {
    for (const zone of this.zones) this.#soldOut.delete(`${zone}/${type}`);
  }

  view(): TableView {
    return {
      as: "table",
      title: "What is rented?",
      columns: ["instance", "node", "group", "type", "zone", "state"].map((key) => ({ key })),
      rows: this.rented.map(({ id, name, group, typeName, zone, state }) => {
        return { instance: id, node: name, group, type: typeName, zone, state };
      }),
    };
  }

  /** A request to its API: takes the latency. @throws CloudFailure where too much is asked */
  *ask(): Activity<void> {
    this.#requests++;
    yield* this.#world.engine.delay(this.#latency, { background: true });
    if (this.#bucket?.tryTake() === false) throw new CloudFailure("RequestLimitExceeded", "Request limit exceeded.");
  }

  /** Rents a machine, in the zone where the group has the fewest. @throws CloudFailure */
  launch(group: Order): Instance {
    const { typeName, type, zones } = group;
    const open = zones.filter((zone) => !this.#down.has(zone) && !this.#soldOut.has(`${zone}/${typeName}`));
    const used = this.rented.reduce((sum, each) => sum + each.type.cpus, 0);
    if (used + type.cpus > this.#quota)
      throw new CloudFailure(
        "VcpuLimitExceeded",
        `You have requested more vCPU capacity than your current vCPU limit of ${this.#quota} allows.`,
      );
    const there = (zone: string): number => group.instances.filter((each) => each.zone === zone).length;
    const zone = open.toSorted((a, b) => there(a) - there(b))[0];
    if (zone === undefined)
      throw new CloudFailure(
        "InsufficientInstanceCapacity",
        `We currently do not have sufficient ${typeName} capacity in zones with support for '${typeName}' instances.`,
      );
    const number = ++this.#count;
    const id = `i-${number.toString(16).padStart(8, "0")}`;
    const { name, labels, taints } = group;
    const instance: Rental["instance"] = {
      ...{ id, name: `${name}-${group.made()}`, group: name, typeName, type, zone, number, labels, taints },
      state: "pending",
    };
    const rental: Rental = { instance, since: undefined, boot: undefined };
    this.#rentals.set(id, rental);
    this.#boot(rental);
    return instance;
  }

  /** Ends an instance for good. */
  terminate(id: string): void {
    const rental = this.#rentals.get(id);
    if (rental === undefined) return;
    const { instance, since } = rental;
    this.#halt(rental, "terminated");
    this.#rentals.delete(id);
    const { now } = this.#world.engine;
    if (since !== undefined)
      this.#past.push({ item: instance.group, from: since, until: now, price: instance.type.price });
  }

  providerID({ zone, id }: Instance): string {
    return `${this.name}://${zone}/${id}`;
  }

  *#answer<T>(what: () => T): Activity<T> {
    yield* this.ask();
    return what();
  }

  #find<T>({ metadata, spec }: Node, what: (instance: Instance | undefined) => T): Activity<T> {
    return this.#answer(() =>
      what(
        this.rented.find((each) =>
          spec?.providerID === undefined ? each.name === metadata.name : this.providerID(each) === spec.providerID,
        ),
      ),
    );
  }

  #metadata(instance: Instance): InstanceMetadata {
    const { typeName, zone, name } = instance;
    return {
      providerID: this.providerID(instance),
      instanceType: typeName,
      zone,
      region: this.region,
      addresses: [
        { type: "InternalIP", address: this.#machines.address(instance) },
        { type: "Hostname", address: name },
      ],
    };
  }

  #boot(rental: Rental): void {
    const { engine, rng } = this.#world;
    this.#set(rental, "pending");
    const takes = drawStartUp(rng.stream("cloud start-up"), this.#startUp);
    const machines = this.#machines;
    const running = (): void => {
      rental.since ??= engine.now;
      this.#set(rental, "running");
    };
    rental.boot = engine.spawn(
      (function* (): Activity<void> {
        yield* engine.delay(takes);
        running();
        yield* machines.start(rental.instance);
      })(),
      { name: `start of ${rental.instance.name}` },
    );
  }

  #halt(rental: Rental, state: Instance["state"]): void {
    const { instance, boot } = rental;
    if (instance.state === "running") this.#machines.end(instance);
    boot?.cancel();
    this.#set(rental, state);
  }

  #set({ instance }: Rental, state: Instance["state"]): void {
    instance.state = state;
    const { id, name, zone, typeName } = instance;
    this.#world.trace.emit("cloud.instance", name, { id, state, zone, type: typeName });
  }

  #look(group: InstanceGroup): void {
    for (const { id, state } of group.instances) if (state === "impaired") this.terminate(id);
    if (group.lacks) group.keep();
  }

  #named(name: string): Rental {
    const found = [...this.#rentals.values()].find(({ instance }) => instance.name === name);
    if (found !== undefined) return found;
    const names = this.rented.map((each) => each.name);
    throw new UsageError(`no machine of the cloud is called "${name}"`, `There are ${names.join(", ") || "none"}.`);
  }

  #zone(zone: string): string {
    if (this.zones.includes(zone)) return zone;
    throw new UsageError(`the cloud has no zone "${zone}"`, `There are ${this.zones.join(", ")}.`);
  }
}

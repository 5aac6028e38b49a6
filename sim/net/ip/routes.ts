import type { NetworkInterface } from "../link/interface.js";
import { formatIpv4, formatPrefix, within, type Ipv4, type Prefix } from "../packet/address.js";
import type { Row } from "../../core/index.js";

/** What becomes of a packet that a route is for: it is sent on, or refused with an ICMP error, or dropped. */
export type RouteType = "unicast" | "unreachable" | "prohibit" | "blackhole";

export interface Route {
  readonly destination: Prefix;
  readonly type: RouteType;
  /** The next router; undefined where the destination is on the link. */
  readonly gateway: Ipv4 | undefined;
  readonly interface: NetworkInterface | undefined;
  /** The address that packets from here are to have. */
  readonly source: Ipv4 | undefined;
  /** Of two routes to the same network, the smaller is taken. */
  readonly metric: number;
}

/** Which table routes what (ip-rule(8)); absent conditions hold always. */
export interface PolicyRule {
  /** Smaller ones are asked first. */
  readonly priority: number;
  readonly table: number;
  readonly from?: Prefix | undefined;
  readonly to?: Prefix | undefined;
  readonly mark?: number | undefined;
  readonly input?: string | undefined;
}

/** What a packet is routed by. */
export interface RouteKey {
  readonly destination: Ipv4;
  readonly source: Ipv4;
  readonly mark: number;
  readonly input: string | undefined;
  /** The interface that it must leave by. */
  readonly output?: NetworkInterface | undefined;
}

export const mainTable = 254;

/** From how many routes on a table is indexed. */
const many = 8;

/** One table: the longest prefix that matches, then the smallest metric. */
class RouteTable {
  /** Longest prefix first, then smallest metric. */
  #routes: Route[] = [];
  /** By length, then by network: made at the first lookup in a table of many routes. */
  #index: { readonly length: number; readonly routes: Map<number, Route[]> }[] | undefined;

  get routes(): readonly Route[] {
    return this.#routes;
  }

  set routes(routes: readonly Route[]) {
    this.#routes = [...routes];
    this.#index = undefined;
  }

  add(route: Route): void {
    const goesBefore = (other: Route): boolean =>
      other.destination.length < route.destination.length ||
      (other.destination.length === route.destination.length && other.metric > route.metric);
    const at = this.#routes.findIndex(goesBefore);
    if (at < 0) this.#routes.push(route);
    else this.#routes.splice(at, 0, route);
    this.#index = undefined;
  }

  find(destination: Ipv4, output: NetworkInterface | undefined): Route | undefined {
    const usable = (route: Route): boolean =>
      route.interface === undefined || (route.interface.up && (output === undefined || route.interface === output));
    if (this.#routes.length <= many) {
      return this.#routes.find((route) => within(destination, route.destination) && usable(route));
    }
    for (const { length, routes } of (this.#index ??= this.#indexed())) {
      const network = length === 0 ? 0 : (destination >>> (32 - length)) * 2 ** (32 - length);
      const found = routes.get(network)?.find(usable);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #indexed(): { readonly length: number; readonly routes: Map<number, Route[]> }[] {
    const index: { readonly length: number; readonly routes: Map<number, Route[]> }[] = [];
    for (const route of this.#routes) {
      const { length, network } = route.destination;
      let level = index.at(-1);
      if (level?.length !== length) index.push((level = { length, routes: new Map() }));
      const same = level.routes.get(network);
      if (same === undefined) level.routes.set(network, [route]);
      else same.push(route);
    }
    return index;
  }
}

/** A namespace's routing tables and the rules that choose among them. */
export class Routes {
  readonly #main = new RouteTable();
  #others: Map<number, RouteTable> | undefined;
  #rules: PolicyRule[] | undefined;

  get rules(): readonly PolicyRule[] {
    return this.#rules ?? [];
  }

  set rules(rules: readonly PolicyRule[]) {
    this.#rules = rules.length === 0 ? undefined : [...rules].sort((a, b) => a.priority - b.priority);
  }

  /** Tables that are in use. */
  get tables(): readonly number[] {
    return [mainTable, ...(this.#others?.keys() ?? [])];
  }

  list(table: number = mainTable): readonly Route[] {
    return this.#table(table)?.routes ?? [];
  }

  /** Adds a route instead of the one to the same network with the same metric, as `ip route replace`. */
  replace(route: Route, table: number = mainTable): void {
    const { network, length } = route.destination;
    const same = (other: Route): boolean =>
      other.destination.network === network && other.destination.length === length && other.metric === route.metric;
    this.remove(same, table);
    this.add(route, table);
  }

  /** Adds a route; of several to the same network with the same metric, the first is taken. */
  add(route: Route, table: number = mainTable): void {
    let into = this.#table(table);
    if (into === undefined) (this.#others ??= new Map<number, RouteTable>()).set(table, (into = new RouteTable()));
    into.add(route);
  }

  /** @returns how many there were */
  remove(test: (route: Route) => boolean, table: number = mainTable): number {
    const from = this.#table(table);
    if (from === undefined) return 0;
    const before = from.routes.length;
    if (from.routes.some(test)) from.routes = from.routes.filter((route) => !test(route));
    return before - from.routes.length;
  }

  /** An interface is gone, or down: what leads there isn't any more. */
  removeInterface(gone: NetworkInterface): void {
    for (const table of this.tables) this.remove((route) => route.interface === gone, table);
  }

  /** The rules in order, then the main table; in each, the longest prefix. */
  find(key: RouteKey): Route | undefined {
    for (const rule of this.#rules ?? []) {
      if (rule.from !== undefined && !within(key.source, rule.from)) continue;
      if (rule.to !== undefined && !within(key.destination, rule.to)) continue;
      if (rule.mark !== undefined && rule.mark !== key.mark) continue;
      if (rule.input !== undefined && rule.input !== key.input) continue;
      const route = this.#table(rule.table)?.find(key.destination, key.output);
      if (route !== undefined) return route;
    }
    return this.#main.find(key.destination, key.output);
  }

  #table(table: number): RouteTable | undefined {
    return table === mainTable ? this.#main : this.#others?.get(table);
  }
}

/** A route as `ip route` has it, in columns. */
export const routeRow = ({ destination, type, gateway, interface: out, source, metric }: Route): Row => ({
  destination: destination.length === 0 ? "default" : formatPrefix(destination),
  type,
  via: gateway === undefined ? null : formatIpv4(gateway),
  dev: out?.name ?? null,
  src: source === undefined ? null : formatIpv4(source),
  metric,
});

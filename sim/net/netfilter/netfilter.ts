import { UsageError, type Persist, type Rng } from "../../core/index.js";
import type { Hook, Passage, PacketFilter } from "../ip/passage.js";
import type { IpStack } from "../ip/stack.js";
import { loopbackIpv4, type Ipv4 } from "../packet/address.js";
import { describePacket, endsOf } from "../packet/describe.js";
import { packetLength, Protocol, TcpFlag, Unreachable, type Packet } from "../packet/packet.js";
import { Conntrack, type SavedConnection } from "./conntrack.js";
import { Ipvs } from "./ipvs.js";
import { matchesAll, type MatchContext } from "./match.js";
import {
  order,
  type MapField,
  type Match,
  type Range,
  type RejectWith,
  type Target,
  type TrackState,
} from "./model.js";
import { setDestination, setSource, translate } from "./nat.js";
import { parseRestore } from "./parse.js";
import { printSave } from "./print.js";
import { Ruleset, type Chain, type RuleEntry, type Table } from "./ruleset.js";
import { IpSet, mapField, type SavedSet, type SetType, type VerdictMap } from "./sets.js";

/** What filtering took: how kube-proxy's modes are compared. */
export interface FilterWork {
  /** Hooks that packets came by. */
  hooks: number;
  /** Rules that were looked at. */
  rules: number;
  /** Look-ups in tables by hash: connections, sets, maps, virtual servers. */
  lookups: number;
}

export interface NetfilterState {
  /** As `iptables-save -c` writes it. */
  readonly rules: string;
  readonly sets: readonly SavedSet[];
  readonly maps: readonly { readonly name: string; readonly entries: readonly (readonly [string, Target])[] }[];
  readonly connections: readonly SavedConnection[];
}

type Outcome = "accept" | "drop" | "return" | "end";

/**
 * Netfilter in one namespace: tables of chains of rules at five hooks, connection tracking, address translation, sets, verdict maps
 * and virtual servers. Connections are tracked from the first rule, set or virtual server on.
 */
export class Netfilter implements PacketFilter, MatchContext, Persist<NetfilterState> {
  readonly rules: Ruleset = new Ruleset();
  readonly conntrack: Conntrack;
  readonly ipvs: Ipvs = new Ipvs();
  readonly work: FilterWork = { hooks: 0, rules: 0, lookups: 0 };
  readonly #stack: IpStack;
  readonly #rng: Rng;
  readonly #sets = new Map<string, IpSet>();
  readonly #maps = new Map<string, VerdictMap>();
  /** The lists of the match `recent`: when each source was last put there. */
  readonly #recent = new Map<string, Map<Ipv4, number>>();
  /** The rule that is being looked at. */
  #entry: RuleEntry | undefined;

  constructor(stack: IpStack) {
    this.#stack = stack;
    this.#rng = stack.world.rng.stream("net.filter");
    this.conntrack = new Conntrack(stack.world);
  }

  get sets(): readonly IpSet[] {
    return [...this.#sets.values()];
  }

  /** `ipset create NAME TYPE`. @throws UsageError for a name that is taken */
  addSet(name: string, type: SetType, entries: readonly string[] = []): IpSet {
    if (this.#sets.has(name)) throw new UsageError(`there is a set "${name}" already`, "Give another name.");
    const set = new IpSet(name, type);
    for (const entry of entries) set.add(entry);
    this.#sets.set(name, set);
    return set;
  }

  removeSet(name: string): void {
    this.#sets.delete(name);
  }

  /** A verdict map by name, made where there is none: keys are fields joined by " . ", as nft writes them. */
  map(name: string): VerdictMap {
    let map = this.#maps.get(name);
    if (map === undefined) this.#maps.set(name, (map = new Map<string, Target>()));
    return map;
  }

  traverse(hook: Hook, passage: Passage): boolean {
    const { work } = this;
    work.hooks++;
    if (hook === "prerouting" || hook === "output") {
      work.lookups++;
      this.conntrack.track(passage);
    }
    for (const name of order[hook]) {
      if (name === "nat") {
        if (!this.#nat(hook, passage)) return false;
      } else {
        const table = this.rules.find(name);
        if (table !== undefined && !this.#run(table, hook, passage)) return false;
      }
    }
    if (hook === "input" || hook === "output") {
      if (this.ipvs.servers.length > 0 && !this.#virtual(hook, passage)) return false;
    }
    if (hook === "input" || hook === "postrouting") {
      const { connection } = passage;
      if (connection !== undefined && !this.conntrack.confirm(connection)) return false;
    }
    return true;
  }

  state(passage: Passage): TrackState {
    return this.conntrack.state(passage);
  }

  isLocal(address: Ipv4): boolean {
    return this.#stack.isLocal(address);
  }

  inSet(name: string, { packet }: Passage, directions: readonly ("src" | "dst")[]): boolean {
    const set = this.#sets.get(name);
    if (set === undefined) return false;
    this.work.lookups += set.lookups;
    return set.has(packet, directions);
  }

  recent({ list, action, seconds }: Extract<Match, { readonly match: "recent" }>, source: Ipv4): boolean {
    this.work.lookups++;
    let sources = this.#recent.get(list);
    if (sources === undefined) this.#recent.set(list, (sources = new Map<Ipv4, number>()));
    const { now } = this.#stack.world.engine;
    const seen = sources.get(source);
    if (action === "set") {
      sources.set(source, now);
      return true;
    }
    const known = seen !== undefined && (seconds === undefined || now - seen <= seconds * 1e9);
    if (known && action === "update") sources.set(source, now);
    if (action === "remove" || (seen !== undefined && !known)) sources.delete(source);
    return known;
  }

  random(): number {
    return this.#rng.uniform();
  }

  nth(): number {
    return this.#entry === undefined ? 0 : this.#entry.asked++;
  }

  save(): NetfilterState {
    return {
      rules: printSave(this.rules, { counters: true }),
      sets: this.sets.map(({ name, type, entries }) => ({ name, type, entries })),
      maps: [...this.#maps].map(([name, map]) => ({ name, entries: [...map] })),
      connections: this.conntrack.save(),
    };
  }

  restore({ rules, sets, maps, connections }: NetfilterState): void {
    this.#sets.clear();
    for (const { name, type, entries } of sets) this.addSet(name, type, entries);
    this.#maps.clear();
    for (const { name, entries } of maps) this.#maps.set(name, new Map(entries));
    for (const table of this.rules.tables) this.rules.drop(table);
    this.restoreRules(rules);
    this.conntrack.restore(connections);
  }

  /**
   * `iptables-restore`: replaces the tables that the text names.
   * @param keep leaves rules that are there, as with --noflush; chains that the text names are emptied
   * @throws UsageError naming the line; no table is changed then
   */
  restoreRules(text: string, { keep = false }: { readonly keep?: boolean } = {}): void {
    parseRestore(text, this.rules, keep);
  }

  /** `iptables-save`. */
  saveRules(options?: { readonly counters?: boolean }): string {
    return printSave(this.rules, options);
  }

  /** Runs a hook's chain of one table. @returns whether the packet goes on */
  #run(table: Table, hook: Hook, passage: Passage): boolean {
    const chain = table.get(hook.toUpperCase());
    if (chain === undefined) return true;
    const outcome = this.#walk(table, chain, passage, hook);
    if (outcome === "accept" || outcome === "drop") return outcome === "accept";
    chain.packets++;
    chain.bytes += packetLength(passage.packet);
    return chain.policy !== "DROP";
  }

  #walk(table: Table, chain: Chain, passage: Passage, hook: Hook): Outcome {
    for (const entry of chain.rules) {
      this.work.rules++;
      this.#entry = entry;
      if (!matchesAll(entry.rule.matches, passage, this)) continue;
      entry.packets++;
      entry.bytes += packetLength(passage.packet);
      const outcome = this.#apply(entry.rule.target, table, passage, hook);
      if (outcome === "accept" || outcome === "drop") return outcome;
      if (outcome === "return") return "end";
    }
    return "end";
  }

  /** @returns "end" where the next rule is to be looked at */
  #apply(target: Target, table: Table, passage: Passage, hook: Hook): Outcome {
    switch (target.target) {
      case "ACCEPT":
        return "accept";
      case "DROP":
        return "drop";
      case "RETURN":
        return "return";
      case "NONE":
        return "end";
      case "REJECT":
        this.#reject(passage.packet, target.with);
        return "drop";
      case "LOG":
        this.#log(target.prefix, passage);
        return "end";
      case "JUMP":
      case "GOTO": {
        const next = table.get(target.chain);
        const outcome = next === undefined ? "end" : this.#walk(table, next, passage, hook);
        return target.target === "GOTO" && outcome === "end" ? "return" : outcome;
      }
      case "NUMGEN": {
        this.work.lookups++;
        const chain = target.chains[this.#rng.integer(target.chains.length)] ?? "";
        return this.#apply({ target: "GOTO", chain }, table, passage, hook);
      }
      case "MARK":
        passage.mark = ((passage.mark & ~target.mask) ^ target.value) >>> 0;
        return "end";
      case "MAP": {
        this.work.lookups++;
        const field = (name: MapField): string => mapField(passage.packet, passage.mark, name);
        const found = this.#maps.get(target.map)?.get(target.key.map(field).join(" . "));
        return found === undefined ? "end" : this.#apply(found, table, passage, hook);
      }
      case "DNAT":
      case "SNAT":
      case "MASQUERADE":
      case "REDIRECT":
        return this.#translation(target, passage) ? "accept" : "drop";
    }
  }

  /** The chain of the table nat decides over a new connection once at each end; its packets then follow. */
  #nat(hook: Hook, passage: Passage): boolean {
    const { connection } = passage;
    if (connection === undefined) return true;
    const stage = hook === "prerouting" || hook === "output" ? "destination" : "source";
    const table = this.rules.find("nat");
    const decided = stage === "destination" ? "destinationNat" : "sourceNat";
    if (!passage.reply && !passage.related && !connection.confirmed && !connection[decided]) {
      connection[decided] = true;
      if (table !== undefined && !this.#run(table, hook, passage)) return false;
      // Two flows that nobody translates may look alike behind another's translation: then the port gives way.
      if (stage === "source" && this.conntrack.taken(connection.reply)) {
        if (!setSource(connection, {}, this.conntrack, undefined)) return false;
      }
    }
    translate(passage, stage);
    return true;
  }

  #translation(target: Extract<Target, { readonly to: unknown }>, passage: Passage): boolean {
    const { connection, output, input, packet } = passage;
    if (connection === undefined) return false;
    const choose = ([from, to]: Range): number => from + this.#rng.integer(to - from + 1);
    switch (target.target) {
      case "DNAT":
        setDestination(connection, target.to, choose);
        return true;
      case "REDIRECT": {
        const address = input === undefined ? loopbackIpv4 : this.#stack.addressOn(input, packet.source);
        setDestination(connection, { ...target.to, address }, choose);
        return address !== undefined;
      }
      case "SNAT":
      case "MASQUERADE": {
        const masquerade = target.target === "MASQUERADE" && output !== undefined;
        const address = masquerade ? this.#stack.addressOn(output, packet.destination) : target.to.address;
        const start = target.random === true && connection.original.sourcePort !== 0 ? choose : undefined;
        if (address === undefined && masquerade) return false;
        return setSource(connection, { ...target.to, address }, this.conntrack, start);
      }
    }
  }

  /** A packet for a virtual server goes to the real one of its connection. @returns whether it goes on as it was going */
  #virtual(hook: Hook, passage: Passage): boolean {
    const { connection, packet } = passage;
    if (connection === undefined || passage.reply || connection.confirmed) return true;
    this.work.lookups++;
    const server = this.ipvs.find(packet);
    if (server === undefined) return true;
    const real = this.ipvs.choose(server, packet.source);
    if (real === undefined) {
      this.#stack.refuse(packet, 3, Unreachable.port);
      return false;
    }
    real.active++;
    real.served++;
    connection.ended = () => {
      real.active--;
    };
    setDestination(connection, { address: real.address, ports: [real.port, real.port] }, ([port]) => port);
    translate(passage, "destination");
    if (hook === "output") return true;
    // It goes on to another computer: its source is decided over there.
    connection.sourceNat = false;
    this.#stack.reroute(passage);
    return false;
  }

  #reject(packet: Packet, how: RejectWith): void {
    const { payload } = packet;
    if (how === "tcp-reset" && payload.kind === "tcp") {
      if ((payload.flags & TcpFlag.rst) !== 0) return;
      const { sourcePort, destinationPort, sequence, acknowledgement, flags } = payload;
      const acked = (flags & TcpFlag.ack) !== 0;
      const length =
        payload.data.length + ((flags & TcpFlag.syn) === 0 ? 0 : 1) + ((flags & TcpFlag.fin) === 0 ? 0 : 1);
      this.#stack.send({
        kind: "ipv4",
        source: packet.destination,
        destination: packet.source,
        tos: 0,
        id: this.#stack.nextId(),
        dontFragment: true,
        ttl: 64,
        protocol: Protocol.tcp,
        payload: {
          kind: "tcp",
          sourcePort: destinationPort,
          destinationPort: sourcePort,
          sequence: acked ? acknowledgement : 0,
          acknowledgement: acked ? 0 : (sequence + length) >>> 0,
          flags: acked ? TcpFlag.rst : TcpFlag.rst | TcpFlag.ack,
          window: 0,
          options: undefined,
          data: new Uint8Array(0),
        },
      });
      return;
    }
    const codes: Readonly<Record<RejectWith, number>> = {
      "icmp-net-unreachable": Unreachable.network,
      "icmp-host-unreachable": Unreachable.host,
      "icmp-proto-unreachable": Unreachable.protocol,
      "icmp-port-unreachable": Unreachable.port,
      "icmp-admin-prohibited": Unreachable.administrativelyProhibited,
      "tcp-reset": Unreachable.port,
    };
    this.#stack.refuse(packet, 3, codes[how]);
  }

  #log(prefix: string, { packet, input, output }: Passage): void {
    const fields = {
      prefix,
      in: input?.name ?? "",
      out: output?.name ?? "",
      packet: describePacket(packet),
      ...endsOf(packet),
    };
    this.#stack.world.trace.emit("net.log", this.#stack.name, fields);
  }
}

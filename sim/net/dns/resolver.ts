import type { Activity } from "../../core/index.js";
import type { NetworkNamespace } from "../namespace.js";
import { parseIpv4, type Ipv4 } from "../packet/address.js";
import { normalName, type DnsRecord, type DnsType, type Rcode } from "./message.js";
import { ask } from "./query.js";

export interface ResolverOptions {
  /** Addresses of servers, asked in this order; "10.0.0.1:5353" for another port. */
  readonly servers: readonly string[];
  /** What is tried behind a name. */
  readonly search: readonly string[];
  /** A name with fewer dots is tried with the search list first (resolv.conf(5); Kubernetes sets 5). */
  readonly ndots: number;
  /** Names that need no server: /etc/hosts. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Whether answers are kept for as long as they say (nscd, systemd-resolved); the C library alone keeps none. */
  readonly cache: boolean;
}

/** Why a name has no address: EAI_NONAME, EAI_AGAIN (getaddrinfo(3)). */
export type ResolveError = "ENOTFOUND" | "EAI_AGAIN";

interface Kept {
  readonly rcode: Rcode;
  readonly records: readonly DnsRecord[];
  readonly until: number;
}

/** Finds names' addresses, as the C library does by resolv.conf(5). */
export class Resolver {
  readonly options: ResolverOptions;
  /** Questions that went out, and such that a kept answer spared. */
  readonly counters = { asked: 0, kept: 0 };
  readonly #namespace: NetworkNamespace;
  readonly #kept = new Map<string, Kept>();

  constructor(namespace: NetworkNamespace, options: Partial<ResolverOptions>) {
    this.#namespace = namespace;
    this.options = { servers: [], search: [], ndots: 1, hosts: {}, cache: false, ...options };
  }

  /** The names that are tried for one, in order: the name itself first where it has dots enough, or ends in one. */
  candidates(name: string): readonly string[] {
    const whole = normalName(name);
    if (name.endsWith(".")) return [whole];
    const searched = this.options.search.map((end) => `${whole}.${normalName(end)}`);
    const dots = whole.split(".").length - 1;
    return dots >= this.options.ndots ? [whole, ...searched] : [...searched, whole];
  }

  /** A name's IPv4 addresses; a name that is an address stands for itself. */
  *resolve(name: string): Activity<readonly Ipv4[] | ResolveError> {
    const fixed = parseIpv4(this.options.hosts[name] ?? name);
    if (fixed !== undefined) return [fixed];
    const records = yield* this.query(name, "A");
    if (typeof records === "string") return records;
    const addresses = records.flatMap((record) => (record.type === "A" ? [record.address] : []));
    return addresses.length > 0 ? addresses : "ENOTFOUND";
  }

  /** Records of one type. */
  *query(name: string, type: DnsType): Activity<readonly DnsRecord[] | ResolveError> {
    for (const candidate of this.candidates(name)) {
      const got = yield* this.#ask(candidate, type);
      if (got === undefined) return "EAI_AGAIN";
      if (got.rcode === "NOERROR" && got.records.length > 0) return got.records;
    }
    return "ENOTFOUND";
  }

  *#ask(name: string, type: DnsType): Activity<Kept | undefined> {
    const key = `${type} ${name}`;
    const { engine } = this.#namespace.world;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > engine.now) {
      this.counters.kept++;
      return kept;
    }
    this.#kept.delete(key);
    this.counters.asked++;
    const answer = yield* ask(this.#namespace, this.options.servers, { name, type });
    if (answer === undefined || answer.rcode === "SERVFAIL" || answer.rcode === "REFUSED") return undefined;
    const { rcode, answers: records, authorities } = answer;
    const lives = [...records, ...authorities].map(({ ttl }) => ttl);
    const until = engine.now + (lives.length === 0 ? 0 : Math.min(...lives) * 1e9);
    const made = { rcode, records, until };
    if (this.options.cache && until > engine.now) this.#kept.set(key, made);
    return made;
  }
}

import { UsageError } from "../../core/index.js";
import { formatIpv4, ipv4, type Ipv4 } from "../packet/address.js";
import { normalName, type DnsData, type DnsQuestion, type DnsRecord, type Rcode } from "./message.js";

/** What a zone answers. */
export interface ZoneAnswer {
  readonly rcode: Rcode;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

/** How far a chain of aliases is followed. */
const longestChain = 8;

/** Names under one, and what they stand for; several addresses of a name take turns at being the first. */
export class Zone {
  /** The name that all others end in; "" for all names. */
  readonly origin: string;
  /** For how many seconds answers may be kept, unless a record says else. */
  readonly ttl: number;
  readonly #records = new Map<string, DnsRecord[]>();
  readonly #turns = new Map<string, number>();
  #serial = 1;

  constructor(origin: string, { ttl = 30 }: { readonly ttl?: number } = {}) {
    this.origin = normalName(origin);
    this.ttl = ttl;
  }

  get records(): readonly DnsRecord[] {
    return [...this.#records.values()].flat();
  }

  /** Whether a name belongs to it. */
  covers(name: string): boolean {
    return this.origin === "" || name === this.origin || name.endsWith(`.${this.origin}`);
  }

  /**
   * Adds a record; its name is whole ("web.default.svc.cluster.local") or "*.…" for all that aren't named.
   * @throws UsageError for a name of another zone
   */
  add(name: string, data: DnsData, ttl: number = this.ttl): this {
    const key = normalName(name);
    if (!this.covers(key)) {
      throw new UsageError(
        `"${name}" doesn't belong to the zone "${this.origin}"`,
        `Names here end in ".${this.origin}".`,
      );
    }
    const records = this.#records.get(key);
    const record: DnsRecord = { name: key, ttl, ...data };
    if (records === undefined) this.#records.set(key, [record]);
    else records.push(record);
    this.#serial++;
    return this;
  }

  /** Adds addresses of a name. */
  host(name: string, ...addresses: readonly (string | Ipv4)[]): this {
    for (const address of addresses) this.add(name, { type: "A", address: ipv4(address) });
    return this;
  }

  /** Takes out what is known of a name; only records for which `test` holds, where there is one. */
  remove(name: string, test: (record: DnsRecord) => boolean = () => true): void {
    const key = normalName(name);
    const left = this.#records.get(key)?.filter((record) => !test(record)) ?? [];
    if (left.length === 0) this.#records.delete(key);
    else this.#records.set(key, left);
    this.#serial++;
  }

  /** Answers a question about a name of it: aliases are followed within the zone (RFC 1034, 4.3.2). */
  answer({ name, type }: DnsQuestion): ZoneAnswer {
    const answers: DnsRecord[] = [];
    let asked = name;
    for (let step = 0; step < longestChain; step++) {
      const found = this.#find(asked);
      if (found === undefined) break;
      const fitting = found.filter((record) => record.type === type);
      if (fitting.length > 0) {
        answers.push(...this.#rotated(asked, fitting));
        return { rcode: "NOERROR", answers, authorities: [] };
      }
      const alias = found.find((record) => record.type === "CNAME");
      if (alias?.type !== "CNAME") return { rcode: "NOERROR", answers, authorities: [this.#authority()] };
      answers.push(alias);
      asked = alias.target;
    }
    return { rcode: answers.length > 0 ? "NOERROR" : "NXDOMAIN", answers, authorities: [this.#authority()] };
  }

  /** Of an exact name, or of the nearest "*"; nothing of its own where others lie below it (RFC 4592). */
  #find(name: string): readonly DnsRecord[] | undefined {
    const exact = this.#records.get(name);
    if (exact !== undefined) return exact;
    if ([...this.#records.keys()].some((other) => other.endsWith(`.${name}`))) return [];
    for (let rest = name; rest.includes(".");) {
      rest = rest.slice(rest.indexOf(".") + 1);
      const wild = this.#records.get(`*.${rest}`);
      if (wild !== undefined) return wild.map((record) => ({ ...record, name }));
    }
    return undefined;
  }

  #rotated(name: string, records: readonly DnsRecord[]): readonly DnsRecord[] {
    if (records.length < 2) return records;
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    const start = turn % records.length;
    return [...records.slice(start), ...records.slice(0, start)];
  }

  #authority(): DnsRecord {
    const { origin, ttl } = this;
    const server = origin === "" ? "ns" : `ns.${origin}`;
    return { name: origin, ttl, type: "SOA", server, mail: `hostmaster.${origin}`, serial: this.#serial, minimum: ttl };
  }
}

/** The name that asks for an address's name: "4.3.2.1.in-addr.arpa" (RFC 1035, 3.5). */
export const reverseName = (address: string | Ipv4): string =>
  `${formatIpv4(ipv4(address)).split(".").reverse().join(".")}.in-addr.arpa`;

import type { Ipv4 } from "../packet/address.js";
import type { Ipv6 } from "../packet/ipv6.js";

/** Types of records that are understood (RFC 1035, 3.2.2; RFC 3596; RFC 2782). */
export const DnsType = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;
export type DnsType = keyof typeof DnsType;

/** RFC 1035, 4.1.1. */
export const Rcode = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof Rcode;

export interface DnsQuestion {
  /** Without the dot at its end, in lower case. */
  readonly name: string;
  readonly type: DnsType;
}

/** What a record says. */
export type DnsData =
  | { readonly type: "A"; readonly address: Ipv4 }
  | { readonly type: "AAAA"; readonly address: Ipv6 }
  | { readonly type: "NS" | "CNAME" | "PTR"; readonly target: string }
  | { readonly type: "TXT"; readonly text: string }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: "SOA";
      readonly server: string;
      readonly mail: string;
      readonly serial: number;
      readonly minimum: number;
    };

/** A record: whose it is, and for how many seconds it may be kept. */
export type DnsRecord = DnsData & { readonly name: string; readonly ttl: number };

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly authoritative: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: Rcode;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  /** The zone's SOA, where there is no answer: for how long that may be kept (RFC 2308). */
  readonly authorities: readonly DnsRecord[];
}

/** A name as records have it. */
export const normalName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

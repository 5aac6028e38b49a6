import { UsageError } from "../../core/index.js";
import { parseIpv4 } from "./address.js";

/** An IPv6 address: its eight groups of 16 bits. Addresses are read and printed; no interface speaks IPv6 yet. */
export type Ipv6 = readonly number[];

/** Sixteen-bit groups of one side of "::"; undefined for what is none. */
function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const list: number[] = [];
  const parts = text.split(":");
  for (const [place, part] of parts.entries()) {
    const embedded = place === parts.length - 1 ? parseIpv4(part) : undefined;
    if (embedded !== undefined) list.push(embedded >>> 16, embedded & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) list.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return list;
}

/**
 * `ipv6("2001:db8::1")`: all forms of RFC 4291, section 2.2.
 * @throws UsageError for what is none
 */
export function ipv6(text: string): Ipv6 {
  const [head = "", tail, ...more] = text.split("::");
  const [left, right] = [groups(head), groups(tail ?? "")];
  if (left !== undefined && right !== undefined && more.length === 0) {
    const zeros = 8 - left.length - right.length;
    if (tail === undefined ? zeros === 0 : zeros >= 1) return [...left, ...new Array<number>(zeros).fill(0), ...right];
  }
  throw new UsageError(`"${text}" is no IPv6 address`, 'Give eight groups, or fewer and "::": "2001:db8::1".');
}

/** The canonical form (RFC 5952, section 4): lower case, the first longest run of two zero groups or more as "::". */
export function formatIpv6(address: Ipv6): string {
  let [start, length] = [0, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && address[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = (part: Ipv6): string => part.map((group) => group.toString(16)).join(":");
  return length < 2 ? hex(address) : `${hex(address.slice(0, start))}::${hex(address.slice(start + length))}`;
}

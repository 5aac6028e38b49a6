import type { Activity } from "../../core/index.js";
import { formatIpv4, parseIpv4, reverseName } from "../../net/index.js";
import type { Sys } from "../syscall/table.js";
import { askServers, contents, linesOf, resolverSettings, type ResolverSettings } from "./resolver.js";

/** Why a name has no address: getaddrinfo(3), in the words of gai_strerror(3). */
export type NameError =
  | { readonly code: "EAI_NONAME"; readonly message: "Name or service not known" }
  | { readonly code: "EAI_AGAIN"; readonly message: "Temporary failure in name resolution" };

const unknown: NameError = { code: "EAI_NONAME", message: "Name or service not known" };
const later: NameError = { code: "EAI_AGAIN", message: "Temporary failure in name resolution" };

/** The names that are tried, in order. */
function candidates(name: string, { search, ndots }: ResolverSettings): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const longer = search.map((end) => `${name}.${end}`);
  return name.split(".").length - 1 >= ndots ? [name, ...longer] : [...longer, name];
}

/**
 * A name's IPv4 addresses, as programs of the C library find them: an address stands for itself, then /etc/hosts, then the
 * servers of /etc/resolv.conf, each file read anew. Nothing is kept.
 */
export function* getaddrinfo(sys: Sys, name: string): Activity<readonly string[] | NameError> {
  const fixed = parseIpv4(name);
  if (fixed !== undefined) return [formatIpv4(fixed)];
  const wanted = name.toLowerCase();
  const hosts = linesOf(yield* contents(sys, "/etc/hosts"))
    .filter(([address = "", ...names]) => names.includes(wanted) && parseIpv4(address) !== undefined)
    .map(([address = ""]) => address);
  if (hosts.length > 0) return hosts;
  if (wanted === "localhost") return ["127.0.0.1"];
  const settings = yield* resolverSettings(sys);
  for (const candidate of candidates(wanted, settings)) {
    const message = yield* askServers(sys, { name: candidate, type: "A" }, settings);
    if (message === undefined) return later;
    const found = message.answers.flatMap((record) => (record.type === "A" ? [formatIpv4(record.address)] : []));
    if (found.length > 0) return found;
  }
  return unknown;
}

/** An address's name: that of /etc/hosts, else what the servers say of it (PTR). Undefined where it has none. */
export function* getnameinfo(sys: Sys, address: string): Activity<string | undefined> {
  const line = linesOf(yield* contents(sys, "/etc/hosts")).find(([one, name]) => one === address && name !== undefined);
  if (line !== undefined) return line[1];
  const question = { name: reverseName(address), type: "PTR" } as const;
  const message = yield* askServers(sys, question, yield* resolverSettings(sys));
  const record = message?.answers.find(({ type }) => type === "PTR");
  return record?.type === "PTR" ? record.target : undefined;
}

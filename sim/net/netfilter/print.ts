import { formatIpv4, formatPrefix } from "../packet/address.js";
import type { Match, NatTo, Range, Rule, TableName, Target } from "./model.js";
import type { Ruleset } from "./ruleset.js";

const protocols: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };

const range = ([from, to]: Range): string => (from === to ? String(from) : `${from}:${to}`);

const hex = (value: number): string => `0x${value.toString(16)}`;

const quote = (text: string): string => (/^[\w./:-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`);

const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
const flags = (bits: number): string => flagNames.filter((_, bit) => (bits & (1 << bit)) !== 0).join(",") || "NONE";

/** The matches that need no module are written first, in this order. */
const general: readonly Match["match"][] = ["source", "destination", "in", "out", "protocol"];

/** A match as an option, and the module that it is of. */
function option(match: Match, protocol: string): readonly [module: string, option: string] {
  switch (match.match) {
    case "source":
      return ["", `-s ${formatPrefix(match.prefix)}`];
    case "destination":
      return ["", `-d ${formatPrefix(match.prefix)}`];
    case "in":
      return ["", `-i ${match.interface}`];
    case "out":
      return ["", `-o ${match.interface}`];
    case "protocol":
      return ["", `-p ${protocols[match.protocol] ?? match.protocol}`];
    case "sport":
    case "dport":
      return match.ports.length === 1
        ? [protocol, `--${match.match} ${match.ports.map(range).join(",")}`]
        : ["multiport", `--${match.match}s ${match.ports.map(range).join(",")}`];
    case "tcp-flags":
      return ["tcp", `--tcp-flags ${flags(match.mask)} ${flags(match.set)}`];
    case "icmp-type":
      return ["icmp", `--icmp-type ${match.type}`];
    case "ctstate":
      return ["conntrack", `--ctstate ${[...match.states, ...(match.nat ?? [])].join(",")}`];
    case "set":
      return ["set", `--match-set ${match.set} ${match.directions.join(",")}`];
    case "mark":
      return ["mark", `--mark ${hex(match.value)}${match.mask === 0xffff_ffff ? "" : `/${hex(match.mask)}`}`];
    case "addrtype":
      return ["addrtype", `--${match.end}-type ${match.type}`];
    case "random":
      return ["statistic", `--mode random --probability ${match.probability.toFixed(11)}`];
    case "nth":
      return ["statistic", `--mode nth --every ${match.every} --packet ${match.packet}`];
    case "recent": {
      const seconds = match.seconds === undefined ? "" : ` --seconds ${match.seconds} --reap`;
      return ["recent", `--${match.action}${seconds} --name ${match.list} --mask 255.255.255.255 --rsource`];
    }
    case "comment":
      return ["comment", `--comment ${quote(match.comment)}`];
  }
}

function natTo({ address, ports }: NatTo, separator: string): string {
  const port = ports === undefined ? "" : ports[0] === ports[1] ? String(ports[0]) : `${ports[0]}-${ports[1]}`;
  if (address === undefined) return separator === "" ? port : `:${port}`;
  return formatIpv4(address) + (port === "" ? "" : `:${port}`);
}

function printTarget(target: Target): string {
  const random = (random1: boolean | undefined): string => (random1 === true ? " --random-fully" : "");
  switch (target.target) {
    case "NONE":
      return "";
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return `-j ${target.target}`;
    case "REJECT":
      return `-j REJECT --reject-with ${target.with}`;
    case "LOG":
      return `-j LOG${target.prefix === "" ? "" : ` --log-prefix ${quote(target.prefix)}`}`;
    case "JUMP":
      return `-j ${target.chain}`;
    case "GOTO":
      return `-g ${target.chain}`;
    case "DNAT":
      return `-j DNAT --to-destination ${natTo(target.to, ":")}${random(target.random)}`;
    case "SNAT":
      return `-j SNAT --to-source ${natTo(target.to, ":")}${random(target.random)}`;
    case "MASQUERADE":
    case "REDIRECT": {
      const ports = target.to.ports === undefined ? "" : ` --to-ports ${natTo({ ports: target.to.ports }, "")}`;
      return `-j ${target.target}${ports}${random(target.random)}`;
    }
    case "MARK":
      return `-j MARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`;
    case "NUMGEN":
      return `-j NUMGEN --chains ${target.chains.join(",")}`;
    case "MAP":
      // iptables has no such target: as nft writes it.
      return `-j MAP --key ${target.key.join(",")} --map ${target.map}`;
  }
}

/** A rule in iptables' syntax, without its chain: `-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`. */
export function printRule({ matches, target }: Rule): string {
  const not = (match: Match): string => (match.invert === true ? "! " : "");
  const named = matches.find((match) => match.match === "protocol");
  const protocol = named?.match === "protocol" ? (protocols[named.protocol] ?? "tcp") : "tcp";
  const first = general.flatMap((kind) => matches.filter((match) => match.match === kind));
  const words: string[] = [];
  let last = "";
  for (const match of [...first, ...matches.filter((one) => !general.includes(one.match))]) {
    const [module, text] = option(match, protocol);
    // Options of one module follow one another; each of statistic is a module of its own.
    if (module !== "" && module !== last) words.push(`-m ${module}`);
    last = module === "statistic" ? "" : module;
    words.push(not(match) + text);
  }
  const end = printTarget(target);
  return (end === "" ? words : [...words, end]).join(" ");
}

/** All tables that were touched, as `iptables-save` writes them, without its comments. */
export function printSave(rules: Ruleset, { counters = false, tables = rules.tables }: SaveOptions = {}): string {
  const lines: string[] = [];
  for (const name of tables) {
    const chains = [...(rules.find(name)?.values() ?? [])];
    lines.push(`*${name}`);
    for (const { name: chain, policy, packets, bytes } of chains) {
      lines.push(`:${chain} ${policy ?? "-"} [${packets}:${bytes}]`);
    }
    for (const { name: chain, rules: entries } of chains) {
      for (const { rule, packets, bytes } of entries) {
        lines.push(`${counters ? `[${packets}:${bytes}] ` : ""}-A ${chain} ${printRule(rule)}`.trimEnd());
      }
    }
    lines.push("COMMIT");
  }
  return lines.map((line) => `${line}\n`).join("");
}

export interface SaveOptions {
  /** Whether each rule is preceded by its packets and bytes. */
  readonly counters?: boolean;
  readonly tables?: readonly TableName[];
}

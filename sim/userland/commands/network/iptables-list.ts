import {
  formatIpv4,
  formatPrefix,
  type Chain,
  type Match,
  type NatTo,
  type Range,
  type Rule,
} from "../../../net/index.js";

/** How `iptables -L` lists. */
export interface Listing {
  numeric: boolean;
  verbose: boolean;
  /** Counters to the last digit. */
  exact: boolean;
  numbered: boolean;
}

/** A counter in five columns: thousands as K, from a hundred thousand on; and so forth (xtables_print_num). */
function counter(value: number, exact: boolean): string {
  if (exact) return `${String(value).padStart(8)} `;
  if (value <= 99_999) return `${String(value).padStart(5)} `;
  let [number, unit] = [Math.floor((value + 500) / 1000), "K"];
  for (const next of ["M", "G", "T"]) {
    if (number <= 9999) break;
    [number, unit] = [Math.floor((number + 500) / 1000), next];
  }
  return `${String(number).padStart(4)}${unit} `;
}

const protocols: Readonly<Record<number, string>> = { 0: "all", 1: "icmp", 6: "tcp", 17: "udp" };
const icmpTypes: Readonly<Record<number, string>> = {
  0: "echo-reply",
  3: "destination-unreachable",
  8: "echo-request",
  11: "time-exceeded",
};
const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
const flagWords = (bits: number): string => flagNames.filter((_, bit) => (bits & (1 << bit)) !== 0).join(",") || "NONE";
const hexByte = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
const hex = (value: number): string => `0x${value.toString(16)}`;
const span = ([from, to]: Range): string => (from === to ? String(from) : `${from}:${to}`);

/** What stands behind the columns for a match; nothing for those that have a column. */
function matchText(match: Match, protocol: string, numeric: boolean): string {
  const not = match.invert === true ? "!" : "";
  const before = match.invert === true ? "! " : "";
  switch (match.match) {
    case "source":
    case "destination":
    case "in":
    case "out":
    case "protocol":
      return "";
    case "sport":
    case "dport": {
      const [only] = match.ports;
      const end = match.match === "sport" ? "s" : "d";
      if (match.ports.length !== 1 || only === undefined)
        return `multiport ${end}ports ${before}${match.ports.map(span).join(",")}`;
      return `${protocol} ${end}pt${only[0] === only[1] ? "" : "s"}:${not}${span(only)}`;
    }
    case "tcp-flags":
      return numeric
        ? `tcp flags:${not}${hexByte(match.mask)}/${hexByte(match.set)}`
        : `tcp flags:${not}${flagWords(match.mask)}/${flagWords(match.set)}`;
    case "icmp-type":
      return numeric ? `icmptype ${not}${match.type}` : `icmp ${not}${icmpTypes[match.type] ?? `type ${match.type}`}`;
    case "ctstate":
      return `${before}ctstate ${[...match.states, ...(match.nat ?? [])].join(",")}`;
    case "set":
      return `${before}match-set ${match.set} ${match.directions.join(",")}`;
    case "mark":
      return `mark match ${before}${hex(match.value)}${match.mask === 0xffff_ffff ? "" : `/${hex(match.mask)}`}`;
    case "addrtype":
      return `ADDRTYPE match ${match.end}-type ${not}${match.type}`;
    case "random":
      return `statistic mode random ${before}probability ${match.probability.toFixed(11)}`;
    case "nth":
      return `statistic mode nth ${before}every ${match.every}${match.packet === 0 ? "" : ` packet ${match.packet}`}`;
    case "recent": {
      const words = { set: "SET", rcheck: "CHECK", update: "UPDATE", remove: "REMOVE" } as const;
      const seconds = match.seconds === undefined ? "" : ` seconds: ${match.seconds} reap`;
      return `${before}recent: ${words[match.action]}${seconds} name: ${match.list} side: source mask: 255.255.255.255`;
    }
    case "comment":
      return `/* ${match.comment} */`;
  }
}

function natText({ address, ports }: NatTo): string {
  const port = ports === undefined ? "" : ports[0] === ports[1] ? String(ports[0]) : `${ports[0]}-${ports[1]}`;
  return `${address === undefined ? "" : formatIpv4(address)}${port === "" ? "" : `:${port}`}`;
}

/** A target's name in its column, and what stands behind. */
function targetText({ target }: Rule, numeric: boolean): readonly [name: string, text: string] {
  switch (target.target) {
    case "NONE":
      return ["", ""];
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return [target.target, ""];
    case "JUMP":
      return [target.chain, ""];
    case "GOTO":
      return [target.chain, "[goto] "];
    case "REJECT":
      return ["REJECT", `reject-with ${target.with}`];
    case "LOG":
      return [
        "LOG",
        `LOG ${numeric ? "flags 0 level 4" : "level warn"}${target.prefix === "" ? "" : ` prefix "${target.prefix}"`}`,
      ];
    case "DNAT":
    case "SNAT":
      return [target.target, `to:${natText(target.to)}${target.random === true ? " random-fully" : ""}`];
    case "MASQUERADE":
    case "REDIRECT": {
      const { ports } = target.to;
      const label = target.target === "MASQUERADE" ? "masq ports: " : "redir ports ";
      const shown =
        ports === undefined ? "" : `${label}${ports[0] === ports[1] ? ports[0] : `${ports[0]}-${ports[1]}`}`;
      return [target.target, [shown, ...(target.random === true ? ["random-fully"] : [])].join(" ").trim()];
    }
    case "MARK":
      if (target.mask === 0xffff_ffff) return ["MARK", `MARK set ${hex(target.value)}`];
      if (target.mask === target.value) return ["MARK", `MARK or ${hex(target.value)}`];
      return ["MARK", `MARK xset ${hex(target.value)}/${hex(target.mask)}`];
    case "NUMGEN":
      return ["NUMGEN", target.chains.join(",")];
    case "MAP":
      return ["MAP", `${target.key.join(",")} map ${target.map}`];
  }
}

function ruleText({ rule, packets, bytes }: Chain["rules"][number], place: number, how: Listing): string {
  const { matches } = rule;
  const of = <K extends Match["match"]>(kind: K): (Match & { readonly match: K }) | undefined =>
    matches.find((match): match is Match & { readonly match: K } => match.match === kind);
  const not = (match: Match | undefined): string => (match?.invert === true ? "!" : " ");
  const protocol = of("protocol");
  const number = protocol?.protocol ?? 0;
  const called = protocols[number] ?? String(number);
  const [name, target] = targetText(rule, how.numeric);
  const device = (match: { readonly interface: string; readonly invert?: boolean } | undefined): string => {
    const any = how.numeric ? "*" : "any";
    return match === undefined ? any : `${match.invert === true ? "!" : ""}${match.interface}`;
  };
  const end = (match: (Match & { readonly match: "source" | "destination" }) | undefined): string => {
    const text =
      match === undefined ? (how.numeric ? "0.0.0.0/0" : "anywhere") : formatPrefix(match.prefix).replace(/\/32$/, "");
    return `${not(match)}${text.padEnd(19)} `;
  };
  const counters = how.verbose ? counter(packets, how.exact) + counter(bytes, how.exact) : "";
  const devices = how.verbose ? `  ${device(of("in")).padEnd(6)} ${device(of("out")).padEnd(6)} ` : " ";
  const more = [...matches.map((match) => matchText(match, called, how.numeric)), target];
  return (
    (how.numbered ? String(place).padEnd(5) : "") +
    counters +
    name.padEnd(9) +
    " " +
    `${not(protocol)}${(how.numeric ? String(number) : called).padEnd(4)} --` +
    devices +
    `${end(of("source"))}${end(of("destination"))}` +
    more
      .filter((text) => text !== "")
      .map((text) => ` ${text}`)
      .join("")
  );
}

/** A chain as `iptables -L` lists it. @param all the table's chains: who jumps to it */
export function chainText(chain: Chain, all: readonly Chain[], how: Listing): string {
  const references = all
    .flatMap(({ rules }) => rules)
    .filter(
      ({ rule: { target } }) => (target.target === "JUMP" || target.target === "GOTO") && target.chain === chain.name,
    );
  const counted = how.verbose
    ? ` ${counter(chain.packets, how.exact).trim()} packets, ${counter(chain.bytes, how.exact).trim()} bytes`
    : "";
  const about = chain.policy === undefined ? `${references.length} references` : `policy ${chain.policy}${counted}`;
  const columns =
    (how.numbered ? "num  " : "") +
    (how.verbose ? (how.exact ? "    pkts      bytes " : " pkts bytes ") : "") +
    `target     prot opt ${how.verbose ? "in     out     " : ""}source               destination         `;
  const rules = chain.rules.map((entry, at) => `${ruleText(entry, at + 1, how)}\n`);
  return `Chain ${chain.name} (${about})\n${columns}\n${rules.join("")}`;
}

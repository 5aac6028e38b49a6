import { nearest, UsageError } from "../../core/index.js";
import { parseIpv4, prefix } from "../packet/address.js";
import type {
  AddressType,
  MapField,
  Match,
  NatTo,
  Range,
  RejectWith,
  Rule,
  TableName,
  Target,
  TrackState,
  Verdict,
} from "./model.js";
import { tableNames } from "./model.js";
import { Ruleset } from "./ruleset.js";

/** Words of a line: separated by blanks, or in quotes. */
export function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double?.replaceAll(/\\(.)/g, "$1") ?? single ?? plain ?? "",
  );
}

const unable = (message: string, hint: string): never => {
  throw new UsageError(message, hint);
};

const protocolNumbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };
const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

function flagBits(text: string): number {
  if (text === "NONE") return 0;
  if (text === "ALL") return 63;
  return text.split(",").reduce((bits, name) => {
    const bit = flagNames.indexOf(name);
    return bit < 0 ? unable(`"${name}" is no flag of TCP`, `Flags are ${flagNames.join(", ")}.`) : bits | (1 << bit);
  }, 0);
}

function port(text: string): number {
  const value = Number(text);
  return /^\d+$/.test(text) && value <= 65_535 ? value : unable(`"${text}" is no port`, "Give a number up to 65535.");
}

/** "80", "8000:8010" or, of a target, "8000-8010". */
function ports(text: string): Range {
  const [from = "", to = from] = text.split(/[:-]/);
  return [port(from), port(to)];
}

function natTo(text: string): NatTo {
  const [address = "", range] = text.split(":");
  const parsed =
    address === ""
      ? undefined
      : (parseIpv4(address) ?? unable(`"${address}" is no address`, 'Give one, as "10.0.0.1:80".'));
  return { address: parsed, ports: range === undefined ? undefined : ports(range) };
}

/** "0x4000/0x4000"; without a mask, all bits. */
function marked(text: string): { readonly value: number; readonly mask: number } {
  const [value = "", mask = "0xffffffff"] = text.split("/");
  if ([value, mask].every((part) => /^(0x[\da-f]+|\d+)$/i.test(part)))
    return { value: Number(value), mask: Number(mask) };
  return unable(`"${text}" is no mark`, 'Give a number, or two: "0x4000/0x4000".');
}

const states: readonly string[] = ["NEW", "ESTABLISHED", "RELATED", "INVALID"];

function ctstate(text: string): Match {
  const all = text.split(",");
  const nat = all.filter((state) => state === "SNAT" || state === "DNAT");
  const plain = all.filter((state): state is TrackState => states.includes(state));
  if (plain.length + nat.length < all.length)
    unable(`"${text}" are no states`, `States are ${states.join(", ")}, SNAT, DNAT.`);
  return { match: "ctstate", states: plain, ...(nat.length === 0 ? {} : { nat }) };
}

const oneOf = <T extends string>(text: string, valid: readonly T[], what: string): T =>
  valid.find((word) => word === text) ??
  unable(`"${text}" is no ${what}`, `Did you mean "${nearest(text, valid) ?? ""}"? There are ${valid.join(", ")}.`);

const addressTypes: readonly AddressType[] = ["LOCAL", "UNICAST", "BROADCAST", "MULTICAST"];
const rejections: readonly RejectWith[] = [
  "icmp-net-unreachable",
  "icmp-host-unreachable",
  "icmp-proto-unreachable",
  "icmp-port-unreachable",
  "icmp-admin-prohibited",
  "tcp-reset",
];
const mapFields: readonly MapField[] = ["source", "destination", "protocol", "sport", "dport", "mark"];

/** A module's options that make a match each: their words' number, and what they mean. */
const matchOptions: Readonly<Record<string, (take: () => string) => Match>> = {
  "-s": (take) => ({ match: "source", prefix: prefix(take()) }),
  "-d": (take) => ({ match: "destination", prefix: prefix(take()) }),
  "-i": (take) => ({ match: "in", interface: take() }),
  "-o": (take) => ({ match: "out", interface: take() }),
  "-p": (take) => {
    const name = take();
    const protocol = protocolNumbers[name] ?? Number(name);
    if (!(protocol >= 0 && protocol <= 255)) unable(`"${name}" is no protocol`, "Give tcp, udp, icmp or a number.");
    return { match: "protocol", protocol };
  },
  "--sport": (take) => ({ match: "sport", ports: [ports(take())] }),
  "--dport": (take) => ({ match: "dport", ports: [ports(take())] }),
  "--sports": (take) => ({ match: "sport", ports: take().split(",").map(ports) }),
  "--dports": (take) => ({ match: "dport", ports: take().split(",").map(ports) }),
  "--syn": () => ({ match: "tcp-flags", mask: flagBits("FIN,SYN,RST,ACK"), set: flagBits("SYN") }),
  "--tcp-flags": (take) => ({ match: "tcp-flags", mask: flagBits(take()), set: flagBits(take()) }),
  "--icmp-type": (take) => {
    const name = take();
    const type =
      { "echo-reply": 0, "destination-unreachable": 3, "echo-request": 8, "time-exceeded": 11 }[name] ?? Number(name);
    return { match: "icmp-type", type };
  },
  "--ctstate": (take) => ctstate(take()),
  "--match-set": (take) => ({
    match: "set",
    set: take(),
    directions: take()
      .split(",")
      .map((end) => oneOf(end, ["src", "dst"], "end of a packet")),
  }),
  "--mark": (take) => ({ match: "mark", ...marked(take()) }),
  "--src-type": (take) => ({ match: "addrtype", end: "src", type: oneOf(take(), addressTypes, "type of address") }),
  "--dst-type": (take) => ({ match: "addrtype", end: "dst", type: oneOf(take(), addressTypes, "type of address") }),
  "--comment": (take) => ({ match: "comment", comment: take() }),
};

const synonyms: Readonly<Record<string, string>> = {
  "--source": "-s",
  "--src": "-s",
  "--destination": "-d",
  "--dst": "-d",
  "--in-interface": "-i",
  "--out-interface": "-o",
  "--protocol": "-p",
  "--source-port": "--sport",
  "--destination-port": "--dport",
  "--source-ports": "--sports",
  "--destination-ports": "--dports",
  "--state": "--ctstate",
  "--match": "-m",
  "--jump": "-j",
  "--goto": "-g",
};

/** Target options that say more about random choices than is modelled. */
const ignored = new Set(["--persistent"]);

/** Options without a value that are no match by themselves. */
const bare = new Set(["--set", "--rcheck", "--update", "--remove", "--reap", "--rsource"]);

/**
 * A rule from its words, without command and chain: the options of iptables(8) and iptables-extensions(8) that `Match` and `Target`
 * have. @throws UsageError for what it doesn't know, naming the nearest option
 */
export function parseRule(given: readonly string[]): Rule {
  const matches: Match[] = [];
  const options = new Map<string, string>();
  let jump: { readonly name: string; readonly goto: boolean } | undefined;
  let at = 0;
  let invert = false;
  const take = (): string => given[at++] ?? unable(`"${given.at(-1) ?? ""}" lacks a value`, "Complete the rule.");
  while (at < given.length) {
    const word = take();
    const option = synonyms[word] ?? word;
    const make = matchOptions[option];
    if (option === "!") invert = true;
    else if (make !== undefined) {
      matches.push(invert ? { ...make(take), invert } : make(take));
      invert = false;
    } else if (option === "-m") take();
    else if (option === "-j" || option === "-g") jump = { name: take(), goto: option === "-g" };
    else if (option === "--random-fully" || option === "--random") options.set("--random-fully", "");
    else if (bare.has(option)) options.set(option, "");
    else if (ignored.has(option)) continue;
    else if (option.startsWith("--")) options.set(option, take());
    else
      unable(`iptables has no option "${word}"`, `Did you mean "${nearest(word, Object.keys(matchOptions)) ?? ""}"?`);
  }
  const statistic = [...takeStatistic(options, invert), ...takeRecent(options)];
  const target = parseTarget(jump, options);
  const [left] = options.keys();
  if (left !== undefined) {
    unable(`"${left}" is no option here`, `Did you mean "${nearest(left, Object.keys(matchOptions)) ?? ""}"?`);
  }
  return { matches: [...matches, ...statistic], target };
}

/** What makes one match of several options. */
function takeStatistic(options: Map<string, string>, invert: boolean): readonly Match[] {
  const taken = (name: string): string | undefined => {
    const value = options.get(name);
    options.delete(name);
    return value;
  };
  const mode = taken("--mode");
  if (mode === undefined) return [];
  const not = invert ? { invert } : {};
  if (mode === "random") {
    // Kept in 31 bits, as the kernel has it.
    const probability = Math.round(Number(taken("--probability") ?? NaN) * 2 ** 31) / 2 ** 31;
    return [{ match: "random", probability, ...not }];
  }
  return [{ match: "nth", every: Number(taken("--every") ?? NaN), packet: Number(taken("--packet") ?? 0), ...not }];
}

const recentActions = ["set", "rcheck", "update", "remove"] as const;

/** The match `recent`. Of a packet it is the source that is remembered. */
function takeRecent(options: Map<string, string>): readonly Match[] {
  const action = recentActions.find((name) => options.delete(`--${name}`));
  if (action === undefined) return [];
  const name = options.get("--name") ?? "DEFAULT";
  const seconds = options.get("--seconds");
  for (const used of ["--name", "--seconds", "--reap", "--rsource", "--mask"]) options.delete(used);
  return [{ match: "recent", action, list: name, ...(seconds === undefined ? {} : { seconds: Number(seconds) }) }];
}

function parseTarget(
  jump: { readonly name: string; readonly goto: boolean } | undefined,
  options: Map<string, string>,
): Target {
  const taken = (name: string): string | undefined => {
    const value = options.get(name);
    options.delete(name);
    return value;
  };
  if (jump === undefined) return { target: "NONE" };
  if (jump.goto) return { target: "GOTO", chain: jump.name };
  const need = (name: string): string =>
    taken(name) ?? unable(`${jump.name} needs ${name}`, `Add it: -j ${jump.name} ${name} …`);
  const random = (): { readonly random?: boolean } => (taken("--random-fully") === undefined ? {} : { random: true });
  switch (jump.name) {
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return { target: jump.name };
    case "REJECT":
      return {
        target: "REJECT",
        with: oneOf(taken("--reject-with") ?? "icmp-port-unreachable", rejections, "answer of REJECT"),
      };
    case "LOG":
      taken("--log-level");
      return { target: "LOG", prefix: taken("--log-prefix") ?? "" };
    case "DNAT":
      return { target: "DNAT", to: natTo(need("--to-destination")), ...random() };
    case "SNAT":
      return { target: "SNAT", to: natTo(need("--to-source")), ...random() };
    case "MASQUERADE":
    case "REDIRECT": {
      const range = taken("--to-ports");
      return { target: jump.name, to: range === undefined ? {} : { ports: ports(range) }, ...random() };
    }
    case "MARK": {
      const or = taken("--or-mark");
      if (or !== undefined) return { target: "MARK", value: marked(or).value, mask: marked(or).value };
      const set = taken("--set-mark");
      if (set === undefined) return { target: "MARK", ...marked(need("--set-xmark")) };
      const { value, mask } = marked(set);
      return { target: "MARK", value, mask: (mask | value) >>> 0 };
    }
    case "NUMGEN":
      return { target: "NUMGEN", chains: need("--chains").split(",") };
    case "MAP":
      return {
        target: "MAP",
        key: need("--key")
          .split(",")
          .map((field) => oneOf(field, mapFields, "field of a map's key")),
        map: need("--map"),
      };
    default:
      return { target: "JUMP", chain: jump.name };
  }
}

/** A table's name. @throws UsageError for one that isn't there */
export const tableNamed = (name: string): TableName => oneOf(name, tableNames, "table");

/** A chain's policy. @throws UsageError for what is none */
export const policyNamed = (name: string): Verdict => oneOf(name, ["ACCEPT", "DROP"], "policy");

interface Line {
  readonly text: string;
  readonly number: number;
}

/** Runs `work` on a line, and says where it failed. */
function onLine({ text, number }: Line, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`line ${number}, "${text}": ${error.message}`, error.hint);
  }
}

/** Lines of one table: its name, its chains, its rules. */
function fill(into: Ruleset, table: TableName, lines: readonly Line[], keep: boolean): void {
  if (!keep) into.drop(table);
  into.table(table);
  const chainLine = /^:(\S+) (ACCEPT|DROP|-)(?: \[(\d+):(\d+)\])?$/;
  for (const line of lines) {
    const [, name = "", policy, packets = "0", bytes = "0"] = chainLine.exec(line.text) ?? [];
    if (policy === undefined) continue;
    if (into.table(table).has(name)) into.flush(table, name);
    else into.newChain(table, name);
    const chain = into.chain(table, name);
    if (policy !== "-")
      onLine(line, () => {
        into.policy(table, name, policyNamed(policy));
      });
    chain.packets = Number(packets);
    chain.bytes = Number(bytes);
  }
  for (const line of lines) {
    if (chainLine.test(line.text)) continue;
    const [, packets = "0", bytes = "0", command = "", chain = "", rest = ""] =
      /^(?:\[(\d+):(\d+)\] )?(-[A-Z]) (\S+) ?(.*)$/.exec(line.text) ?? [];
    onLine(line, () => {
      const given = words(rest);
      if (command === "-A") into.append(table, chain, parseRule(given));
      else if (command === "-I") {
        const [place = "", ...others] = given;
        const numbered = /^\d+$/.test(place);
        into.insert(table, chain, parseRule(numbered ? others : given), numbered ? Number(place) : 1);
      } else if (command === "-X") into.deleteChain(table, chain);
      else if (command === "-F") into.flush(table, chain);
      else unable("this is no line of iptables-save", "Lines are *TABLE, :CHAIN POLICY [0:0], -A CHAIN …, COMMIT.");
      // A chain that was deleted has none.
      const entry = command === "-A" ? into.chain(table, chain).rules.at(-1) : undefined;
      if (entry !== undefined) {
        entry.packets = Number(packets);
        entry.bytes = Number(bytes);
      }
    });
  }
}

/** Reads what `iptables-save` wrote into `rules`. It is tried on a copy first, so that a mistake changes nothing. */
export function parseRestore(text: string, rules: Ruleset, keep: boolean): void {
  const blocks: { readonly table: TableName; readonly lines: Line[] }[] = [];
  let open: (typeof blocks)[number] | undefined;
  for (const [at, raw] of text.split("\n").entries()) {
    const line = { text: raw.trim(), number: at + 1 };
    if (line.text === "" || line.text.startsWith("#")) continue;
    if (line.text.startsWith("*")) {
      onLine(line, () => {
        if (open !== undefined) unable(`the table ${open.table} isn't ended`, "Write COMMIT behind its rules.");
        open = { table: tableNamed(line.text.slice(1)), lines: [] };
      });
    } else if (open === undefined) {
      onLine(line, () => unable("no table is open", "Begin with *filter or another table."));
    } else if (line.text === "COMMIT") {
      blocks.push(open);
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) unable("the last table isn't ended", "Write COMMIT behind its rules.");
  const trial = new Ruleset();
  if (keep) {
    for (const table of rules.tables) {
      for (const chain of rules.table(table).values())
        if (!trial.table(table).has(chain.name)) trial.newChain(table, chain.name);
      for (const chain of rules.table(table).values())
        for (const { rule } of chain.rules) trial.append(table, chain.name, rule);
    }
  }
  for (const into of [trial, rules]) for (const { table, lines } of blocks) fill(into, table, lines, keep);
}

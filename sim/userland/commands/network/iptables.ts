import { UsageError, type Activity } from "../../../core/index.js";
import { parseRule, printRule, tableNames, type Chain, type Rule, type TableName } from "../../../net/index.js";
import { attempt, Errno, netlink, type NetlinkRequest } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { decode } from "../../program/encoding.js";
import { readAll } from "../../program/streams.js";
import { formatTime } from "../dates.js";
import { chainText, type Listing } from "./iptables-list.js";

const version = "v1.8.9 (nf_tables)";

/** Ends the command with lines as iptables(8) has them. */
class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(lines: string, status = 1) {
    super(lines);
    this.status = status;
  }
}

/** A mistake on the command line: status 2. */
const misused = (name: string, message: string): Refusal =>
  new Refusal(`${name} ${version}: ${message}\nTry \`${name} -h' or '${name} --help' for more information.`, 2);

const noChain = new Refusal("iptables: No chain/target/match by that name.");
const badRule = new Refusal("iptables: Bad rule (does a matching rule exist in that chain?).");

function* ask<R extends NetlinkRequest>(it: Invocation, request: R): ReturnType<typeof netlink<R>> {
  const answer = yield* attempt(netlink(it.sys, request));
  if (!(answer instanceof Errno)) return answer;
  if (answer.code === "EPERM")
    throw new Refusal(
      `${it.called} ${version}: Could not fetch rule set generation id: Permission denied (you must be root)`,
      4,
    );
  throw new Refusal(`${it.called} ${version}: ${answer.message}`);
}

/** The commands' letters by their long names. */
const letters: Readonly<Record<string, string>> = {
  "--append": "-A",
  "--insert": "-I",
  "--delete": "-D",
  "--check": "-C",
  "--new-chain": "-N",
  "--new": "-N",
  "--delete-chain": "-X",
  "--flush": "-F",
  "--policy": "-P",
  "--zero": "-Z",
  "--list": "-L",
  "--list-rules": "-S",
};

interface Asked {
  readonly table: TableName;
  readonly letter: string;
  readonly chain: string | undefined;
  /** What stands behind the chain: a number, a policy, or a rule's words. */
  readonly words: readonly string[];
  readonly listing: Listing;
}

const flags: Readonly<Record<string, keyof Listing>> = {
  "-n": "numeric",
  "--numeric": "numeric",
  "-v": "verbose",
  "--verbose": "verbose",
  "-x": "exact",
  "--exact": "exact",
  "--line-numbers": "numbered",
};

/** Reads the command line; a rule's words stay as they are. @throws Refusal */
function parse(name: string, words: readonly string[]): Asked {
  let table: TableName = "filter";
  let [letter, chain]: (string | undefined)[] = [];
  const rest: string[] = [];
  const listing: Listing = { numeric: false, verbose: false, exact: false, numbered: false };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const command = letters[word] ?? word;
    const flag = flags[word];
    if (word === "-t" || word === "--table") {
      const given = words[++at] ?? "";
      const found = tableNames.find((one) => one === given);
      if (found === undefined)
        throw new Refusal(
          `${name} ${version}: table '${given}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.`,
          3,
        );
      table = found;
    } else if (letter === undefined && Object.values(letters).includes(command)) {
      letter = command;
      const next = words[at + 1];
      if (next !== undefined && !next.startsWith("-")) chain = words[++at];
    } else if (word === "-w" || word === "--wait") {
      if (/^\d+$/.test(words[at + 1] ?? "")) at++;
    } else if (flag !== undefined) listing[flag] = true;
    // -nvL and the like.
    else if (letter === undefined && /^-[nvx]*[LS]$/.test(word)) {
      for (const one of word.slice(1, -1)) listing[flags[`-${one}`] ?? "numeric"] = true;
      letter = `-${word.at(-1) ?? ""}`;
      const next = words[at + 1];
      if (next !== undefined && !next.startsWith("-")) chain = words[++at];
    } else if (letter !== undefined && /^-L[nvx]+$/.test(word)) continue;
    else rest.push(word);
  }
  if (letter === undefined) throw misused(name, "no command specified");
  return { table, letter, chain, words: rest, listing };
}

/** A rule, with the words of iptables for what it doesn't know. @throws Refusal */
function readRule(name: string, words: readonly string[]): Rule {
  try {
    return parseRule(words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [, unknown] = /no option "(.*)"|/.exec(error.message) ?? [];
    const [, option] = /^"(-.*)" is no option/.exec(error.message) ?? [];
    const [, last] = /^"(.*)" lacks a value/.exec(error.message) ?? [];
    if (last !== undefined) {
      // With a value it would be one that is known, or not.
      readRule(name, [...words, "0"]);
      throw misused(name, `option "${last}" requires an argument`);
    }
    const [, port] = /^"(.*)" is no port/.exec(error.message) ?? [];
    const [, address] = /^"(.*)" is no address/.exec(error.message) ?? [];
    if ((unknown ?? option) !== undefined) throw misused(name, `unknown option "${unknown ?? option ?? ""}"`);
    if (port !== undefined) throw misused(name, `invalid port/service \`${port}' specified`);
    if (address !== undefined) throw misused(name, `host/network \`${address}' not found`);
    throw misused(name, error.message);
  }
}

/** A word of a rule as a line has it. */
const quoted = (word: string): string => (/[\s"']/.test(word) ? `"${word.replaceAll(/["\\]/g, "\\$&")}"` : word);

function* run(it: Invocation): Activity<number> {
  const { table, letter, chain, words, listing } = parse(it.name, it.operands);
  const chains = yield* ask(it, { type: "NFT_MSG_GETRULE", table });
  const found = chains.find(({ name }) => name === chain);
  const tell = function* (...line: readonly string[]): Activity<undefined> {
    yield* ask(it, { type: "NFT_MSG_NEWRULE", line: ["-t", table, letter, ...line.map(quoted)].join(" ") });
    return undefined;
  };
  const named = (): string => {
    if (chain === undefined) throw misused(it.name, `option "${letter}" requires an argument`);
    return chain;
  };
  switch (letter) {
    case "-L":
    case "-S":
      if (chain !== undefined && found === undefined)
        throw new Refusal(
          `${it.called} ${version}: chain \`${chain}' in table \`${table}' is incompatible, use 'nft' tool.`,
        );
      if (letter === "-S") it.out.put(ruleLines(found === undefined ? chains : [found], listing.verbose));
      else
        it.out.put((found === undefined ? chains : [found]).map((one) => chainText(one, chains, listing)).join("\n"));
      return 0;
    case "-A":
    case "-I":
    case "-D":
    case "-C": {
      const [first = ""] = words;
      const place = /^\d+$/.test(first) && letter !== "-A" && letter !== "-C" ? Number(first) : undefined;
      named();
      if (place !== undefined && letter === "-D") {
        if (found === undefined) throw noChain;
        if (place < 1 || place > found.rules.length) throw new Refusal("iptables: Index of deletion too big.");
        yield* tell(named(), first);
        return 0;
      }
      const rule = readRule(it.name, place === undefined ? words : words.slice(1));
      const { target } = rule;
      const jumps = target.target === "JUMP" || target.target === "GOTO";
      if (jumps && chains.every(({ name }) => name !== target.chain))
        throw misused(it.name, `Chain '${target.chain}' does not exist`);
      if (found === undefined) throw letter === "-A" || letter === "-I" ? noChain : badRule;
      if (place !== undefined && (place < 1 || place > found.rules.length + 1))
        throw new Refusal("iptables: Index of insertion too big.");
      if (letter === "-C" || letter === "-D") {
        const wanted = printRule(rule);
        const at = found.rules.findIndex((entry) => printRule(entry.rule) === wanted);
        if (at < 0) throw badRule;
        if (letter === "-D") yield* tell(named(), String(at + 1));
        return 0;
      }
      const translates = ["DNAT", "SNAT", "MASQUERADE", "REDIRECT"].includes(target.target);
      if (translates && table !== "nat")
        throw new Refusal(
          `${it.called} ${version}:  RULE_APPEND failed (Invalid argument): rule in chain ${named()}`,
          4,
        );
      yield* tell(named(), ...words);
      return 0;
    }
    case "-N":
      if (found !== undefined) throw new Refusal("iptables: Chain already exists.");
      yield* tell(named());
      return 0;
    case "-X":
      return yield* deleteChains(it, chain, chains, tell);
    case "-F":
    case "-Z":
      if (chain !== undefined && found === undefined) throw noChain;
      yield* tell(...(chain === undefined ? [] : [chain]));
      return 0;
    default: {
      const [policy = ""] = words;
      if (found?.policy === undefined) throw new Refusal("iptables: Bad built-in chain name.");
      if (policy !== "ACCEPT" && policy !== "DROP")
        throw new Refusal("iptables: Bad policy name. Run `dmesg' for more information.");
      yield* tell(named(), policy);
      return 0;
    }
  }
}

function* deleteChains(
  it: Invocation,
  only: string | undefined,
  chains: readonly Chain[],
  tell: (...line: readonly string[]) => Activity<undefined>,
): Activity<number> {
  const own = chains.filter(({ policy }) => policy === undefined);
  const gone = only === undefined ? own : own.filter(({ name }) => name === only);
  if (only !== undefined && gone.length === 0) throw noChain;
  for (const { name, rules } of gone) {
    const used = chains.some((one) => one.rules.some(({ rule }) => jumpsTo(rule, name)));
    if (used || rules.length > 0)
      throw new Refusal(`${it.called} ${version}:  CHAIN_DEL failed (Device or resource busy): chain ${name}`, 4);
  }
  for (const { name } of gone) yield* tell(name);
  return 0;
}

const jumpsTo = ({ target }: Rule, chain: string): boolean =>
  (target.target === "JUMP" || target.target === "GOTO") && target.chain === chain;

/** `iptables -S`, and the rules of `iptables-save`. */
function ruleLines(chains: readonly Chain[], counters: boolean): string {
  const heads = chains.map(({ name, policy, packets, bytes }) =>
    policy === undefined ? `-N ${name}\n` : `-P ${name} ${policy}${counters ? ` -c ${packets} ${bytes}` : ""}\n`,
  );
  return heads.join("") + appended(chains, (packets, bytes) => (counters ? ` -c ${packets} ${bytes}` : ""));
}

/** `-A CHAIN …` for each rule; counters stand before the target. */
function appended(chains: readonly Chain[], counted: (packets: number, bytes: number) => string): string {
  const line = (name: string, { rule, packets, bytes }: Chain["rules"][number]): string => {
    const text = printRule(rule);
    const at = text.search(/(^|\s)-[jg] /);
    const counters = counted(packets, bytes);
    const whole = at < 0 || counters === "" ? `${text}${counters}` : text.slice(0, at) + counters + text.slice(at);
    return `-A ${name} ${whole.trimStart()}`.trimEnd() + "\n";
  };
  return chains.flatMap(({ name, rules }) => rules.map((entry) => line(name, entry))).join("");
}

function* save(it: Invocation): Activity<number> {
  const only = it.value("t");
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  const date = formatTime("%a %b %e %H:%M:%S %Y", now);
  const counters = it.has("c");
  for (const table of ["raw", "mangle", "filter", "nat"] as const) {
    if (only !== undefined && only !== table) continue;
    const chains = yield* ask(it, { type: "NFT_MSG_GETRULE", table });
    const untouched = chains.every(({ policy, rules }) => policy === "ACCEPT" && rules.length === 0);
    if (untouched && only === undefined) continue;
    it.out.put(`# Generated by iptables-save ${version} on ${date}\n*${table}\n`);
    for (const { name, policy, packets, bytes } of chains)
      it.out.put(`:${name} ${policy ?? "-"} [${packets}:${bytes}]\n`);
    for (const { name, rules } of chains)
      for (const { rule, packets, bytes } of rules)
        it.out.put(`${counters ? `[${packets}:${bytes}] ` : ""}${`-A ${name} ${printRule(rule)}`.trimEnd()}\n`);
    it.out.put(`COMMIT\n# Completed on ${date}\n`);
  }
  return 0;
}

function* restore(it: Invocation): Activity<number> {
  const [path] = it.operands;
  const text = path === undefined ? decode(yield* readAll(it.sys, 0)) : yield* it.readText(path);
  if (text === undefined) return 1;
  const refused = yield* attempt(netlink(it.sys, { type: "NFT_MSG_RESTORE", text, keep: it.has("n") }));
  if (!(refused instanceof Errno)) return 0;
  throw new Refusal(`${it.called} ${version}: ${refused.message}`, 1);
}

function* refusing(it: Invocation, body: Activity<number>): Activity<number> {
  try {
    return yield* body;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    it.out.drop();
    yield* it.tell(error.message);
    return error.status;
  }
}

/** Packet filter rules. What a rule's words mean is sim/net's to say (`parseRule`). */
export const iptablesCommands: readonly Command[] = [
  {
    name: "iptables",
    usage: [
      "[-t table] -[ACD] chain rule-specification [options]",
      "[-t table] -I chain [rulenum] rule-specification [options]",
      "[-t table] -D chain rulenum [options]",
      "[-t table] -[LSFZ] [chain] [options]",
      "[-t table] -N chain",
      "[-t table] -X [chain]",
      "[-t table] -P chain target",
    ],
    about: "Administer IPv4 packet filtering and NAT. Matches and targets are those of the simulated kernel.",
    options: [],
    posix: true,
    usageStatus: 2,
    // A rule's words are no options of a command.
    rewrite: (words) => (words.includes("--help") || words.includes("-h") ? ["--help"] : ["--", ...words]),
    run: (it) => refusing(it, run(it)),
  },
  {
    name: "iptables-save",
    usage: ["[-c] [-t table]"],
    about: "Dump iptables rules.",
    options: [
      { short: "c", long: "counters", help: "with packets and bytes" },
      { short: "t", long: "table", argument: "table", help: "of one table alone" },
    ],
    run: (it) => refusing(it, save(it)),
  },
  {
    name: "iptables-restore",
    usage: ["[-n] [file]"],
    about: "Restore IP tables.",
    options: [{ short: "n", long: "noflush", help: "leave what is there" }],
    operands: [0, 1],
    run: (it) => refusing(it, restore(it)),
  },
];

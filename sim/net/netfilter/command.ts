import { UsageError } from "../../core/index.js";
import type { TableName } from "./model.js";
import type { Netfilter } from "./netfilter.js";
import { parseRule, policyNamed, tableNamed, words } from "./parse.js";
import { printRule } from "./print.js";

/** What a command has to do. */
interface Command {
  readonly table: TableName;
  readonly letter: string;
  readonly chain: string | undefined;
  readonly rest: readonly string[];
}

function split(line: string): Command {
  const given = words(line);
  if (given[0] === "iptables") given.shift();
  const waits = given.findIndex((word) => word === "-w" || word === "--wait");
  if (waits >= 0) given.splice(waits, 1);
  const at = given.findIndex((word) => word === "-t" || word === "--table");
  const table = at < 0 ? "filter" : tableNamed(given.splice(at, 2)[1] ?? "");
  const [letter = "", chain, ...rest] = given;
  return { table, letter, chain: chain === undefined || chain.startsWith("-") ? undefined : chain, rest };
}

/**
 * Does what a line of iptables(8) says: -A -I -D -C -N -X -F -P -Z -S, with -t.
 * @returns what the command prints
 * @throws UsageError for what it doesn't know, and, as iptables fails, for -C of a rule that isn't there
 */
export function iptables(netfilter: Netfilter, line: string): string {
  const { table, letter, chain, rest } = split(line);
  const { rules } = netfilter;
  const needed = (): string => {
    if (chain !== undefined) return chain;
    throw new UsageError(`iptables ${letter} needs a chain`, `Name it: iptables ${letter} FORWARD …`);
  };
  const [first = "", ...others] = rest;
  const numbered = /^\d+$/.test(first);
  switch (letter) {
    case "-A":
      rules.append(table, needed(), parseRule(rest));
      return "";
    case "-I":
      rules.insert(table, needed(), parseRule(numbered ? others : rest), numbered ? Number(first) : 1);
      return "";
    case "-D":
    case "-C": {
      const place = numbered ? Number(first) : rules.place(table, needed(), parseRule(rest));
      if (place === 0) throw new UsageError(`no such rule in ${needed()}`, "List the chain's rules with -S.");
      if (letter === "-D") rules.delete(table, needed(), place);
      return "";
    }
    case "-N":
      rules.newChain(table, needed());
      return "";
    case "-X":
      if (chain !== undefined) rules.deleteChain(table, chain);
      else for (const user of userChains(netfilter, table)) rules.deleteChain(table, user);
      return "";
    case "-F":
      rules.flush(table, chain);
      return "";
    case "-P":
      rules.policy(table, needed(), policyNamed(first));
      return "";
    case "-Z":
      rules.zero(table, chain);
      return "";
    case "-S":
      return listing(netfilter, table, chain);
    default:
      throw new UsageError(`iptables has no command "${letter}" here`, "It knows -A -I -D -C -N -X -F -P -Z -S.");
  }
}

const userChains = (netfilter: Netfilter, table: TableName): readonly string[] =>
  [...netfilter.rules.table(table).values()].filter(({ policy }) => policy === undefined).map(({ name }) => name);

/** `iptables -S`. */
function listing({ rules }: Netfilter, table: TableName, only: string | undefined): string {
  const chains = only === undefined ? [...rules.table(table).values()] : [rules.chain(table, only)];
  const heads = chains.map(({ name, policy }) => (policy === undefined ? `-N ${name}` : `-P ${name} ${policy}`));
  const lines = chains.flatMap(({ name, rules: entries }) =>
    entries.map(({ rule }) => `-A ${name} ${printRule(rule)}`),
  );
  return [...heads, ...lines].map((text) => `${text}\n`).join("");
}

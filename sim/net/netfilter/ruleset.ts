import { nearest, UsageError } from "../../core/index.js";
import { builtIn, tableNames, type Rule, type TableName, type Verdict } from "./model.js";

/** A rule in its chain, with what it counted. */
export interface RuleEntry {
  readonly rule: Rule;
  packets: number;
  bytes: number;
  /** How often `nth` was asked. */
  asked: number;
}

export interface Chain {
  readonly name: string;
  /** What becomes of packets that reach its end; undefined for a user's chain, which returns to its caller. */
  policy: Verdict | undefined;
  packets: number;
  bytes: number;
  readonly rules: RuleEntry[];
}

export type Table = Map<string, Chain>;

const blank = (name: string, policy: Verdict | undefined): Chain => ({ name, policy, packets: 0, bytes: 0, rules: [] });

/** The tables of chains of rules, as iptables(8) edits them. */
export class Ruleset {
  readonly #tables = new Map<TableName, Table>();

  /** Tables that were touched. */
  get tables(): readonly TableName[] {
    return tableNames.filter((name) => this.#tables.has(name));
  }

  /** A table, made with its built-in chains where it isn't there. */
  table(name: TableName): Table {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new Map(builtIn(name).map((chain) => [chain, blank(chain, "ACCEPT")]));
      this.#tables.set(name, table);
    }
    return table;
  }

  /** A table, where it was touched. */
  find(name: TableName): Table | undefined {
    return this.#tables.get(name);
  }

  /** @throws UsageError naming the nearest one, where there is none of that name */
  chain(table: TableName, name: string): Chain {
    const chains = this.table(table);
    const found = chains.get(name);
    if (found !== undefined) return found;
    const likely = nearest(name, [...chains.keys()]);
    const hint = likely === undefined ? "" : ` Did you mean "${likely}"?`;
    throw new UsageError(`the table ${table} has no chain "${name}"`, `Make it with newChain (iptables -N).${hint}`);
  }

  /** @throws UsageError for a name that is taken */
  newChain(table: TableName, name: string): void {
    const chains = this.table(table);
    if (chains.has(name))
      throw new UsageError(`the table ${table} has a chain "${name}" already`, "Give another name.");
    chains.set(name, blank(name, undefined));
  }

  /** @throws UsageError where it is built in, holds rules, or is jumped to */
  deleteChain(table: TableName, name: string): void {
    const chain = this.chain(table, name);
    const jumps = ({ rule: { target } }: RuleEntry): boolean =>
      (target.target === "JUMP" || target.target === "GOTO") && target.chain === name;
    const used = [...this.table(table).values()].some(({ rules }) => rules.some(jumps));
    if (chain.policy !== undefined || chain.rules.length > 0 || used) {
      const why = chain.policy !== undefined ? "is built in" : used ? "is jumped to" : "holds rules";
      throw new UsageError(`the chain "${name}" ${why}`, "Flush it, and delete the rules that jump to it, first.");
    }
    this.table(table).delete(name);
  }

  policy(table: TableName, name: string, policy: Verdict): void {
    const chain = this.chain(table, name);
    if (chain.policy === undefined) {
      throw new UsageError(`the chain "${name}" is a user's and has no policy`, "Append a rule without matches.");
    }
    chain.policy = policy;
  }

  /**
   * Puts a rule at the end.
   * @throws UsageError where it jumps to a chain that isn't there, or translates addresses outside of the table nat
   */
  append(table: TableName, chain: string, rule: Rule): void {
    this.#insert(table, chain, rule, Infinity);
  }

  /** Puts a rule at a place, counted from 1. */
  insert(table: TableName, chain: string, rule: Rule, place = 1): void {
    this.#insert(table, chain, rule, place - 1);
  }

  /** Takes the rule at a place, counted from 1, out. @throws UsageError where there is none */
  delete(table: TableName, name: string, place: number): void {
    const { rules } = this.chain(table, name);
    if (place < 1 || place > rules.length) {
      throw new UsageError(`the chain "${name}" has no rule ${place}`, `It has ${rules.length}, counted from 1.`);
    }
    rules.splice(place - 1, 1);
  }

  /** The place, from 1, of the first rule that is the same; 0 where none is. */
  place(table: TableName, name: string, rule: Rule): number {
    const wanted = JSON.stringify(rule);
    return this.chain(table, name).rules.findIndex((entry) => JSON.stringify(entry.rule) === wanted) + 1;
  }

  /** Empties a chain, or all of a table. */
  flush(table: TableName, name?: string): void {
    const chains = name === undefined ? this.table(table).values() : [this.chain(table, name)];
    for (const chain of chains) chain.rules.length = 0;
  }

  /** Sets counters to zero. */
  zero(table: TableName, name?: string): void {
    for (const chain of name === undefined ? this.table(table).values() : [this.chain(table, name)]) {
      for (const counted of [chain, ...chain.rules]) counted.packets = counted.bytes = 0;
    }
  }

  /** Removes a table with all that is in it. */
  drop(table: TableName): void {
    this.#tables.delete(table);
  }

  #insert(table: TableName, name: string, rule: Rule, at: number): void {
    const { target } = rule;
    const { rules } = this.chain(table, name);
    if (target.target === "JUMP" || target.target === "GOTO") this.chain(table, target.chain);
    const translates = ["DNAT", "SNAT", "MASQUERADE", "REDIRECT"].includes(target.target);
    if (translates && table !== "nat") {
      throw new UsageError(
        `${target.target} stands in the table ${table}`,
        "It is of use in the table nat alone (-t nat).",
      );
    }
    rules.splice(Math.min(at, rules.length), 0, { rule, packets: 0, bytes: 0, asked: 0 });
  }
}

import type { ApkRecord } from "../apk-file.js";
import { compareAlpine, holds } from "../version.js";
import { fullName, nameOf, versionOf, wordsOf, type ApkDatabase } from "./database.js";
import type { Available } from "./repositories.js";

/** A dependency taken apart: "nginx>=1.26", "!conflicting". */
export interface Dependency {
  readonly text: string;
  readonly name: string;
  readonly operator: string;
  readonly version: string;
  readonly conflict: boolean;
}

/** @returns undefined for what is none */
export function parseDependency(text: string): Dependency | undefined {
  const [, bang, name, operator = "", version = ""] =
    /^(!?)([\w.+:-]*?[\w.+-])(?:@\w+)?(?:([<>=~]+)(\S+))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { text, name, operator: operator === "~" ? "~" : operator, version, conflict: bang === "!" };
}

/** A package that may be chosen: as a repository has it, or as it is installed already (without an address). */
export interface Candidate {
  readonly record: ApkRecord;
  readonly url: string | undefined;
}

/** Why there is no solution: what is missing, and who asked for it ("world[curl]"). */
export interface Missing {
  readonly label: string;
  readonly reason: "required by:" | "breaks:";
  readonly by: string[];
}

function satisfies(record: ApkRecord, { name, operator, version }: Dependency): boolean {
  if (nameOf(record) === name) return fits(versionOf(record), operator, version);
  return wordsOf(record, "p").some((word) => {
    const [provided = "", offered = ""] = word.split("=");
    return provided === name && (operator === "" || (offered !== "" && fits(offered, operator, version)));
  });
}

const fits = (have: string, operator: string, wanted: string): boolean =>
  operator === "~"
    ? have === wanted || have.startsWith(`${wanted}.`) || have.startsWith(`${wanted}-`)
    : holds(compareAlpine(have, wanted), operator);

/**
 * Chooses packages for a world, each before those that need it. What is installed and fits stays; else the newest that fits is taken.
 * (apk's own solver weighs all choices against each other; here the first that fits is kept.)
 */
export class Solution {
  readonly chosen: Map<string, Candidate> = new Map<string, Candidate>();
  readonly missing: Map<string, Missing> = new Map<string, Missing>();
  readonly #database: ApkDatabase;
  readonly #available: readonly Available[];
  readonly #upgrades: (name: string) => boolean;
  readonly #visiting = new Set<string>();

  /** @param upgrades whether a package that is installed gives way to a newer one */
  constructor(
    database: ApkDatabase,
    available: readonly Available[],
    upgrades: (name: string) => boolean = () => false,
  ) {
    this.#database = database;
    this.#available = available;
    this.#upgrades = upgrades;
  }

  solve(world: readonly string[]): this {
    for (const word of world) this.#need(word, `world[${word}]`);
    return this;
  }

  #need(word: string, by: string): void {
    const dependency = parseDependency(word);
    if (dependency === undefined || dependency.conflict) return;
    const already = [...this.chosen.values()].find(({ record }) => satisfies(record, dependency));
    if (already !== undefined) return;
    const candidate = this.#best(dependency);
    if (candidate === undefined) {
      this.#note(dependency, by);
      return;
    }
    const name = nameOf(candidate.record);
    if (this.#visiting.has(name)) return;
    this.#visiting.add(name);
    for (const next of wordsOf(candidate.record, "D")) this.#need(next, `${fullName(candidate.record)}[${next}]`);
    this.#visiting.delete(name);
    this.chosen.set(name, candidate);
  }

  #best(dependency: Dependency): Candidate | undefined {
    const installed = [...this.#database.installed.values()].find(({ record }) => satisfies(record, dependency));
    if (installed !== undefined && !this.#upgrades(nameOf(installed.record)))
      return { record: installed.record, url: undefined };
    const fitting: Candidate[] = this.#available.filter(({ record }) => satisfies(record, dependency));
    if (installed !== undefined) fitting.unshift({ record: installed.record, url: undefined });
    const own = fitting.filter(({ record }) => nameOf(record) === dependency.name);
    const all = own.length > 0 ? own : fitting;
    return all.reduce<Candidate | undefined>(
      (best, one) =>
        best === undefined || compareAlpine(versionOf(one.record), versionOf(best.record)) > 0 ? one : best,
      undefined,
    );
  }

  #note(dependency: Dependency, by: string): void {
    const known = this.#available.filter(({ record }) => nameOf(record) === dependency.name);
    const label = known[0] === undefined ? `${dependency.name} (no such package)` : fullName(known[0].record);
    const entry = this.missing.get(label);
    if (entry === undefined)
      this.missing.set(label, { label, reason: known.length === 0 ? "required by:" : "breaks:", by: [by] });
    else entry.by.push(by);
  }
}

/** What apk prints where there is no solution; lines are filled up to its 50 columns. */
export function explain(missing: Iterable<Missing>): string {
  const lines = ["ERROR: unable to select packages:"];
  for (const { label, reason, by } of missing) {
    lines.push(`  ${label}:`);
    let line = `    ${reason}`;
    const indent = line.length + 1;
    for (const one of by) {
      if (line.length + one.length + 1 >= 50 && line.trim() !== reason) {
        lines.push(line);
        line = " ".repeat(indent) + one;
      } else line += ` ${one}`;
    }
    lines.push(line);
  }
  return lines.join("\n");
}

import { relationsOf, satisfies, type DpkgDatabase, type Relation } from "../dpkg/database.js";
import type { Paragraph } from "../paragraphs.js";
import { compareDebian } from "../version.js";
import type { Candidate } from "./lists.js";

export const nameOf = (fields: Paragraph): string => fields.get("Package") ?? "";
export const versionOf = (fields: Paragraph): string => fields.get("Version") ?? "";

/** A dependency that nothing fulfils. */
export interface Unmet {
  readonly name: string;
  readonly field: string;
  readonly relation: readonly Relation[];
  /** Whether there is a package of that name at all, which then isn't going to be installed. */
  readonly known: boolean;
}

/** The newest of each name. */
export function newest(candidates: readonly Candidate[]): Map<string, Candidate> {
  const best = new Map<string, Candidate>();
  for (const one of candidates) {
    const other = best.get(nameOf(one.fields));
    if (other === undefined || compareDebian(versionOf(one.fields), versionOf(other.fields)) > 0)
      best.set(nameOf(one.fields), one);
  }
  return best;
}

/**
 * What has to be installed so that some packages work: all that they depend on and that isn't there yet, the first alternative that can be had.
 * (apt's own resolver also takes back what conflicts; here nothing conflicts.)
 */
export class Resolution {
  readonly chosen: Map<string, Candidate> = new Map<string, Candidate>();
  readonly unmet: Unmet[] = [];
  readonly suggested: Set<string> = new Set<string>();
  readonly #database: DpkgDatabase;
  readonly #candidates: ReadonlyMap<string, Candidate>;
  readonly #recommends: boolean;

  constructor(database: DpkgDatabase, candidates: ReadonlyMap<string, Candidate>, recommends: boolean) {
    this.#database = database;
    this.#candidates = candidates;
    this.#recommends = recommends;
  }

  add(candidate: Candidate): void {
    const name = nameOf(candidate.fields);
    if (this.chosen.has(name)) return;
    this.chosen.set(name, candidate);
    for (const field of this.#recommends ? ["Depends", "Recommends"] : ["Depends"])
      for (const group of relationsOf(candidate.fields.get(field) ?? "")) this.#need(name, field, group);
    if (!this.#recommends)
      for (const group of relationsOf(candidate.fields.get("Recommends") ?? ""))
        for (const { name: other } of group) if (!this.#database.isInstalled(other)) this.suggested.add(other);
  }

  #need(name: string, field: string, group: readonly Relation[]): void {
    const fits = (fields: Paragraph): boolean => group.some((one) => satisfies(fields, one));
    const replaced = (fields: Paragraph): boolean => this.chosen.has(nameOf(fields));
    if ([...this.chosen.values()].some(({ fields }) => fits(fields))) return;
    if (this.#database.present().some((fields) => !replaced(fields) && fits(fields))) return;
    const all = [...this.#candidates.values()].filter(({ fields }) => fits(fields));
    const wanted = group.map(({ name: other }) => other);
    const best = all.find(({ fields }) => wanted.includes(nameOf(fields))) ?? all[0];
    if (best !== undefined) this.add(best);
    else if (field === "Depends")
      this.unmet.push({ name, field, relation: group, known: wanted.some((one) => this.#candidates.has(one)) });
  }

  /** In apt's order of getting and unpacking: by name, each behind what it depends on. */
  ordered(): Candidate[] {
    const done = new Set<string>();
    const order: Candidate[] = [];
    const visit = (candidate: Candidate): void => {
      const name = nameOf(candidate.fields);
      if (done.has(name)) return;
      done.add(name);
      for (const group of relationsOf(candidate.fields.get("Depends") ?? ""))
        for (const relation of group)
          for (const next of this.chosen.values()) if (satisfies(next.fields, relation)) visit(next);
      order.push(candidate);
    };
    for (const [, one] of [...this.chosen].sort(([a], [b]) => (a < b ? -1 : 1))) visit(one);
    return order;
  }
}

/** Installed packages that came along only, and that nobody needs any longer. */
export function unneeded(
  database: DpkgDatabase,
  automatic: ReadonlySet<string>,
  without: ReadonlySet<string> = new Set(),
): string[] {
  const there = database.present().filter((fields) => !without.has(nameOf(fields)));
  const needed = new Set<string>();
  const visit = (fields: Paragraph): void => {
    const name = nameOf(fields);
    if (needed.has(name)) return;
    needed.add(name);
    for (const field of ["Depends", "Recommends"])
      for (const group of relationsOf(fields.get(field) ?? ""))
        for (const relation of group) for (const other of there) if (satisfies(other, relation)) visit(other);
  };
  for (const fields of there) if (!automatic.has(nameOf(fields))) visit(fields);
  return there.map(nameOf).filter((name) => automatic.has(name) && !needed.has(name));
}

/** What has to go when some packages go: all that depend on them. */
export function dependents(database: DpkgDatabase, names: ReadonlySet<string>): Set<string> {
  const gone = new Set(names);
  for (let before = -1; before !== gone.size;) {
    before = gone.size;
    const left = database.present().filter((fields) => !gone.has(nameOf(fields)));
    for (const fields of left)
      for (const group of relationsOf(fields.get("Depends") ?? "")) {
        const lost = !group.some((one) => left.some((other) => satisfies(other, one)));
        if (lost && group.some(({ name }) => gone.has(name))) gone.add(nameOf(fields));
      }
  }
  return gone;
}

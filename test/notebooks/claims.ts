import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Notebook, RunResult } from "../../kernel/runner/index.js";

/** A claim of the course, and the cells that test it: one states it, others may prepare that. */
export interface Claim {
  readonly id: string;
  readonly indices: readonly number[];
}

/** The claims of a notebook by the tag `claim:ID` of their cells. */
export function claimsOf({ cells }: Notebook): readonly Claim[] {
  const claims = new Map<string, number[]>();
  cells.forEach(({ metadata: { tags } }, index) => {
    const texts = Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
    for (const tag of texts.filter((each) => each.startsWith("claim:"))) {
      const id = tag.slice("claim:".length);
      claims.set(id, [...(claims.get(id) ?? []), index]);
    }
  });
  return Array.from(claims, ([id, indices]) => ({ id, indices }));
}

/**
 * A change to the mechanism that a claim is about, under which the claim must fail. The file `ID.WHAT.mjs` (or `ID.mjs`)
 * patches the built simulator when Node loads it, before the kernel's own code.
 */
export interface Mutation {
  readonly id: string;
  readonly name: string;
  /** What makes Node load it. */
  readonly nodeOptions: readonly string[];
}

export function mutationsIn(folder: string): readonly Mutation[] {
  const names = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith(".mjs"));
  return names.sort().map((name) => ({
    id: name.slice(0, name.indexOf(".")),
    name,
    nodeOptions: ["--import", pathToFileURL(join(folder, name)).href],
  }));
}

/** Claims without a mutation, of which nobody knows whether they can fail, and mutations without a claim. */
export function unpaired(claims: readonly Claim[], mutations: readonly Mutation[]): readonly string[] {
  const [claimed, mutated] = [claims.map(({ id }) => id), mutations.map(({ id }) => id)];
  return [
    ...claimed.filter((id) => !mutated.includes(id)).map((id) => `claim ${id} has no mutation`),
    ...mutations.filter(({ id }) => !claimed.includes(id)).map(({ name }) => `mutation ${name} has no claim`),
  ];
}

/**
 * How a claim fared in a run: it held, it was refuted, or the run says nothing about it. Only a ClaimError refutes: a cell
 * that breaks in another way has not judged.
 */
export function verdict({ executions }: RunResult, { indices }: Claim): "holds" | "refuted" | `failed by ${string}` {
  const own = executions.filter(({ index }) => indices.includes(index));
  if (own.length < indices.length) return "failed by not running";
  const failures = own.flatMap(({ failure }) => failure ?? []);
  const [other] = failures.filter(({ ename }) => ename !== "ClaimError");
  if (other !== undefined) return `failed by ${other.ename}: ${other.evalue}`;
  return failures.length > 0 ? "refuted" : "holds";
}

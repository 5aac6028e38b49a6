import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Notebook, RunResult } from "../../kernel/runner/index.js";

/** A cell that states a claim of the course. */
export interface Claim {
  readonly id: string;
  readonly index: number;
}

/** The cells tagged `claim:ID`. */
export function claimsOf({ cells }: Notebook): readonly Claim[] {
  return cells.flatMap(({ metadata: { tags } }, index) => {
    const texts = Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
    return texts.filter((tag) => tag.startsWith("claim:")).map((tag) => ({ id: tag.slice("claim:".length), index }));
  });
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

/** How a claim fared in a run: it held, it was refuted, or the run says nothing about it. */
export function verdict({ executions }: RunResult, { index }: Claim): "holds" | "refuted" | `failed by ${string}` {
  const execution = executions.find((candidate) => candidate.index === index);
  if (execution === undefined) return "failed by not running";
  const { failure } = execution;
  if (failure === undefined) return "holds";
  return failure.ename === "ClaimError" ? "refuted" : `failed by ${failure.ename}: ${failure.evalue}`;
}

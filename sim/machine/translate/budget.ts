import type { Structure } from "./structure.js";

/** The most instructions that are executed between two looks at the budget, where a block isn't longer by itself. */
export const mostUnlooked = 64;

/** By node. */
export interface BudgetLooks {
  /** Whether its code looks at the budget first. */
  readonly looks: readonly boolean[];
  /** The most instructions from there to the next look. */
  readonly needs: readonly number[];
}

/**
 * A hart never executes more than its budget: where a loop or an entry begins, code goes back to the host unless the budget is
 * enough for the longest way to the next such place.
 * @param counts each block's instructions, @param next its successors' nodes; block i is node i + 1
 */
export function budgetLooks(
  structure: Structure,
  counts: readonly number[],
  next: readonly (readonly number[])[],
): BudgetLooks {
  const looks = [...structure.isLoop];
  for (const node of structure.entries) looks[node] = true;
  const needs = looks.map(() => 0);
  // What a node leads to comes before it.
  for (const node of [...structure.order].reverse()) {
    const count = counts[node - 1];
    if (count === undefined) continue;
    const following = (next[node - 1] ?? []).filter(
      (to) => structure.edge(node, to) === "forward" && looks[to] !== true,
    );
    const most = Math.max(0, ...following.map((to) => needs[to] ?? 0));
    const cut = most > 0 && count + most > mostUnlooked;
    if (cut) for (const to of following) looks[to] = true;
    needs[node] = cut ? count : count + most;
  }
  return { looks, needs };
}

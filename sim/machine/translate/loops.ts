import type { Structure } from "./structure.js";

/**
 * By node, the header of the innermost natural loop that it belongs to; 0 where there is none.
 * @param next each node's successors
 */
export function innermostLoops(structure: Structure, next: readonly (readonly number[])[]): readonly number[] {
  const previous: number[][] = next.map(() => []);
  const tails = new Map<number, number[]>();
  next.forEach((targets, from) => {
    for (const to of targets) {
      previous[to]?.push(from);
      if (from !== 0 && structure.edge(from, to) === "backward") tails.set(to, [...(tails.get(to) ?? []), from]);
    }
  });
  const innermost = next.map(() => 0);
  // A header comes before those of the loops within.
  for (const header of structure.order) {
    const waiting = tails.get(header);
    if (waiting === undefined) continue;
    const inside = new Set([header]);
    innermost[header] = header;
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (inside.has(node)) continue;
      inside.add(node);
      innermost[node] = header;
      waiting.push(...(previous[node] ?? []));
    }
  }
  return innermost;
}

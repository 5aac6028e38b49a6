import type { Structure } from "./structure.js";

/** By node, the headers of natural loops that it belongs to; 0 where there is none. */
export interface Loops {
  readonly innermost: readonly number[];
  readonly outermost: readonly number[];
}

/** @param next each node's successors */
export function loopsOf(structure: Structure, next: readonly (readonly number[])[]): Loops {
  const previous: number[][] = next.map(() => []);
  const tails = new Map<number, number[]>();
  next.forEach((targets, from) => {
    for (const to of targets) {
      previous[to]?.push(from);
      if (from !== 0 && structure.edge(from, to) === "backward") tails.set(to, [...(tails.get(to) ?? []), from]);
    }
  });
  const innermost = next.map(() => 0);
  const outermost = next.map(() => 0);
  // A header comes before those of the loops within.
  for (const header of structure.order) {
    const waiting = tails.get(header);
    if (waiting === undefined) continue;
    const inside = new Set([header]);
    innermost[header] = header;
    outermost[header] ||= header;
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (inside.has(node)) continue;
      inside.add(node);
      innermost[node] = header;
      outermost[node] ||= header;
      waiting.push(...(previous[node] ?? []));
    }
  }
  return { innermost, outermost };
}

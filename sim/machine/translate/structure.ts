/**
 * Gives a graph of blocks the nested form that WebAssembly asks for. Node 0 is the way in, the *dispatcher*: it jumps to
 * the block whose number it is given. Loops are rebuilt, so that the engine below sees them; an edge that fits into no nest
 * goes through the dispatcher instead.
 *
 * Source: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow",
 * ICFP 2022; dominators after K. D. Cooper, T. J. Harvey and K. Kennedy, "A simple, fast dominance algorithm", 2001.
 */
export interface Structure {
  /** All nodes in reverse postorder: forward edges lead onward in it. */
  readonly order: readonly number[];
  /** Where the dispatcher jumps to. */
  readonly entries: readonly number[];
  /** The nodes that a node dominates directly, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** Nodes that a backward edge leads to. */
  readonly isLoop: readonly boolean[];
  /** Nodes that several forward edges lead to, or the dispatcher. */
  readonly isMerge: readonly boolean[];
  /** How control gets from one node to another. */
  edge(from: number, to: number): "forward" | "backward" | "dispatched";
}

/** @param next each node's successors, the dispatcher's being the entries; every node can be reached from node 0 */
export function structure(next: readonly (readonly number[])[]): Structure {
  const [entries = [], ...others] = next;
  const { order, at, dominator } = analyse(next);
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (at(node) > at(a)) node = dominator[node] ?? 0;
    return node === a;
  };
  const edge: Structure["edge"] = (from, to) => {
    if (at(to) > at(from)) return "forward";
    return dominates(to, from) ? "backward" : "dispatched";
  };
  const misfits = new Set(
    others.flatMap((targets, index) => targets.filter((to) => edge(index + 1, to) === "dispatched")),
  );
  const known = new Set(entries);
  // The dispatcher has to know them, which may make misfits of other edges.
  if ([...misfits].some((node) => !known.has(node)))
    return structure([[...new Set([...entries, ...misfits])], ...others]);

  const children: number[][] = next.map(() => []);
  for (const node of order) if (node !== 0) children[dominator[node] ?? 0]?.push(node);
  const forward = new Int32Array(next.length);
  const isLoop = next.map(() => false);
  next.forEach((targets, from) => {
    for (const to of new Set(targets)) {
      const kind = edge(from, to);
      if (kind === "backward") isLoop[to] = true;
      else if (kind === "forward") forward[to] = (forward[to] ?? 0) + 1;
    }
  });
  return {
    order,
    entries,
    children,
    isLoop,
    isMerge: next.map((_, node) => known.has(node) || (forward[node] ?? 0) > 1),
    edge,
  };
}

interface Analysis {
  readonly order: readonly number[];
  /** A node's place in the order. */
  readonly at: (node: number) => number;
  readonly dominator: Int32Array;
}

function analyse(next: readonly (readonly number[])[]): Analysis {
  const order = reversePostorder(next);
  const place = new Int32Array(next.length);
  order.forEach((node, index) => {
    place[node] = index;
  });
  const at = (node: number): number => place[node] ?? 0;
  const previous: number[][] = next.map(() => []);
  next.forEach((targets, node) => {
    for (const target of targets) previous[target]?.push(node);
  });
  return { order, at, dominator: dominators(order, at, previous) };
}

function reversePostorder(next: readonly (readonly number[])[]): number[] {
  const order: number[] = [];
  const seen = new Set([0]);
  // A stack of nodes with the edges that are still to be looked at: pages have too many blocks to recurse.
  const stack = [{ node: 0, edge: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = next[top.node]?.[top.edge++];
    if (to === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ node: to, edge: 0 });
    }
  }
  return order.reverse();
}

function dominators(
  order: readonly number[],
  at: (node: number) => number,
  previous: readonly (readonly number[])[],
): Int32Array {
  const dominator = new Int32Array(previous.length).fill(-1);
  dominator[0] = 0;
  const common = (a: number, b: number): number => {
    let [one, other] = [a, b];
    while (one !== other) {
      while (at(one) > at(other)) one = dominator[one] ?? 0;
      while (at(other) > at(one)) other = dominator[other] ?? 0;
    }
    return one;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of order) {
      if (node === 0) continue;
      let nearest = -1;
      for (const before of previous[node] ?? []) {
        if (dominator[before] === -1) continue;
        nearest = nearest === -1 ? before : common(before, nearest);
      }
      if (dominator[node] !== nearest) {
        dominator[node] = nearest;
        changed = true;
      }
    }
  }
  return dominator;
}

/**
 * A layered layout of a directed graph after Sugiyama, Tagawa and Toda (1981): layers by longest path, crossings reduced
 * by barycentres, long edges led through the layers between. Simplification: positions within a layer come from sweeps
 * that move each node to the mean of its neighbours, solved exactly by pooling adjacent violators, and not from Brandes
 * and Köpf's four alignments. For up to some dozens of nodes.
 */
export interface Box {
  readonly id: string;
  /** Pixels along the layers' direction of growth, and across it. */
  readonly depth: number;
  readonly breadth: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
  /** Pixels that the link's label needs between two layers. */
  readonly room: number;
}

/** A point: how deep into the layers, and where across. */
export type Point = readonly [depth: number, across: number];

export interface Layout {
  /** The middle of each node. */
  readonly places: ReadonlyMap<string, Point>;
  /** For each link, in their order, the points that it runs through, its two ends included. */
  readonly routes: readonly (readonly Point[])[];
  readonly depth: number;
  readonly breadth: number;
}

interface Cell {
  readonly key: string;
  readonly depth: number;
  readonly breadth: number;
  across: number;
  readonly before: Cell[];
  readonly after: Cell[];
}

const gap = { layer: 46, node: 16 };
const sweeps = 12;

export function layered(boxes: readonly Box[], links: readonly Link[]): Layout {
  const forward = withoutCycles(boxes, links);
  const rank = ranks(boxes, forward);
  const layers: Cell[][] = [];
  const put = (key: string, layer: number, depth: number, breadth: number): Cell => {
    const cell: Cell = { key, depth, breadth, across: 0, before: [], after: [] };
    (layers[layer] ??= []).push(cell);
    return cell;
  };
  const cells = new Map(boxes.map((box) => [box.id, put(box.id, rank.get(box.id) ?? 0, box.depth, box.breadth)]));
  const chains = forward.map(({ from, to }, i) => {
    const [first, last] = [cells.get(from), cells.get(to)];
    if (first === undefined || last === undefined) return [];
    const [top, bottom] = [rank.get(from) ?? 0, rank.get(to) ?? 0];
    const chain = [first];
    for (let layer = top + 1; layer < bottom; layer++) chain.push(put(`${i}/${layer}`, layer, 0, 4));
    chain.push(last);
    chain.slice(1).forEach((cell, k) => {
      chain[k]?.after.push(cell);
      if (chain[k] !== undefined) cell.before.push(chain[k]);
    });
    return chain;
  });

  order(layers);
  settle(layers);
  const least = Math.min(...layers.flat().map(({ across, breadth }) => across - breadth / 2));
  const starts = depths(layers, forward, rank);
  const point = (cell: Cell, layer: number): Point => [starts[layer] ?? 0, cell.across - least];
  const places = new Map<string, Point>();
  const at = new Map<Cell, Point>();
  layers.forEach((layer, depth) => {
    for (const cell of layer) {
      at.set(cell, point(cell, depth));
      if (cells.get(cell.key) === cell) places.set(cell.key, point(cell, depth));
    }
  });
  const routes = chains.map((chain, i) => {
    const points = chain.map((cell): Point => at.get(cell) ?? [0, 0]);
    return forward[i]?.turned === true ? points.reverse() : points;
  });
  const thick = layers.at(-1)?.reduce((most, cell) => Math.max(most, cell.depth), 0) ?? 0;
  return {
    places,
    routes,
    depth: (starts.at(-1) ?? 0) + thick / 2,
    breadth: Math.max(...layers.flat().map(({ across, breadth }) => across + breadth / 2)) - least,
  };
}

interface Forward extends Link {
  readonly turned: boolean;
}

/** Turns round each link that closes a cycle, as a depth-first search meets it. */
function withoutCycles(boxes: readonly Box[], links: readonly Link[]): Forward[] {
  const next = new Map<string, number[]>();
  links.forEach(({ from }, i) => next.set(from, [...(next.get(from) ?? []), i]));
  const state = new Map<string, "open" | "done">();
  const turned = new Set<number>();
  const visit = (id: string): void => {
    state.set(id, "open");
    for (const i of next.get(id) ?? []) {
      const to = links[i]?.to ?? "";
      if (state.get(to) === "open") turned.add(i);
      else if (!state.has(to)) visit(to);
    }
    state.set(id, "done");
  };
  const entered = new Set(links.map(({ to }) => to));
  for (const { id } of boxes) if (!entered.has(id)) visit(id);
  for (const { id } of boxes) if (!state.has(id)) visit(id);
  return links.map((link, i) =>
    turned.has(i) ? { ...link, from: link.to, to: link.from, turned: true } : { ...link, turned: false },
  );
}

/** The layer of each node: one beyond the deepest that leads to it. A node that is only a source moves next to its first target. */
function ranks(boxes: readonly Box[], links: readonly Forward[]): Map<string, number> {
  const rank = new Map(boxes.map(({ id }) => [id, 0]));
  for (let round = 0, moved = true; moved && round <= boxes.length; round++) {
    moved = false;
    for (const { from, to } of links) {
      const least = (rank.get(from) ?? 0) + 1;
      if (from === to || (rank.get(to) ?? 0) >= least) continue;
      rank.set(to, least);
      moved = true;
    }
  }
  for (const { id } of boxes) {
    const targets = links.filter(({ from }) => from === id).map(({ to }) => rank.get(to) ?? 0);
    if (targets.length > 0 && links.every(({ to }) => to !== id)) rank.set(id, Math.min(...targets) - 1);
  }
  return rank;
}

const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Orders each layer by the mean place of its neighbours, downwards and upwards in turn, and keeps the order with the
 * fewest crossings. It begins in the order of a depth-first walk, which draws a tree without any.
 */
function order(layers: Cell[][]): void {
  const walk = new Map<Cell, number>();
  const visit = (cell: Cell): void => {
    if (walk.has(cell)) return;
    walk.set(cell, walk.size);
    cell.after.forEach(visit);
  };
  layers.flat().forEach(visit);
  for (const layer of layers) rearrange(layer, (cell) => walk.get(cell) ?? 0);

  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      rearrange(layer, (cell) => mean((down ? cell.before : cell.after).map(({ across }) => across)) ?? cell.across);
    }
    const now = crossings(layers);
    if (now >= fewest) continue;
    fewest = now;
    best = layers.map((layer) => [...layer]);
  }
  best.forEach((layer, i) => (layers[i] = layer));
}

function rearrange(layer: Cell[], wish: (cell: Cell) => number): void {
  const wishes = new Map(layer.map((cell) => [cell, wish(cell)]));
  layer.sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
  layer.forEach((cell, i) => (cell.across = i));
}

/** Pairs of links between neighbouring layers whose ends lie in opposite orders. */
function crossings(layers: readonly Cell[][]): number {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((cell) => cell.after.map((next) => [cell.across, next.across] as const));
    ends.forEach(([a, b], i) => {
      for (const [c, d] of ends.slice(i + 1)) if ((a - c) * (b - d) < 0) count++;
    });
  }
  return count;
}

/** Gives each cell a place across: as near the mean of its neighbours as the order and the gaps allow. */
function settle(layers: readonly Cell[][]): void {
  for (const layer of layers)
    space(
      layer,
      layer.map(() => 0),
    );
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      space(
        layer,
        layer.map((cell) => mean([...cell.before, ...cell.after].map(({ across }) => across)) ?? cell.across),
      );
    }
  }
}

/** The places nearest to the wishes, in squares, that keep order and gaps: isotonic regression by pooling violators. */
function space(layer: readonly Cell[], wishes: readonly number[]): void {
  let offset = 0;
  const offsets = layer.map(({ breadth }, i) => {
    if (i > 0) offset += ((layer[i - 1]?.breadth ?? 0) + breadth) / 2 + gap.node;
    return offset;
  });
  const pools: { sum: number; count: number }[] = [];
  wishes.forEach((wish, i) => {
    let pool = { sum: wish - (offsets[i] ?? 0), count: 1 };
    for (let last = pools.at(-1); last && last.sum / last.count >= pool.sum / pool.count; last = pools.at(-1)) {
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count };
      pools.pop();
    }
    pools.push(pool);
  });
  const placed = pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
  layer.forEach((cell, i) => (cell.across = (placed[i] ?? 0) + (offsets[i] ?? 0)));
}

/** The middle of each layer along the depth: wide enough for its nodes and for the labels on the way to it. */
function depths(layers: readonly Cell[][], links: readonly Forward[], rank: ReadonlyMap<string, number>): number[] {
  let edge = 0;
  return layers.map((layer, i) => {
    const room = links.filter(({ from, to }) => (rank.get(to) ?? 0) === i && from !== to).map((link) => link.room);
    const thick = Math.max(...layer.map(({ depth }) => depth), 0);
    const start = i === 0 ? 0 : edge + Math.max(gap.layer, ...room);
    edge = start + thick;
    return start + thick / 2;
  });
}

/** A part of a cluster of the virtual disk: bytes `from` up to `to` of it. */
export interface Span {
  readonly cluster: number;
  readonly from: number;
  readonly to: number;
}

/** A byte range of the virtual disk cut at the clusters' boundaries. */
export function spansOf(start: number, length: number, clusterSize: number): readonly Span[] {
  const spans: Span[] = [];
  for (let at = start; at < start + length;) {
    const cluster = Math.floor(at / clusterSize);
    const from = at - cluster * clusterSize;
    const to = Math.min(clusterSize, start + length - cluster * clusterSize);
    spans.push({ cluster, from, to });
    at = cluster * clusterSize + to;
  }
  return spans;
}

/** Bytes that go to one place of the file. */
export interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Chunks that follow one another in the list and in the file are made one, so that they cost one write. */
export function joinChunks(chunks: readonly Chunk[]): readonly Chunk[] {
  const groups: Chunk[][] = [];
  for (const chunk of chunks) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (last !== undefined && last.offset + last.bytes.length === chunk.offset) group?.push(chunk);
    else groups.push([chunk]);
  }
  return groups.map((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return first ?? { offset: 0, bytes: new Uint8Array(0) };
    const bytes = new Uint8Array(group.reduce((sum, chunk) => sum + chunk.bytes.length, 0));
    for (const chunk of group) bytes.set(chunk.bytes, chunk.offset - first.offset);
    return { offset: first.offset, bytes };
  });
}

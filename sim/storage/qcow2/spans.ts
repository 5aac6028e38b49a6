import { concatBytes } from "../../core/index.js";

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
  const groups: { offset: number; end: number; parts: Uint8Array[] }[] = [];
  for (const { offset, bytes } of chunks) {
    const last = groups.at(-1);
    if (last?.end === offset) {
      last.parts.push(bytes);
      last.end += bytes.length;
    } else groups.push({ offset, end: offset + bytes.length, parts: [bytes] });
  }
  return groups.map(({ offset, parts }) => ({ offset, bytes: concatBytes(parts) }));
}

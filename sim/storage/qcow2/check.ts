import type { TableView, Viewable } from "../../core/index.js";
import { viewOf } from "../bytes.js";
import type { FileLike } from "../file.js";
import { clustersOf, readEntry, readPointer, type ClusterMap } from "./mapping.js";
import type { Refcounts } from "./refcounts.js";
import type { Snapshots } from "./snapshots.js";

export interface Finding {
  /** `leak`: counted more often than referred to, room lost. `corruption`: anything that may cost data. */
  readonly kind: "leak" | "corruption";
  readonly what: string;
}

/** What a walk over all tables of an image found. */
export class CheckReport implements Viewable {
  readonly findings: readonly Finding[];
  /** Clusters of the file that are referred to. */
  readonly used: number;

  constructor(findings: readonly Finding[], used: number) {
    this.findings = findings;
    this.used = used;
  }

  get leaks(): number {
    return this.findings.filter(({ kind }) => kind === "leak").length;
  }

  get corruptions(): number {
    return this.findings.length - this.leaks;
  }

  view(): TableView {
    return {
      as: "table",
      title: `Consistency: ${this.corruptions} corruptions, ${this.leaks} leaked clusters, ${this.used} clusters in use`,
      columns: [{ key: "kind" }, { key: "what" }],
      rows: this.findings.map((finding) => ({ ...finding })),
    };
  }
}

export interface CheckParts {
  readonly file: FileLike;
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly map: ClusterMap;
  readonly refcounts: Refcounts;
  readonly snapshots: Snapshots;
}

/**
 * Counts every reference to every cluster again, from the tables alone, and compares with the refcounts: fewer counted
 * than referred to means that a cluster in use could be taken for free.
 */
export function checkImage(parts: CheckParts): CheckReport {
  const { file, map, refcounts, snapshots, clusterBits, version } = parts;
  const { clusterSize } = map;
  const clusters = Math.max(Math.ceil(file.size / clusterSize), refcounts.used());
  const expected = new Map<number, number>();
  const findings: Finding[] = [];
  const bad = (what: string): void => void findings.push({ kind: "corruption", what });
  const refer = (offset: number, length: number, what: string): boolean => {
    if (offset % clusterSize !== 0 || offset >= file.size) {
      bad(`${what} is said to be at byte ${offset}, where the file has no cluster`);
      return false;
    }
    const first = offset / clusterSize;
    for (let cluster = first; cluster < first + Math.ceil(length / clusterSize); cluster++) {
      expected.set(cluster, (expected.get(cluster) ?? 0) + 1);
    }
    return true;
  };
  /** Whether the "copied" mark of an entry of the active map agrees with the refcount. */
  const mark = (offset: number, owned: boolean, what: string): void => {
    const count = refcounts.get(offset / clusterSize);
    if (owned !== (count === 1)) bad(`${what} is marked as ${owned ? "owned" : "shared"}, its refcount is ${count}`);
  };
  const walk = (l1: Uint8Array, owner: string, active: boolean): void => {
    const view = viewOf(l1);
    for (let l1Index = 0; l1Index < l1.length / 8; l1Index++) {
      const { offset, owned } = readPointer(view, l1Index);
      if (offset === 0 || !refer(offset, clusterSize, `L2 table ${l1Index} of ${owner}`)) continue;
      if (active) mark(offset, owned, `L2 table ${l1Index}`);
      const table = viewOf(file.read(offset, clusterSize, "L2 table"));
      for (let index = 0; index < map.l2Entries; index++) {
        const entry = readEntry(table, index, clusterBits, version);
        const what = `cluster ${l1Index * map.l2Entries + index} of ${owner}`;
        for (const cluster of clustersOf(entry, clusterSize))
          refer(entry.kind === "compressed" ? cluster * clusterSize : entry.offset, clusterSize, what);
        if (active && entry.offset !== 0 && entry.kind !== "compressed") mark(entry.offset, entry.owned, what);
      }
    }
  };
  refer(0, clusterSize, "the header");
  refer(refcounts.table.offset, refcounts.table.clusters * clusterSize, "the refcount table");
  for (let index = 0; index < refcounts.blocks; index++) {
    const offset = refcounts.blockOffset(index);
    if (offset !== 0) refer(offset, clusterSize, `refcount block ${index}`);
  }
  if (map.l1Size > 0) refer(map.l1Offset, map.l1Size * 8, "the L1 table");
  if (snapshots.list.length > 0) refer(snapshots.offset, snapshots.length, "the snapshot table");
  walk(file.read(map.l1Offset, map.l1Size * 8, "L1 table"), "the active state", true);
  for (const { name, l1Offset, l1Size } of snapshots.list) {
    if (refer(l1Offset, l1Size * 8, `the L1 table of snapshot "${name}"`)) {
      walk(file.read(l1Offset, l1Size * 8, "snapshots"), `snapshot "${name}"`, false);
    }
  }
  for (let cluster = 0; cluster < clusters; cluster++) {
    const count = refcounts.get(cluster);
    const references = expected.get(cluster) ?? 0;
    if (count === references) continue;
    const what = `cluster ${cluster} of the file: refcount ${count}, references ${references}`;
    findings.push({ kind: count > references ? "leak" : "corruption", what });
  }
  return new CheckReport(findings, expected.size);
}

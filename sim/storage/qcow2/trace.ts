import { sectorSize, type BlockDevice } from "../block-device.js";
import type { Image, Mapping, Step } from "../image.js";
import type { ClusterMap } from "./mapping.js";

/** What tracing needs to know of an image. */
export interface Traced {
  readonly file: Image["file"];
  readonly clusterSize: number;
  readonly clusters: ClusterMap;
  readonly backing: BlockDevice | null;
}

/** Follows a byte of the virtual disk through the L1 and the L2 table to its place in the file. */
export function traceCluster(image: Traced, offset: number): Mapping {
  const { clusterSize, clusters, file } = image;
  const cluster = Math.floor(offset / clusterSize);
  const within = offset % clusterSize;
  const l1Index = clusters.l1Index(cluster);
  const l2Index = clusters.l2Index(cluster);
  const table = clusters.l2Table(l1Index).offset;
  const entry = clusters.entry(cluster);
  const steps: Step[] = [
    step("cluster", "cluster", `⌊${offset} / ${clusterSize}⌋`, cluster, ""),
    step("within", "byte within the cluster", `${offset} mod ${clusterSize}`, within, "B"),
    step("l1-index", "entry of the L1 table", `⌊${cluster} / ${clusters.l2Entries}⌋`, l1Index, ""),
    step("l2-index", "entry of the L2 table", `${cluster} mod ${clusters.l2Entries}`, l2Index, ""),
    step("l2-table", "L2 table in the file", `L1[${l1Index}]`, table === 0 ? "none" : table, "B"),
  ];
  if (table !== 0) {
    const value = entry.kind === "data" ? entry.offset : entry.kind;
    steps.push(step("l2-entry", "cluster in the file", `L2[${l2Index}]`, value, "B"));
  }
  if (entry.kind === "data") {
    const place = entry.offset + within;
    steps.push(step("file", `byte of ${file.name}`, `${entry.offset} + ${within}`, place, "B"));
    return { steps, place: { file, offset: place } };
  }
  if (entry.kind === "compressed") {
    steps.push(step("file", `deflated data in ${file.name}`, `L2[${l2Index}]`, entry.offset, "B"));
    return { steps, place: { file, offset: entry.offset } };
  }
  const { backing } = image;
  if (entry.kind === "unallocated" && backing !== null && offset < backing.sectors * sectorSize) {
    steps.push(step("backing", "not allocated here", `read from ${backing.name}`, offset, "B"));
    if (!isImage(backing)) return { steps, place: null };
    const below = backing.trace(offset);
    return { steps: [...steps, ...below.steps], place: below.place };
  }
  steps.push(step("zero", "in no file", "reads as zero", 0, ""));
  return { steps, place: null };
}

function step(key: string, what: string, formula: string, value: number | string, unit: string): Step {
  return { key, what, formula, value, unit: typeof value === "string" ? "" : unit };
}

function isImage(device: BlockDevice): device is Image {
  return "trace" in device && "file" in device;
}

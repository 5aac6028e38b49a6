import { encodeUtf8, UsageError } from "../../core/index.js";
import { decodeUtf8, readUint64, viewOf, writeUint64 } from "../bytes.js";
import type { FileLike } from "../file.js";

/** The header's fields, after "qcow2 image format" (docs/interop/qcow2 of QEMU). All of the file is big endian. */
export interface Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** Bytes of the virtual disk. */
  readonly size: number;
  readonly backing: { readonly name: string; readonly format: string | null } | null;
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  /** A refcount has 2^order bits. */
  readonly refcountOrder: number;
  /** The image was in use when its writer died, or is known to be damaged: it may be read and not written. */
  readonly suspect: "dirty" | "corrupt" | null;
  /** Holds dirty bitmaps, which a writer that doesn't know them would falsify. */
  readonly hasBitmaps: boolean;
  /** Auto-clear feature bits are set, which a writer clears first. */
  readonly hasAutoclear: boolean;
}

const magic = 0x514649fb; // "QFI\xfb"
const lengths = { 2: 72, 3: 104 } as const;
const extension = { end: 0, backingFormat: 0xe2792aca, bitmaps: 0x23852875 } as const;

/** Where the fields that change during an image's life are. */
const at = {
  l1Offset: 40,
  refcountTableOffset: 48,
  refcountTableClusters: 56,
  snapshotCount: 60,
  snapshotsOffset: 64,
  autoclear: 88,
} as const;

const refused = (file: FileLike, why: string): UsageError =>
  new UsageError(
    `"${file.name}" cannot be opened: ${why}`,
    "Nothing was written. `qemu-img convert` makes a plain copy.",
  );

/** @throws UsageError for a file that is not qcow2, is cut short, or uses what this implementation lacks */
export function readHeader(file: FileLike): Header {
  const view = viewOf(file.read(0, lengths[3], "header"));
  if (file.size < lengths[2] || view.getUint32(0) !== magic) {
    throw new UsageError(`"${file.name}" is no qcow2 image`, 'Its first bytes are not "QFI\\xfb"; is it a raw image?');
  }
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw refused(file, `it is of version ${version}, and 2 and 3 are known`);
  const clusterBits = view.getUint32(20);
  if (clusterBits < 9 || clusterBits > 21)
    throw refused(file, `its clusters of 2^${clusterBits} bytes are not supported`);
  if (view.getUint32(32) !== 0) throw refused(file, "it is encrypted");
  const features = version === 3 ? readFeatures(file, view) : plain;
  const headerLength = version === 3 ? view.getUint32(100) : lengths[2];
  const clusterSize = 2 ** clusterBits;
  if (headerLength > clusterSize || headerLength < lengths[version]) throw refused(file, "its header is damaged");
  const extensions = readExtensions(file, headerLength, clusterSize);
  const number = (offset: number): number => {
    const value = readUint64(view, offset);
    if (value === undefined) throw refused(file, "its header is damaged: a number in it is too large");
    return value;
  };
  const header: Header = {
    version,
    clusterBits,
    size: number(24),
    backing: readBacking(file, number(8), view.getUint32(16), clusterSize, extensions.backingFormat),
    l1Size: view.getUint32(36),
    l1Offset: number(at.l1Offset),
    refcountTableOffset: number(at.refcountTableOffset),
    refcountTableClusters: view.getUint32(at.refcountTableClusters),
    snapshotCount: view.getUint32(at.snapshotCount),
    snapshotsOffset: number(at.snapshotsOffset),
    hasBitmaps: extensions.hasBitmaps,
    ...features,
  };
  checkTables(file, header);
  return header;
}

const plain = { refcountOrder: 4, suspect: null, hasAutoclear: false } as const;

function readFeatures(file: FileLike, view: DataView): Pick<Header, "refcountOrder" | "suspect" | "hasAutoclear"> {
  const bits = view.getUint32(76);
  const known = ["", "", "an external data file", "zstd compression", "extended L2 entries"];
  for (let bit = 2; bit < 64; bit++) {
    const set = bit < 32 ? (bits >>> bit) & 1 : (view.getUint32(72) >>> (bit - 32)) & 1;
    if (set === 1) throw refused(file, `it uses ${known[bit] ?? `the unknown incompatible feature ${bit}`}`);
  }
  const refcountOrder = view.getUint32(96);
  if (refcountOrder > 6) throw refused(file, `its refcounts of 2^${refcountOrder} bits are invalid`);
  return {
    refcountOrder,
    suspect: (bits & 2) !== 0 ? "corrupt" : (bits & 1) !== 0 ? "dirty" : null,
    hasAutoclear: view.getUint32(at.autoclear) !== 0 || view.getUint32(at.autoclear + 4) !== 0,
  };
}

function readExtensions(
  file: FileLike,
  from: number,
  clusterSize: number,
): { backingFormat: string | null; hasBitmaps: boolean } {
  const found: { backingFormat: string | null; hasBitmaps: boolean } = { backingFormat: null, hasBitmaps: false };
  for (let offset = from; offset + 8 <= clusterSize;) {
    const head = viewOf(file.read(offset, 8, "header"));
    const type = head.getUint32(0);
    const length = head.getUint32(4);
    if (type === extension.end) break;
    if (offset + 8 + length > clusterSize)
      throw refused(file, "a header extension is longer than the header's cluster");
    if (type === extension.backingFormat) found.backingFormat = decodeUtf8(file.read(offset + 8, length, "header"));
    if (type === extension.bitmaps) found.hasBitmaps = true;
    offset += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

function readBacking(
  file: FileLike,
  offset: number,
  length: number,
  clusterSize: number,
  format: string | null,
): Header["backing"] {
  if (offset === 0) return null;
  if (length > 1023 || offset + length > clusterSize) throw refused(file, "the name of its backing file is damaged");
  return { name: decodeUtf8(file.read(offset, length, "header")), format };
}

/** Every table that the header names must lie in the file, on a cluster's boundary: a copy cut short is noticed here. */
function checkTables(file: FileLike, header: Header): void {
  const clusterSize = 2 ** header.clusterBits;
  if (header.size % 512 !== 0) throw refused(file, `its virtual size of ${header.size} bytes is not whole sectors`);
  const needed = l1EntriesFor(header.size, clusterSize);
  if (header.l1Size < needed) {
    throw refused(file, `its L1 table has ${header.l1Size} entries where its size needs ${needed}`);
  }
  const table = (what: string, offset: number, length: number): void => {
    if (offset % clusterSize !== 0) throw refused(file, `its ${what} is not on a cluster's boundary`);
    if (length > 0 && offset + length > file.size) {
      throw refused(file, `it is cut short: its ${what} ends at byte ${offset + length}, the file at ${file.size}`);
    }
  };
  table("L1 table", header.l1Offset, header.l1Size * 8);
  table("refcount table", header.refcountTableOffset, header.refcountTableClusters * clusterSize);
  if (header.refcountTableClusters === 0) throw refused(file, "it has no refcount table");
  table("snapshot table", header.snapshotsOffset, header.snapshotCount > 0 ? 40 * header.snapshotCount : 0);
}

/** Entries of the L1 table that a virtual disk of `size` bytes needs: each stands for one L2 table. */
export function l1EntriesFor(size: number, clusterSize: number): number {
  return Math.ceil(Math.ceil(size / clusterSize) / (clusterSize / 8));
}

/**
 * The first cluster of a new image: header, extensions, backing file's name.
 * @throws UsageError where the name doesn't fit
 */
export function headerCluster(header: Omit<Header, "suspect" | "hasBitmaps" | "hasAutoclear">): Uint8Array {
  const bytes = new Uint8Array(2 ** header.clusterBits);
  const view = viewOf(bytes);
  view.setUint32(0, magic);
  view.setUint32(4, header.version);
  view.setUint32(20, header.clusterBits);
  writeUint64(view, 24, header.size);
  view.setUint32(36, header.l1Size);
  writeUint64(view, at.l1Offset, header.l1Offset);
  writeUint64(view, at.refcountTableOffset, header.refcountTableOffset);
  view.setUint32(at.refcountTableClusters, header.refcountTableClusters);
  let end: number = lengths[header.version];
  if (header.version === 3) {
    view.setUint32(96, header.refcountOrder);
    view.setUint32(100, end);
  }
  if (header.backing !== null) {
    const { name, format } = header.backing;
    const text = encodeUtf8(name);
    const kind = encodeUtf8(format ?? "");
    const room = bytes.length - end - 16 - Math.ceil(kind.length / 8) * 8;
    if (text.length > Math.min(1023, room) || text.length === 0) {
      throw new UsageError(
        `the backing file's name has ${text.length} bytes`,
        `Give one of 1 to ${Math.min(1023, room)} bytes, or make larger clusters.`,
      );
    }
    if (format !== null) {
      view.setUint32(end, extension.backingFormat);
      view.setUint32(end + 4, kind.length);
      bytes.set(kind, end + 8);
      end += 8 + Math.ceil(kind.length / 8) * 8;
    }
    end += 8; // the extension that ends the list is all zeros
    bytes.set(text, end);
    writeUint64(view, 8, end);
    view.setUint32(16, text.length);
  }
  return bytes;
}

type Changing = Pick<Header, "refcountTableOffset" | "refcountTableClusters" | "snapshotCount" | "snapshotsOffset">;

/** Rewrites the fields that change and nothing else, so that what others put into the header stays. */
export function patchHeader(file: FileLike, fields: Changing): void {
  const bytes = new Uint8Array(24);
  const view = viewOf(bytes);
  writeUint64(view, 0, fields.refcountTableOffset);
  view.setUint32(at.refcountTableClusters - at.refcountTableOffset, fields.refcountTableClusters);
  view.setUint32(at.snapshotCount - at.refcountTableOffset, fields.snapshotCount);
  writeUint64(view, at.snapshotsOffset - at.refcountTableOffset, fields.snapshotsOffset);
  file.write(at.refcountTableOffset, bytes, "header");
}

/** What a writer owes to features that it may not know (version 3's auto-clear bits). */
export function clearAutoclear(file: FileLike): void {
  file.write(at.autoclear, new Uint8Array(8), "header");
}

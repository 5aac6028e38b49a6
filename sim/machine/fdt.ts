import { encodeUtf8, invariant } from "../core/index.js";

/** What a property holds: nothing, a text or several, 32-bit cells, or bytes. */
export type PropertyValue = true | string | readonly string[] | readonly number[] | Uint8Array;

export interface TreeNode {
  /** With its unit address: `serial@10000000`. */
  readonly name: string;
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly children: readonly TreeNode[];
}

const magic = 0xd00dfeed;
const version = 17;
const compatibleVersion = 16;
const headerSize = 40;
/** An empty memory reservation block: its terminator alone. */
const reservationSize = 16;
const token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const;

/** A 64-bit number as two cells. */
export function cells64(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32];
}

/**
 * A device tree as the blob that firmware and kernels read.
 * Source: Devicetree Specification 0.4, chapter 5 (flattened devicetree format).
 */
export function flatten(root: TreeNode): Uint8Array<ArrayBuffer> {
  const structure: number[] = [];
  const strings: number[] = [];
  const offsets = new Map<string, number>();

  function cell(value: number): void {
    structure.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }

  function bytes(content: Iterable<number>): void {
    for (const byte of content) structure.push(byte);
    while (structure.length % 4 !== 0) structure.push(0);
  }

  function nameOffset(name: string): number {
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const offset = strings.length;
    offsets.set(name, offset);
    strings.push(...encodeUtf8(name), 0);
    return offset;
  }

  function visit({ name, properties, children }: TreeNode): void {
    cell(token.beginNode);
    bytes([...encodeUtf8(name), 0]);
    for (const [key, value] of Object.entries(properties)) {
      const content = encodeValue(value);
      cell(token.property);
      cell(content.length);
      cell(nameOffset(key));
      bytes(content);
    }
    children.forEach(visit);
    cell(token.endNode);
  }

  visit(root);
  cell(token.end);

  const structureStart = headerSize + reservationSize;
  const stringsStart = structureStart + structure.length;
  const blob = new Uint8Array(stringsStart + strings.length);
  const view = new DataView(blob.buffer);
  const header = [
    magic,
    blob.length,
    structureStart,
    stringsStart,
    headerSize,
    version,
    compatibleVersion,
    // The hart that boots.
    0,
    strings.length,
    structure.length,
  ];
  header.forEach((field, index) => {
    view.setUint32(4 * index, field);
  });
  blob.set(structure, structureStart);
  blob.set(strings, stringsStart);
  return blob;
}

function encodeValue(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  const parts: readonly (string | number)[] = typeof value === "string" ? [value] : value;
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === "string") bytes.push(...encodeUtf8(part), 0);
    else {
      invariant(Number.isInteger(part) && part >= 0 && part < 2 ** 32, `${part} is no cell`);
      bytes.push((part >>> 24) & 0xff, (part >>> 16) & 0xff, (part >>> 8) & 0xff, part & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}

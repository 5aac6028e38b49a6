import { UsageError } from "../../core/index.js";
import { sectorSize, type BlockDevice } from "../block-device.js";
import { readUint64LE, viewOf, writeUint64LE } from "../bytes.js";
import type { PlannedSlot, Slot } from "./mbr.js";
import { partitionTypes, typeOfGuid } from "./types.js";

/** The usual table: 128 entries of 128 bytes, 32 sectors, once after the header and once before its copy at the end. */
export const gptSlots = 128;
const entrySize = 128;
const entrySectors = (gptSlots * entrySize) / sectorSize;
const headerSize = 92;

/** The first and the last sector that partitions may have. */
export function usable(sectors: number): { readonly first: number; readonly last: number } {
  return { first: 2 + entrySectors, last: sectors - 2 - entrySectors };
}

/** CRC-32 of ISO 3309, reflected, as UEFI section 5.3 demands it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Writes both copies of a GUID partition table (UEFI 2.10 section 5.3). @param id tells this disk's GUIDs from others' */
export function writeGpt(device: BlockDevice, slots: readonly PlannedSlot[], id: number): void {
  const entries = new Uint8Array(entrySectors * sectorSize);
  const view = viewOf(entries);
  for (const slot of slots) {
    const at = (slot.number - 1) * entrySize;
    writeGuid(entries, at, partitionTypes[slot.type].guid);
    writeGuid(entries, at + 16, guidFrom(id, slot.number));
    writeUint64LE(view, at + 32, slot.start);
    writeUint64LE(view, at + 40, slot.start + slot.sectors - 1);
    if (slot.bootable) view.setUint8(at + 48, 1 << 2); // attribute 2: legacy BIOS bootable
    if (slot.name.length > 36)
      throw new UsageError(`the partition's name "${slot.name}" is too long`, "Give at most 36 characters.");
    for (let i = 0; i < slot.name.length; i++) view.setUint16(at + 56 + 2 * i, slot.name.charCodeAt(i), true);
  }
  const last = device.sectors - 1;
  const { first, last: lastUsable } = usable(device.sectors);
  const header = (self: number, other: number, table: number): Uint8Array => {
    const bytes = new Uint8Array(sectorSize);
    const fields = viewOf(bytes);
    bytes.set(Array.from("EFI PART", (letter) => letter.charCodeAt(0)));
    fields.setUint32(8, 0x00010000, true); // revision 1.0
    fields.setUint32(12, headerSize, true);
    writeUint64LE(fields, 24, self);
    writeUint64LE(fields, 32, other);
    writeUint64LE(fields, 40, first);
    writeUint64LE(fields, 48, lastUsable);
    writeGuid(bytes, 56, guidFrom(id, 0));
    writeUint64LE(fields, 72, table);
    fields.setUint32(80, gptSlots, true);
    fields.setUint32(84, entrySize, true);
    fields.setUint32(88, crc32(entries), true);
    fields.setUint32(16, crc32(bytes.subarray(0, headerSize)), true);
    return bytes;
  };
  device.write(2, entries);
  device.write(1, header(1, last, 2));
  device.write(last - entrySectors, entries);
  device.write(last, header(last, 1, last - entrySectors));
}

/**
 * Reads the table, from the copy at the disk's end where the first is damaged.
 * @throws UsageError where both are
 */
export function readGpt(device: BlockDevice): readonly Slot[] {
  const slots = readCopy(device, 1) ?? readCopy(device, device.sectors - 1);
  if (slots !== undefined) return slots;
  throw new UsageError(
    `both copies of the partition table of ${device.name} are damaged`,
    "Their checksums are wrong. Partition the disk anew, or repair it with `sgdisk`.",
  );
}

function readCopy(device: BlockDevice, lba: number): readonly Slot[] | undefined {
  const bytes = device.read(lba, 1);
  const fields = viewOf(bytes);
  const size = fields.getUint32(12, true);
  const stored = fields.getUint32(16, true);
  if (String.fromCharCode(...bytes.subarray(0, 8)) !== "EFI PART" || size < headerSize || size > sectorSize)
    return undefined;
  fields.setUint32(16, 0, true);
  if (crc32(bytes.subarray(0, size)) !== stored) return undefined;
  const table = readUint64LE(fields, 72);
  const count = fields.getUint32(80, true);
  const length = fields.getUint32(84, true);
  const sectors = Math.ceil((count * length) / sectorSize);
  if (table === undefined || length < entrySize || table + sectors > device.sectors) return undefined;
  const entries = device.read(table, sectors).subarray(0, count * length);
  if (crc32(entries) !== fields.getUint32(88, true)) return undefined;
  return Array.from({ length: count }, (_, i) =>
    readSlot(entries.subarray(i * length, (i + 1) * length), i + 1),
  ).filter((slot) => slot !== undefined);
}

function readSlot(entry: Uint8Array, number: number): Slot | undefined {
  const view = viewOf(entry);
  const guid = readGuid(entry, 0);
  const start = readUint64LE(view, 32);
  const end = readUint64LE(view, 40);
  if (/^[0-]+$/.test(guid) || start === undefined || end === undefined) return undefined;
  let name = "";
  for (let at = 56; at < entrySize && view.getUint16(at, true) !== 0; at += 2) {
    name += String.fromCharCode(view.getUint16(at, true));
  }
  const bootable = (view.getUint8(48) & (1 << 2)) !== 0;
  return { number, start, sectors: end - start + 1, type: typeOfGuid(guid), bootable, name };
}

/** The first three groups of a GUID are little endian, the rest is in order of writing (UEFI appendix A). */
const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

function writeGuid(bytes: Uint8Array, at: number, guid: string): void {
  const digits = guid.replaceAll("-", "");
  order.forEach((place, i) => {
    bytes[at + place] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  });
}

function readGuid(bytes: Uint8Array, at: number): string {
  const digits = order.map((place) => (bytes[at + place] ?? 0).toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)]
    .join("-")
    .toUpperCase();
}

/** A GUID in the form of a random one (version 4), made from the disk's identifier so that the same disk has the same. */
function guidFrom(id: number, index: number): string {
  const seed = new Uint8Array(9);
  viewOf(seed).setUint32(0, id);
  viewOf(seed).setUint32(4, index);
  const digits = [0, 1, 2, 3]
    .map((part) => {
      seed[8] = part;
      return crc32(seed).toString(16).padStart(8, "0");
    })
    .join("");
  const version = `4${digits.slice(13, 16)}`;
  const variant = `a${digits.slice(17, 20)}`;
  return [digits.slice(0, 8), digits.slice(8, 12), version, variant, digits.slice(20)].join("-").toUpperCase();
}

import { UsageError } from "../../core/index.js";
import { sectorSize } from "../block-device.js";
import { viewOf } from "../bytes.js";
import { Geometry } from "../geometry.js";
import { partitionTypes, typeOfByte, type PartitionType } from "./types.js";

/** One row of a partition table. */
export interface Slot {
  /** From 1, as systems count partitions. */
  readonly number: number;
  readonly start: number;
  readonly sectors: number;
  /** A word of `partitionTypes`; a number or GUID of the table where it is none of them. */
  readonly type: string;
  readonly bootable: boolean;
  readonly name: string;
}

/** A slot to be written. */
export interface PlannedSlot extends Slot {
  readonly type: PartitionType;
}

export const mbrSlots = 4;
const tableAt = 446;
const signature = 0xaa55;
/** The type of the one partition that guards a GPT disk against programs that know only MBR. */
export const protective = 0xee;

/**
 * The master boot record: no boot code, four entries, 0x55AA. Addresses are given twice, as LBA and as CHS in the
 * geometry of 255 heads and 63 sectors that BIOSes assist with; a place that CHS cannot express is (1023, 254, 63).
 * @param id the disk's identifier, 32 bits
 */
export function writeMbr(slots: readonly PlannedSlot[], id: number): Uint8Array {
  const sector = new Uint8Array(sectorSize);
  const view = viewOf(sector);
  view.setUint32(440, id, true);
  for (const slot of slots) {
    if (slot.start + slot.sectors > 2 ** 32) {
      throw new UsageError(
        `partition ${slot.number} reaches beyond 2 TiB, which MBR's 32 bits cannot address`,
        'Take { scheme: "gpt" }.',
      );
    }
    writeEntry(view, slot, partitionTypes[slot.type].byte);
  }
  view.setUint16(510, signature, true);
  return sector;
}

/** The MBR that stands before a GPT: one partition of type 0xEE over the whole disk (UEFI 2.10 section 5.2.3). */
export function writeProtectiveMbr(sectors: number): Uint8Array {
  const sector = new Uint8Array(sectorSize);
  const view = viewOf(sector);
  const size = Math.min(sectors - 1, 2 ** 32 - 1);
  writeEntry(view, { number: 1, start: 1, sectors: size, type: "linux", bootable: false, name: "" }, protective);
  view.setUint16(510, signature, true);
  return sector;
}

function writeEntry(view: DataView, slot: Slot, type: number): void {
  const at = tableAt + (slot.number - 1) * 16;
  view.setUint8(at, slot.bootable ? 0x80 : 0);
  writeChs(view, at + 1, slot.start);
  view.setUint8(at + 4, type);
  writeChs(view, at + 5, slot.start + slot.sectors - 1);
  view.setUint32(at + 8, slot.start, true);
  view.setUint32(at + 12, slot.sectors, true);
}

const translated = new Geometry({ cylinders: 1024, heads: 255, sectorsPerTrack: 63 });

/** Three bytes: head; sector with the cylinder's two high bits above; the cylinder's eight low bits. */
function writeChs(view: DataView, at: number, lba: number): void {
  const place = lba < translated.sectors ? translated.chs(lba) : { cylinder: 1023, head: 254, sector: 63 };
  view.setUint8(at, place.head);
  view.setUint8(at + 1, ((place.cylinder >> 8) << 6) | place.sector);
  view.setUint8(at + 2, place.cylinder & 0xff);
}

/** @returns the entries in use, or undefined where the sector has no boot record's signature */
export function readMbr(sector: Uint8Array): readonly (Slot & { readonly byte: number })[] | undefined {
  const view = viewOf(sector);
  if (view.getUint16(510, true) !== signature) return undefined;
  const slots = [];
  for (let number = 1; number <= mbrSlots; number++) {
    const at = tableAt + (number - 1) * 16;
    const byte = view.getUint8(at + 4);
    if (byte === 0) continue;
    slots.push({
      number,
      start: view.getUint32(at + 8, true),
      sectors: view.getUint32(at + 12, true),
      type: typeOfByte(byte),
      bootable: view.getUint8(at) === 0x80,
      name: "",
      byte,
    });
  }
  return slots;
}

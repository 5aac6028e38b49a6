import { nearest, UsageError } from "../../core/index.js";

/** What a partition is said to be for: MBR's byte, and GPT's GUID (UEFI 2.10 section 5.3.3, util-linux's lists). */
export const partitionTypes = {
  linux: { byte: 0x83, guid: "0FC63DAF-8483-4772-8E79-3D69D8477DE4" },
  swap: { byte: 0x82, guid: "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F" },
  lvm: { byte: 0x8e, guid: "E6D6D379-F507-44C2-A23C-238F2A3DF928" },
  efi: { byte: 0xef, guid: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" },
  fat32: { byte: 0x0c, guid: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" },
  ntfs: { byte: 0x07, guid: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" },
} as const;

export type PartitionType = keyof typeof partitionTypes;

/** @throws UsageError naming the nearest type there is */
export function checkType(type: string): asserts type is PartitionType {
  const valid = Object.keys(partitionTypes);
  if (valid.includes(type)) return;
  throw new UsageError(
    `there is no partition type "${type}"`,
    `Did you mean "${nearest(type, valid) ?? ""}"? There are ${valid.join(", ")}.`,
  );
}

/** The word for an MBR type byte; the byte in hexadecimal where there is none. */
export function typeOfByte(byte: number): string {
  const found = Object.entries(partitionTypes).find(([, type]) => type.byte === byte);
  return found?.[0] ?? `0x${byte.toString(16).padStart(2, "0")}`;
}

/** The word for a GPT type; the GUID itself where there is none. */
export function typeOfGuid(guid: string): string {
  const found = Object.entries(partitionTypes).find(([, type]) => type.guid === guid);
  return found?.[0] ?? guid;
}

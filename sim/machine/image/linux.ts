/**
 * What a kernel's flat image says of itself.
 * Source: Linux `Documentation/arch/riscv/boot-image-header.rst`.
 */
export interface BootHeader {
  /** Where it wants to lie, from the beginning of RAM. */
  readonly offset: number;
  /** Bytes that it takes in memory, with what is not in the file. */
  readonly size: number;
}

const length = 64;
/** "RSC\x05" at byte 56. */
const magic = 0x05435352;

/** @returns undefined where there is no such header */
export function readBootHeader(bytes: Uint8Array): BootHeader | undefined {
  if (bytes.length < length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint32(56, true) !== magic) return undefined;
  return { offset: Number(view.getBigUint64(8, true)), size: Number(view.getBigUint64(16, true)) };
}

import type { Width } from "../instructions/index.js";

/** What an access finds in a register of 64 bits. @param byte where in the register it begins */
export function partOf(register: bigint, byte: number, width: Width): bigint {
  return BigInt.asUintN(width, register >> BigInt(8 * byte));
}

/** The register with that part of it replaced; what would lie beyond its end is dropped. */
export function withPart(register: bigint, byte: number, width: Width, value: bigint): bigint {
  const shift = BigInt(8 * byte);
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  return BigInt.asUintN(64, (register & ~mask) | (value << shift));
}

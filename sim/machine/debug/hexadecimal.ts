export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes that pairs of digits say; what is no digit ends them. */
export function bytesOf(digits: string): Uint8Array {
  const pairs = /^(?:[\da-fA-F]{2})*/.exec(digits)?.[0].match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

/** A number of 64 bits as the target's memory would hold it: the lowest byte first. */
export function littleHex(value: bigint): string {
  const digits = BigInt.asUintN(64, value).toString(16).padStart(16, "0");
  return (digits.match(/../g) ?? []).reverse().join("");
}

/** The signed number that bytes say, the lowest first. */
export function littleNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(64, value);
}

/** A number in hexadecimal digits, as a signed one of 64 bits; undefined for anything else. */
export function number64(digits: string): bigint | undefined {
  return /^[\da-fA-F]{1,16}$/.test(digits) ? BigInt.asIntN(64, BigInt(`0x${digits}`)) : undefined;
}

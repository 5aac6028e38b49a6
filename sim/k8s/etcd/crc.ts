/** CRC-32C's polynomial, its bits reversed (G. Castagnoli et al., IEEE Transactions on Communications 41(6), 1993). */
const polynomial = 0x82f63b78;

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});

/** Goes on with a CRC-32C over the bytes of a string. Begins with 0. */
export function crc32c(bytes: string, crc: number): number {
  let state = ~crc;
  for (let at = 0; at < bytes.length; at++) {
    state = (state >>> 8) ^ (table[(state ^ bytes.charCodeAt(at)) & 0xff] ?? 0);
  }
  return ~state >>> 0;
}

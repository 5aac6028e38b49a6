/**
 * MurmurHash2 of a text's UTF-8 bytes, 32 bits, unsigned: the hash that front ends name a cell by ("hashMethod" of
 * debugInfo). Source: Austin Appleby, MurmurHash2.cpp, github.com/aappleby/smhasher.
 */
export function murmur2(text: string, seed: number): number {
  const m = 0x5bd1e995;
  const bytes = Buffer.from(text, "utf8");
  const whole = bytes.length - (bytes.length % 4);
  let hash = seed ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), m);
    word ^= word >>> 24;
    hash = Math.imul(hash, m) ^ Math.imul(word, m);
  }
  const left = bytes.length - whole;
  if (left > 0) hash = Math.imul(hash ^ bytes.readUIntLE(whole, left), m);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, m);
  hash ^= hash >>> 15;
  return hash >>> 0;
}

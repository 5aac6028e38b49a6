/** A permutation that the seed alone decides (Fisher and Yates's shuffle, driven by Marsaglia's xorshift32). */
export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const mixed = [...items];
  // The state must not be 0; the golden ratio's multiples spread small seeds.
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  for (let i = mixed.length - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    const [a, b] = [mixed[i], mixed[j]];
    if (a === undefined || b === undefined) continue;
    mixed[i] = b;
    mixed[j] = a;
  }
  return mixed;
}

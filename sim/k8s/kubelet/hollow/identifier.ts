/** 64 hexadecimal digits that follow from a text: an identifier, no checksum (FNV-1a, eight times). */
export function digestOf(text: string): string {
  const digits: string[] = [];
  for (let part = 0; part < 8; part++) {
    let hash = 2166136261 ^ part;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    // The last characters would else show in the last digits alone.
    hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
    hash ^= hash >>> 13;
    digits.push((hash >>> 0).toString(16).padStart(8, "0"));
  }
  // Joined, not added: a string that was added piece by piece keeps its pieces.
  return digits.join("");
}

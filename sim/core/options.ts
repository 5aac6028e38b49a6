import { UsageError } from "./errors.js";

/** Levenshtein's distance: the fewest single-character insertions, deletions and replacements. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The valid word nearest to a mistyped one, for a hint; undefined where there are none. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  const ranked = valid.map((candidate) => ({
    candidate,
    apart: distance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  return ranked.sort((a, b) => a.apart - b.apart)[0]?.candidate;
}

/**
 * Fills an options object: what is given over what is the default.
 * @param noun the factory's name, for the message: `disk`
 * @throws UsageError for a key that `defaults` lacks, naming the nearest one that it has
 */
export function withDefaults<T extends object>(noun: string, given: Partial<T> | undefined, defaults: T): T {
  if (given === undefined) return defaults;
  const valid = Object.keys(defaults);
  for (const key of Object.keys(given)) {
    if (valid.includes(key)) continue;
    const likely = nearest(key, valid);
    throw new UsageError(
      `${noun} has no option "${key}"`,
      likely === undefined ? "It takes no options." : `Did you mean "${likely}"? It takes: ${valid.join(", ")}.`,
    );
  }
  return { ...defaults, ...given };
}

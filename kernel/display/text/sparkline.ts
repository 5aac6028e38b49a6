const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * A curve in one line of block characters, lowest to highest: the mean of each of at most `width` stretches, a space
 * where there are only gaps.
 */
export function sparkline(values: readonly (number | null)[], width = 24): string {
  const count = Math.min(width, values.length);
  const means = Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * values.length) / count);
    const to = Math.floor(((i + 1) * values.length) / count);
    const known = values.slice(from, to).filter((v): v is number => v !== null && Number.isFinite(v));
    return known.length === 0 ? null : known.reduce((sum, v) => sum + v / known.length, 0);
  });
  const known = means.filter((v) => v !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return means
    .map((v) => {
      if (v === null) return " ";
      return blocks[span > 0 ? Math.min(7, Math.floor(((v - low) / span) * 8)) : 3] ?? "";
    })
    .join("");
}

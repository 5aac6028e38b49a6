/** Sets of indexes as a Job's status writes them: `0,2-5,7` (batch/v1, `completedIndexes`). */

/** Reads the text; what lies at or above `below` is left out. */
export function parseIndexes(text: string, below: number = Number.POSITIVE_INFINITY): Set<number> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    if (part === "") continue;
    const [first = 0, last = first] = part.split("-").map(Number);
    for (let index = first; index <= last && index < below; index++) found.add(index);
  }
  return found;
}

/** Writes the text. Two that are neighbours are written with a comma's length or a dash's alike; Kubernetes takes `2,3`. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i] ?? 0;
    while (sorted[i + 1] === (sorted[i] ?? 0) + 1) i++;
    const last = sorted[i] ?? 0;
    parts.push(first === last ? String(first) : `${first}${last === first + 1 ? "," : "-"}${last}`);
  }
  return parts.join(",");
}

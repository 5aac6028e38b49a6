/** Decides a part of a state that is looked at: a number below `size`, the same whenever the same run asks again. */
export type Choose = (part: string, size: number) => number;

/**
 * Runs `body` once for every way in which the parts can be decided that it looks at, depth first. What it doesn't look at can't
 * matter to it, so that the runs stand for all states there are.
 * @returns the number of runs
 */
export function explore(body: (choose: Choose) => void): number {
  const path: { readonly part: string; readonly size: number; value: number }[] = [];
  for (let runs = 1; ; runs++) {
    let depth = 0;
    const chosen = new Map<string, number>();
    body((part, size) => {
      const known = chosen.get(part);
      if (known !== undefined) return known;
      // A body that has found what it sought may look at less than before: what it asks now begins anew.
      if (path[depth]?.part !== part) path.length = depth;
      const step = (path[depth] ??= { part, size, value: 0 });
      depth++;
      chosen.set(part, step.value);
      return step.value;
    });
    path.length = depth;
    for (let last = path.at(-1); last !== undefined && ++last.value === last.size; last = path.at(-1)) path.pop();
    if (path.length === 0) return runs;
  }
}

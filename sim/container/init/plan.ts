import type { Library } from "./library.js";

/** What a start brings in. */
export interface Plan {
  /** Units to start, each behind those that come before it. */
  readonly order: readonly string[];
  /** Units among these that have to be done, well or not, before one is begun. */
  readonly behind: ReadonlyMap<string, readonly string[]>;
  readonly complaints: readonly string[];
}

/**
 * A start's transaction: the unit, what it requires and wants, and so on. What is merely ordered isn't brought in. Where After= and
 * Before= go in a circle a unit is left out, not the one asked for and if possible none that another requires. A target comes behind
 * what it wants, as DefaultDependencies= has it.
 */
export function planStart({ units, wants }: Library, goal: string): Plan {
  const complaints: string[] = [];
  const chosen = new Set<string>();
  const queue = [goal];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (chosen.has(name)) continue;
    const unit = units.get(name);
    if (unit === undefined) {
      complaints.push(`Unit ${name} not found.`);
      continue;
    }
    chosen.add(name);
    queue.push(...unit.requires, ...(wants.get(name) ?? []));
  }
  const required = new Set([...chosen].flatMap((name) => units.get(name)?.requires ?? []));
  const behind = new Map<string, string[]>();
  const order: string[] = [];
  for (const name of chosen) {
    const unit = units.get(name);
    const implied = name.endsWith(".target") ? [...(unit?.requires ?? []), ...(wants.get(name) ?? [])] : [];
    const before = [...chosen].filter((other) => units.get(other)?.before.includes(name) === true);
    const own = [...(unit?.after ?? []), ...implied, ...before].filter((other) => chosen.has(other) && other !== name);
    behind.set(name, [...new Set(own)]);
  }
  const left = new Set(chosen);
  while (left.size > 0) {
    const ready = [...left].filter((name) => behind.get(name)?.every((other) => !left.has(other)) === true);
    for (const name of ready) {
      left.delete(name);
      order.push(name);
    }
    if (ready.length > 0) continue;
    const circle = circleIn(left, behind);
    const victim =
      circle.findLast((name) => name !== goal && !required.has(name)) ?? circle.findLast((name) => name !== goal);
    complaints.push(`Found ordering cycle: ${[...circle, circle[0] ?? ""].join(" after ")}`);
    if (victim === undefined) break;
    complaints.push(`Job ${victim}/start deleted to break ordering cycle`);
    left.delete(victim);
    behind.delete(victim);
  }
  return { order, behind, complaints };
}

/** A circle among units of which each waits for another of them. */
function circleIn(left: ReadonlySet<string>, behind: ReadonlyMap<string, readonly string[]>): string[] {
  const path: string[] = [];
  let at = [...left][0] ?? "";
  while (!path.includes(at)) {
    path.push(at);
    at = behind.get(at)?.find((other) => left.has(other)) ?? at;
  }
  return path.slice(path.indexOf(at));
}

/** Which of some units have to have stopped before one may: those that came behind it. */
export function planStop({ units }: Library, names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const behind = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const name of names) {
    const { after = [], before = [] } = units.get(name) ?? {};
    for (const other of after) behind.get(other)?.push(name);
    for (const other of before) if (behind.has(other)) behind.get(name)?.push(other);
  }
  return behind;
}

import { inspect, types } from "node:util";

/** Values visited before deeper levels are left out, and characters of text before the rest is. */
const budget = 5_000;
const characters = 64 * 1024;
const lines = 500;
const perLevel = 100;
const deepest = 6;

function children(value: object): unknown[] {
  // `inspect` looks behind a proxy; to ask the proxy would run its traps.
  if (types.isProxy(value)) return [];
  if (Array.isArray(value)) return value.slice(0, perLevel);
  if (value instanceof Map) return [...value].slice(0, perLevel).flat();
  if (value instanceof Set) return [...value].slice(0, perLevel);
  if (ArrayBuffer.isView(value)) return [];
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((property) => property.value as unknown);
}

/** Levels of nesting that can be printed within the budget: all of a small value, the upper ones of a large. */
function depthWithin(value: unknown): number {
  let level: unknown[] = [value];
  let visited = 0;
  for (let depth = 0; depth < deepest; depth++) {
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null) continue;
      for (const child of children(one)) next.push(child);
      if (visited + next.length > budget) return Math.max(0, depth - 1);
    }
    visited += next.length;
    if (next.length === 0) break;
    level = next;
  }
  return deepest;
}

/**
 * Any value as text, as Node's REPL shows it. Bounded: at most 100 elements of each collection, as many levels as a few
 * thousand values allow, 500 lines and 64 KiB of text; what is left out is said. A value that throws when looked at is shown as such.
 */
export function inspectText(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: depthWithin(value),
      maxArrayLength: perLevel,
      maxStringLength: 10_000,
      breakLength: 80,
      compact: 3,
    });
    const all = text.split("\n");
    if (all.length > lines) return shortened(all.slice(0, lines).join("\n"), `${all.length - lines} more lines`);
    return shortened(text, "");
  } catch (error) {
    return `[${typeof value} that cannot be shown: ${reason(error)}]`;
  }
}

function shortened(text: string, rest: string): string {
  if (text.length > characters) return `${text.slice(0, characters)}\n… ${text.length - characters} more characters`;
  return rest === "" ? text : `${text}\n… ${rest}`;
}

/** What an error, or whatever else was thrown, says of itself; never throws. */
export function reason(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

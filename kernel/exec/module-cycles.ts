import { isLocal, type LocalModule } from "./local-modules.js";

/** Whether `from` imports `to`, by whatever way. */
export function reaches(from: LocalModule, to: LocalModule, seen: Set<LocalModule> = new Set<LocalModule>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return [...from.imports.values()].some((each) => isLocal(each) && reaches(each, to, seen));
}

/** V8 says which name a module used too early, and not why. */
export function explainCycle(module: LocalModule, error: unknown): unknown {
  if (!(error instanceof ReferenceError) || !error.message.endsWith("before initialization")) return error;
  const cycle = findCycle(module);
  if (cycle === undefined || error.message.includes(" import each other")) return error;
  const path = cycle.map(({ source }) => source.shown).join(" → ");
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  error.message += ` (${path} import each other in a circle)`;
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}

/** The way from a module back to itself. */
function findCycle(start: LocalModule): LocalModule[] | undefined {
  const seen = new Set<LocalModule>();
  const walk = (module: LocalModule, path: readonly LocalModule[]): LocalModule[] | undefined => {
    for (const each of module.imports.values()) {
      if (!isLocal(each)) continue;
      if (each === start) return [...path, each];
      if (seen.has(each)) continue;
      seen.add(each);
      const found = walk(each, [...path, each]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}

import type { LanguageService } from "../lang/index.js";

/** TEMPORARY until lang exports startLanguageService. */
export function startLanguageService(_options: { cwd: string }): LanguageService {
  return {
    check: () => Promise.resolve([]),
    declare: () => undefined,
    complete: (_source, offset) => Promise.resolve({ start: offset, end: offset, matches: [] }),
    inspect: () => Promise.resolve(undefined),
    ready: Promise.resolve(),
    reset: () => undefined,
    stop: () => Promise.resolve(),
  };
}

import type ts from "typescript";
import { compiler } from "./compiler.js";
import type { Completions } from "../types.js";
import type { CellFile } from "./cell-file.js";
import { plain } from "./diagnostics.js";
import type { EarlierNames } from "./earlier-names.js";

/** The beginning of a word in front of an offset, and whether a property's name must stand there. */
export function wordBefore(source: string, offset: number): { readonly word: string; readonly isMember: boolean } {
  const before = source.slice(0, offset);
  const word = /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(before)?.[0] ?? "";
  return { word, isMember: /\.\s*$/.test(before.slice(0, before.length - word.length)) };
}

/** What TypeScript calls the place in its order of what a module declares itself, and of what comes from outside. */
const OWN = "11";
const OUTSIDE = "15";

/**
 * What may stand at an offset of a cell, best first: what begins as the word there does, then what does so in other
 * case, then what contains it; among these in TypeScript's order (locals and members first, keywords last), with the
 * names of earlier cells among the locals.
 */
export function completionsAt(
  service: ts.LanguageService,
  { name: file, source, own }: CellFile,
  offset: number,
  earlier: EarlierNames,
): Completions {
  const { word, isMember } = wordBefore(source, offset);
  const lower = word.toLowerCase();
  const found = service.getCompletionsAtPosition(file, offset, { includeSymbol: true });
  const span = found?.optionalReplacementSpan;
  const start = span === undefined ? offset - word.length : Math.min(span.start, offset - word.length);
  const end = span === undefined ? offset : Math.max(span.start + span.length, offset);
  const ranked = (found?.entries ?? []).flatMap((entry) => {
    const name = entry.name.toLowerCase();
    if (!name.includes(lower)) return [];
    const lent = !isMember && !own.has(entry.name) && earlier.has(entry.name);
    const place = lent && entry.sortText === OUTSIDE ? OWN : entry.sortText;
    const rank = entry.name.startsWith(word) ? 0 : name.startsWith(lower) ? 1 : 2;
    const kind = entry.kind === compiler.ScriptElementKind.alias && lent ? "import" : entry.kind;
    return [{ text: entry.name, kind, key: `${rank}${place}`, symbol: entry.symbol }];
  });
  ranked.sort((a, b) => compare(a.key, b.key) || compare(a.text, b.text));
  const checker = service.getProgram()?.getTypeChecker();
  const matches = ranked.map(({ text, kind, symbol }, i) => {
    const signature = i < signed && checker !== undefined ? signatureOf(symbol, checker) : undefined;
    return { text, kind, ...(signature === undefined ? {} : { signature }) };
  });
  return { start, end, matches };
}

/** Matches that are given with their signatures: as many as a list shows at once; each costs a tenth of a millisecond and more. */
const signed = 10;

const callables =
  compiler.SymbolFlags.Function |
  compiler.SymbolFlags.Method |
  compiler.SymbolFlags.Variable |
  compiler.SymbolFlags.Property;

function signatureOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): string | undefined {
  if (symbol === undefined) return undefined;
  const meant = (symbol.flags & compiler.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  if ((meant.flags & callables) === 0) return undefined;
  const [first] = checker.getTypeOfSymbol(meant).getCallSignatures();
  return first && plain(checker.signatureToString(first));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

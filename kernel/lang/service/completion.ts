import ts from "typescript";
import type { Completions } from "../types.js";
import type { CellView } from "./cell-view.js";
import { EARLIER_NAME, type EarlierTypes } from "./earlier-types.js";

/** The beginning of a word in front of an offset, and whether a property's name must stand there. */
export function wordBefore(source: string, offset: number): { readonly word: string; readonly isMember: boolean } {
  const before = source.slice(0, offset);
  const word = /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(before)?.[0] ?? "";
  return { word, isMember: /\.\s*$/.test(before.slice(0, before.length - word.length)) };
}

/**
 * What may stand at an offset of a cell, best first: what begins as the word there does, then what does so in other
 * case, then what contains it; among these in TypeScript's order (locals and members first, keywords last).
 */
export function completionsAt(
  { service, file, source, shift }: CellView,
  offset: number,
  earlier: EarlierTypes,
): Completions {
  const { word } = wordBefore(source, offset);
  const lower = word.toLowerCase();
  const found = service.getCompletionsAtPosition(file, offset + shift, undefined);
  const span = found?.optionalReplacementSpan;
  const start = span === undefined ? offset - word.length : Math.min(span.start - shift, offset - word.length);
  const end = span === undefined ? offset : Math.max(span.start - shift + span.length, offset);
  const ranked = (found?.entries ?? []).flatMap((entry) => {
    const name = entry.name.toLowerCase();
    if (entry.name === EARLIER_NAME || !name.includes(lower)) return [];
    const rank = entry.name.startsWith(word) ? 0 : name.startsWith(lower) ? 1 : 2;
    return [{ entry, key: `${rank}${entry.sortText}` }];
  });
  ranked.sort((a, b) => compare(a.key, b.key) || compare(a.entry.name, b.entry.name));
  return { start, end, matches: ranked.map(({ entry }) => ({ text: entry.name, kind: kind(entry, earlier) })) };
}

function kind(entry: ts.CompletionEntry, earlier: EarlierTypes): string {
  if (entry.kind !== ts.ScriptElementKind.alias) return entry.kind;
  const owners = earlier.owners(entry.name);
  return (owners?.value ?? owners?.type)?.declared.kind ?? entry.kind;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

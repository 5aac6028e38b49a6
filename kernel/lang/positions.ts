import { SourceMap } from "node:module";
import type { Origin } from "./edits.js";
import type { Position } from "./line-index.js";

/** Packs the way back from a script: through our edits, then through the source maps, the last made first. */
export function packPositions(origins: readonly Origin[], ...mappings: readonly string[]): string {
  return JSON.stringify([origins, ...mappings]);
}

/**
 * Where a place of the script stands in the source, both as line and column from 1 in UTF-16 units.
 * Undefined for what is no part of the source: frames there are best hidden.
 */
export function originalPosition(positions: string, line: number, column: number): Position | undefined {
  return readPositions(positions)(line, column);
}

/** `originalPosition` for many places of one script. */
export function readPositions(positions: string): (line: number, column: number) => Position | undefined {
  const [origins, ...mappings] = unpack(positions);
  const maps = mappings.map(sourceMap);
  return (line, column) => find(origins, maps, line, column);
}

function sourceMap(mappings: string): SourceMap {
  return new SourceMap({
    file: "",
    version: 3,
    sources: [""],
    sourcesContent: [],
    names: [],
    mappings,
    sourceRoot: "",
  });
}

function find(
  origins: readonly Origin[],
  maps: readonly SourceMap[],
  line: number,
  column: number,
): Position | undefined {
  const origin = origins.findLast(([atLine, atColumn]) => atLine < line || (atLine === line && atColumn <= column));
  if (origin === undefined || origin[4] === 2) return undefined;
  const [atLine, atColumn, fromLine, fromColumn, kind] = origin;
  const plain =
    kind === 1
      ? { line: fromLine, column: fromColumn }
      : line === atLine
        ? { line: fromLine, column: fromColumn + column - atColumn }
        : { line: fromLine + line - atLine, column };
  return maps.reduce<Position | undefined>((place, map) => place && through(map, place), plain);
}

function through(map: SourceMap, { line, column }: Position): Position | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  return "originalLine" in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : undefined;
}

function unpack(positions: string): readonly [readonly Origin[], ...string[]] {
  // Only `packPositions` writes these strings.
  return JSON.parse(positions) as [Origin[], ...string[]];
}

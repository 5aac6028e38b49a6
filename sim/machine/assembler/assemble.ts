import { nearest, UsageError, withDefaults } from "../../core/index.js";
import { rv64, type Isa } from "../instructions/index.js";
import { Reader } from "./reader.js";
import { State } from "./state.js";
import type { Fragment, Section } from "./model.js";
import { layOut, putInPlace } from "./layout.js";
import { Patcher, type Resolve } from "./patch.js";
import { AssemblyError, Mistake, problemOf } from "./problem.js";
import type { Program, ProgramSymbol, Segment, SourceLine } from "./program.js";
import { evaluateExpression } from "./expression.js";
import { splitStatements } from "./statement.js";
import { addressOf } from "./symbols.js";

export interface AssemblerOptions {
  /** The instructions that there are; `rv64` by default. A variant's own rows can be written, too. */
  readonly isa: Isa;
  /** Where the first section lies; 0x80000000, where a machine's memory begins, by default. */
  readonly origin: number | bigint;
  /** Where single sections lie, by their names: `{ ".data": 0x80010000 }`. The others follow each other. */
  readonly at: Readonly<Record<string, number | bigint>>;
  /** Whether instructions may become short ones without being written so, as GNU as does it; `.option` changes it. */
  readonly compress: boolean;
  /** The symbol to begin at; `_start` where the source has it. */
  readonly entry: string;
}

const defaults: AssemblerOptions = { isa: rv64, origin: 0x80000000, at: {}, compress: true, entry: "" };

/**
 * Assembles a source in the syntax of GNU as for RISC-V and puts its sections in place, as GNU as without relaxation and a
 * linker would: code, constants, data, zeros.
 * @throws AssemblyError, a UsageError, with every mistake that was found: line, column, a caret and how to mend it
 */
export function assemble(source: string, options?: Partial<AssemblerOptions>): Program {
  const { isa, origin, at, compress, entry } = withDefaults("assemble", options, defaults);
  const state = new State(isa, splitStatements(source), compress && isa.shortRows.length > 0);
  new Reader(state).read();
  const { sections, symbols, mistakes } = state;
  const fail = (): void => {
    if (mistakes.length === 0) return;
    const lines = source.split("\n");
    const problems = mistakes.map((mistake) => problemOf(mistake, lines));
    throw new AssemblyError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  };
  const keep = (mistake: Mistake): void => {
    mistakes.push(mistake);
  };
  for (const section of sections.all) layOut(section, keep);
  const fixed = new Map(Object.entries(at).map(([name, address]) => [name, BigInt(address)]));
  const placed = putInPlace(sections.all, BigInt(origin), fixed);
  const resolve = symbols.resolver();
  const patcher = new Patcher(isa, placed, resolve);
  const segments = placed.map((section) => segmentOf(section, patcher, state));
  fail();

  const named = namedSymbols(state, resolve);
  fail();
  const start = named.get(entry === "" ? "_start" : entry);
  if (entry !== "" && start === undefined) {
    throw new UsageError(
      `the source has no symbol "${entry}" to begin at`,
      `Did you mean "${nearest(entry, [...named.keys()]) ?? "_start"}"?`,
    );
  }
  return {
    source,
    entry: start?.value ?? segments[0]?.address ?? BigInt.asIntN(64, BigInt(origin)),
    segments: segments.sort((a, b) => order(a.address, b.address)),
    symbols: named,
    lines: linesOf(placed),
  };
}

const order = (a: bigint, b: bigint): number => (BigInt.asUintN(64, a) < BigInt.asUintN(64, b) ? -1 : a === b ? 0 : 1);

function segmentOf(section: Section, patcher: Patcher, state: State): Segment {
  const { name, size, flags } = section;
  const bytes = new Uint8Array(flags.empty ? 0 : size);
  for (const fragment of section.fragments) {
    if (flags.empty) {
      const { kind } = fragment;
      if (
        kind === "branch" ||
        (kind === "bytes" && (fragment.fixups.length > 0 || fragment.bytes.some((byte) => byte !== 0)))
      )
        emptyMistake(section, state);
      continue;
    }
    writeFragment(bytes, fragment, section, patcher, state);
  }
  const { writable, executable } = flags;
  return { name, address: BigInt.asIntN(64, section.address), size, bytes, writable, executable };
}

function emptyMistake({ name, lines }: Section, { mistakes }: State): void {
  const line = lines[0]?.line ?? 1;
  const statement = { text: name, line, column: 1 };
  mistakes.push(new Mistake({ statement, at: 0, length: 1 }, `${name} can't hold bytes`, "Put them into .data."));
}

function writeFragment(into: Uint8Array, fragment: Fragment, section: Section, patcher: Patcher, state: State): void {
  const { start, size } = fragment;
  switch (fragment.kind) {
    case "bytes":
      into.set(fragment.bytes, start);
      for (const fixup of fragment.fixups) {
        state.attempt(() => {
          into.set(patcher.bytes(fixup, addressOf({ section, fragment, offset: fixup.at })), start + fixup.at);
        });
      }
      return;
    case "branch":
      state.attempt(() => {
        into.set(patcher.branch(fragment, section), start);
      });
      return;
    case "fill":
      for (let i = 0; i < size; i++) into[start + i] = fragment.pattern[i % fragment.pattern.length] ?? 0;
      return;
    case "until":
      into.fill(fragment.fill, start, start + size);
      return;
    case "align":
      if (fragment.fill === "nops") into.set(nops(size), start);
      else for (let i = 0; i < size; i++) into[start + i] = fragment.fill[i % fragment.fill.length] ?? 0;
  }
}

/** Instructions that do nothing, as GNU as fills code with them: what is no multiple of 4 comes first. */
function nops(size: number): number[] {
  const bytes: number[] = [];
  if (size % 2 === 1) bytes.push(0);
  if (size % 4 >= 2) bytes.push(0x01, 0x00);
  while (bytes.length < size) bytes.push(0x13, 0, 0, 0);
  return bytes;
}

function namedSymbols(state: State, resolve: Resolve): ReadonlyMap<string, ProgramSymbol> {
  const named = new Map<string, ProgramSymbol>();
  for (const symbol of state.symbols.named) {
    const { name, definition, binding, type, size } = symbol;
    if (definition === undefined) continue;
    const place = { statement: { text: name, line: 1, column: 1 }, at: 0, length: 1 };
    state.attempt(() => {
      named.set(name, {
        name,
        value: resolve(symbol, place),
        ...(definition.kind === "place" ? { segment: definition.at.section.name } : {}),
        global: binding !== "local",
        ...(type === undefined ? {} : { type }),
        size: size === undefined ? 0 : Number(evaluateExpression(size, resolve)),
      });
    });
  }
  return named;
}

function linesOf(sections: readonly Section[]): readonly SourceLine[] {
  return sections
    .flatMap((section) =>
      section.lines.map(({ at, line }, index) => {
        const address = addressOf(at);
        const next = section.lines[index + 1];
        const end = next === undefined ? section.address + BigInt(section.size) : addressOf(next.at);
        return { address, size: Number(BigInt.asIntN(64, end - address)), line };
      }),
    )
    .filter(({ size }) => size > 0)
    .sort((a, b) => order(a.address, b.address));
}

/** What can stand in an assembler template: numbers, and text that is part of the source. */
export type Interpolated = number | bigint | string;

/**
 * Assembles what is written in a template: asm`li a0, ${n}`. Backslashes need no doubling.
 * @throws UsageError as `assemble`, and for an interpolation that is neither a whole number nor text
 */
export function asm(parts: TemplateStringsArray, ...values: readonly Interpolated[]): Program {
  const words = values.map((value) => {
    if (typeof value === "string" || typeof value === "bigint") return String(value);
    if (Number.isSafeInteger(value)) return String(value);
    throw new UsageError(
      `asm can't take ${typeof value === "number" ? value : `a value of type ${typeof value}`} into the source`,
      "Interpolate a whole number, a bigint or a string.",
    );
  });
  return assemble(String.raw({ raw: parts.raw }, ...words));
}

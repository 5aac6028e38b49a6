import { UsageError, type GroupView, type TableView, type TextView, type Viewable } from "../../core/index.js";
import { functionLines, type LocalNames, type WasmLine } from "../../wasm/index.js";
import { Disassembler } from "../disassembler/index.js";
import type { Hart } from "../hart/index.js";
import { describe, type Instruction } from "../instructions/index.js";
import type { Place } from "../stops.js";
import { translateUnit } from "../translate/unit.js";
import type { Unit } from "../translate/unit-source.js";
import { counter, countersView, ratio, valueOf, type Counter } from "./counter.js";
import { LessonEngine } from "./engine.js";
import { codePageAt, hex, type CodePageView, type LessonMachine } from "./guest.js";

/** One guest instruction and what became of it. */
export interface TranslatedLine {
  readonly address: bigint;
  readonly instruction: string;
  /** What it does, in the manual's notation: what was compiled. */
  readonly meaning: string;
  /** The WebAssembly of it alone, one instruction each. */
  readonly wasm: readonly string[];
  readonly wasmBytes: number;
}

/** Guest instructions beside the WebAssembly that stands for them. */
export class Translation implements Viewable {
  readonly title: string;
  readonly address: bigint;
  readonly lines: readonly TranslatedLine[];
  /** The whole function's instructions, with each guest instruction as a comment above what it became. */
  readonly wasm: string;
  readonly counters: readonly Counter[];
  readonly #part: string;

  constructor(parts: TranslationParts) {
    const { title, address, instructions, code, more } = parts;
    this.title = title;
    this.address = address;
    const text = new Disassembler({ symbols: parts.symbols });
    this.lines = instructions.map((placed) => {
      const own = code.filter((line) => line.of === placed.address);
      return {
        address: placed.address,
        instruction: text.line(placed.instruction.word, placed.address).text,
        meaning: describe(placed.instruction.row),
        wasm: own.map((line) => line.text),
        wasmBytes: sum(own.map((line) => line.length)),
      };
    });
    const spelled = new Map(this.lines.map((line) => [line.address, line.instruction]));
    this.wasm = textOf(code, spelled);
    const part = code.filter((line) => line.block);
    this.#part = textOf(part, spelled);
    const bytes = sum(part.map((line) => line.length));
    const guestBytes = sum(instructions.map(({ instruction }) => instruction.length));
    this.counters = [
      counter("guest instructions", instructions.length, "", "shown here"),
      counter("guest bytes", guestBytes, "B", "that they take"),
      counter("wasm instructions", part.length, "", "that they became, with what looks at the budget and goes on"),
      counter("wasm bytes", bytes, "B", "that those take"),
      counter("expansion", ratio(bytes, guestBytes), "", "WebAssembly's bytes for each of the guest's"),
      ...more,
    ];
  }

  /** @throws UsageError for a name that no counter has */
  counter(name: string): number {
    return valueOf(this.counters, name);
  }

  view(): GroupView {
    const guest: TableView = {
      as: "table",
      title: this.title,
      columns: [
        { key: "address" },
        { key: "instruction" },
        { key: "meaning" },
        { key: "count", label: "WebAssembly", unit: "instructions" },
        { key: "bytes", label: "in", unit: "B" },
      ],
      rows: this.lines.map(({ address, instruction, meaning, wasm, wasmBytes }) => ({
        address: hex(address),
        instruction,
        meaning,
        count: wasm.length,
        bytes: wasmBytes,
      })),
    };
    const wasm: TextView = { as: "text", text: this.#part };
    return { as: "group", views: [guest, wasm, countersView("What it took", this.counters)] };
  }
}

export interface TranslationParts {
  readonly title: string;
  readonly address: bigint;
  readonly instructions: readonly PlacedInstruction[];
  readonly code: readonly CodeLine[];
  readonly symbols: readonly { readonly name: string; readonly value: bigint }[];
  readonly more: readonly Counter[];
}

interface PlacedInstruction {
  readonly address: bigint;
  readonly instruction: Instruction;
}

/** A line of the function, and the guest instruction that it is part of, if any; whether it is of the block that is shown. */
export interface CodeLine extends WasmLine {
  readonly of: bigint | undefined;
  readonly block: boolean;
}

/** Where code of something begins. */
export interface CodeMark {
  readonly at: number;
  readonly of: bigint | undefined;
  readonly block: boolean;
}

/** The lines of a module's function `run`, each with the last mark before it. */
export function markedLines(module: Uint8Array, names: LocalNames, marks: readonly CodeMark[]): readonly CodeLine[] {
  let next = 0;
  let now: CodeMark = { at: 0, of: undefined, block: false };
  return functionLines(module, "run", names).map((line) => {
    for (let mark = marks[next]; mark !== undefined && mark.at <= line.offset; mark = marks[++next]) now = mark;
    return { ...line, of: now.of, block: now.block };
  });
}

/**
 * The block of guest code that an address is in, and the code of its unit: the one that the hart runs, or one that is made
 * for the occasion where the page has not been hot.
 * @throws UsageError where no instruction is
 */
export function translationAt(machine: LessonMachine, hart: Hart, at: Place): Translation {
  const address = machine.address(at);
  const offset = Number(BigInt.asUintN(12, address));
  const code = codePageAt(machine, hart, address);
  const made = unitAt(hart, code, offset);
  const { alignedOnly } = hart.translated.code;
  const unit =
    made ?? translateUnit({ page: code.page, entries: [offset], decode: code.decode, index: 0, alignedOnly });
  const block = blockAt(unit, offset);
  if (block.offsets.length === 0) {
    throw new UsageError(`there is no instruction at 0x${hex(address)}`, "Give a symbol or an address of code.");
  }
  const addressOf = (inPage: number): bigint => BigInt.asIntN(64, code.page + BigInt(inPage));
  const instructions = block.offsets.flatMap((inPage) => {
    const instruction = code.decode(inPage);
    return instruction === undefined ? [] : [{ address: addressOf(inPage), instruction }];
  });
  const marks = unit.marks.map(({ at: position, offset: inPage, part }) => ({
    at: position,
    of: part === "instruction" ? addressOf(inPage) : undefined,
    block: part === "instruction" ? block.offsets.includes(inPage) : inPage === block.offset,
  }));
  const { engine } = hart;
  const times = engine instanceof LessonEngine ? engine.executions?.(addressOf(block.offset)) : undefined;
  const seen = hart.translated.code.seenAt(code.page);
  return new Translation({
    title: `The block at ${hex(addressOf(block.offset))}`,
    address: addressOf(block.offset),
    instructions,
    code: markedLines(unit.module, unit.names(), marks),
    symbols: machine.symbols.map(({ name, address: value }) => ({ name, value })),
    more: [
      ...(times === undefined ? [] : [counter("executed", times, "", "times, as the engine on the hart has counted")]),
      counter("unit instructions", unit.instructions, "", "guest instructions of the page that are in the same unit"),
      counter("unit bytes", unit.module.length, "B", "of the unit's module"),
      counter(
        "translated",
        made === undefined ? 0 : 1,
        "",
        "1 where the hart runs this unit, 0 where it was made to be shown",
      ),
      counter("translations", seen?.translations ?? 0, "", "of the page so far"),
      counter("interpreted", seen?.heat ?? 0, "", "instructions of the page, since its last translation"),
    ],
  });
}

/** The unit that the hart has for an offset of a page, made again: the same page gives the same code. */
function unitAt(hart: Hart, { page, decode }: CodePageView, offset: number): Unit | undefined {
  const { alignedOnly } = hart.translated.code;
  const variant = hart.translated.code.seenAt(page);
  if (variant === undefined) return undefined;
  const entry = variant.entries.get(offset)?.unit;
  const candidates = entry === undefined ? [...variant.units] : [entry];
  return candidates
    .map(({ wanted, isCold, calls, index }) =>
      translateUnit({ page, entries: wanted, decode, isCold, calls, index, alignedOnly }),
    )
    .find(({ covered }) => covered.some(([at]) => at === offset));
}

/** The offsets of the instructions of the block that an offset is in. */
function blockAt(unit: Unit, offset: number): { readonly offset: number; readonly offsets: readonly number[] } {
  let block: number | undefined;
  const blocks = new Map<number, number[]>();
  for (const { part, offset: at } of unit.marks) {
    if (part === "begin") {
      block = at;
      blocks.set(at, []);
    } else if (part === "instruction") blocks.get(block ?? at)?.push(at);
  }
  const found = [...blocks].find(([, offsets]) => offsets.includes(offset));
  return found === undefined ? { offset, offsets: [] } : { offset: found[0], offsets: found[1] };
}

function textOf(lines: readonly CodeLine[], spelled: ReadonlyMap<bigint, string>): string {
  const least = Math.min(...lines.map(({ depth }) => depth));
  let of: bigint | undefined;
  return lines
    .flatMap((line) => {
      const indent = "  ".repeat(line.depth - least);
      const isNew = line.of !== undefined && line.of !== of;
      of = line.of;
      const said = line.of === undefined ? "" : ` ${spelled.get(line.of) ?? ""}`;
      return [...(isNew ? [`${indent};; ${hex(line.of)}${said}`] : []), indent + line.text];
    })
    .join("\n");
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

import type { Code } from "../../wasm/index.js";
import { candidatesOf, type Isa, type Row, type ShortRow } from "../instructions/index.js";
import { extractBits, type WordContext, type WordForm } from "./word-site.js";

/** Emits for an ISA's kind of instruction what is to be done; it doesn't go on behind that. */
type EmitKind = (name: string, row: Row, form: WordForm) => void;

/** Compiles the choice by a word's bits: which kind of instruction it is. */
export class WordChoice {
  readonly #isa: Isa;
  readonly #context: WordContext;
  readonly #code: Code;
  readonly #kind: EmitKind;

  constructor(isa: Isa, context: WordContext, kind: EmitKind) {
    this.#isa = isa;
    this.#context = context;
    this.#code = context.code;
    this.#kind = kind;
  }

  /** @param none the label to branch to where there is no such instruction */
  longWords(none: number): void {
    const opcodes = groupBy(candidatesOf(this.#isa).long, ({ match }) => (match >>> 2) & 31);
    this.#switch(
      32,
      () => {
        this.#bits(2, 31);
      },
      opcodes,
      (rows) => {
        if (!rows.every(({ format }) => (format.mask & 0x7000) === 0x7000)) {
          for (const row of rows) this.#longWord(row, 0x7f);
          return;
        }
        this.#switch(
          8,
          () => {
            this.#bits(12, 7);
          },
          groupBy(rows, ({ match }) => (match >>> 12) & 7),
          (same) => {
            for (const row of same) this.#longWord(row, 0x707f);
          },
          none,
        );
      },
      none,
    );
  }

  #longWord(row: Row, known: number): void {
    const { mask } = row.format;
    this.#where(mask & ~known ? [mask, row.match] : undefined, () => {
      this.#kind(row.name, row, { fields: row.format.fields, fixed: {}, same: {} });
    });
  }

  /** The same for words of 16 bits. */
  shortWords(none: number): void {
    this.#switch(
      4,
      () => {
        this.#bits(0, 3);
      },
      groupBy(candidatesOf(this.#isa).short, ({ match }) => match & 3),
      (quadrant) => {
        this.#switch(
          8,
          () => {
            this.#bits(13, 7);
          },
          groupBy(quadrant, ({ match }) => (match >>> 13) & 7),
          (rows) => {
            for (const row of rows) this.#shortWord(row);
          },
          none,
        );
      },
      none,
    );
  }

  #shortWord(short: ShortRow): void {
    const { mask, match, fields, fixed, same = {}, nonzero = [] } = short;
    this.#where(mask === 0xe003 ? undefined : [mask, match], () => {
      for (const field of nonzero) {
        const bits = fields[field];
        if (bits === undefined) continue;
        extractBits(this.#context, bits);
        this.#code.if();
      }
      this.#kind(short.name, this.#isa.row(short.means), { fields, fixed, same });
      for (const field of nonzero) if (fields[field] !== undefined) this.#code.op("end");
    });
  }

  #bits(from: number, mask: number): void {
    this.#code.get(this.#context.locals.word);
    this.#code.i32(from);
    this.#code.op("i32.shr_u");
    this.#code.i32(mask);
    this.#code.op("i32.and");
  }

  /** What `emit` emits, where the word has these bits under the mask. */
  #where(pattern: readonly [mask: number, match: number] | undefined, emit: () => void): void {
    if (pattern !== undefined) {
      this.#code.get(this.#context.locals.word);
      this.#code.i32(pattern[0]);
      this.#code.op("i32.and");
      this.#code.i32(pattern[1]);
      this.#code.op("i32.eq");
      this.#code.if();
    }
    emit();
    if (pattern !== undefined) this.#code.op("end");
  }

  /** To what `emit` makes of the group that the selector names, or to `none`; there, too, from the end of what it makes. */
  #switch<T>(
    count: number,
    selector: () => void,
    groups: ReadonlyMap<number, readonly T[]>,
    emit: (group: readonly T[]) => void,
    none: number,
  ): void {
    const labels = new Map<number, number>();
    for (const key of [...groups.keys()].reverse()) {
      this.#code.block();
      labels.set(key, this.#code.depth);
    }
    selector();
    this.#code.branchTable([...Array.from({ length: count }, (_, key) => labels.get(key) ?? none), none]);
    for (const group of groups.values()) {
      this.#code.op("end");
      emit(group);
      this.#code.branch(none);
    }
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

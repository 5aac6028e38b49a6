import type { FieldBits, Fields, Field } from "../instructions/index.js";
import { hartLayout } from "../layout.js";
import type { EmitContext, Locals } from "./context.js";
import { isFloat, type Site } from "./site.js";

/** Locals of the interpreter, those that meanings work with among them. */
export interface WordLocals extends Locals {
  /** The instruction's bits. */
  readonly word: number;
  readonly pc: number;
  /** The address behind the instruction, and where it leads to. */
  readonly next: number;
  readonly target: number;
  readonly budget: number;
  /** Why it goes back to the host behind this instruction; 0 where it needn't. */
  readonly outcome: number;
}

export interface WordContext extends EmitContext {
  readonly locals: WordLocals;
  /** Goes back to the host, as if the instruction had not begun. */
  readonly undo: () => void;
}

/** How a kind of instruction, long or short, says its operands. */
export interface WordForm {
  readonly fields: Fields;
  /** Fields that its bits don't name. Those that neither are named here are 0. */
  readonly fixed: Readonly<Partial<Record<Field, number>>>;
  /** Fields that are another one here. */
  readonly same: Readonly<Partial<Record<Field, Field>>>;
}

/** Any instruction of one kind: operands are in its bits, registers where the hart keeps them. */
export class WordSite implements Site {
  readonly pc: undefined;
  readonly next: undefined;
  readonly branchesElsewhere = false;
  readonly usesFloats = false;
  readonly lastPage: undefined;
  readonly miss: undefined;
  readonly #context: WordContext;
  readonly #form: WordForm;
  readonly #jumped: () => void;

  /** @param jumped emitted behind a jump that is taken */
  constructor(context: WordContext, form: WordForm, jumped: () => void) {
    this.#context = context;
    this.#form = form;
    this.#jumped = jumped;
  }

  known(field: Field): number | undefined {
    const name = this.#form.same[field] ?? field;
    return this.#form.fields[name] === undefined ? (this.#form.fixed[name] ?? 0) : undefined;
  }

  number(field: Field): void {
    const bits = this.#bits(field);
    if (bits === undefined) this.#context.code.i32(this.known(field) ?? 0);
    else extractBits(this.#context, bits);
  }

  address(which: "pc" | "next"): void {
    this.#context.code.get(this.#context.locals[which]);
  }

  get(field: Field): void {
    const offset = this.#place(field);
    this.#context.code.access("i64.load", offset);
  }

  set(field: Field, value: () => void): void {
    const { code, locals, variable } = this.#context;
    const result = variable("set");
    value();
    code.set(result);
    const offset = this.#place(field);
    code.get(result);
    code.access("i64.store", offset);
    if (isFloat(field)) return;
    // It may have been x0.
    code.get(locals.hart);
    code.i64(0n);
    code.access("i64.store", hartLayout.x);
  }

  jump(_known: bigint | undefined, target: () => void): void {
    target();
    this.#context.code.set(this.#context.locals.target);
    this.#jumped();
  }

  budget(): void {
    this.#context.code.get(this.#context.locals.budget);
  }

  undo(): void {
    this.#context.undo();
  }

  #bits(field: Field): FieldBits | undefined {
    return this.#form.fields[this.#form.same[field] ?? field];
  }

  /** Leaves the address of a register on the stack, but for the offset that it returns. */
  #place(field: Field): number {
    const { code, locals } = this.#context;
    const start = isFloat(field) ? hartLayout.f : hartLayout.x;
    const bits = this.#bits(field);
    code.get(locals.hart);
    if (bits === undefined) return start + 8 * (this.known(field) ?? 0);
    extractBits(this.#context, { ...bits, base: 0 });
    code.i32(3);
    code.op("i32.shl");
    code.op("i32.add");
    return start + 8 * bits.base;
  }
}

/** Leaves the number that the word's bits say, as an i32. */
export function extractBits({ code, locals }: WordContext, { pieces, signed, base }: FieldBits): void {
  const top = Math.max(...pieces.map(({ to, count }) => to + count));
  pieces.forEach(({ from, count, to }, index) => {
    // A sign at the word's top comes down with its bits.
    const isSign = signed && to + count === top && from + count === 32;
    code.get(locals.word);
    if (from > 0) {
      code.i32(from);
      code.op(isSign ? "i32.shr_s" : "i32.shr_u");
    }
    if (!isSign && from + count < 32) {
      code.i32(2 ** count - 1);
      code.op("i32.and");
    }
    if (to > 0) {
      code.i32(to);
      code.op("i32.shl");
    }
    if (index > 0) code.op("i32.or");
  });
  const isExtended = pieces.some(({ from, count, to }) => to + count === top && from + count === 32);
  if (signed && !isExtended && top < 32) {
    code.i32(32 - top);
    code.op("i32.shl");
    code.i32(32 - top);
    code.op("i32.shr_s");
  }
  if (base !== 0) {
    code.i32(base);
    code.op("i32.add");
  }
}

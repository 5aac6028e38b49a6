import type { Field, Instruction } from "../instructions/index.js";
import type { UnitContext } from "./context.js";
import type { LastPage } from "./loop-pages.js";

/**
 * Where a meaning is compiled for: what is known of the instruction's operands by then, where the others come from, and
 * what becomes of its effects.
 */
export interface Site {
  /** The number that stands in the instruction's field; undefined where that shows at run time only. */
  known(field: Field): number | undefined;
  /** The addresses of this instruction and of the one behind it, where they are known. */
  readonly pc: bigint | undefined;
  readonly next: bigint | undefined;
  /** Leaves what isn't known on the stack: a field's number as an i32; an address. */
  number(field: Field): void;
  address(which: "pc" | "next"): void;
  /** Leaves the content of the register that the field names on the stack. */
  get(field: Field): void;
  /** Gives the register that the field names the value that `value` leaves on the stack. */
  set(field: Field, value: () => void): void;
  /** Jumps under a condition are somebody else's to make. */
  readonly branchesElsewhere: boolean;
  /** @param known the target, where it is */
  jump(known: bigint | undefined, target: () => void): void;
  /** Whether the floating-point registers are known to be on and dirty. */
  readonly usesFloats: boolean;
  /** The page that its access found last, where that is kept. */
  readonly lastPage: LastPage | undefined;
  /** Leaves the budget before this instruction on the stack. */
  budget(): void;
  /** Leaves for the host, as if this instruction had not begun. */
  undo(): void;
  /** The same, so that somebody else executes it, where that is how rare cases are dealt with. Code without calls keeps registers. */
  readonly miss: (() => void) | undefined;
}

export const isFloat = (field: Field): boolean => field.startsWith("f");

/** An instruction of a unit: all that its bits say is known, and registers are locals. */
export class UnitSite implements Site {
  readonly #unit: UnitContext;
  readonly #instruction: Instruction;
  /** How many instructions of its block stand behind it. */
  readonly #behind: number;
  readonly pc: bigint;
  readonly next: bigint;
  readonly branchesElsewhere = true;
  /** The local that holds the target of a jump that is computed. */
  target: number | undefined;

  readonly usesFloats: boolean;
  readonly lastPage: LastPage | undefined;

  constructor(
    unit: UnitContext,
    instruction: Instruction,
    pc: bigint,
    behind: number,
    { usesFloats = false, lastPage }: Partial<Pick<Site, "usesFloats" | "lastPage">> = {},
  ) {
    this.usesFloats = usesFloats;
    this.lastPage = lastPage;
    this.#unit = unit;
    this.#instruction = instruction;
    this.#behind = behind;
    this.pc = pc;
    this.next = BigInt.asIntN(64, pc + BigInt(instruction.length));
  }

  known(field: Field): number {
    return this.#instruction.fields[field];
  }

  number(field: Field): void {
    this.#unit.code.i32(this.known(field));
  }

  address(which: "pc" | "next"): void {
    this.#unit.code.i64(this[which]);
  }

  get(field: Field): void {
    this.#unit.code.get(this.#register(field));
  }

  set(field: Field, value: () => void): void {
    value();
    this.#unit.code.set(this.#register(field));
  }

  jump(known: bigint | undefined, target: () => void): void {
    if (known !== undefined) return;
    this.target = this.#unit.variable("target");
    target();
    this.#unit.code.set(this.target);
  }

  budget(): void {
    const { code, locals } = this.#unit;
    // The whole block has been taken off.
    code.get(locals.budget);
    code.i64(BigInt(this.#behind + 1));
    code.op("i64.add");
  }

  undo(): void {
    this.#back();
    this.#unit.exit();
  }

  get miss(): (() => void) | undefined {
    const { miss } = this.#unit;
    if (miss === undefined) return undefined;
    return () => {
      this.#back();
      miss();
    };
  }

  #back(): void {
    const { code, locals } = this.#unit;
    code.i64(this.pc);
    code.set(locals.pc);
    this.budget();
    code.set(locals.budget);
  }

  #register(field: Field): number {
    const { locals } = this.#unit;
    return isFloat(field) ? locals.f(this.known(field)) : locals.x(this.known(field));
  }
}

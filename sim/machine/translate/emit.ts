import type { Code, MemoryAccess, Plain } from "../../wasm/index.js";
import type { Effect, Field, Instruction, Operator, Routine, Term, Width } from "../instructions/index.js";
import { attention, entrySize, hartLayout, pageBits, pageSize, tlbEntries } from "../layout.js";

/** Functions that translated code calls, by their numbers in the module. */
export interface Callees {
  /** (hart, address, width) → the sign-extended content */
  readonly load: number;
  /** As `load`, with a store's permissions. */
  readonly loadToStore: number;
  /** (hart, address, width, value) */
  readonly store: number;
  /** What WebAssembly has no instruction for, or one that traps: (a, b) → result */
  readonly operator: (operator: Operator) => number;
  /** (hart, three operands) → answer */
  readonly routine: (routine: Routine) => number;
}

/** What the instructions of a unit share. */
export interface UnitLocals {
  /** The hart's base in memory. */
  readonly hart: number;
  /** Its TLB context. */
  readonly context: number;
  /** Where control goes on outside of the unit. */
  readonly pc: number;
  /** How many instructions remain. */
  readonly budget: number;
  /** Scratch: an address, a TLB entry's address, a value. */
  readonly address: number;
  readonly entry: number;
  readonly scratch: number;
  /** The local that stands for an integer register. */
  readonly x: (register: number) => number;
}

export interface UnitContext {
  readonly code: Code;
  readonly locals: UnitLocals;
  readonly callees: Callees;
  /** Leaves the unit for the host, with `pc` and `budget` set. */
  readonly exit: () => void;
}

const direct: Readonly<Partial<Record<Operator, Plain>>> = {
  add: "i64.add",
  subtract: "i64.sub",
  and: "i64.and",
  or: "i64.or",
  xor: "i64.xor",
  shiftLeft: "i64.shl",
  shiftRight: "i64.shr_u",
  shiftRightSigned: "i64.shr_s",
  multiply: "i64.mul",
};

const comparisons: Readonly<Partial<Record<Operator, Plain>>> = {
  equal: "i64.eq",
  notEqual: "i64.ne",
  less: "i64.lt_s",
  lessUnsigned: "i64.lt_u",
};

const loads: Readonly<Record<Width, readonly [signed: MemoryAccess, unsigned: MemoryAccess]>> = {
  8: ["i64.load8_s", "i64.load8_u"],
  16: ["i64.load16_s", "i64.load16_u"],
  32: ["i64.load32_s", "i64.load32_u"],
  64: ["i64.load", "i64.load"],
};

const stores: Readonly<Record<Width, MemoryAccess>> = {
  8: "i64.store8",
  16: "i64.store16",
  32: "i64.store32",
  64: "i64.store",
};

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Compiles one instruction's meaning for the operands that it has. */
export class InstructionEmitter {
  readonly #unit: UnitContext;
  readonly #instruction: Instruction;
  /** Its address. */
  readonly #pc: bigint;
  /** How many instructions of its block stand behind it. */
  readonly #behind: number;
  readonly #variables = new Map<string, number>();
  /** The target of a jump that is computed: the local that holds it. */
  target: number | undefined;

  constructor(unit: UnitContext, instruction: Instruction, pc: bigint, behind: number) {
    this.#unit = unit;
    this.#instruction = instruction;
    this.#pc = pc;
    this.#behind = behind;
  }

  /** Emits everything but a jump to a known place, which the unit makes. */
  effects(effects: readonly Effect[]): void {
    for (const effect of effects) this.#effect(effect);
  }

  /** Emits the condition, as an i32, under which a branch is taken. */
  branchCondition(): void {
    for (const effect of this.#instruction.row.meaning) {
      if (effect.kind === "when" && effect.effects.some(({ kind }) => kind === "jump"))
        this.#condition(effect.condition);
    }
  }

  #effect(effect: Effect): void {
    const { code, locals, callees } = this.#unit;
    switch (effect.kind) {
      case "set": {
        const { rd } = this.#instruction.fields;
        if (rd === 0) return;
        this.#term(effect.value);
        code.set(locals.x(rd));
        return;
      }
      case "load":
        this.#term(effect.address);
        code.set(locals.address);
        this.#load(effect.width, effect.signed, hartLayout.readTlb, callees.load);
        code.set(this.#variable(effect.name));
        return;
      case "store":
        this.#term(effect.address);
        code.set(locals.address);
        this.#term(effect.value);
        code.set(locals.scratch);
        this.#store(effect.width);
        return;
      case "exchange":
        this.#term(effect.address);
        code.set(locals.address);
        this.#load(effect.width, true, hartLayout.writeTlb, callees.loadToStore, true);
        code.set(this.#variable(effect.name));
        this.#term(effect.value);
        code.set(locals.scratch);
        this.#store(effect.width);
        return;
      case "jump":
        if (this.#constant(effect.target) !== undefined) return;
        this.target = code.local("i64");
        this.#term(effect.target);
        code.set(this.target);
        return;
      case "when":
        if (effect.effects.some(({ kind }) => kind === "jump")) return;
        this.#condition(effect.condition);
        code.if();
        this.effects(effect.effects);
        code.op("end");
        return;
      case "call":
        this.#call(effect.routine, effect.operands, effect.name);
    }
  }

  #call(routine: Routine, operands: readonly Term[], name: string | undefined): void {
    const { code, locals, callees } = this.#unit;
    // The host may look at the count, as it was before this instruction.
    code.get(locals.hart);
    code.get(locals.budget);
    code.i64(BigInt(this.#behind + 1));
    code.op("i64.add");
    code.access("i64.store", hartLayout.budget);
    code.get(locals.hart);
    for (let i = 0; i < 3; i++) {
      const operand = operands[i];
      if (operand === undefined) code.i64(0n);
      else this.#term(operand);
    }
    code.call(callees.routine(routine));
    if (name === undefined) code.op("drop");
    else code.set(this.#variable(name));
    this.#leaveAtFault(true);
  }

  /** Leaves the page's content at `address` on the stack, from the TLB's page or from the host. */
  #load(width: Width, signed: boolean, tlb: number, slow: number, aligned = false): void {
    const { code, locals } = this.#unit;
    this.#lookUp(tlb, width, aligned);
    code.if("i64");
    this.#hostAddress(tlb);
    code.access(loads[width][signed ? 0 : 1], 0);
    code.op("else");
    code.get(locals.hart);
    code.get(locals.address);
    code.i32(width);
    code.call(slow);
    if (!signed) this.#zeroExtend(width);
    this.#leaveAtFault();
    code.op("end");
  }

  /** Stores `scratch` at `address`. */
  #store(width: Width): void {
    const { code, locals, callees } = this.#unit;
    this.#lookUp(hartLayout.writeTlb, width);
    code.if();
    this.#hostAddress(hartLayout.writeTlb);
    code.get(locals.scratch);
    code.access(stores[width], 0);
    code.op("else");
    code.get(locals.hart);
    code.get(locals.address);
    code.i32(width);
    code.get(locals.scratch);
    code.call(callees.store);
    this.#leaveAtFault();
    code.op("end");
  }

  /**
   * Leaves on the stack whether the TLB has the page. The tag is made of the access's last byte and the entry chosen by
   * its first: an access across two pages finds no entry. One that has to be aligned keeps the bits in its tag that must
   * be 0, which no entry has.
   */
  #lookUp(tlb: number, width: Width, aligned = false): void {
    const { code, locals } = this.#unit;
    code.get(locals.address);
    code.op("i32.wrap_i64");
    code.i32(pageBits - Math.log2(entrySize));
    code.op("i32.shr_u");
    code.i32((tlbEntries - 1) * entrySize);
    code.op("i32.and");
    code.get(locals.hart);
    code.op("i32.add");
    code.tee(locals.entry);
    code.access("i64.load", tlb);
    code.get(locals.address);
    if (width > 8 && !aligned) {
      code.i64(BigInt(width / 8 - 1));
      code.op("i64.add");
    }
    code.i64(BigInt(aligned ? -pageSize | (width / 8 - 1) : -pageSize));
    code.op("i64.and");
    code.get(locals.context);
    code.op("i64.or");
    code.op("i64.eq");
  }

  #hostAddress(tlb: number): void {
    const { code, locals } = this.#unit;
    code.get(locals.address);
    code.op("i32.wrap_i64");
    code.get(locals.entry);
    code.access("i32.load", tlb + 8);
    code.op("i32.add");
  }

  /**
   * Behind a call of the host: back to it where there is a fault, as if this instruction had not begun.
   * @param routine whether the host may also have asked to be come back to behind the instruction
   */
  #leaveAtFault(routine = false): void {
    const { code, locals, exit } = this.#unit;
    code.get(locals.hart);
    code.access("i32.load", hartLayout.fault);
    if (routine) {
      code.i32(attention.undone);
      code.op("i32.eq");
    }
    code.if();
    code.i64(this.#pc);
    code.set(locals.pc);
    code.get(locals.budget);
    code.i64(BigInt(this.#behind + 1));
    code.op("i64.add");
    code.set(locals.budget);
    exit();
    code.op("end");
  }

  #variable(name: string): number {
    const known = this.#variables.get(name);
    if (known !== undefined) return known;
    const local = this.#unit.code.local("i64");
    this.#variables.set(name, local);
    return local;
  }

  /** Leaves the term's value on the stack, as an i64. */
  #term(term: Term): void {
    const { code, locals, callees } = this.#unit;
    const known = this.#constant(term);
    if (known !== undefined) {
      code.i64(known);
      return;
    }
    switch (term.kind) {
      case "register":
        code.get(locals.x(this.#field(term.field)));
        return;
      case "variable":
        code.get(this.#variable(term.name));
        return;
      case "binary": {
        if (comparisons[term.operator] !== undefined) {
          this.#condition(term);
          code.op("i64.extend_i32_u");
          return;
        }
        this.#term(term.left);
        // Adding nothing is how a register is copied and a plain address made.
        if (term.operator === "add" && this.#constant(term.right) === 0n) return;
        this.#term(term.right);
        const plain = direct[term.operator];
        if (plain === undefined) code.call(callees.operator(term.operator));
        else code.op(plain);
        return;
      }
      case "extend":
        this.#term(term.value);
        if (term.width === 64) return;
        if (term.signed) code.op(`i64.extend${term.width}_s`);
        else this.#zeroExtend(term.width);
        return;
      case "choose":
        this.#term(term.yes);
        this.#term(term.no);
        this.#condition(term.condition);
        code.op("select");
        return;
      case "constant":
      case "field":
      case "pc":
      case "next":
        return;
    }
  }

  /** Leaves on the stack whether the term is other than 0, as an i32. */
  #condition(term: Term): void {
    const { code } = this.#unit;
    const comparison = term.kind === "binary" ? comparisons[term.operator] : undefined;
    if (term.kind !== "binary" || comparison === undefined) {
      this.#term(term);
      code.i64(0n);
      code.op("i64.ne");
    } else if (term.operator === "equal" && this.#constant(term.right) === 0n && isComparison(term.left)) {
      this.#condition(term.left);
      code.op("i32.eqz");
    } else {
      this.#term(term.left);
      this.#term(term.right);
      code.op(comparison);
    }
  }

  #zeroExtend(width: Width): void {
    if (width === 64) return;
    this.#unit.code.i64(2n ** BigInt(width) - 1n);
    this.#unit.code.op("i64.and");
  }

  #field(field: Field): number {
    return this.#instruction.fields[field];
  }

  /** The term's value where this instruction's bits and place determine it. */
  #constant(term: Term): bigint | undefined {
    switch (term.kind) {
      case "constant":
        return term.value;
      case "field":
        return BigInt(this.#field(term.field));
      case "register":
        return this.#field(term.field) === 0 ? 0n : undefined;
      case "pc":
        return this.#pc;
      case "next":
        return wrap(this.#pc + BigInt(this.#instruction.length));
      case "binary": {
        const left = this.#constant(term.left);
        const right = left === undefined ? undefined : this.#constant(term.right);
        return left === undefined || right === undefined || term.operator !== "add" ? undefined : wrap(left + right);
      }
      case "variable":
      case "extend":
      case "choose":
        return undefined;
    }
  }
}

function isComparison(term: Term): boolean {
  return term.kind === "binary" && comparisons[term.operator] !== undefined;
}

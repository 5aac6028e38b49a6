import type { Plain } from "../../wasm/index.js";
import type { Effect, Field, Instruction, Operator, Routine, Term } from "../instructions/index.js";
import { attention, hartLayout } from "../layout.js";
import { MemoryEmitter, zeroExtend } from "./access.js";
import type { UnitContext } from "./context.js";

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

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Compiles one instruction's meaning for the operands that it has. */
export class InstructionEmitter {
  readonly #unit: UnitContext;
  readonly #access: MemoryEmitter;
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
    this.#access = new MemoryEmitter(unit, () => {
      this.#leaveAtFault();
    });
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
        if (effect.field === "rd" && this.#field("rd") === 0) return;
        this.#term(effect.value);
        code.set(this.#register(effect.field));
        return;
      }
      case "load":
        this.#term(effect.address);
        code.set(locals.address);
        this.#access.load(effect.width, effect.signed);
        code.set(this.#variable(effect.name));
        return;
      case "store":
        this.#term(effect.address);
        code.set(locals.address);
        this.#term(effect.value);
        code.set(locals.scratch);
        this.#access.store(effect.width);
        return;
      case "exchange":
        this.#term(effect.address);
        code.set(locals.address);
        this.#access.loadToStore(effect.width);
        code.set(this.#variable(effect.name));
        this.#term(effect.value);
        code.set(locals.scratch);
        this.#access.store(effect.width);
        return;
      case "float": {
        const { operation, width, operands } = effect;
        code.get(locals.hart);
        code.i32(this.#field("rm"));
        for (const operand of operands) this.#term(operand);
        code.call(callees.float(operation, width, operands.length));
        code.set(this.#variable(effect.name));
        // The modes 0 to 4 there are always; whether frm holds one shows at run time.
        if (this.#field("rm") > 4) this.#leaveAtFault();
        return;
      }
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
        if (effect.routine === "useFloats") this.#useFloats();
        else this.#call(effect.routine, effect.operands, effect.name);
    }
  }

  #useFloats(): void {
    const { code, locals } = this.#unit;
    code.get(locals.hart);
    code.access("i32.load", hartLayout.floats);
    code.op("i32.eqz");
    code.if();
    this.#call("useFloats", [], undefined);
    code.op("end");
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
    code.call(
      callees.routine(
        routine,
        operands.map((operand) => this.#operand(operand)),
      ),
    );
    if (name === undefined) code.op("drop");
    else code.set(this.#variable(name));
    this.#leaveAtFault(true);
  }

  /** Leaves an operand of a routine on the stack: what the instruction itself says as an i32, which is cheaper to hand over. */
  #operand(term: Term): "i32" | "i64" {
    const { code } = this.#unit;
    if (term.kind === "constant") code.i32(Number(term.value));
    else if (term.kind === "field") code.i32(this.#field(term.field));
    else if (isComparison(term)) this.#condition(term);
    else {
      this.#term(term);
      return "i64";
    }
    return "i32";
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
    const { code, callees } = this.#unit;
    const known = this.#constant(term);
    if (known !== undefined) {
      code.i64(known);
      return;
    }
    switch (term.kind) {
      case "register":
        code.get(this.#register(term.field));
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
        else zeroExtend(code, term.width);
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

  /** The local of the register that a field names. */
  #register(field: Field): number {
    const register = this.#field(field);
    return field.startsWith("f") ? this.#unit.locals.f(register) : this.#unit.locals.x(register);
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
        return !term.field.startsWith("f") && this.#field(term.field) === 0 ? 0n : undefined;
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

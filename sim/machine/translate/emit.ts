import type { Plain } from "../../wasm/index.js";
import type { Effect, Meaning, Operator, Routine, Term } from "../instructions/index.js";
import { attention, hartLayout } from "../layout.js";
import { plainCsr, privilegeNeeded } from "../plain-csrs.js";
import { MemoryEmitter, zeroExtend } from "./access.js";
import { isAccess, isPlainAccess } from "./blocks.js";
import { dynamicRounding, type EmitContext } from "./context.js";
import { emitShortcut } from "./floats/shortcuts.js";
import { divide, isDivision } from "./operators.js";
import { isFloat, type Site } from "./site.js";

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

const big = (number: number | undefined): bigint | undefined => (number === undefined ? undefined : BigInt(number));
const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Compiles a meaning for one site. */
export class MeaningEmitter {
  readonly #context: EmitContext;
  readonly #site: Site;
  readonly #access: MemoryEmitter;

  constructor(context: EmitContext, site: Site) {
    this.#context = context;
    this.#site = site;
    this.#access = new MemoryEmitter(context, site, () => {
      this.#leaveAtFault();
    });
  }

  effects(effects: readonly Effect[]): void {
    for (const effect of effects) this.#effect(effect);
  }

  /** Emits the condition, as an i32, under which a branch is taken. */
  branchCondition(meaning: Meaning): void {
    for (const effect of meaning) {
      if (effect.kind === "when" && effect.effects.some(({ kind }) => kind === "jump"))
        this.#condition(effect.condition);
    }
  }

  #effect(effect: Effect): void {
    const { code, locals, callees } = this.#context;
    const site = this.#site;
    switch (effect.kind) {
      case "set": {
        if (effect.field === "rd" && site.known("rd") === 0) return;
        site.set(effect.field, () => {
          this.#term(effect.value);
        });
        return;
      }
      case "load":
        this.#term(effect.address);
        code.set(locals.address);
        this.#access.loadInto(this.#context.variable(effect.name), effect.width, effect.signed);
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
        code.set(this.#context.variable(effect.name));
        this.#term(effect.value);
        code.set(locals.scratch);
        this.#access.store(effect.width);
        return;
      case "float": {
        const { operation, width, operands } = effect;
        const [result, rm] = [this.#context.variable(effect.name), site.known("rm")];
        const emitted = operands.map((operand) => () => {
          this.#term(operand);
        });
        code.block();
        const isShort = emitShortcut(this.#context, operation, width, rm, emitted, result, code.depth);
        if (isShort && site.miss !== undefined) site.miss();
        else {
          code.get(locals.hart);
          site.number("rm");
          for (const operand of emitted) operand();
          code.call(callees.float(operation, width, operands.length));
          code.set(result);
          // The modes 0 to 4 there are always; whether frm holds one shows at run time.
          if ((rm ?? dynamicRounding) > 4) this.#leaveAtFault();
        }
        code.op("end");
        return;
      }
      case "jump":
        site.jump(this.#constant(effect.target), () => {
          this.#term(effect.target);
        });
        return;
      case "when":
        if (site.branchesElsewhere && effect.effects.some(({ kind }) => kind === "jump")) return;
        this.#condition(effect.condition);
        code.if();
        this.effects(effect.effects);
        code.op("end");
        return;
      case "call":
        if (effect.routine === "useFloats") this.#useFloats();
        else if (isPlainAccess(effect.routine, site.known("csr"))) this.#plainAccess(effect);
        else if (effect.routine === "breakpoint") this.#leaveFor("breakpoint");
        else {
          if (isAccess(effect.routine)) this.#leaveAtRefusal(site.known("csr"));
          this.#call(effect.routine, effect.operands, effect.name);
        }
    }
  }

  #useFloats(): void {
    if (this.#site.usesFloats) return;
    const { code, locals } = this.#context;
    code.get(locals.hart);
    code.access("i32.load", hartLayout.floats);
    code.op("i32.eqz");
    code.if();
    if (this.#site.miss === undefined) this.#call("useFloats", [], undefined);
    else this.#site.miss();
    code.op("end");
  }

  /** A plain CSR, where the hart keeps it. */
  #plainAccess({ routine, operands, name }: Effect & { readonly kind: "call" }): void {
    const { code, locals, variable } = this.#context;
    const csr = plainCsr(this.#site.known("csr"));
    const operand = operands[1];
    if (csr === undefined || operand === undefined || name === undefined) return;
    this.#leaveAtRefusal(csr.number);
    // Reading has no side effects, nor has setting or clearing no bits.
    const old = variable(name);
    code.get(locals.hart);
    code.access("i64.load", csr.place);
    code.set(old);
    if (routine !== "writeCsr" && this.#constant(operand) === 0n) return;
    code.get(locals.hart);
    this.#term(operand);
    if (routine === "setCsr") {
      code.get(old);
      code.op("i64.or");
    } else if (routine === "clearCsr") {
      code.i64(-1n);
      code.op("i64.xor");
      code.get(old);
      code.op("i64.and");
    }
    if (csr.mask !== -1n) {
      code.i64(csr.mask);
      code.op("i64.and");
    }
    code.access("i64.store", csr.place);
  }

  /** Back to the host, as if this instruction had not begun, where the hart's privilege is too low for the CSR. */
  #leaveAtRefusal(number: number | undefined): void {
    const { code, locals } = this.#context;
    const needed = number === undefined ? 0 : leastPrivilege(number);
    if (needed === 0) return;
    code.get(locals.hart);
    code.access("i32.load", hartLayout.privilege);
    code.i32(needed);
    code.op("i32.lt_s");
    code.if();
    this.#leaveFor("refused");
    code.op("end");
  }

  #leaveFor(reason: keyof typeof attention): void {
    const { code, locals } = this.#context;
    code.get(locals.hart);
    code.i32(attention[reason]);
    code.access("i32.store", hartLayout.fault);
    this.#site.undo();
  }

  #call(routine: Routine, operands: readonly Term[], name: string | undefined): void {
    const { code, locals, callees } = this.#context;
    // The host may look at the count, as it was before this instruction.
    code.get(locals.hart);
    this.#site.budget();
    code.access("i64.store", hartLayout.budget);
    code.get(locals.hart);
    code.call(
      callees.routine(
        routine,
        operands.map((operand) => this.#operand(operand)),
      ),
    );
    if (name === undefined) code.op("drop");
    else code.set(this.#context.variable(name));
    this.#leaveAtFault(true);
  }

  /** Leaves an operand of a routine on the stack: what the instruction itself says as an i32, which is cheaper to hand over. */
  #operand(term: Term): "i32" | "i64" {
    const { code } = this.#context;
    if (term.kind === "constant") code.i32(Number(term.value));
    else if (term.kind === "field") this.#site.number(term.field);
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
    const { code, locals } = this.#context;
    code.get(locals.hart);
    code.access("i32.load", hartLayout.fault);
    if (routine) {
      code.i32(attention.undone);
      code.op("i32.eq");
    }
    code.if();
    this.#site.undo();
    code.op("end");
  }

  /** Leaves the term's value on the stack, as an i64. */
  #term(term: Term): void {
    const { code, callees } = this.#context;
    const known = this.#constant(term);
    if (known !== undefined) {
      code.i64(known);
      return;
    }
    switch (term.kind) {
      case "register":
        this.#site.get(term.field);
        return;
      case "variable":
        code.get(this.#context.variable(term.name));
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
        if (isDivision(term.operator)) {
          // A call would have the registers of all loops around it written to the stack.
          const [dividend, divisor] = [this.#context.variable("dividend"), this.#context.variable("divisor")];
          code.set(divisor);
          code.set(dividend);
          divide(code, term.operator, dividend, divisor);
          return;
        }
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
      case "field":
        this.#site.number(term.field);
        code.op("i64.extend_i32_s");
        return;
      case "pc":
      case "next":
        this.#site.address(term.kind);
        return;
      case "constant":
        return;
    }
  }

  /** Leaves on the stack whether the term is other than 0, as an i32. */
  #condition(term: Term): void {
    const { code } = this.#context;
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

  /** The term's value where the site knows it. */
  #constant(term: Term): bigint | undefined {
    switch (term.kind) {
      case "constant":
        return term.value;
      case "field":
        return big(this.#site.known(term.field));
      case "register":
        return !isFloat(term.field) && this.#site.known(term.field) === 0 ? 0n : undefined;
      case "pc":
        return this.#site.pc;
      case "next":
        return this.#site.next;
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

/** The least that may be enough: a hypervisor's CSRs are its supervisor mode's, and whether that is here shows at run time. */
function leastPrivilege(csr: number): number {
  const needed = privilegeNeeded(csr);
  return needed === 2 ? 1 : needed;
}

function isComparison(term: Term): boolean {
  return term.kind === "binary" && comparisons[term.operator] !== undefined;
}

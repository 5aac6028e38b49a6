import { computeFloat, type Rounding } from "../float/index.js";
import type { Instruction } from "./decode.js";
import type { Effect, Field, Operator, Routine, Term, Width } from "./meaning.js";

/**
 * Why an instruction did not happen: mcause's exception code and what goes into mtval (privileged ISA). Of an illegal
 * instruction that is its bits, which the hart adds.
 */
export interface Exception {
  readonly cause: number;
  readonly value: bigint;
  /** Where the value is a guest's virtual address although V is 0, or there is more to say of it. */
  readonly guest?: GuestFault;
}

/** What the hypervisor extension tells of a fault at a guest's virtual address. */
export interface GuestFault {
  /** The guest physical address that the hypervisor's tables don't allow, shifted right by 2 bits; 0 where there is none. */
  readonly address: bigint;
  /** Whether it was a page table's of the guest, which the hart read or marked by itself. */
  readonly implicit?: "read" | "write";
}

/** What instructions act on, as the evaluator sees it. Numbers are signed, addresses the low 64 bits of one. */
export interface HartState {
  /** x0 holds 0; nothing writes it. */
  readonly x: BigInt64Array;
  pc: bigint;
  /** The floating-point registers; what is narrower than 64 bits is boxed in ones. */
  readonly f: BigInt64Array;
  /** The CSR frm. */
  readonly roundingMode: number;
  /** Accrues flags in the CSR fflags. */
  raise(flags: number): void;
  /** The sign-extended content. */
  load(address: bigint, width: Width): bigint | Exception;
  store(address: bigint, width: Width, value: bigint): Exception | undefined;
  /** Loads where a store must be allowed too, else it is a store's exception. */
  loadToStore(address: bigint, width: Width): bigint | Exception;
  call(routine: Routine, operands: readonly bigint[]): bigint | Exception;
}

const illegalInstruction = 2;
/** In an instruction's field rm: the mode in frm. */
const dynamic = 7;

const isFloat = (field: Field): boolean => field.startsWith("f");

/** The mode that rm names, undefined where it, or frm in its place, names none (unprivileged ISA, "F" extension). */
function roundingOf(rm: number, { roundingMode }: HartState): Rounding | undefined {
  const mode = rm === dynamic ? roundingMode : rm;
  return mode === 0 || mode === 1 || mode === 2 || mode === 3 || mode === 4 ? mode : undefined;
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const bare = (value: bigint): bigint => BigInt.asUintN(64, value);
const truth = (condition: boolean): bigint => (condition ? 1n : 0n);
const smallest = -(2n ** 63n);

/** What each operator gives; division by zero and at overflow as in the "M" extension. */
const operate: Readonly<Record<Operator, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => wrap(a + b),
  subtract: (a, b) => wrap(a - b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, b) => wrap(a << (b & 63n)),
  shiftRight: (a, b) => wrap(bare(a) >> (b & 63n)),
  shiftRightSigned: (a, b) => a >> (b & 63n),
  equal: (a, b) => truth(a === b),
  notEqual: (a, b) => truth(a !== b),
  less: (a, b) => truth(a < b),
  lessUnsigned: (a, b) => truth(bare(a) < bare(b)),
  multiply: (a, b) => wrap(a * b),
  multiplyHigh: (a, b) => wrap((a * b) >> 64n),
  multiplyHighUnsigned: (a, b) => wrap((bare(a) * bare(b)) >> 64n),
  multiplyHighSignedUnsigned: (a, b) => wrap((a * bare(b)) >> 64n),
  divide: (a, b) => (b === 0n ? -1n : a === smallest && b === -1n ? a : a / b),
  divideUnsigned: (a, b) => (b === 0n ? -1n : wrap(bare(a) / bare(b))),
  remainder: (a, b) => (b === 0n ? a : a === smallest && b === -1n ? 0n : a % b),
  remainderUnsigned: (a, b) => (b === 0n ? a : wrap(bare(a) % bare(b))),
};

/**
 * Executes one instruction by its meaning, and nothing else: slow, plain, and the measure of the other engines. Moves `pc` on.
 * @returns the exception that it ended in, if any; then `pc`, registers and memory are as before
 */
export function evaluate(hart: HartState, instruction: Instruction): Exception | undefined {
  const { row, fields, length } = instruction;
  const next = wrap(hart.pc + BigInt(length));
  // Most meanings have one variable at most, and a map costs as much as all the rest.
  let first: string | undefined;
  let value = 0n;
  let others: Map<string, bigint> | undefined;
  let target = next;

  function compute(term: Term): bigint {
    switch (term.kind) {
      case "constant":
        return term.value;
      case "field":
        return BigInt(fields[term.field]);
      case "register":
        return (isFloat(term.field) ? hart.f : hart.x)[fields[term.field]] ?? 0n;
      case "pc":
        return hart.pc;
      case "next":
        return next;
      case "variable":
        return term.name === first ? value : (others?.get(term.name) ?? 0n);
      case "binary":
        return operate[term.operator](compute(term.left), compute(term.right));
      case "extend":
        return term.signed
          ? BigInt.asIntN(term.width, compute(term.value))
          : wrap(BigInt.asUintN(term.width, compute(term.value)));
      case "choose":
        return compute(term.condition) === 0n ? compute(term.no) : compute(term.yes);
    }
  }

  /** Keeps what a part of the machine answered under a name, or hands on the exception that it answered with. */
  function name(variable: string | undefined, answer: bigint | Exception): Exception | undefined {
    if (typeof answer !== "bigint") return answer;
    if (variable === undefined) return undefined;
    first ??= variable;
    if (variable === first) value = answer;
    else (others ??= new Map<string, bigint>()).set(variable, answer);
    return undefined;
  }

  function perform(effect: Effect): Exception | undefined {
    switch (effect.kind) {
      case "set":
        if (effect.field === "frd") hart.f[fields.frd] = compute(effect.value);
        else if (fields.rd !== 0) hart.x[fields.rd] = compute(effect.value);
        return undefined;
      case "load": {
        const loaded = hart.load(compute(effect.address), effect.width);
        const zeroExtended = typeof loaded === "bigint" && !effect.signed;
        return name(effect.name, zeroExtended ? wrap(BigInt.asUintN(effect.width, loaded)) : loaded);
      }
      case "store":
        return hart.store(compute(effect.address), effect.width, compute(effect.value));
      case "exchange": {
        const address = compute(effect.address);
        return (
          name(effect.name, hart.loadToStore(address, effect.width)) ??
          hart.store(address, effect.width, compute(effect.value))
        );
      }
      case "float": {
        const mode = row.format.fields.rm === undefined ? 0 : roundingOf(fields.rm, hart);
        if (mode === undefined) return { cause: illegalInstruction, value: 0n };
        const { bits, flags } = computeFloat(effect.operation, effect.width, effect.operands.map(compute), mode);
        hart.raise(flags);
        return name(effect.name, bits);
      }
      case "jump":
        target = compute(effect.target);
        return undefined;
      case "when":
        return compute(effect.condition) === 0n ? undefined : performAll(effect.effects);
      case "call":
        return name(effect.name, hart.call(effect.routine, effect.operands.map(compute)));
    }
  }

  function performAll(effects: readonly Effect[]): Exception | undefined {
    for (const effect of effects) {
      const exception = perform(effect);
      if (exception !== undefined) return exception;
    }
    return undefined;
  }

  const exception = performAll(row.meaning);
  if (exception === undefined) hart.pc = target;
  return exception;
}

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

/** Of a routine. */
export type RoutineOperand = number | bigint;

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
  /** What the instruction's bits say may be a number. Operands that the routine hasn't are 0. */
  call(routine: Routine, first: RoutineOperand, second: RoutineOperand, third: RoutineOperand): bigint | Exception;
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

/** What a term comes to: known from the instruction's bits, or computed when it is executed. */
type Value = bigint | ((hart: HartState) => bigint);
type Step = (hart: HartState) => Exception | undefined;

const computed = (value: Value): ((hart: HartState) => bigint) => (typeof value === "bigint" ? () => value : value);

function map(value: Value, change: (value: bigint) => bigint): Value {
  return typeof value === "bigint" ? change(value) : (hart) => change(value(hart));
}

function combine(left: Value, right: Value, operate: (a: bigint, b: bigint) => bigint): Value {
  if (typeof right === "bigint") return map(left, (value) => operate(value, right));
  const first = computed(left);
  return (hart) => operate(first(hart), right(hart));
}

function operandOf(value: Value): (hart: HartState) => RoutineOperand {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? () => number : () => value;
}

const nothing = (): number => 0;

/** One step behind the other, up to the first that ends in an exception. */
function inOrder([first, ...others]: readonly Step[]): Step {
  if (first === undefined) return () => undefined;
  if (others.length === 0) return first;
  const rest = inOrder(others);
  return (hart) => first(hart) ?? rest(hart);
}

/**
 * Executes one instruction by its meaning, and nothing else. Moves `pc` on.
 * @returns the exception that it ended in, if any; then `pc`, registers and memory are as before
 */
export type Execution = (hart: HartState) => Exception | undefined;

/** Makes an instruction's execution. What its bits say is computed here already, and not each time that it is executed. */
class Specializer {
  readonly #instruction: Instruction;
  readonly #variables = new Map<string, { value: bigint }>();
  #target: { address: bigint } | undefined;

  constructor(instruction: Instruction) {
    this.#instruction = instruction;
  }

  execution(): Execution {
    const { row, length } = this.#instruction;
    const perform = inOrder(row.meaning.flatMap((effect) => this.#effect(effect)));
    const size = BigInt(length);
    const target = this.#target;
    return (hart) => {
      const next = wrap(hart.pc + size);
      if (target !== undefined) target.address = next;
      const exception = perform(hart);
      if (exception === undefined) hart.pc = target === undefined ? next : target.address;
      return exception;
    };
  }

  #term(term: Term): Value {
    const { fields, length } = this.#instruction;
    switch (term.kind) {
      case "constant":
        return term.value;
      case "field":
        return BigInt(fields[term.field]);
      case "register": {
        const number = fields[term.field];
        if (isFloat(term.field)) return (hart) => hart.f[number] ?? 0n;
        return number === 0 ? 0n : (hart) => hart.x[number] ?? 0n;
      }
      case "pc":
        return (hart) => hart.pc;
      case "next":
        return (hart) => wrap(hart.pc + BigInt(length));
      case "variable": {
        const variable = this.#variable(term.name);
        return () => variable.value;
      }
      case "binary":
        return combine(this.#term(term.left), this.#term(term.right), operate[term.operator]);
      case "extend": {
        const { width } = term;
        return map(this.#term(term.value), (value) =>
          term.signed ? BigInt.asIntN(width, value) : wrap(BigInt.asUintN(width, value)),
        );
      }
      case "choose": {
        const condition = this.#term(term.condition);
        if (typeof condition === "bigint") return this.#term(condition === 0n ? term.no : term.yes);
        const [yes, no] = [computed(this.#term(term.yes)), computed(this.#term(term.no))];
        return (hart) => (condition(hart) === 0n ? no(hart) : yes(hart));
      }
    }
  }

  #variable(name: string): { value: bigint } {
    const known = this.#variables.get(name) ?? { value: 0n };
    this.#variables.set(name, known);
    return known;
  }

  /** Keeps what a part of the machine answers, or hands on the exception that it answers with. */
  #keep(name: string | undefined, ask: (hart: HartState) => bigint | Exception): Step {
    const variable = this.#variable(name ?? "");
    return (hart) => {
      const answer = ask(hart);
      if (typeof answer !== "bigint") return answer;
      variable.value = answer;
      return undefined;
    };
  }

  #effect(effect: Effect): readonly Step[] {
    if (effect.kind === "set" && effect.field === "rd" && this.#instruction.fields.rd === 0) return [];
    if (effect.kind !== "when") return [this.#step(effect)];
    const condition = this.#term(effect.condition);
    if (condition === 0n) return [];
    const steps = effect.effects.flatMap((inner) => this.#effect(inner));
    if (typeof condition === "bigint") return steps;
    const perform = inOrder(steps);
    return [(hart) => (condition(hart) === 0n ? undefined : perform(hart))];
  }

  #step(effect: Exclude<Effect, { readonly kind: "when" }>): Step {
    const { row, fields } = this.#instruction;
    switch (effect.kind) {
      case "set": {
        const value = computed(this.#term(effect.value));
        const { rd, frd } = fields;
        return (hart) => {
          if (effect.field === "frd") hart.f[frd] = value(hart);
          else hart.x[rd] = value(hart);
          return undefined;
        };
      }
      case "load": {
        const { width, signed } = effect;
        const address = computed(this.#term(effect.address));
        return this.#keep(effect.name, (hart) => {
          const loaded = hart.load(address(hart), width);
          return typeof loaded === "bigint" && !signed ? wrap(BigInt.asUintN(width, loaded)) : loaded;
        });
      }
      case "store": {
        const [address, value] = [computed(this.#term(effect.address)), computed(this.#term(effect.value))];
        return (hart) => hart.store(address(hart), effect.width, value(hart));
      }
      case "exchange": {
        const [address, value] = [computed(this.#term(effect.address)), computed(this.#term(effect.value))];
        const load = this.#keep(effect.name, (hart) => hart.loadToStore(address(hart), effect.width));
        return (hart) => load(hart) ?? hart.store(address(hart), effect.width, value(hart));
      }
      case "float": {
        const operands = effect.operands.map((operand) => computed(this.#term(operand)));
        const rm = row.format.fields.rm === undefined ? 0 : fields.rm;
        return this.#keep(effect.name, (hart) => {
          const mode = roundingOf(rm, hart);
          if (mode === undefined) return { cause: illegalInstruction, value: 0n };
          const values = operands.map((operand) => operand(hart));
          const { bits, flags } = computeFloat(effect.operation, effect.width, values, mode);
          hart.raise(flags);
          return bits;
        });
      }
      case "jump": {
        const target = (this.#target ??= { address: 0n });
        const address = computed(this.#term(effect.target));
        return (hart) => {
          target.address = address(hart);
          return undefined;
        };
      }
      case "call": {
        const { routine } = effect;
        const [first = nothing, second = nothing, third = nothing] = effect.operands.map((operand) =>
          operandOf(this.#term(operand)),
        );
        return this.#keep(effect.name, (hart) => hart.call(routine, first(hart), second(hart), third(hart)));
      }
    }
  }
}

/**
 * An instruction's execution: its meaning, specialised to its bits, as the interpreter of meanings is to a program (Y. Futamura,
 * "Partial Evaluation of Computation Process", 1971). It is the measure of the other engines, and slower than they are. An execution
 * doesn't begin anew inside of itself.
 */
export const executionOf = (instruction: Instruction): Execution => new Specializer(instruction).execution();

const executions = new WeakMap<Instruction, Execution>();

/** Executes one instruction by its meaning, as `Execution` says. */
export function evaluate(hart: HartState, instruction: Instruction): Exception | undefined {
  const known = executions.get(instruction);
  if (known !== undefined) return known(hart);
  const made = executionOf(instruction);
  executions.set(instruction, made);
  return made(hart);
}

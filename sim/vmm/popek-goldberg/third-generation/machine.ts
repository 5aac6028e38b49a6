import { invariant, UsageError } from "../../../core/index.js";
import type { PgMode } from "../definitions.js";
import {
  modeOfWord,
  modeWord,
  newPsw,
  oldPsw,
  type Processor,
  type ThirdGeneration,
  type ThirdInstruction,
  type TrapKind,
} from "./instructions.js";

/** M, P and R. */
export interface Psw {
  readonly mode: PgMode;
  readonly p: number;
  readonly l: number;
  readonly b: number;
}

/** What a processor holds: the PSW and the accumulator. */
export interface Context {
  readonly psw: Psw;
  readonly a: number;
}

/** Why a machine came back, with what its processor held then; at a trap, that is the old PSW. */
export interface Stop {
  readonly kind: TrapKind | "halted" | "limit";
  readonly context: Context;
  /** Instructions completed. */
  readonly executed: number;
}

/** A machine, real or virtual, as software sees it that runs in its supervisor mode: a monitor, say. */
export interface ThirdMachine {
  readonly isa: ThirdGeneration;
  /** Words of storage. */
  readonly words: number;
  read(physical: number): number | undefined;
  write(physical: number, value: number): boolean;
  /** Runs from a context to the first trap, halt or the limit. The trap's sequence has not happened. */
  run(context: Context, limit: number): Stop;
  /** The same, asked for by software in supervisor mode: by `return`, and a trap brings it back. */
  enter(context: Context, limit: number): Stop;
  /** What else happens for such software: a trap comes to it; it executes a privileged instruction. */
  trapped(): void;
  privileged(): void;
}

/** Words of 16 bits: an operation in the upper 6, its operand below. */
const wordSize = 2 ** 16;
export const operands: number = 2 ** 10;

/** The word of an instruction. @throws UsageError for one that the machine hasn't, or an operand that is no address */
export function encode(isa: ThirdGeneration, name: string, operand: number = 0): number {
  const opcode = isa.instructions.findIndex((instruction) => instruction.name === name);
  const names = isa.instructions.map((instruction) => instruction.name);
  if (opcode < 0) throw new UsageError(`the ${isa.name} has no "${name}"`, `It has ${names.join(", ")}.`);
  if (Number.isSafeInteger(operand) && operand >= 0 && operand < operands) return (opcode + 1) * operands + operand;
  throw new UsageError(`${operand} is no operand`, `Give a whole number from 0 to ${operands - 1}.`);
}

/** The instruction of a word; undefined where it is none, as 0. */
export function decode(isa: ThirdGeneration, word: number): ThirdInstruction | undefined {
  return isa.instructions[Math.floor(word / operands) - 1];
}

/** A processor with a context, on some storage. */
export class PlainProcessor implements Processor {
  readonly #storage: Pick<ThirdMachine, "read" | "write">;
  mode: PgMode;
  p: number;
  l: number;
  b: number;
  a: number;
  running = true;

  constructor(storage: Pick<ThirdMachine, "read" | "write">, { psw, a }: Context) {
    this.#storage = storage;
    this.mode = psw.mode;
    this.p = psw.p;
    this.l = psw.l;
    this.b = psw.b;
    this.a = a;
  }

  get context(): Context {
    const { mode, p, l, b, a } = this;
    return { psw: { mode, p, l, b }, a };
  }

  read(physical: number): number | undefined {
    return this.#storage.read(physical);
  }

  write(physical: number, value: number): boolean {
    return this.#storage.write(physical, value);
  }

  wrap(value: number): number {
    return value % wordSize;
  }

  /** One instruction: fetched, decoded, executed. A call's trap shows P on the next instruction, others on this one. */
  step(isa: ThirdGeneration): TrapKind | undefined {
    const { p } = this;
    const word = p < this.b ? this.read(this.l + p) : undefined;
    if (word === undefined) return "memory";
    const instruction = decode(isa, word);
    // What is no instruction traps as a privileged one does, in both modes.
    if (instruction === undefined) return "privileged instruction";
    this.p = this.wrap(p + 1);
    const trap = instruction.meaning(this, word % operands);
    if (trap !== undefined && trap !== "call") this.p = p;
    return trap;
  }
}

/** The real machine. It counts what it does. */
export class Hardware implements ThirdMachine {
  readonly isa: ThirdGeneration;
  readonly storage: number[];
  /** Instructions completed; traps taken; times that software let a program run, or executed another privileged instruction. */
  instructions = 0;
  traps = 0;
  privilegedInstructions = 0;

  constructor(isa: ThirdGeneration, words: number) {
    this.isa = isa;
    this.storage = Array.from({ length: words }, () => 0);
  }

  get words(): number {
    return this.storage.length;
  }

  read(physical: number): number | undefined {
    return this.storage[physical];
  }

  write(physical: number, value: number): boolean {
    if (physical >= this.words) return false;
    this.storage[physical] = value;
    return true;
  }

  run(context: Context, limit: number): Stop {
    const processor = new PlainProcessor(this, context);
    for (let executed = 0; ; executed++) {
      if (executed === limit) return { kind: "limit", context: processor.context, executed };
      const trap = processor.step(this.isa);
      if (trap !== undefined) {
        this.traps++;
        return { kind: trap, context: processor.context, executed };
      }
      this.instructions++;
      if (!processor.running) return { kind: "halted", context: processor.context, executed: executed + 1 };
    }
  }

  enter(context: Context, limit: number): Stop {
    this.privilegedInstructions++;
    return this.run(context, limit);
  }

  trapped(): void {
    this.traps++;
  }

  privileged(): void {
    this.privilegedInstructions++;
  }
}

/** What a trap does: the old PSW goes to storage, the new one comes from it. */
function deliver(machine: ThirdMachine, { psw, a }: Context): Context {
  [modeWord[psw.mode], psw.p, psw.l, psw.b].forEach((word, index) => {
    invariant(machine.write(oldPsw + index, word), "a machine without room for its PSWs");
  });
  const word = (index: number): number => machine.read(newPsw + index) ?? 0;
  return { psw: { mode: modeOfWord(word(0)), p: word(1), l: word(2), b: word(3) }, a };
}

/** Runs what is in a machine's storage, traps and all, until it halts or has executed so many instructions or taken as many traps. */
export function boot(machine: ThirdMachine, start: Context, limit: number): Stop {
  let context = start;
  for (let executed = 0; ; executed++) {
    const stop = machine.run(context, limit - executed);
    executed += stop.executed;
    if (stop.kind === "halted" || stop.kind === "limit") return { ...stop, executed };
    context = deliver(machine, stop.context);
    if (executed + 1 >= limit) return { kind: "limit", context, executed };
  }
}

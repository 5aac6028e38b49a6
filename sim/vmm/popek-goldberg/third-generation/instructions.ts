import { nearest, UsageError, type TableView, type Viewable } from "../../../core/index.js";
import type { PgMode } from "../definitions.js";

/**
 * The processor of the paper as its instructions see it: executable storage E by physical addresses, the mode M, the program
 * counter P, the relocation-bounds register R = (l, b), and one accumulator, so that there is something to compute with.
 * Numbers are words, from 0.
 */
export interface Processor {
  mode: PgMode;
  p: number;
  /** Where the program's storage begins, and how many words it has. */
  l: number;
  b: number;
  a: number;
  /** False: halted. */
  running: boolean;
  /** undefined where there is no such storage. */
  read(physical: number): number | undefined;
  /** False where there is no such storage. */
  write(physical: number, value: number): boolean;
  /** A number as a word holds it. */
  wrap(value: number): number;
}

/** Whether an instruction has an operand. */
export const takesOperand = ({ does }: ThirdInstruction): boolean => /\bx\b/.test(does);

export type TrapKind = "privileged instruction" | "memory" | "call";

export interface ThirdInstruction {
  readonly name: string;
  /** In which x is the operand. */
  readonly does: string;
  /** Executes it, with P on the next instruction already. A trap that it ends in comes before all that it changes. */
  readonly meaning: (processor: Processor, operand: number) => TrapKind | undefined;
}

/** Where storage keeps the PSW (M, P, l, b) of before a trap, and the one that the trap loads. */
export const oldPsw = 0;
export const newPsw = 4;
export const pswWords = 4;
/** How M is kept in storage. */
export const modeWord: Readonly<Record<PgMode, number>> = { supervisor: 0, user: 1 };
export const modeOfWord = (word: number): PgMode => ((word & 1) === modeWord.user ? "user" : "supervisor");

/** The physical address of one of the program's; undefined where R or storage ends before it. */
function locate(processor: Processor, address: number): number | undefined {
  if (address >= processor.b) return undefined;
  const physical = processor.l + address;
  return processor.read(physical) === undefined ? undefined : physical;
}

/** What stands at an address of the program. */
function fetch(processor: Processor, address: number): number | undefined {
  const physical = locate(processor, address);
  return physical === undefined ? undefined : processor.read(physical);
}

const instruction = (name: string, does: string, meaning: ThirdInstruction["meaning"]): ThirdInstruction => ({
  name,
  does,
  meaning,
});

const privileged =
  (meaning: ThirdInstruction["meaning"]): ThirdInstruction["meaning"] =>
  (processor, operand) =>
    processor.mode === "user" ? "privileged instruction" : meaning(processor, operand);

/** Stores R: l at the operand's address, b behind it. */
function storeR(processor: Processor, operand: number): TrapKind | undefined {
  const first = locate(processor, operand);
  const second = locate(processor, operand + 1);
  if (first === undefined || second === undefined) return "memory";
  const { l, b } = processor;
  processor.write(first, l);
  processor.write(second, b);
  return undefined;
}

const sound: readonly ThirdInstruction[] = [
  instruction("load", "a ← E[x]", (processor, operand) => {
    const word = fetch(processor, operand);
    if (word === undefined) return "memory";
    processor.a = word;
    return undefined;
  }),
  instruction("store", "E[x] ← a", (processor, operand) => {
    const physical = locate(processor, operand);
    if (physical === undefined) return "memory";
    processor.write(physical, processor.a);
    return undefined;
  }),
  instruction("add", "a ← a + E[x]", (processor, operand) => {
    const word = fetch(processor, operand);
    if (word === undefined) return "memory";
    processor.a = processor.wrap(processor.a + word);
    return undefined;
  }),
  instruction("jump", "P ← x", (processor, operand) => {
    processor.p = operand;
    return undefined;
  }),
  instruction("jumpZero", "if a = 0: P ← x", (processor, operand) => {
    if (processor.a === 0) processor.p = operand;
    return undefined;
  }),
  instruction("call", "a trap, always", () => "call"),
  instruction(
    "setR",
    "R ← (E[x], E[x + 1])",
    privileged((processor, operand) => {
      const l = fetch(processor, operand);
      const b = fetch(processor, operand + 1);
      if (l === undefined || b === undefined) return "memory";
      processor.l = l;
      processor.b = b;
      return undefined;
    }),
  ),
  instruction("getR", "E[x], E[x + 1] ← R", privileged(storeR)),
  instruction(
    "return",
    "(M, P, R) ← the old PSW",
    privileged((processor) => {
      const words = Array.from({ length: pswWords }, (_, index) => processor.read(oldPsw + index));
      const [mode, p, l, b] = words;
      if (mode === undefined || p === undefined || l === undefined || b === undefined) return "memory";
      Object.assign(processor, { mode: modeOfWord(mode), p, l, b });
      return undefined;
    }),
  ),
  instruction(
    "halt",
    "the processor stops",
    privileged((processor) => {
      processor.running = false;
      return undefined;
    }),
  ),
];

/** A way to break the machine, with the instruction of the past that broke one so. */
interface Variant {
  readonly name: string;
  readonly models: string;
  readonly instruction: ThirdInstruction;
}

const variants: readonly Variant[] = [
  {
    name: "jrst-1",
    models: "PDP-10 JRST 1, a return to user mode that supervisor mode needs and user mode may use",
    instruction: instruction("jrst1", "M ← user, P ← x", (processor, operand) => {
      processor.mode = "user";
      processor.p = operand;
      return undefined;
    }),
  },
  {
    name: "unprivileged-get-r",
    models: "x86 SGDT and its like: where tables lie is told to anybody",
    instruction: instruction("getR", "E[x], E[x + 1] ← R", storeR),
  },
  {
    name: "lra",
    models: "IBM 360/67 LRA, load real address",
    instruction: instruction("lra", "a ← l + x", (processor, operand) => {
      if (locate(processor, operand) === undefined) return "memory";
      processor.a = processor.wrap(processor.l + operand);
      return undefined;
    }),
  },
  {
    name: "read-mode",
    models: "x86 PUSHF, PDP-11/45 MFPI: the effect depends on the mode, in both modes without a trap",
    instruction: instruction("getM", "a ← M", (processor) => {
      processor.a = modeWord[processor.mode];
      return undefined;
    }),
  },
];

/** The set of instructions of a third-generation machine: the sound one, or a variant of it. */
export class ThirdGeneration implements Viewable {
  readonly name: string;
  readonly instructions: readonly ThirdInstruction[];

  constructor(name: string = "third-generation machine", instructions: readonly ThirdInstruction[] = sound) {
    this.name = name;
    this.instructions = instructions;
  }

  /** The variants that `with` knows, and what each is modelled on. */
  get variants(): readonly { readonly name: string; readonly models: string }[] {
    return variants.map(({ name, models }) => ({ name, models }));
  }

  /** A variant with one instruction more, or another in the place of one. @throws UsageError that names the nearest variant */
  with(name: string): ThirdGeneration {
    const variant = variants.find((known) => known.name === name);
    if (variant === undefined) {
      const names = variants.map((known) => known.name);
      throw new UsageError(
        `"${name}" is no variant of the ${this.name}`,
        `Did you mean "${nearest(name, names) ?? ""}"? There are: ${names.join(", ")}.`,
      );
    }
    const kept = this.instructions.filter((known) => known.name !== variant.instruction.name);
    return new ThirdGeneration(`${this.name} with ${name}`, [...kept, variant.instruction]);
  }

  view(): TableView {
    return {
      as: "table",
      title: `Instructions of the ${this.name}`,
      columns: [{ key: "instruction" }, { key: "does" }],
      rows: this.instructions.map((known) => ({
        instruction: takesOperand(known) ? `${known.name} x` : known.name,
        does: known.does,
      })),
      caption: "State: storage E, mode M, program counter P, relocation and bounds R = (l, b), an accumulator a.",
    };
  }
}

/** The machine of the paper's theorems, as it should be. */
export const thirdGeneration: ThirdGeneration = new ThirdGeneration();

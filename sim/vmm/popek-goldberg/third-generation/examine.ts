import {
  Examination,
  Run,
  type Difference,
  type Model,
  type Outcome,
  type PgMode,
  type Verdict,
} from "../definitions.js";
import { explore, type Choose } from "./explore.js";
import { pswWords, takesOperand, type Processor, type ThirdGeneration, type ThirdInstruction } from "./instructions.js";

/** The machine that all states are taken of: words of two bits, and storage for the two PSWs. */
const wordSize = 4;
const storage = 2 * pswWords;

type Register = "p" | "l" | "b" | "a";

/**
 * A state of which only that is decided which somebody looked at. Two states of one run agree in what has the same name: `side`
 * tells apart what the definitions leave free, the location and the storage outside of R.
 */
class LazyState implements Processor {
  readonly #choose: Choose;
  readonly side: string;
  readonly #registers = new Map<Register, number>();
  /** What was written, by physical addresses. */
  readonly #written = new Map<number, number>();
  mode: PgMode;
  running = true;

  constructor(choose: Choose, mode: PgMode, side: string) {
    this.#choose = choose;
    this.mode = mode;
    this.side = side;
  }

  copy(): LazyState {
    const copy = new LazyState(this.#choose, this.mode, this.side);
    copy.running = this.running;
    for (const [register, value] of this.#registers) copy.#registers.set(register, value);
    for (const [address, value] of this.#written) copy.#written.set(address, value);
    return copy;
  }

  get p(): number {
    return this.#get("p", "");
  }

  set p(value: number) {
    this.#registers.set("p", value);
  }

  get l(): number {
    return this.#get("l", this.side);
  }

  set l(value: number) {
    this.#registers.set("l", value);
  }

  get b(): number {
    return this.#get("b", "");
  }

  set b(value: number) {
    this.#registers.set("b", value);
  }

  get a(): number {
    return this.#get("a", "");
  }

  set a(value: number) {
    this.#registers.set("a", value);
  }

  has(register: Register): boolean {
    return this.#registers.has(register);
  }

  read(physical: number): number | undefined {
    if (physical >= storage) return undefined;
    return this.#written.get(physical) ?? this.#initial(physical);
  }

  write(physical: number, value: number): boolean {
    if (physical >= storage) return false;
    this.#written.set(physical, value);
    return true;
  }

  wrap(value: number): number {
    return value % wordSize;
  }

  /** The addresses that were written, as the program has them; below 0 or above b outside of R. */
  get written(): readonly number[] {
    return [...this.#written.keys()].map((physical) => physical - this.l);
  }

  isInside(address: number): boolean {
    return address >= 0 && address < this.b;
  }

  #initial(physical: number): number {
    const address = physical - this.l;
    return this.#choose(
      this.isInside(address) ? `E[${address}] of the program` : `E[${physical}]${this.side}`,
      wordSize,
    );
  }

  #get(register: Register, side: string): number {
    return this.#registers.get(register) ?? this.#choose(register + side, wordSize);
  }
}

interface Executed {
  readonly instruction: ThirdInstruction;
  readonly operand: number;
}

const model: Model<LazyState, Executed> = {
  run({ instruction, operand }, before): Outcome<LazyState> {
    const state = before.copy();
    state.p = state.wrap(before.p + 1);
    const trap = instruction.meaning(state, operand);
    if (trap === undefined) return { state, trap, isMemoryTrap: false };
    return { state: before, trap: `${trap} trap`, isMemoryTrap: trap === "memory" };
  },

  resources(before, after): readonly Difference[] {
    const found: Difference[] = [];
    const compare = (part: string, left: string | number | undefined, right: string | number | undefined): void => {
      if (left !== right) found.push({ part, left: String(left), right: String(right) });
    };
    compare("M", before.mode, after.mode);
    for (const register of ["l", "b"] as const) {
      if (after.has(register) || before.side !== after.side) compare(register, before[register], after[register]);
    }
    compare("processor", before.running ? "runs" : "halted", after.running ? "runs" : "halted");
    for (const address of after.written.filter((written) => !before.isInside(written))) {
      const physical = address + before.l;
      compare(`E[${physical}] outside of R`, before.read(physical), after.read(physical));
    }
    return found;
  },

  program(left, right): readonly Difference[] {
    const found: Difference[] = [];
    const compare = (part: string, one: number | undefined, other: number | undefined): void => {
      if (one !== other) found.push({ part, left: String(one), right: String(other) });
    };
    for (const [register, name] of [
      ["p", "P"],
      ["a", "a"],
    ] as const) {
      // What neither wrote is the same in both.
      if (left.has(register) || right.has(register)) compare(name, left[register], right[register]);
    }
    for (const address of new Set([...left.written, ...right.written])) {
      if (left.isInside(address)) compare(`E[${address}]`, left.read(left.l + address), right.read(right.l + address));
    }
    return found;
  },

  spell: ({ instruction, operand }) => `${instruction.name} ${operand}`,
};

/** How many states the small machine has, the operand's values counted as well. */
const stateCount: number = 2 * wordSize ** (storage + 4 + 1);

/** How the verdicts were found. */
export const exhaustively: string = `every state of a machine with ${storage} words of 2 bits: ${stateCount} of them for an instruction with its operand, in runs that each stand for all states that differ in nothing it looks at`;

/** Classifies every instruction from all states of a small machine: a verdict is a proof, for a machine of that size. */
export function examineThirdGeneration(isa: ThirdGeneration): readonly Verdict[] {
  return isa.instructions.map((instruction) => {
    const examination = new Examination<LazyState, Executed>();
    const operands = takesOperand(instruction) ? wordSize : 1;
    for (let operand = 0; operand < operands; operand++) {
      const run = (state: LazyState): Run<LazyState, Executed> =>
        new Run(model, { instruction, operand }, state, state.mode);
      explore((choose) => {
        const user = new LazyState(choose, "user", "");
        examination.compareModes(run(user), run(new LazyState(choose, "supervisor", "")));
      });
      for (const mode of ["user", "supervisor"] as const) {
        explore((choose) => {
          const left = new LazyState(choose, mode, "");
          examination.compareResources("location", run(left), run(new LazyState(choose, mode, "'")));
        });
      }
    }
    return examination.verdict(instruction.name, "third generation", "all states");
  });
}

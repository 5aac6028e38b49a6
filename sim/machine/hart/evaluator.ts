import {
  createDecoder,
  executionOf,
  isLong,
  type Decoder,
  type Exception,
  type Execution,
  type HartState,
  type Instruction,
  type Isa,
  type Routine,
  type RoutineOperand,
  type Width,
} from "../instructions/index.js";
import { illegalInstruction, type Access } from "./exceptions.js";
import type { Floats } from "./floats.js";
import type { VirtualMemory } from "./memory.js";
import type { Routines } from "./routines.js";

/** The hart as the evaluator sees it. */
export interface EvaluatedHart {
  readonly isa: Isa;
  readonly registers: BigInt64Array;
  pc: bigint;
  readonly memory: VirtualMemory;
  readonly routines: Routines;
  readonly floats: Floats;
  readonly watchpoints: ReadonlySet<unknown>;
  touched(address: bigint, bytes: number, access: Exclude<Access, "execute">): void;
}

/** How many different words are remembered with what they decode to. */
const mostDecoded = 1 << 16;

interface Decoded {
  readonly instruction: Instruction;
  /** Made when it is executed for the first time. */
  execution?: Execution;
}

/**
 * What words mean in an ISA, for all its harts: neither instructions nor executions know one. V8 keeps what it made of a function
 * no longer than the function, so those of each machine would be optimised anew.
 */
const decodedBy = new WeakMap<Isa, Map<number, Decoded | undefined>>();

function decodedOf(isa: Isa): Map<number, Decoded | undefined> {
  const decoded = decodedBy.get(isa) ?? new Map<number, Decoded | undefined>();
  decodedBy.set(isa, decoded);
  return decoded;
}

/** Executes a hart's instructions one by one by their meanings: the reference. */
export class Evaluator implements HartState {
  readonly x: BigInt64Array;
  readonly f: BigInt64Array;
  readonly #hart: EvaluatedHart;
  readonly #decode: Decoder;
  /** The instruction executed last, if its bits were one. */
  last: Instruction | undefined;
  /** Its bits, 0 where none could be fetched. */
  lastBits = 0;
  readonly #decoded: Map<number, Decoded | undefined>;

  constructor(hart: EvaluatedHart) {
    this.#hart = hart;
    this.x = hart.registers;
    this.f = hart.floats.registers;
    this.#decode = createDecoder(hart.isa);
    this.#decoded = decodedOf(hart.isa);
  }

  get roundingMode(): number {
    return this.#hart.floats.mode;
  }

  raise(flags: number): void {
    this.#hart.floats.flags |= flags;
  }

  get pc(): bigint {
    return this.#hart.pc;
  }

  set pc(address: bigint) {
    this.#hart.pc = address;
  }

  /**
   * One instruction.
   * @param bits what would be fetched, where that is known
   * @returns what it ended in; then pc, registers and memory are as before
   */
  step(bits?: number): Exception | undefined {
    const word = bits ?? this.#fetch();
    if (typeof word !== "number") {
      this.last = undefined;
      this.lastBits = 0;
      return word;
    }
    const decoded = this.#decodedOf(word);
    this.last = decoded?.instruction;
    this.lastBits = word;
    if (decoded === undefined) return illegalInstruction;
    return (decoded.execution ??= executionOf(decoded.instruction))(this);
  }

  decode(word: number): Instruction | undefined {
    return this.#decodedOf(word)?.instruction;
  }

  #decodedOf(word: number): Decoded | undefined {
    // Numbers of 32 bits with a sign are found faster.
    const key = word | 0;
    const known = this.#decoded.get(key);
    if (known !== undefined || this.#decoded.has(key)) return known;
    if (this.#decoded.size === mostDecoded) this.#decoded.clear();
    const instruction = this.#decode(word);
    const decoded = instruction === undefined ? undefined : { instruction };
    this.#decoded.set(key, decoded);
    return decoded;
  }

  /** The bits of the instruction at pc, 0 where none can be fetched. */
  bits(): number {
    const word = this.#fetch();
    return typeof word === "number" ? word : 0;
  }

  load(address: bigint, width: Width): bigint | Exception {
    const loaded = this.#hart.memory.load(address, width);
    if (this.#hart.watchpoints.size > 0 && typeof loaded === "bigint") this.#hart.touched(address, width / 8, "read");
    return loaded;
  }

  loadToStore(address: bigint, width: Width): bigint | Exception {
    const loaded = this.#hart.memory.loadToStore(address, width);
    if (this.#hart.watchpoints.size > 0 && typeof loaded === "bigint") this.#hart.touched(address, width / 8, "read");
    return loaded;
  }

  store(address: bigint, width: Width, value: bigint): Exception | undefined {
    const exception = this.#hart.memory.store(address, width, value);
    if (this.#hart.watchpoints.size > 0 && exception === undefined) this.#hart.touched(address, width / 8, "write");
    return exception;
  }

  call(routine: Routine, first: RoutineOperand, second: RoutineOperand, third: RoutineOperand): bigint | Exception {
    return this.#hart.routines[routine](first, second, third);
  }

  #fetch(): number | Exception {
    const { memory } = this.#hart;
    const { pc } = this;
    const whole = memory.fetchLong(pc);
    if (whole !== undefined) return isLong(whole) ? whole : whole & 0xffff;
    const low = memory.fetch(pc);
    if (typeof low !== "number" || !isLong(low)) return low;
    const high = memory.fetch(BigInt.asIntN(64, pc + 2n));
    return typeof high === "number" ? (low | (high << 16)) >>> 0 : high;
  }
}

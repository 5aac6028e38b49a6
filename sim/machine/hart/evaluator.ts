import {
  createDecoder,
  evaluate,
  isLong,
  type Decoder,
  type Exception,
  type HartState,
  type Instruction,
  type Isa,
  type Routine,
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

/** Executes a hart's instructions one by one by their meanings: the reference. */
export class Evaluator implements HartState {
  readonly x: BigInt64Array;
  readonly f: BigInt64Array;
  readonly #hart: EvaluatedHart;
  readonly #decode: Decoder;
  /** The instruction executed last, if its bits were one. */
  last: Instruction | undefined;
  /** What was fetched for it. */
  #stepped: number | Exception = 0;
  readonly #decoded = new Map<number, Instruction | undefined>();

  constructor(hart: EvaluatedHart) {
    this.#hart = hart;
    this.x = hart.registers;
    this.f = hart.floats.registers;
    this.#decode = createDecoder(hart.isa);
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
    this.#stepped = word;
    this.last = typeof word === "number" ? this.decode(word) : undefined;
    if (typeof word !== "number") return word;
    return this.last === undefined ? illegalInstruction : evaluate(this, this.last);
  }

  decode(word: number): Instruction | undefined {
    const known = this.#decoded.get(word);
    if (known !== undefined || this.#decoded.has(word)) return known;
    if (this.#decoded.size === mostDecoded) this.#decoded.clear();
    const instruction = this.#decode(word);
    this.#decoded.set(word, instruction);
    return instruction;
  }

  /** The bits of the instruction at pc, which may be none: where `step` has just fetched them, without doing it again. */
  bits(stepped = false): bigint {
    const word = stepped ? this.#stepped : this.#fetch();
    return typeof word === "number" ? BigInt(word) : 0n;
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

  call(routine: Routine, [first = 0n, second = 0n, third = 0n]: readonly bigint[]): bigint | Exception {
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

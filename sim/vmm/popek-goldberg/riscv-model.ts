import { KiB, invariant } from "../../core/index.js";
import {
  Disassembler,
  evaluate,
  machine,
  type Exception,
  type Hart,
  type HartState,
  type Instruction,
  type Isa,
  type Machine,
  type Routine,
  type RoutineOperand,
  type Width,
} from "../../machine/index.js";
import type { Difference, Model, Outcome } from "./definitions.js";
import {
  compareProgram,
  compareResources,
  isConfigurationChanged,
  readConfiguration,
  statesBetween,
  writeConfiguration,
  type RiscvState,
} from "./riscv-state.js";

const pageSize = 4096;
const ramStart = 0x8000_0000;
const pages = 16;

/**
 * What programs see of memory: pages from `address` on, of which user mode may access the first two. Two page tables map it to
 * two frames with the same content, readable and writable and marked as accessed and dirty; without translation it is the
 * memory that is there.
 */
export const window = { address: 0x4000_0000, userPages: 2, pages: 4 } as const;
/** Where tables and frames begin, as pages of RAM. */
const places = { tables: [0, 3], frames: [8, 12] } as const;

const pte = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;
const sv39 = 8n << 60n;

const physicalOf = (page: number): number => ramStart + page * pageSize;
const satpOf = (page: number): bigint => BigInt.asIntN(64, sv39 | BigInt(physicalOf(page) / pageSize));

/** The values of satp that states have: translation off, and by either table. */
export const satps: { readonly off: bigint; readonly tables: readonly [bigint, bigint] } = {
  off: 0n,
  tables: [satpOf(places.tables[0]), satpOf(places.tables[1])],
};
/** Where the window lies when translation is off: the first frame. */
export const bareWindow: number = physicalOf(places.frames[0]);

/** Causes of exceptions that the definitions call memory traps: addresses misaligned, not accessible, not mapped. */
const memoryTraps: ReadonlySet<number> = new Set([0, 1, 4, 5, 6, 7, 12, 13, 15]);
const causes: ReadonlyMap<number, string> = new Map([
  [2, "illegal instruction"],
  [3, "breakpoint"],
  [8, "environment call from U"],
  [9, "environment call from S"],
]);

/** By which instructions have the hart drop translations. */
const fences: ReadonlySet<Routine> = new Set(["fenceAddresses", "fenceGuestAddresses", "fenceGuestPages"]);

/** mtime's address: the CLINT's, as on QEMU's `virt`. */
const mtimeAt = 0x0200_bff8;

/**
 * A hart that executes single instructions, by the reference's evaluation of their meanings, from any state: as the
 * definitions have it, an instruction is a function of states, and is not fetched.
 */
export class RiscvModel implements Model<RiscvState, Instruction>, HartState {
  readonly isa: Isa;
  readonly #machine: Machine;
  readonly #hart: Hart;
  readonly #disassembler: Disassembler;
  #fences = 0;
  #time: RiscvState["time"] | undefined;
  #stores: string[] = [];
  #escaped: string[] = [];
  /** How to take the stores back. */
  readonly #undo: (() => void)[] = [];
  #bare: boolean | undefined;

  constructor(isa: Isa) {
    this.isa = isa;
    this.#disassembler = new Disassembler({ isa, plain: true });
    this.#machine = machine({ name: "classifier", isa, memory: KiB(4 * pages), echo: false });
    const hart = this.#machine.harts[0];
    invariant(hart !== undefined, "a machine without a hart");
    this.#hart = hart;
    this.#map();
  }

  /** The CSRs that the hart has. */
  get csrs(): readonly { readonly name: string; readonly number: number }[] {
    return this.#hart.csrs.flatMap((csr) => (csr === undefined ? [] : [{ name: csr.name, number: csr.number }]));
  }

  decode(word: number): Instruction {
    const instruction = this.#hart.evaluator.decode(word);
    invariant(instruction !== undefined, `0x${word.toString(16)} is no instruction of ${this.isa.name}`);
    return instruction;
  }

  run(instruction: Instruction, state: RiscvState): Outcome<RiscvState> {
    this.#load(state);
    const exception = evaluate(this, instruction);
    const outcome: Outcome<RiscvState> =
      exception === undefined
        ? { state: this.#save(state), trap: undefined, isMemoryTrap: false }
        : {
            state,
            trap: causes.get(exception.cause) ?? `exception ${exception.cause}`,
            isMemoryTrap: memoryTraps.has(exception.cause),
          };
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
    return outcome;
  }

  resources(before: RiscvState, after: RiscvState): readonly Difference[] {
    return compareResources(before, after);
  }

  program(left: RiscvState, right: RiscvState): readonly Difference[] {
    return compareProgram(left, right);
  }

  between(left: RiscvState, right: RiscvState): Iterable<RiscvState> {
    return statesBetween(left, right);
  }

  spell({ word }: Instruction): string {
    return this.#disassembler.line(word, 0n).text;
  }

  // What evaluation works on.

  get x(): BigInt64Array {
    return this.#hart.evaluator.x;
  }

  get f(): BigInt64Array {
    return this.#hart.evaluator.f;
  }

  get pc(): bigint {
    return this.#hart.pc;
  }

  set pc(address: bigint) {
    this.#hart.pc = address;
  }

  get roundingMode(): number {
    return this.#hart.floats.mode;
  }

  raise(flags: number): void {
    this.#hart.evaluator.raise(flags);
  }

  load(address: bigint, width: Width): bigint | Exception {
    return this.#hart.memory.load(address, width);
  }

  loadToStore(address: bigint, width: Width): bigint | Exception {
    return this.#hart.memory.loadToStore(address, width);
  }

  store(address: bigint, width: Width, value: bigint): Exception | undefined {
    const { memory } = this.#hart;
    const old = memory.load(address, width);
    const physical = memory.translate(address, 1, "write");
    const exception = memory.store(address, width, value);
    if (exception !== undefined || typeof old !== "bigint" || typeof physical !== "number") return exception;
    this.#undo.push(() => memory.store(address, width, old));
    const text = `0x${BigInt.asUintN(64, address).toString(16)}: 0x${BigInt.asUintN(width, value).toString(16)}`;
    (this.#isFrame(physical) ? this.#stores : this.#escaped).push(text);
    return undefined;
  }

  call(routine: Routine, first: RoutineOperand, second: RoutineOperand, third: RoutineOperand): bigint | Exception {
    const answer = this.#hart.routines[routine](first, second, third);
    if (fences.has(routine) && typeof answer === "bigint") this.#fences++;
    return answer;
  }

  // States.

  #load(state: RiscvState): void {
    const hart = this.#hart;
    // A clock that is set lets interrupt lines rise and fall, which are part of the configuration.
    if (this.#time !== state.time) {
      this.#time = state.time;
      hart.state.mcycle.base = state.time.mcycle;
      hart.state.minstret.base = state.time.minstret;
      invariant(this.#machine.bus.store(mtimeAt, 64, state.time.mtime), "the machine has no mtime");
    }
    hart.registers.set(state.registers);
    hart.floats.flags = state.fflags;
    hart.floats.mode = state.frm;
    hart.state.reservation = state.reservation;
    hart.state.mode = { privilege: state.mode === "user" ? 0 : 1, virtual: state.virtual };
    writeConfiguration(hart.state, state.configuration);
    hart.state.satp = state.satp;
    hart.state.waiting = state.waiting;
    this.#fences = state.fences;
    this.#stores = [];
    this.#escaped = [];
    // Without translation, programs get at the first frame alone; with it, the page tables say at what.
    const bare = state.satp === satps.off;
    if (this.#bare === bare) return;
    this.#bare = bare;
    const [page, count] = bare ? [places.frames[0], window.pages] : [0, pages];
    const size = count * pageSize;
    // A range of a power of two, and trailing ones for its size.
    hart.setCsr(0x3b0, BigInt((physicalOf(page) + size / 2 - 1) >>> 2));
    hart.setCsr(0x3a0, 0x1fn);
  }

  #save(before: RiscvState): RiscvState {
    const hart = this.#hart;
    const { state } = hart;
    return {
      registers: hart.registers.slice(),
      fflags: hart.floats.flags,
      frm: hart.floats.mode,
      reservation: state.reservation,
      stores: this.#stores,
      mode: state.mode.privilege === 0 ? "user" : "supervisor",
      virtual: state.mode.virtual,
      configuration: isConfigurationChanged(state, before.configuration)
        ? readConfiguration(state)
        : before.configuration,
      satp: state.satp,
      time: before.time,
      waiting: state.waiting,
      fences: this.#fences,
      escaped: this.#escaped,
    };
  }

  #isFrame(physical: number): boolean {
    const page = (physical - ramStart) / pageSize;
    return places.frames.some((first) => page >= first && page < first + window.pages);
  }

  /** Writes the page tables and fills the frames, both with the same numbers. */
  #map(): void {
    const { memory } = this.#hart;
    places.tables.forEach((table, index) => {
      const write = (page: number, entry: number, target: number, bits: number): void => {
        memory.write(physicalOf(page) + 8 * entry, 64, BigInt((physicalOf(target) / pageSize) * 1024 + bits));
      };
      write(table, window.address / 2 ** 30, table + 1, pte.V);
      write(table + 1, 0, table + 2, pte.V);
      for (let page = 0; page < window.pages; page++) {
        const user = page < window.userPages ? pte.U : 0;
        const frame = (places.frames[index] ?? 0) + page;
        write(table + 2, page, frame, pte.V | pte.R | pte.W | pte.X | pte.A | pte.D | user);
      }
    });
    for (const frame of places.frames) {
      for (let word = 0; word < (window.pages * pageSize) / 8; word++) {
        // Any numbers that differ: multiples of the golden ratio's bits.
        const value = BigInt.asIntN(64, BigInt(word + 1) * 0x9e37_79b9_7f4a_7c15n);
        memory.write(physicalOf(frame) + 8 * word, 64, value);
      }
    }
  }
}

import fc from "fast-check";
import type { EngineName, HartOptions, HartSaved, Isa } from "../../../../sim/machine/index.js";
import { deviceBase, page, place, ramSize } from "./guest/layout.js";
import { randomGuest, randomHypervisor, type Guest } from "./guest/random-guest.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

/** What happens from outside, so many instructions later. */
interface Happening {
  readonly after: number;
  /** An interrupt line's level. */
  readonly bit: number;
  readonly level: boolean;
  /** Where DMA writes into data and program, in words; nowhere below 0. */
  readonly dma: number;
  /** The engine that goes on, of the board that mostly translates. */
  readonly engine: EngineName;
}

/** A guest, what happens to it, and how it is run. */
export interface Trial {
  readonly guest: Guest;
  readonly happenings: readonly Happening[];
  /** The most instructions of a run, on the board that translates. */
  readonly slice: number;
  /** Behind which happening its state is taken to a board of its own. */
  readonly saveAt: number;
  readonly patience: number;
}

const happeningOf = (...bits: readonly number[]): fc.Arbitrary<Happening> =>
  fc.record({
    after: fc.integer({ min: 1, max: 400 }),
    bit: fc.constantFrom(...bits),
    level: fc.boolean(),
    dma: fc.integer({ min: -2000, max: 1000 }),
    engine: fc.constantFrom("translate", "translate", "translate", "evaluate"),
  });

const trialsOf = (guest: fc.Arbitrary<Guest>, happening: fc.Arbitrary<Happening>): fc.Arbitrary<Trial> =>
  fc.record({
    guest,
    happenings: fc.array(happening, { minLength: 3, maxLength: 10 }),
    slice: fc.integer({ min: 1, max: 500 }),
    saveAt: fc.nat(9),
    patience: fc.constantFrom(1, 3, 10, 30, 100),
  });

export const trials: fc.Arbitrary<Trial> = trialsOf(randomGuest, happeningOf(1, 3, 5, 7, 9, 11));
/** With the hypervisor extension, and lines of its interrupts. */
export const guestTrials: fc.Arbitrary<Trial> = trialsOf(randomHypervisor, happeningOf(1, 2, 3, 5, 6, 7, 9, 10, 11));

/** A board with a device that tells the exact time, and moves interrupt lines when it is written. */
function emptyBoard(options: HartOptions, isa: Isa): PlainBoard {
  const board = plainBoard(ramSize, options, isa);
  board.bus.devices.push({
    start: deviceBase,
    size: 32,
    load: (offset) => BigInt(board.hart.cycles * 8 + offset),
    store(_, __, value) {
      for (const bit of [1, 3, 7, 9, 11]) board.hart.line(bit, ((value >> BigInt(bit)) & 1n) === 1n);
      if ((value & 1n) === 1n) board.hart.pause();
    },
  });
  return board;
}

function put(board: PlainBoard, { ram, start }: Guest): PlainBoard {
  board.bus.write(ramBase, ram);
  board.hart.pc = BigInt(start);
  return board;
}

/** A board of its own for the guest. */
export const boardOf = (guest: Guest, options: HartOptions, isa: Isa = guest.isa): PlainBoard =>
  put(emptyBoard(options, isa), guest);

const references = new Map<string, { readonly board: PlainBoard; readonly saved: HartSaved }>();

/** For the evaluator, which keeps nothing of a guest beside the hart's state: the same board for each trial, after a reset. */
function referenceFor(guest: Guest, { misaligned = "serve" }: HartOptions): PlainBoard {
  const key = `${guest.isa.name}, ${misaligned}`;
  let known = references.get(key);
  if (known === undefined) {
    const board = emptyBoard({ misaligned, engine: "evaluate" }, guest.isa);
    known = { board, saved: board.hart.save() };
    references.set(key, known);
  }
  const { board, saved } = known;
  board.hart.restore(saved);
  board.deadline = undefined;
  return put(board, guest);
}

/** Runs so many instructions, in slices; ends early in WFI. */
export function advance({ hart }: PlainBoard, instructions: number, slice: number): void {
  const end = hart.cycles + instructions;
  while (hart.cycles < end) if (hart.run(Math.min(slice, end - hart.cycles)).kind === "wait") return;
}

/** The timer's interrupt, once its time has come. */
export function tick(board: PlainBoard): void {
  if (board.deadline !== undefined && board.deadline <= board.hart.time()) {
    board.deadline = undefined;
    board.hart.setTimer();
  }
}

function happen(board: PlainBoard, program: number, { bit, level, dma }: Happening): void {
  tick(board);
  board.hart.line(bit, level);
  // C.ADDI twice, which is an instruction in every place of a program, and a number in data.
  if (dma >= 0) {
    const base = dma & 1 ? ramBase + place.data * page : program;
    board.bus.write(base + 4 * (dma >> 1), Uint8Array.of(0x85, 0x02, 0x85, 0x02));
  }
}

/** A board with the same state, by way of text. */
export function moved(board: PlainBoard, guest: Guest, options: HartOptions, isa: Isa = guest.isa): PlainBoard {
  const saved = JSON.parse(JSON.stringify(board.hart.save())) as HartSaved;
  const other = boardOf({ ...guest, ram: board.bus.read(ramBase, ramSize) }, options, isa);
  other.hart.restore(saved);
  other.deadline = board.deadline;
  return other;
}

/** What a trial did. */
export interface Outcome {
  /** What the two boards had at the first happening at which they differed. */
  readonly difference?: { readonly expected: unknown; readonly found: unknown };
  /** Instructions in units. */
  readonly inUnits: number;
  /** The modes, and whether addresses were translated, at each happening. */
  readonly seen: readonly string[];
}

/** Runs a trial by the evaluator, and by the translator with an ISA that is rv64 unless a test wants to see what is found. */
export function compare(
  { guest, happenings, slice, saveAt, patience }: Trial,
  isa: Isa = guest.isa,
  options: HartOptions = {},
): Outcome {
  const translating: HartOptions = { ...options, engine: "translate", patience };
  const reference = referenceFor(guest, options);
  let other = boardOf(guest, translating, isa);
  let startedAt = 0;
  const seen: string[] = [];
  const inUnits = (): number => Math.max(0, other.hart.cycles - startedAt - other.hart.work.evaluated);
  for (const [index, what] of happenings.entries()) {
    advance(reference, what.after, 10_000);
    advance(other, what.after, slice);
    const [expected, found] = [reference.hart.save(), other.hart.save()];
    if (JSON.stringify(expected) !== JSON.stringify(found))
      return { difference: { expected, found }, inUnits: inUnits(), seen };
    const { mode, satp, hgatp } = reference.hart.state;
    const isTranslated = mode.privilege !== 3 && (satp !== 0n || (mode.virtual && hgatp !== 0n));
    seen.push(`${mode.virtual ? "V" : ""}${"US-M"[mode.privilege] ?? ""}${isTranslated ? " translated" : ""}`);
    for (const board of [reference, other]) happen(board, guest.program, what);
    if (index === saveAt) {
      other = moved(other, guest, translating, isa);
      startedAt = other.hart.cycles;
    }
    other.hart.engine = what.engine;
  }
  const [expected, found] = [reference, other].map(({ bus }) => bus.read(ramBase, ramSize));
  const same = Buffer.compare(expected ?? Buffer.of(), found ?? Buffer.of()) === 0;
  return { ...(same ? {} : { difference: { expected, found } }), inUnits: inUnits(), seen };
}

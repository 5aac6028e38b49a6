import {
  encode,
  rv64h,
  type EngineName,
  type Field,
  type Hart,
  type HartSaved,
} from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

const ramSize = 1 << 20;

/** Modes as the hypervisor extension calls them. */
export type ModeName = "M" | "HS" | "U" | "VS" | "VU";

const modes = {
  M: { privilege: 3, virtual: false },
  HS: { privilege: 1, virtual: false },
  U: { privilege: 0, virtual: false },
  VS: { privilege: 1, virtual: true },
  VU: { privilege: 0, virtual: true },
} as const;

export const modeNames = ["M", "HS", "U", "VS", "VU"] as const;

export const nameOf = ({ mode }: Hart): ModeName =>
  modeNames.find((name) => modes[name].privilege === mode.privilege && modes[name].virtual === mode.virtual) ?? "M";

export function enter(hart: Hart, mode: ModeName): void {
  hart.state.mode = modes[mode];
}

/** A hart with the hypervisor extension, all of memory open, whose code begins with RAM. */
function guestBoard(engine: EngineName): PlainBoard {
  return plainBoard(ramSize, { engine, pmpEntries: 0, patience: 1 }, rv64h);
}

const known = new Map<EngineName, { readonly board: PlainBoard; readonly saved: HartSaved }>();

/** The same board again for each trial of an instruction, its hart as after a reset: what is in memory stays. */
export function resetBoard(engine: EngineName): PlainBoard {
  const found = known.get(engine);
  if (found !== undefined) {
    found.board.hart.restore(found.saved);
    return found.board;
  }
  const board = guestBoard(engine);
  known.set(engine, { board, saved: board.hart.save() });
  return board;
}

export const instruction = (name: string, fields: Readonly<Partial<Record<Field, number>>> = {}): number =>
  encode(rv64h.row(name), fields);

export function put(board: PlainBoard, address: number, ...words: readonly number[]): void {
  words.forEach((word, index) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, word, true);
    board.bus.write(address + 4 * index, bytes);
  });
}

export function put64(board: PlainBoard, address: number, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  board.bus.write(address, bytes);
}

/** What an instruction ended in: nothing, or a cause, in which mode's handler. */
export type Outcome = "ok" | { readonly cause: number; readonly in: ModeName };

const handlers = { mtvec: 0x40000, stvec: 0x41000, vstvec: 0x42000 } as const;
const numbers = {
  mtvec: 0x305,
  stvec: 0x105,
  vstvec: 0x205,
  mcause: 0x342,
  scause: 0x142,
} as const;

/** Lets handlers lie where `outcome` looks for them: each begins with what does nothing. To be done while V is 0. */
export function setHandlers(board: PlainBoard): void {
  for (const name of ["mtvec", "stvec", "vstvec"] as const) {
    put(board, ramBase + handlers[name], instruction("addi"));
    board.hart.setCsr(numbers[name], BigInt(ramBase + handlers[name]));
  }
}

/** Where the hart is now, if that is a handler. */
function outcomeOf({ hart }: PlainBoard): Outcome {
  const at = Number(BigInt.asUintN(64, hart.pc)) - ramBase;
  if (!Object.values(handlers).some((handler) => handler === at)) return "ok";
  const mode = nameOf(hart);
  const cause = hart.csr(mode === "M" ? numbers.mcause : numbers.scause) ?? 0n;
  return { cause: Number(BigInt.asUintN(8, cause)), in: mode };
}

/** Executes one instruction in a mode, without address translation unless the board's state says otherwise. */
export function execute(board: PlainBoard, mode: ModeName, word: number): Outcome {
  put(board, ramBase, word);
  board.hart.pc = BigInt(ramBase);
  setHandlers(board);
  enter(board.hart, mode);
  board.hart.run(1);
  return outcomeOf(board);
}

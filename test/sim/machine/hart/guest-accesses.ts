import { csrNumbers, type EngineName, type Hart } from "../../../../sim/machine/index.js";
import { enter, instruction, nameOf, put, put64, resetBoard, setHandlers, type ModeName } from "./guest-board.js";
import { physical, putTables, virtual } from "./guest-tables.js";
import { ramBase, type PlainBoard } from "./plain-board.js";

/** The page that is accessed. */
export const data = 0x20;
export const at = virtual(data) + 8n;
/** Whose first half word is no instruction. */
export const content = 0x1122334455660000n;

export type Kind = "load" | "store" | "fetch" | "atomic";
const words: Readonly<Record<Kind, readonly number[]>> = {
  load: [instruction("ld", { rd: 2, rs1: 1, imm: 8 })],
  store: [instruction("sd", { rs1: 1, rs2: 2, imm: 8 })],
  fetch: [instruction("jalr", { rs1: 1, imm: 8 })],
  atomic: [instruction("addi", { rd: 1, rs1: 1, imm: 8 }), instruction("amoadd.d", { rd: 2, rs1: 1, rs2: 3 })],
};
/** The same as htinst has them: without rs1 and the immediate. */
export const transformed: Readonly<Record<Kind, bigint>> = {
  load: 0x3103n,
  store: 0x203023n,
  fetch: 0n,
  atomic: 0x30312fn,
};

export interface Fault {
  readonly cause: bigint;
  readonly value: bigint;
  readonly guest: bigint;
  readonly instruction: bigint;
  /** GVA and the mode before it. */
  readonly isGuestAddress: boolean;
  readonly isVirtual: boolean;
}

export const get = (hart: Hart, name: string): bigint => BigInt.asUintN(64, hart.csr(csrNumbers.get(name) ?? 0) ?? 0n);

/** The trap that the hart is in, as its handler sees it; undefined where it is in none. */
export function faultOf({ hart }: PlainBoard): Fault | undefined {
  const mode = nameOf(hart);
  if (mode === "HS" && get(hart, "stvec") === BigInt.asUintN(64, hart.pc)) {
    const status = get(hart, "hstatus");
    return {
      cause: get(hart, "scause"),
      value: get(hart, "stval"),
      guest: get(hart, "htval"),
      instruction: get(hart, "htinst"),
      isGuestAddress: (status & 0x40n) !== 0n,
      isVirtual: (status & 0x80n) !== 0n,
    };
  }
  if (mode !== "M" || get(hart, "mtvec") !== BigInt.asUintN(64, hart.pc)) return undefined;
  const status = get(hart, "mstatus");
  return {
    cause: get(hart, "mcause"),
    value: get(hart, "mtval"),
    guest: get(hart, "mtval2"),
    instruction: get(hart, "mtinst"),
    isGuestAddress: (status & (1n << 38n)) !== 0n,
    isVirtual: (status & (1n << 39n)) !== 0n,
  };
}

/** A board whose guest's code and data lie where RAM does. */
export function prepared(engine: EngineName, change: (board: PlainBoard) => void): PlainBoard {
  const board = resetBoard(engine);
  setHandlers(board);
  putTables(board);
  put64(board, Number(physical(data)) + 8, content);
  change(board);
  return board;
}

/** Executes words in a mode, at the guest's first page if it is a guest's. */
export function execute(board: PlainBoard, mode: ModeName, code: readonly number[]): Fault | undefined {
  const { hart } = board;
  put(board, ramBase, ...code);
  hart.pc = mode.startsWith("V") ? virtual(0) : BigInt(ramBase);
  enter(hart, mode);
  for (let left = code.length; left > 0 && faultOf(board) === undefined; left--) hart.run(1);
  return faultOf(board);
}

export function access(board: PlainBoard, kind: Kind, mode: ModeName = "VS"): Fault | undefined {
  const { hart } = board;
  hart.setX(1, virtual(data));
  hart.setX(2, 5n);
  hart.setX(3, 1n);
  const found = execute(board, mode, words[kind]);
  if (kind !== "fetch" || found !== undefined) return found;
  hart.run(1);
  // What is there is no instruction.
  const fetched = faultOf(board);
  return fetched?.cause === 2n ? undefined : fetched;
}

export const delegated = { medeleg: -1n };
export const causes: Readonly<Record<"page" | "guest" | "access", Readonly<Record<Kind, bigint>>>> = {
  page: { load: 13n, store: 15n, atomic: 15n, fetch: 12n },
  guest: { load: 21n, store: 23n, atomic: 23n, fetch: 20n },
  access: { load: 5n, store: 7n, atomic: 7n, fetch: 1n },
};
export const read = 0x3000n;
export const write = 0x3020n;
export const ADUE = 1n << 61n;
export const marking = { menvcfg: ADUE, henvcfg: ADUE };
export const shifted = (address: bigint | number): bigint => BigInt(address) >> 2n;

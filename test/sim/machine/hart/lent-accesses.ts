import fc from "fast-check";
import type { EngineName } from "../../../../sim/machine/index.js";
import { instruction, type ModeName } from "./guest-board.js";
import { at, data, delegated, execute, prepared, type Fault } from "./guest-accesses.js";
import { flag, full, leafAt, mapGuestPage, mapPage, physical, setCsrs } from "./guest-tables.js";
import { ramBase, type PlainBoard } from "./plain-board.js";

/** HLV, HLVX or HSV, and the instruction by which a guest makes the same access itself. */
const accesses = {
  "hlv.b": "lb",
  "hlv.bu": "lbu",
  "hlv.h": "lh",
  "hlv.hu": "lhu",
  "hlvx.hu": "lhu",
  "hlv.w": "lw",
  "hlv.wu": "lwu",
  "hlvx.wu": "lwu",
  "hlv.d": "ld",
  "hsv.b": "sb",
  "hsv.h": "sh",
  "hsv.w": "sw",
  "hsv.d": "sd",
} as const;
type Access = keyof typeof accesses;
const names = Object.keys(accesses) as readonly Access[];

/** One access that a hypervisor makes as its guest, and under what. */
interface LentAccess {
  readonly access: Access;
  /** Where it is made; with HU in hstatus, or without. */
  readonly from: ModeName;
  readonly open: boolean;
  /** As VS-mode, else as VU-mode. */
  readonly supervisor: boolean;
  /** The page's flags in the guest's table, and in the hypervisor's. */
  readonly leaf: number;
  readonly guestLeaf: number;
  /** The entry leads to another page than its own, in either stage. */
  readonly turned: readonly [boolean, boolean];
  /** SUM and MXR of the guest, and of the hypervisor. */
  readonly vsstatus: bigint;
  readonly sstatus: bigint;
  readonly marks: readonly [boolean, boolean];
}

const [SUM, MXR, ADUE, SPVP, HU] = [1n << 18n, 1n << 19n, 1n << 61n, 1n << 8n, 1n << 9n] as const;
const seen = fc.constantFrom(0n, SUM, MXR, SUM | MXR);
/** Writable without being readable is reserved. */
const flags = fc.nat(0xff).filter((bits) => (bits & (flag.R | flag.W)) !== flag.W);
/** Mostly such as allow something. */
const leaf = fc.oneof(
  { weight: 1, arbitrary: flags },
  { weight: 4, arbitrary: fc.constantFrom(0xcf, 0xdf, 0xc9, 0xd9, 0xc3, 0xd3, 0x4f, 0x5f, 0x0f, 0x1f) },
);
const ofUser = leaf.map((bits) => bits | flag.U);

export const lentAccesses: fc.Arbitrary<LentAccess> = fc.record({
  access: fc.constantFrom(...names),
  from: fc.constantFrom<ModeName[]>("HS", "HS", "HS", "M", "U", "VS", "VU"),
  open: fc.boolean(),
  supervisor: fc.boolean(),
  leaf,
  guestLeaf: fc.oneof({ weight: 1, arbitrary: leaf }, { weight: 6, arbitrary: ofUser }),
  turned: fc.tuple(fc.boolean(), fc.boolean()),
  vsstatus: seen,
  sstatus: seen,
  marks: fc.tuple(fc.boolean(), fc.boolean()),
});

/** Of HLVX: what may be executed is what may be read. */
const readable = (bits: number): number => (bits & ~(flag.R | flag.W)) | ((bits & flag.X) === 0 ? 0 : flag.R);

/** What an access did: its exception, or what it read; and memory, where it wrote and marked. */
interface Effect {
  readonly fault: Partial<Fault> | undefined;
  readonly read: bigint;
  readonly pages: readonly bigint[];
  readonly marks: readonly bigint[];
  /** Whether machine mode's own load reads its own memory afterwards. */
  readonly isOver: boolean;
}

const guestLeaves = 0x19 * 4096;
const [AD, other] = [BigInt(flag.A | flag.D), data + 1];

function effectOf(board: PlainBoard, fault: Fault | undefined): Effect {
  const { bus, hart } = board;
  const read = hart.x(2);
  hart.setX(1, physical(data));
  execute(board, "M", [instruction("ld", { rd: 3, rs1: 1, imm: 8 })]);
  const marksAt = [leafAt(data), ramBase + guestLeaves + 8 * data, ramBase + guestLeaves + 8 * other];
  return {
    fault: fault && {
      cause: fault.cause,
      value: fault.value,
      guest: fault.guest,
      isGuestAddress: fault.isGuestAddress,
    },
    read,
    isOver: hart.x(3) === bus.read64(Number(physical(data)) + 8),
    pages: [data, other].map((number) => bus.read64(Number(physical(number)) + 8)),
    marks: marksAt.map((address) => bus.read64(address) & AD),
  };
}

function boardFor(
  engine: EngineName,
  trial: LentAccess,
  change: (bits: number) => number,
  hstatus: bigint,
): PlainBoard {
  const { leaf, guestLeaf, turned, vsstatus, sstatus, marks } = trial;
  const board = prepared(engine, ({ hart }) => {
    const [menvcfg, henvcfg] = marks.map((one) => (one ? ADUE : 0n));
    setCsrs(hart, { ...delegated, vsstatus, sstatus, menvcfg: menvcfg ?? 0n, henvcfg: henvcfg ?? 0n, hstatus });
  });
  mapPage(board, data, change(leaf), physical(turned[0] ? other : data));
  for (const number of [data, other]) {
    mapGuestPage(board, number, change(guestLeaf), physical(turned[1] ? (number === data ? other : data) : number));
    board.bus.write(Number(physical(number)) + 8, Uint8Array.of(0xfe, 0x80, 0x81, 0x84, number, 6, 7, 0x88));
  }
  board.hart.fence(undefined);
  board.hart.setX(1, at);
  board.hart.setX(2, 0x1122334455667788n);
  return board;
}

/**
 * What the hypervisor's access did, and what it has to: as much as the guest's own access, or nothing where the mode may make none
 * ("Hypervisor Virtual-Machine Load and Store Instructions").
 */
export function bothEffects(
  engine: EngineName,
  trial: LentAccess,
): { readonly found: Effect; readonly expected: Effect } {
  const { access, from, open, supervisor } = trial;
  const isStore = access.startsWith("hsv");
  const isPeek = access.startsWith("hlvx");
  const same = (bits: number): number => bits;
  const lent = boardFor(engine, trial, same, (supervisor ? SPVP : 0n) | (open ? HU : 0n));
  const word = instruction(access, isStore ? { rs1: 1, rs2: 2 } : { rd: 2, rs1: 1 });
  // What a guest executes there is its own.
  mapPage(lent, 0, from === "VU" ? full | flag.U : full);
  const found = effectOf(lent, execute(lent, from, [word]));
  // MXR has no part in what is to be executed.
  const alike = isPeek ? { ...trial, vsstatus: trial.vsstatus & ~MXR, sstatus: trial.sstatus & ~MXR } : trial;
  const own = boardFor(engine, alike, isPeek ? readable : same, 0n);
  if (from.startsWith("V") || (from === "U" && !open)) {
    // A virtual instruction, or an illegal one: mtval has its bits, and nothing has happened.
    const fault = { cause: from === "U" ? 2n : 22n, value: BigInt(word >>> 0), guest: 0n, isGuestAddress: false };
    return { found, expected: { ...effectOf(own, undefined), fault, isOver: true } };
  }
  mapPage(own, 0, supervisor ? full : full | flag.U);
  const ownWord = instruction(accesses[access], isStore ? { rs1: 1, rs2: 2, imm: 8 } : { rd: 2, rs1: 1, imm: 8 });
  own.hart.setX(1, at - 8n);
  const expected = effectOf(own, execute(own, supervisor ? "VS" : "VU", [ownWord]));
  return { found, expected: { ...expected, isOver: true } };
}

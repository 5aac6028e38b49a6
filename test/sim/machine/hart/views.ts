import fc from "fast-check";
import { rv64h, type EngineName, type HartSaved } from "../../../../sim/machine/index.js";
import { enter, instruction, put, put64, type ModeName } from "./guest-board.js";
import { setCsrs } from "./guest-tables.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

const page = 4096;
/** Pages of RAM: code for all modes but the users', code for these, handlers and fences, what supervisors do when called, data; tables of two spaces and of two guests. */
const at = { code: 0, userCode: 1, handler: 2, called: 3, data: 4, spaces: [8, 11], guests: [16, 24] } as const;
const ramSize = 32 * page;
/** Where spaces show the first pages of RAM. */
const virtualBase = 0x40000000n;
const entry = (to: number, flags: number): bigint => (BigInt(ramBase / page + to) << 10n) | BigInt(flags);

/** One way of looking at memory, and what is done by it: a loop that loads from a page and stores to another. */
interface Step {
  readonly mode: ModeName;
  /** Which tables satp, vsatp and hgatp name: the first, the second, none. */
  readonly space: number;
  readonly guestSpace: number;
  readonly guest: number;
  /** SUM and MXR of hypervisor and guest; MPRV with MPV, MPP. */
  readonly status: bigint;
  readonly guestStatus: bigint;
  readonly lent: bigint;
  readonly from: number;
  readonly to: number;
  /** What leads elsewhere from then on, and the fence that says so. */
  readonly change: keyof typeof fences | "none";
}

/** SFENCE.VMA and HFENCE.VVMA are as one here: each forgets of hypervisor and guest, which is more than it has to. */
const fences = { "sfence.vma": 4, "hfence.vvma": 8, "hfence.gvma": 12 } as const;

/** Flags of the data's pages in each table, and steps without any fence between them: every step has tables of its own that stay. */
export interface Views {
  readonly flags: readonly (readonly number[])[];
  readonly steps: readonly Step[];
}

const bits = fc.constantFrom(0n, 1n << 18n, 1n << 19n, 3n << 18n);
const number = fc.constantFrom(0, 0, 1, 1, 2);
const step: fc.Arbitrary<Step> = fc.record({
  mode: fc.constantFrom<ModeName[]>("M", "M", "HS", "VS", "VS", "U", "VU"),
  space: number,
  guestSpace: number,
  guest: number,
  status: bits,
  guestStatus: bits,
  lent: fc.constantFrom(0n, 0x20000n, 0x20800n, 0x8000020000n, 0x8000020800n, 0x8000020800n),
  from: fc.nat(3),
  to: fc.nat(3),
  change: fc.constantFrom<Step["change"][]>("none", "none", "none", "sfence.vma", "hfence.vvma", "hfence.gvma"),
});
/** Each step is as the one before but for some fields. */
function changed([first, others]: [Step, [Step, number][]]): readonly Step[] {
  const steps = [first];
  for (const [next, mask] of others) {
    const kept = Object.entries(steps.at(-1) ?? first).filter((_, index) => ((mask >> index) & 1) === 1);
    steps.push({ ...next, ...(Object.fromEntries(kept) as Partial<Step>) });
  }
  return steps;
}

const leaf = fc.constantFrom(0xcf, 0xdf, 0xcf, 0xdf, 0xcb, 0xdb, 0xc9, 0xd9, 0x4f, 0x0f);
export const views: fc.Arbitrary<Views> = fc.record({
  flags: fc.array(fc.array(leaf, { minLength: 4, maxLength: 4 }), { minLength: 4, maxLength: 4 }),
  steps: fc.tuple(step, fc.array(fc.tuple(step, fc.nat(1023)), { minLength: 1, maxLength: 11 })).map(changed),
});

function prepared(engine: EngineName): { readonly board: PlainBoard; readonly saved: HartSaved } {
  const board = plainBoard(ramSize, { engine, pmpEntries: 0, patience: 1 }, rv64h);
  const loop = [
    instruction("ld", { rd: 2, rs1: 1, imm: 8 }),
    instruction("add", { rd: 5, rs1: 5, rs2: 2 }),
    instruction("sd", { rs1: 6, rs2: 5, imm: 16 }),
    instruction("addi", { rd: 4, rs1: 4, imm: -1 }),
    instruction("bne", { rs1: 4, rs2: 0, imm: -16 }),
  ];
  const stay = instruction("jal", { rd: 0, imm: 0 });
  for (const code of [at.code, at.userCode]) put(board, ramBase + code * page, ...loop, instruction("ecall"));
  put(board, ramBase + at.called * page, instruction("addi", { rd: 4, imm: 5 }), ...loop, stay);
  const names = Object.keys(fences) as (keyof typeof fences)[];
  put(board, ramBase + at.handler * page, stay, ...names.map((name) => instruction(name)));
  setCsrs(board.hart, {
    mtvec: BigInt(ramBase + at.handler * page),
    menvcfg: 1n << 61n,
    henvcfg: 1n << 61n,
    medeleg: 1n << 8n,
    hedeleg: 1n << 8n,
  });
  return { board, saved: board.hart.save() };
}

const boards = new Map<EngineName, ReturnType<typeof prepared>>();

/** All of RAM as the trial has it at first, and the hart as after a reset. */
function boardFor(engine: EngineName, { flags }: Views): PlainBoard {
  const known = boards.get(engine) ?? prepared(engine);
  boards.set(engine, known);
  const { board, saved } = known;
  board.hart.restore(saved);
  const tables = (
    root: number,
    middle: number,
    leaves: number,
    index: number,
    ofUser: number,
    turned: number,
  ): void => {
    put64(board, ramBase + root * page + 8 * index, entry(middle, 1));
    put64(board, ramBase + middle * page, entry(leaves, 1));
    for (let other = 0; other < ramSize / page; other++) {
      const isData = other >= at.data && other < at.data + 4;
      const own = other === at.userCode ? 0xdf : 0xcf;
      const wanted = isData ? (flags[turned]?.[other - at.data] ?? 0) : own;
      // Each table shows the data's pages in another order.
      const to = isData ? at.data + ((other - at.data + turned) % 4) : other;
      put64(board, ramBase + leaves * page + 8 * other, entry(to, wanted | ofUser));
    }
  };
  at.spaces.forEach((root, turned) => {
    tables(root, root + 1, root + 2, 1, 0, turned);
  });
  at.guests.forEach((root, turned) => {
    tables(root, root + 4, root + 5, 2, 0x10, 2 + turned);
  });
  for (let data = 0; data < 4 * page; data += 8) {
    if (data % page < 32) put64(board, ramBase + at.data * page + data, BigInt(data) * 0x0101010101n);
  }
  return board;
}

const sv39 = (root: number | undefined): bigint =>
  root === undefined ? 0n : (8n << 60n) | BigInt(ramBase / page + root);

function takeChange(board: PlainBoard, { change, guest, guestSpace, from }: Step): void {
  const root = change === "hfence.gvma" ? at.guests[guest] : at.spaces[guestSpace];
  if (change === "none" || root === undefined) return;
  const leaves = root + (change === "hfence.gvma" ? 5 : 2);
  const where = ramBase + leaves * page + 8 * (at.data + from);
  // Bit 10 is the lowest one of the page's number.
  put64(board, where, board.bus.read64(where) ^ 0x400n);
  board.hart.pc = BigInt(ramBase + at.handler * page + fences[change]);
  board.hart.run(1);
}

function take(board: PlainBoard, given: Step): void {
  const { hart } = board;
  const { mode } = given;
  enter(hart, "M");
  setCsrs(hart, { mstatus: 0n });
  takeChange(board, given);
  const lent = mode === "M" ? given.lent : 0n;
  setCsrs(hart, {
    mstatus: given.status | lent,
    vsstatus: given.guestStatus,
    satp: sv39(at.spaces[given.space]),
    vsatp: sv39(at.spaces[given.guestSpace]),
    hgatp: sv39(at.guests[given.guest]),
    stvec: (given.space < 2 ? virtualBase : BigInt(ramBase)) + BigInt(at.called * page),
    vstvec: (given.guestSpace < 2 ? virtualBase : BigInt(ramBase)) + BigInt(at.called * page),
  });
  enter(hart, mode);
  const isGuest = mode.startsWith("V");
  const isMapped = (isGuest ? given.guestSpace : given.space) < 2;
  const isData =
    lent === 0n ? mode !== "M" && isMapped : ((lent >> 39n) & 1n) === 1n ? given.guestSpace < 2 : given.space < 2;
  const base = mode !== "M" && isMapped ? virtualBase : BigInt(ramBase);
  const dataBase = isData ? virtualBase : BigInt(ramBase);
  hart.pc = base + BigInt((mode.endsWith("U") ? at.userCode : at.code) * page);
  hart.setX(1, dataBase + BigInt((at.data + given.from) * page));
  hart.setX(6, dataBase + BigInt((at.data + given.to) * page));
  hart.setX(4, 6n);
  hart.setX(5, 1n);
  hart.run(90);
}

/** What both engines leave behind each step, up to the first one where that is not the same. */
export function bothViews(trial: Views): {
  readonly expected: unknown;
  readonly found: unknown;
  readonly inUnits: number;
} {
  const [reference, other] = [boardFor("evaluate", trial), boardFor("translate", trial)];
  const before = other.hart.work.inUnits;
  const ram = ({ bus, arena }: PlainBoard): Uint8Array =>
    new Uint8Array(arena.memory.buffer, bus.ramAt(ramBase, ramSize));
  let [expected, found]: unknown[] = [];
  for (const given of trial.steps) {
    take(reference, given);
    take(other, given);
    [expected, found] = [reference.hart.save(), other.hart.save()];
    if (JSON.stringify(expected) !== JSON.stringify(found)) break;
    const [memory, seen] = [ram(reference).subarray(0, ramSize), ram(other).subarray(0, ramSize)];
    if (Buffer.compare(memory, seen) === 0) continue;
    const address = memory.findIndex((byte, index) => byte !== seen[index]);
    [expected, found] = [
      { address, byte: memory[address] },
      { address, byte: seen[address] },
    ];
    break;
  }
  return { expected, found, inUnits: other.hart.work.inUnits - before };
}

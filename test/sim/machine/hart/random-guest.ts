import fc from "fast-check";
import { encode, rv64 } from "../../../../sim/machine/index.js";
import { ramBase } from "./plain-board.js";

/** Pages of RAM, by number: handlers, the program, its data, page tables. */
const page = 4096;
const place = { handlers: 0, program: 1, data: 4, root: 8, middle: 9, leaves: 10, otherRoot: 11 } as const;
export const ramSize = 16 * page;
export const deviceBase = 0x10000000;
const at = (number: number): number => ramBase + number * page;
/** Seen under this distance too, where addresses are translated. */
const alias = 0x20000;
/** The program's length, in instructions: beyond one page. */
const programWords = 2 * (page / 4) - 40;

type Fields = Readonly<Record<string, number>>;
/** An instruction, or a label. A field `to` names the label that it jumps to. */
type Line = string | readonly [name: string, fields?: Fields, to?: string];

const word = (name: string, fields: Fields = {}): number => encode(rv64.row(name), fields);

function assemble(lines: readonly Line[]): number[] {
  const labels = new Map<string, number>();
  let offset = 0;
  for (const line of lines) {
    if (typeof line === "string") labels.set(line, offset);
    else offset += 4;
  }
  const words: number[] = [];
  for (const line of lines) {
    if (typeof line === "string") continue;
    const [name, fields = {}, to] = line;
    const target = to === undefined ? {} : { imm: (labels.get(to) ?? 0) - 4 * words.length };
    words.push(word(name, { ...fields, ...target }));
  }
  return words;
}

/** A number below 2^31 into a register. */
function load(rd: number, value: number): Line[] {
  const low = (value << 20) >> 20;
  return [
    ["lui", { rd, imm: (value - low) | 0 }],
    ["addiw", { rd, rs1: rd, imm: low }],
  ];
}

const csr = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  senvcfg: 0x10a,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  mcountinhibit: 0x320,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
  pmpaddr1: 0x3b1,
  mcycle: 0xb00,
  minstret: 0xb02,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  hpmcounter3: 0xc03,
  mhartid: 0xf14,
  none: 0x7ff,
} as const;

/** What programs read and write at will. Handlers' addresses and the way back aren't among them. */
const anyCsr = [
  csr.sstatus,
  csr.sie,
  csr.scounteren,
  csr.senvcfg,
  csr.sscratch,
  csr.sepc,
  csr.scause,
  csr.sip,
  csr.stimecmp,
  csr.mstatus,
  csr.misa,
  csr.mideleg,
  csr.mie,
  csr.mcounteren,
  csr.menvcfg,
  csr.mcountinhibit,
  csr.mscratch,
  csr.mepc,
  csr.mtval,
  csr.mip,
  csr.mcycle,
  csr.minstret,
  csr.cycle,
  csr.time,
  csr.instret,
  csr.hpmcounter3,
  csr.mhartid,
  csr.none,
];

/**
 * The handler of one mode: notes cause and value in x27, masks an interrupt that it took, and goes on behind an instruction that
 * could not be. ECALL asks it to change a page-table entry, by x6 to x8, and, of
 * machine mode's, to go on in the mode that x5 names.
 */
function handler(mode: "machine" | "supervisor"): Line[] {
  const isMachine = mode === "machine";
  const [cause, value, pc, enable] = isMachine
    ? [csr.mcause, csr.mtval, csr.mepc, csr.mie]
    : [csr.scause, csr.stval, csr.sepc, csr.sie];
  const back: Line = [isMachine ? "mret" : "sret"];
  const l = (name: string): string => `${mode}.${name}`;
  return [
    l("entry"),
    ["csrrs", { rd: 31, csr: cause }],
    ["csrrs", { rd: 30, csr: value }],
    ["slli", { rd: 29, rs1: 27, imm: 5 }],
    ["sub", { rd: 27, rs1: 29, rs2: 27 }],
    ["add", { rd: 27, rs1: 27, rs2: 30 }],
    ["add", { rd: 27, rs1: 27, rs2: 31 }],
    ["bge", { rs1: 31, rs2: 0 }, l("exception")],
    ["addi", { rd: 30, imm: 1 }],
    ["sll", { rd: 30, rs1: 30, rs2: 31 }],
    ["csrrc", { rd: 0, rs1: 30, csr: enable }],
    back,
    l("exception"),
    // What can't be executed where it is won't be behind either.
    ["addi", { rd: 30, rs1: 31, imm: -12 }],
    ["beq", { rs1: 30, rs2: 0 }, l("anew")],
    ["addi", { rd: 30, rs1: 31, imm: -1 }],
    ["beq", { rs1: 30, rs2: 0 }, l("anew")],
    ["addi", { rd: 30, rs1: 31, imm: -8 }],
    ["sltiu", { rd: 30, rs1: 30, imm: 4 }],
    ["beq", { rs1: 30, rs2: 0 }, l("skip")],
    // ECALL.
    ...(isMachine
      ? ([
          ["andi", { rd: 30, rs1: 5, imm: 3 }],
          ["slli", { rd: 30, rs1: 30, imm: 11 }],
          ...load(29, 0x1800),
          ["csrrc", { rd: 0, rs1: 29, csr: csr.mstatus }],
          ["csrrs", { rd: 0, rs1: 30, csr: csr.mstatus }],
        ] satisfies Line[])
      : []),
    ["andi", { rd: 30, rs1: 6, imm: 1 }],
    ["beq", { rs1: 30, rs2: 0 }, l("skip")],
    // x29 = 1 to 15: which page; x30 = where its entry is.
    ["andi", { rd: 29, rs1: 7, imm: 15 }],
    ["beq", { rs1: 29, rs2: 0 }, l("skip")],
    ["slli", { rd: 30, rs1: 29, imm: 3 }],
    ["auipc", { rd: 31, imm: place.leaves * page }],
    ["srli", { rd: 31, rs1: 31, imm: 12 }],
    ["slli", { rd: 31, rs1: 31, imm: 12 }],
    ["add", { rd: 30, rs1: 30, rs2: 31 }],
    // Other flags in its entry.
    ["ld", { rd: 31, rs1: 30 }],
    ["andi", { rd: 28, rs1: 8, imm: 0xff }],
    ["srli", { rd: 31, rs1: 31, imm: 8 }],
    ["slli", { rd: 31, rs1: 31, imm: 8 }],
    ["or", { rd: 31, rs1: 31, rs2: 28 }],
    ["sd", { rs1: 30, rs2: 31 }],
    ["auipc", { rd: 31, imm: 0 }],
    ["srli", { rd: 31, rs1: 31, imm: 12 }],
    ["add", { rd: 31, rs1: 31, rs2: 29 }],
    ["slli", { rd: 31, rs1: 31, imm: 12 }],
    ["andi", { rd: 30, rs1: 6, imm: 2 }],
    ["beq", { rs1: 30, rs2: 0 }, l("all")],
    ["sfence.vma", { rs1: 31 }],
    ["jal", {}, l("skip")],
    l("all"),
    ["sfence.vma"],
    l("skip"),
    ["csrrs", { rd: 31, csr: pc }],
    // Lower 16 bits beyond the first page, upper ones as they should be.
    ["slli", { rd: 30, rs1: 31, imm: 46 }],
    ["srli", { rd: 30, rs1: 30, imm: 46 }],
    ["srli", { rd: 29, rs1: 31, imm: 18 }],
    ...load(28, ramBase / 2 ** 18),
    ["bne", { rs1: 29, rs2: 28 }, l("anew")],
    ...load(28, page),
    ["bltu", { rs1: 30, rs2: 28 }, l("anew")],
    ["addi", { rd: 31, rs1: 31, imm: 4 }],
    l("back"),
    ["csrrw", { rd: 0, rs1: 31, csr: pc }],
    back,
    l("anew"),
    ...(isMachine ? ([...load(29, 0x1800), ["csrrs", { rd: 0, rs1: 29, csr: csr.mstatus }]] satisfies Line[]) : []),
    ["auipc", { rd: 31, imm: page }],
    ["srli", { rd: 31, rs1: 31, imm: 12 }],
    ["slli", { rd: 31, rs1: 31, imm: 12 }],
    ["addi", { rd: 1, rs1: 31 }],
    ["jal", {}, l("back")],
  ];
}

/** What supervisor mode may be left to handle: not what would keep it from ever coming back to machine mode. */
const delegated = 0xa0fc;
const supervisorHandler = 0x400;
const boot = 0x800;

/** Sets the handlers, PMP and page tables' root, and goes to the program in machine mode. */
function bootLines(satp: number, medeleg: number): Line[] {
  const satpValue: Line[] = [
    ...load(5, satp),
    ["addi", { rd: 6, imm: 1 }],
    ["slli", { rd: 6, rs1: 6, imm: 63 }],
    ["or", { rd: 5, rs1: 5, rs2: 6 }],
  ];
  return [
    ["auipc", { rd: 5, imm: 0 }],
    ["addi", { rd: 5, rs1: 5, imm: -0x400 }],
    ["addi", { rd: 5, rs1: 5, imm: -0x400 }],
    ["csrrw", { rd: 0, rs1: 5, csr: csr.mtvec }],
    ["addi", { rd: 5, rs1: 5, imm: supervisorHandler }],
    ["csrrw", { rd: 0, rs1: 5, csr: csr.stvec }],
    ...load(5, medeleg),
    ["csrrw", { rd: 0, rs1: 5, csr: csr.medeleg }],
    ["addi", { rd: 5, imm: -1 }],
    ["csrrw", { rd: 0, rs1: 5, csr: csr.pmpaddr0 + 1 }],
    ...load(5, 0x1f00),
    ["csrrw", { rd: 0, rs1: 5, csr: csr.pmpcfg0 }],
    ...satpValue,
    ["csrrw", { rd: 0, rs1: 5, csr: csr.satp }],
    // x8: data; x9: the device; x10: the program.
    ...load(8, at(place.data) / 2),
    ["slli", { rd: 8, rs1: 8, imm: 1 }],
    ...load(9, deviceBase),
    ["addi", { rd: 10, imm: 1 }],
    ["slli", { rd: 10, rs1: 10, imm: 31 }],
    ...load(11, page),
    ["add", { rd: 10, rs1: 10, rs2: 11 }],
    ["addi", { rd: 1, rs1: 10 }],
    ["jalr", { rd: 0, rs1: 10 }],
  ];
}

/** Registers that programs use: what isn't among them is the handlers', or points somewhere. */
const free = [0, 1, 5, 6, 7, 11, 12, 13];
const [data, device, program] = [8, 9, 10];

const plain = rv64.rows.filter(
  ({ extension, name }) => ["I", "M"].includes(extension) && !/^(jalr|ecall|ebreak|l|s[bhwd]$)/.test(name),
);
const loads = ["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"];
const stores = ["sb", "sh", "sw", "sd"];
const atomics = rv64.rows.filter(({ extension }) => extension === "A").map(({ name }) => name);

interface Choice {
  readonly kind: number;
  readonly pick: number;
  readonly rd: number;
  readonly rs: number;
  readonly bits: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  kind: fc.nat(99),
  pick: fc.nat(1000),
  rd: fc.nat(free.length - 1),
  rs: fc.nat(free.length - 1),
  bits: fc.integer({ min: -2048, max: 2047 }),
});

const from = <T>(list: readonly T[], pick: number): T => {
  const found = list[pick % list.length];
  if (found === undefined) throw new Error("an empty list");
  return found;
};

/** What one choice becomes, at a place of the program whose words lie from `start`. */
function words(
  { kind, pick, rd: d, rs: s, bits }: Choice,
  index: number,
  start: number,
  length: number,
  forUser: boolean,
): number[] {
  const [rd, rs] = [free[d] ?? 0, free[s] ?? 0];
  const near = start + ((pick % (length + 1)) - index) * 4;
  if (kind < 34) {
    const row = from(plain, pick);
    if (row.format.name === "B" || row.format.name === "J") {
      const distance = ((bits % 24) | 0) * 4;
      return [word(row.name, { rd, rs1: rs, rs2: rd, imm: distance === 0 ? 4 : distance })];
    }
    if (row.format.name === "U") return [word(row.name, { rd, imm: bits << 12 })];
    const shift = row.format.fields.imm?.signed === false;
    const imm = shift ? bits & (row.name.endsWith("w") ? 31 : row.name.startsWith("f") ? 0 : 63) : bits;
    return [word(row.name, { rd, rs1: rs, rs2: free[pick % free.length] ?? 0, imm })];
  }
  if (kind < 48) return [word(from(loads, pick), { rd, rs1: data, imm: bits })];
  if (kind < 60) return [word(from(stores, pick), { rs1: data, rs2: rs, imm: bits })];
  // Elsewhere in the data: aligned or not, near a page's end. Never among page tables: what isn't fenced may be seen late.
  if (kind < 62) {
    const offset = (pick & 1) * page + (bits & 2 ? page - 4 : bits & 0xff8) + (bits & 4 ? bits & 3 : 0);
    return assemble([
      ...load(data, at(place.data) / 2 + page / 4 + (offset >> 1)),
      ["slli", { rd: data, rs1: data, imm: 1 }],
    ]);
  }
  if (kind < 66) return [word(from(atomics, pick), { rd, rs1: data, rs2: rs })];
  if (kind < 69) return [word(from(loads, pick), { rd, rs1: device, imm: bits & 0x1f })];
  if (kind < 72) return [word(from(stores, pick), { rs1: device, rs2: rs, imm: bits & 0x1f })];
  if (kind < 82) {
    const name = from(["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"], bits & 7);
    return [word(name, { rd, ...(name.endsWith("i") ? { imm: bits & 31 } : { rs1: rs }), csr: from(anyCsr, pick) })];
  }
  if (kind < 86) return [word("ecall")];
  if (kind < 88) return [word(from(["wfi", "ebreak", "mret", "sret", "fence.i", "sfence.vma"], pick))];
  // To the mode that may execute the program's pages, at the instruction behind.
  if (kind < 91) {
    return assemble([
      ["auipc", { rd: 31 }],
      ["addi", { rd: 31, rs1: 31, imm: 40 }],
      ["csrrw", { rd: 0, rs1: 31, csr: csr.mepc }],
      ...load(30, 0x1800),
      ["csrrc", { rd: 0, rs1: 30, csr: csr.mstatus }],
      ...load(30, forUser ? 0 : 0x800),
      ["csrrs", { rd: 0, rs1: 30, csr: csr.mstatus }],
      ["mret"],
    ]);
  }
  // The program's own words: an instruction like those here.
  if (kind < 95) {
    const made = word("addi", { rd: free[pick % free.length] ?? 0, rs1: rs, imm: bits });
    return assemble([
      ...load(31, made >> 1),
      ["slli", { rd: 31, rs1: 31, imm: 1 }],
      ["sw", { rs1: program, rs2: 31, imm: (bits & 0x1ff) * 4 }],
    ]);
  }
  if (kind < 97)
    return assemble([
      ...load(31, 0x8000_0000 / 2 + alias / 2),
      ["slli", { rd: 31, rs1: 31, imm: 1 }],
      ["add", { rd: 31, rs1: 31, rs2: rd }],
    ]);
  if (kind < 98) return [word("jal", { rd: 1, imm: Math.max(-2000, Math.min(2000, near - start)) & ~3 || 4 })];
  if (kind < 99) return [word("csrrw", { rd: 0, rs1: rs, csr: csr.pmpaddr0 })];
  return [word("jalr", { rd: 0, rs1: 1, imm: 0 })];
}

export interface Guest {
  /** All of RAM. */
  readonly ram: Uint8Array;
  readonly start: number;
}

/** Flags of the pages' entries; the handlers' page is always there. */
const flags = fc.array(fc.constantFrom(0xcf, 0xdf, 0xcf, 0x0f, 0x1f, 0x4f, 0xcb, 0xc7, 0xd9, 0x00, 0xc3), {
  minLength: 16,
  maxLength: 16,
});

/**
 * A machine's RAM with handlers, page tables and a random program that runs in all modes, touches memory and a device, changes
 * CSRs, page tables and itself, and is sent back by the handlers wherever it goes astray.
 */
export const randomGuest: fc.Arbitrary<Guest> = fc
  .record({
    choices: fc.array(choice, { minLength: 20, maxLength: 160 }),
    flags,
    middle: fc.boolean(),
    medeleg: fc.nat(0xffff),
    forUser: fc.boolean(),
  })
  .map(({ choices, flags, middle, medeleg, forUser }) => {
    const ram = new Uint8Array(ramSize);
    const view = new DataView(ram.buffer);
    const put = (offset: number, values: readonly number[]): void => {
      values.forEach((value, index) => {
        view.setUint32(offset + 4 * index, value, true);
      });
    };
    put(0, assemble(handler("machine")));
    put(supervisorHandler, assemble(handler("supervisor")));
    put(boot, assemble(bootLines(at(place.root) / page, medeleg & delegated)));

    // The second half of short programs lies beyond a page's end.
    const start = place.program * page + (middle ? page - 160 : 0);
    const made: number[] = [];
    choices.forEach((chosen, index) => {
      made.push(...words(chosen, index, start, choices.length, forUser));
    });
    const fit = made.slice(0, programWords);
    if (middle) put(place.program * page, [word("jal", { imm: page - 160 })]);
    put(start, fit);
    // Round and round.
    const end = start + 4 * fit.length;
    put(end, [word("jal", { rd: 0, imm: Math.max(-(2 ** 20), place.program * page - end) })]);

    const entry = (table: number, index: number, number: number, bits: number): void => {
      view.setBigUint64(table * page + 8 * index, (BigInt(number) << 10n) | BigInt(bits), true);
    };
    const first = ramBase / page;
    entry(place.root, 0, 0, 0xcf);
    entry(place.root, 2, first + place.middle, 1);
    entry(place.middle, 0, first + place.leaves, 1);
    for (let index = 0; index < 16; index++) {
      const isProgram = index >= place.program && index < place.data;
      const mapped =
        index === 0 || index >= place.root ? 0xcf : isProgram ? 0xcf | (forUser ? 0x10 : 0) : (flags[index] ?? 0);
      entry(place.leaves, index, first + index, mapped);
      entry(place.leaves, index + alias / page, first + index, 0xcf);
    }
    return { ram, start: ramBase + boot };
  });

import fc from "fast-check";
import { rv64 } from "../../../../../sim/machine/index.js";
import { anyCsr, csr, guestCsrs } from "./csrs.js";
import { page, place, registers, views } from "./layout.js";
import { pool, pooledInstructions, shortPairs } from "./pool.js";
import { load, word } from "./words.js";

/** What one part of a program is made of: numbers that `partOf` reads as its kind needs. */
export interface Choice {
  readonly kind: number;
  readonly pick: number;
  readonly rd: number;
  readonly rs: number;
  readonly bits: number;
}

const { free, data, device, temporary, fromPool, instruction } = registers;

export const choice: fc.Arbitrary<Choice> = fc.record({
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

const named = (extensions: readonly string[], isOther: RegExp): readonly string[] =>
  rv64.rows
    .filter(({ extension, name }) => extensions.includes(extension) && !isOther.test(name))
    .map(({ name }) => name);

const arithmetic = named(["I", "M"], /^(jalr|ecall|ebreak|l|s[bhwd]$)/);
const loads = ["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"];
const stores = ["sb", "sh", "sw", "sd"];
const atomics = named(["A"], /^$/);
const floats = named(["F", "D"], /^f(l|s)[wd]$/);

/** WFI is rare: what waits in vain does nothing any more. */
const others = ["ebreak", "mret", "sret", "fence.i", "ebreak", "mret", "sret", "fence.i", "fence.i", "sret", "wfi"];

/** A number of the pool into a register. */
function pooled(kind: keyof typeof pool, pick: number, rd: number): number {
  const { start, count } = pool[kind];
  return word("ld", { rd, rs1: registers.pool, imm: start + 8 * (pick % count) });
}

/** Another instruction of the pool each time. */
function nextInstruction(): number[] {
  const { next, nextAt } = registers;
  return [
    word("addi", { rd: next, rs1: next, imm: 4 }),
    word("andi", { rd: next, rs1: next, imm: 4 * (pooledInstructions - 1) }),
    word("add", { rd: nextAt, rs1: registers.pool, rs2: next }),
    word("lw", { rd: instruction, rs1: nextAt }),
  ];
}

/** A jump by the distance, in instructions; not onto itself. */
const jumpDistance = (bits: number): number => ((bits % 24) | 0) * 4 || 4;

function arithmeticOf({ pick, bits }: Choice, rd: number, rs: number): number {
  const row = rv64.row(from(arithmetic, pick));
  if (row.format.name === "B" || row.format.name === "J") {
    return word(row.name, { rd, rs1: rs, rs2: rd, imm: jumpDistance(bits) });
  }
  if (row.format.name === "U") return word(row.name, { rd, imm: bits << 12 });
  const shift = row.format.fields.imm?.signed === false;
  const imm = shift ? bits & (row.name.endsWith("w") ? 31 : row.name.startsWith("f") ? 0 : 63) : bits;
  return word(row.name, { rd, rs1: rs, rs2: from(free, pick), imm });
}

function floatOf({ pick, bits }: Choice, rd: number, rs: number): number {
  const any = (shift: number): number => (bits >> shift) & 3;
  const fields = { frd: any(0), frs1: any(2), frs2: any(4), frs3: any(6), rm: (bits >> 8) & 7 };
  return word(from(floats, pick), { ...fields, rd, rs1: rs });
}

/** The data's address in one of the views: aligned or not, near a page's end, half a page from other pages at least. */
function movedData(pick: number, bits: number): number[] {
  const view = from([views.plain, views.plain, views.plain, views.alias, views.mega, views.giga, views.high], pick);
  const offset = page / 2 + (bits & 2 ? page - 4 - page / 2 : bits & 0x7f8) + (bits & 4 ? bits & 3 : 0);
  const address = view + (place.data + ((bits >> 4) & 1)) * page + offset;
  const extended = load(data, address | 0);
  if (view === views.high) return extended;
  return [...extended, word("slli", { rd: data, rs1: data, imm: 32 }), word("srli", { rd: data, rs1: data, imm: 32 })];
}

/** On to the instruction behind, in the mode that MPP or SPP are made to name. */
function lowered(byMachine: boolean, toUser: boolean): number[] {
  const [pc, status, mask, name] = byMachine
    ? [csr.mepc, csr.mstatus, 0x1800, "mret"]
    : [csr.sepc, csr.sstatus, 0x100, "sret"];
  const wanted = toUser ? 0 : byMachine ? 0x800 : 0x100;
  const rest = [
    ...load(fromPool, mask),
    word("csrrc", { rd: 0, rs1: fromPool, csr: status }),
    ...load(fromPool, wanted),
    word("csrrs", { rd: 0, rs1: fromPool, csr: status }),
    word(name),
  ];
  return [
    word("auipc", { rd: temporary }),
    word("addi", { rd: temporary, rs1: temporary, imm: 4 * (3 + rest.length) }),
    word("csrrw", { rd: 0, rs1: temporary, csr: pc }),
    ...rest,
  ];
}

const guestLoads = ["hlv.b", "hlv.bu", "hlv.h", "hlv.hu", "hlvx.hu", "hlv.w", "hlv.wu", "hlvx.wu", "hlv.d"];
const guestStores = ["hsv.b", "hsv.h", "hsv.w", "hsv.d"];

/** What some choices become where there is a hypervisor extension. */
function guestPartOf({ kind, pick, bits }: Choice, rd: number, rs: number): number[] | undefined {
  if (kind === 33 || kind === 34) return [word(from(guestLoads, pick), { rd, rs1: data })];
  if (kind === 45) return [word(from(guestStores, pick), { rs1: data, rs2: rs })];
  if (kind >= 72 && kind < 76) {
    const name = from(["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"], bits & 7);
    return [word(name, { rd, ...(name.endsWith("i") ? { imm: bits & 31 } : { rs1: rs }), csr: from(guestCsrs, pick) })];
  }
  if (kind === 83) {
    return [word(from(["hfence.vvma", "hfence.gvma"], bits & 1), { rs1: from([0, data, registers.program], pick) })];
  }
  if (kind === 95) {
    const isVsatp = (bits & 1) === 0;
    const number = isVsatp ? csr.vsatp : csr.hgatp;
    return [
      pooled(isVsatp ? "spaces" : "guests", pick, fromPool),
      word("csrrw", { rd: 0, rs1: fromPool, csr: number }),
    ];
  }
  if (kind === 61) {
    const change = from(["csrrs", "csrrs", "csrrc"], bits & 3);
    return [pooled("guestStatuses", pick, fromPool), word(change, { rd: 0, rs1: fromPool, csr: csr.hstatus })];
  }
  return undefined;
}

/** What one choice becomes. Whatever it jumps to or stores to is code or data of the program, wherever an interrupt cuts it. */
export function partOf(chosen: Choice, toUser: boolean, hypervisor: boolean): number[] {
  const { kind, pick, rd: d, rs: s, bits } = chosen;
  const [rd, rs] = [free[d] ?? 0, free[s] ?? 0];
  const ofGuests = hypervisor ? guestPartOf(chosen, rd, rs) : undefined;
  if (ofGuests !== undefined) return ofGuests;
  if (kind < 28) return [arithmeticOf(chosen, rd, rs)];
  if (kind < 33) return [floatOf(chosen, rd, rs)];
  if (kind < 44) return [word(from(loads, pick), { rd, rs1: data, imm: bits })];
  if (kind < 54) return [word(from(stores, pick), { rs1: data, rs2: rs, imm: bits })];
  if (kind < 56) return [word(from(["flw", "fld"], pick), { frd: d & 3, rs1: data, imm: bits })];
  if (kind < 57) return [word(from(["fsw", "fsd"], pick), { frs2: d & 3, rs1: data, imm: bits })];
  if (kind < 61) return movedData(pick, bits);
  if (kind < 65) return [word(from(atomics, pick), { rd, rs1: data, rs2: rs })];
  if (kind < 67) return [word(from(loads, pick), { rd, rs1: device, imm: bits & 0x1f })];
  if (kind < 69) return [word(from(stores, pick), { rs1: device, rs2: rs, imm: bits & 0x1f })];
  if (kind < 76) {
    const name = from(["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"], bits & 7);
    return [word(name, { rd, ...(name.endsWith("i") ? { imm: bits & 31 } : { rs1: rs }), csr: from(anyCsr, pick) })];
  }
  if (kind < 80) return [word("ecall")];
  if (kind < 82) return [word(from(others, pick))];
  if (kind < 84) return [word("sfence.vma", { rs1: from([0, data, registers.program], pick), rs2: bits & 1 ? rs : 0 })];
  if (kind < 88) return lowered(kind < 86, (bits & 3) === 0 ? !toUser : toUser);
  // An instruction of the program's first 2 KB becomes another one, by whichever view.
  if (kind < 93) {
    const base = from([registers.program, registers.program, registers.aliasProgram, registers.megaProgram], bits & 3);
    const imm = (bits & 0x1ff) * 4;
    return [...nextInstruction(), word("sw", { rs1: base, rs2: instruction, imm })];
  }
  // Elsewhere in the program, by whichever view.
  if (kind < 95) {
    const base = from([registers.program, registers.aliasProgram, registers.megaProgram], pick);
    return [word("jalr", { rd, rs1: base, imm: (bits & 0x1f) * 4 })];
  }
  if (kind < 97) return [pooled("spaces", pick, fromPool), word("csrrw", { rd: 0, rs1: fromPool, csr: csr.satp })];
  if (kind < 98) {
    const change = from(["csrrs", "csrrc"], bits & 1);
    return [pooled("statuses", pick, fromPool), word(change, { rd: 0, rs1: fromPool, csr: csr.mstatus })];
  }
  if (kind < 99) {
    return [
      pooled("ranges", pick, fromPool),
      word("csrrw", { rd: 0, rs1: fromPool, csr: csr.pmpaddr0 }),
      pooled("protections", bits & 7, fromPool),
      word("csrrw", { rd: 0, rs1: fromPool, csr: csr.pmpcfg0 }),
    ];
  }
  return [from(shortPairs, pick)];
}

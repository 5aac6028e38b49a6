import { formats, type Field, type Row } from "../instructions/index.js";
import { constantNow } from "./expression.js";
import type { Late } from "./model.js";
import { Mistake } from "./problem.js";

type Numbers = Readonly<Partial<Record<Field, number>>>;

/** What sequences are written with. */
interface SequenceWriter {
  /** Whether instructions may be short. */
  readonly short: boolean;
  /** Two bytes. */
  half(bits: number): void;
  /** An instruction with all its numbers. */
  plain(name: string, numbers: Numbers): void;
  /** `auipc register, upper part` and the instruction that adds the lower part of how far it is to an address. */
  pair(register: number, name: string, numbers: Numbers, target: Late): void;
}

/** Writes the instructions that a mnemonic stands for. */
export type Sequence = (write: SequenceWriter, numbers: Numbers, late: readonly Late[]) => void;

const sign12 = (value: bigint): bigint => BigInt.asIntN(12, value);

/**
 * A constant by lui, addiw, slli and addi: the low twelve bits last, what is above them shifted down until it fits into 32 bits
 * (as GNU as does it).
 */
function loadConstant(write: SequenceWriter, rd: number, value: bigint): void {
  const low = sign12(value);
  const above = BigInt.asIntN(64, value - low);
  if (value >= -(2n ** 31n) && value < 2n ** 31n) {
    if (above !== 0n) write.plain("lui", { rd, imm: Number(BigInt.asIntN(32, above)) });
    if (low !== 0n || above === 0n) write.plain("addiw", { rd, rs1: above === 0n ? 0 : rd, imm: Number(low) });
    return;
  }
  let shift = 12n;
  while (((above >> shift) & 1n) === 0n) shift++;
  loadConstant(write, rd, above >> shift);
  write.plain("slli", { rd, rs1: rd, imm: Number(shift) });
  if (low !== 0n) write.plain("addi", { rd, rs1: rd, imm: Number(low) });
}

function only(late: readonly Late[]): Late {
  const [one] = late;
  if (one === undefined) throw new Error("a sequence without its operand");
  return one;
}

const li: Sequence = (write, { rd = 0 }, late) => {
  const { expression, place } = only(late);
  const value = constantNow(expression);
  if (value === undefined) {
    throw new Mistake(
      place,
      "li takes a number that is known here",
      "For an address take la; put a .equ before its use.",
    );
  }
  if (value === sign12(value)) write.plain("addi", { rd, rs1: 0, imm: Number(value) });
  else loadConstant(write, rd, value);
};

/** All zeros, or a write to a CSR that can't be written: both are illegal. */
const unimp: Sequence = (write) => {
  if (write.short) write.half(0);
  else write.plain("csrrw", { rd: 0, csr: 0xc00, rs1: 0 });
};

const la: Sequence = (write, { rd = 0 }, late) => {
  write.pair(rd, "addi", { rd, rs1: rd }, only(late));
};

const ra = 1;
const t1 = 6;

/** A jump to anywhere within 2 GiB, by way of a register; `link` keeps the way back. */
function farJump(write: SequenceWriter, scratch: number, link: number, late: readonly Late[]): void {
  write.pair(scratch, "jalr", { rd: link, rs1: scratch }, only(late));
}

/** Extends the lowest bits by shifting them up and down. */
const extend =
  (bits: number, down: string): Sequence =>
  (write, { rd = 0, rs1 = 0 }) => {
    write.plain("slli", { rd, rs1, imm: 64 - bits });
    write.plain(down, { rd, rs1: rd, imm: 64 - bits });
  };

/** Mnemonics that become several instructions (RISC-V Assembly Programmer's Manual, "pseudo instructions"). */
export const sequences: readonly { readonly name: string; readonly syntax: string; readonly expand: Sequence }[] = [
  { name: "li", syntax: "rd, imm", expand: li },
  { name: "unimp", syntax: "", expand: unimp },
  { name: "la", syntax: "rd, target", expand: la },
  { name: "lla", syntax: "rd, target", expand: la },
  {
    name: "call",
    syntax: "target",
    expand: (write, _, late) => {
      farJump(write, ra, ra, late);
    },
  },
  {
    name: "call",
    syntax: "rd, target",
    expand: (write, { rd = 0 }, late) => {
      farJump(write, t1, rd, late);
    },
  },
  {
    name: "tail",
    syntax: "target",
    expand: (write, _, late) => {
      farJump(write, t1, 0, late);
    },
  },
  {
    name: "jump",
    syntax: "target, rd",
    expand: (write, { rd = 0 }, late) => {
      farJump(write, rd, 0, late);
    },
  },
  { name: "sext.b", syntax: "rd, rs1", expand: extend(8, "srai") },
  { name: "sext.h", syntax: "rd, rs1", expand: extend(16, "srai") },
  { name: "zext.h", syntax: "rd, rs1", expand: extend(16, "srli") },
  { name: "zext.w", syntax: "rd, rs1", expand: extend(32, "srli") },
];

/** How a load or store is written with an address instead of a register and an offset; undefined for other instructions. */
export function isAddressedBy(row: Row): { readonly syntax: string; readonly expand: Sequence } | undefined {
  const { syntax } = row.format;
  if (row.name === "jalr") return undefined;
  if (row.format === formats.load) {
    return {
      syntax: "rd, target",
      expand: (write, { rd = 0 }, late) => {
        write.pair(rd, row.name, { rd, rs1: rd }, only(late));
      },
    };
  }
  // A store, or a load into another register file, needs a register for the address.
  const value = /^(f?)(rd|rs2), imm\(rs1\)$/.exec(syntax);
  if (value === null) return undefined;
  return {
    syntax: `${value[1] ?? ""}${value[2] ?? ""}, target, rs1`,
    expand: (write, numbers, late) => {
      write.pair(numbers.rs1 ?? 0, row.name, numbers, only(late));
    },
  };
}

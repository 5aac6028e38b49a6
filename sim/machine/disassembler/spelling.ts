import {
  csrNames,
  floatRegisterNames,
  formats,
  pseudos,
  registerNames,
  syntaxPieces,
  type Field,
  type Instruction,
  type Isa,
  type Operand,
  type Pseudo,
} from "../instructions/index.js";
import type { SymbolIndex } from "./symbol-index.js";

/** How instructions are spelled. */
export interface Spelling {
  /** Whose short rows have the spelling of short instructions. */
  readonly isa: Isa;
  /** As the table has them, short ones by their own names; else as GNU objdump prefers it, `ret` for `jalr zero,0(ra)`. */
  readonly plain: boolean;
  /** Names behind the addresses that branches lead to. */
  readonly symbols: SymbolIndex;
}

const pseudosOf = new Map<string, readonly Pseudo[]>();
for (const pseudo of pseudos) {
  if (!pseudo.writeOnly) pseudosOf.set(pseudo.means, [...(pseudosOf.get(pseudo.means) ?? []), pseudo]);
}

/** The bits of what a fence orders, as letters. */
const ordered = (bits: number): string =>
  bits === 0 ? "unknown" : ["i", "o", "r", "w"].filter((_, index) => (bits & (8 >> index)) !== 0).join("");

const roundings = ["rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown", "dyn"];
const dynamic = 7;
/** Conversions that are exact, for which GNU as writes rounding to nearest and objdump nothing. */
const exact = ["fcvt.d.s", "fcvt.d.w", "fcvt.d.wu"];

/** An instruction in GNU objdump's spelling (binutils 2.40), for the address that it lies at. */
export function spell(instruction: Instruction, address: bigint, { isa, plain, symbols }: Spelling): string {
  const { row, spelling, fields, length } = instruction;
  const write = (name: string, syntax: string): string => {
    const operands = operandsText(syntax, instruction, address, symbols);
    return operands === "" ? name : `${name} ${operands}`;
  };
  if (length === 2) {
    const shown = shortName(instruction, plain, isa);
    if (shown !== undefined) return write(shown.name, shown.syntax);
  }
  if (plain) return write(row.name + orderSuffix(instruction), row.format.syntax);
  // What is shorter is written so, but for an addition of nothing.
  const same = (value: number | Field): number => (typeof value === "number" ? value : fields[value]);
  const pseudo = pseudosOf
    .get(row.name)
    ?.find(
      ({ fixed, name }) =>
        Object.entries(fixed).every(([field, value]) => fields[field as Field] === same(value)) &&
        !(spelling === "c.addi" && name === "mv"),
    );
  if (pseudo !== undefined) return write(pseudo.name, pseudo.syntax);
  return write(row.name + orderSuffix(instruction), row.format.syntax);
}

/** The name and operands of a short instruction where it isn't written as the long one. */
function shortName(
  { spelling, fields, row }: Instruction,
  plain: boolean,
  isa: Isa,
): { readonly name: string; readonly syntax: string } | undefined {
  const { rd, imm } = fields;
  if (["c.slli", "c.srli", "c.srai"].includes(spelling) && imm === 0) return { name: `${spelling}64`, syntax: "rd" };
  const own = { name: spelling, syntax: isa.shortRows.find(({ name }) => name === spelling)?.syntax ?? "" };
  if (plain) return own;
  if (spelling === "c.addi" && rd === 0) return imm === 0 ? undefined : { name: "c.nop", syntax: "imm" };
  const hint = rd === 0 && row.format.fields.rd !== undefined && !["jal", "jalr"].includes(row.name);
  if (hint) return own;
  return spelling === "c.mv" ? { name: "mv", syntax: "rd, rs2" } : undefined;
}

/** .aq, .rl or .aqrl of an atomic instruction (unprivileged ISA, "A" extension). */
function orderSuffix({ row, word }: Instruction): string {
  if (row.format !== formats.atomic && row.format !== formats.reserve) return "";
  return ["", ".rl", ".aq", ".aqrl"][(word >>> 25) & 3] ?? "";
}

function operandsText(syntax: string, instruction: Instruction, address: bigint, symbols: SymbolIndex): string {
  const pieces = syntaxPieces(syntax);
  let text = "";
  for (const piece of pieces) {
    if (piece.kind === "mark") text += piece.text;
    else if (piece.kind === "rounding") {
      const { fields, row } = instruction;
      const usual = fields[piece.field] === dynamic || (exact.includes(row.name) && fields[piece.field] === 0);
      text = usual ? text.slice(0, -1) : text + (roundings[fields[piece.field]] ?? "");
    } else text += operandText(piece, instruction, address, symbols);
  }
  return text;
}

function operandText(
  operand: Exclude<Operand, { kind: "rounding" }>,
  { fields, row }: Instruction,
  address: bigint,
  symbols: SymbolIndex,
): string {
  if (operand.kind === "fixed") return operand.name;
  const number = fields[operand.field];
  switch (operand.kind) {
    case "register":
      return registerNames[number] ?? "";
    case "float":
      return floatRegisterNames[number] ?? "";
    case "immediate": {
      const shift = row.format === formats.shift64 || row.format === formats.shift32;
      return shift ? `0x${number.toString(16)}` : String(number);
    }
    case "upper":
      return `0x${(number >>> 12).toString(16)}`;
    case "target":
      return symbols.label(address + BigInt(number));
    case "csr":
      return csrNames.get(number) ?? `0x${number.toString(16)}`;
    case "order":
      return ordered((number >> operand.shift) & 15);
  }
}

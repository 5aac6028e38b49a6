import {
  formats,
  pseudos,
  syntaxPieces,
  type Isa,
  type Pseudo,
  type Row,
  type ShortRow,
  type SyntaxPiece,
} from "../instructions/index.js";
import { isAddressedBy, sequences, type Sequence } from "./sequences.js";

/** One way to write a mnemonic's operands, and what that is. */
export interface Form {
  readonly name: string;
  readonly syntax: string;
  readonly pieces: readonly SyntaxPiece[];
  readonly means:
    | {
        readonly kind: "row";
        readonly row: Row;
        readonly fixed: Pseudo["fixed"];
        /** Bits that no field names. */
        readonly bits: number;
        /** It may become a short instruction. */
        readonly shortens: boolean;
      }
    | { readonly kind: "short"; readonly row: Row; readonly short: ShortRow }
    | { readonly kind: "sequence"; readonly expand: Sequence };
}

/** The order bits of atomic instructions (unprivileged ISA, "A" extension), by their suffix. */
const orders = { "": 0, ".aq": 1 << 26, ".rl": 1 << 25, ".aqrl": 3 << 25 } as const;

/** Everything that can be written with an ISA: its rows, their other spellings and short forms, and what becomes several. */
export function mnemonicsOf(isa: Isa): ReadonlyMap<string, readonly Form[]> {
  const forms = new Map<string, Form[]>();
  const add = (name: string, syntax: string, means: Form["means"]): void => {
    const form = { name, syntax, pieces: syntaxPieces(syntax), means };
    forms.set(name, [...(forms.get(name) ?? []), form]);
  };
  for (const row of isa.rows) {
    const { name, format } = row;
    const ordered = format === formats.atomic || format === formats.reserve;
    for (const [suffix, bits] of Object.entries(orders)) {
      if (!ordered && suffix !== "") continue;
      // Jumps have short forms under other names only.
      const shortens = !["jal", "jalr"].includes(name);
      add(name + suffix, format.syntax, { kind: "row", row, fixed: {}, bits, shortens });
    }
  }
  for (const { name, syntax, means, fixed } of pseudos) {
    if (sequences.some((one) => one.name === name && one.syntax === syntax)) continue;
    if (!isa.has(means) || (isa.has(name) && isa.row(name).format.syntax === syntax)) continue;
    const shortens = means !== "jalr" || !/imm|rd/.test(syntax);
    add(name, syntax, { kind: "row", row: isa.row(means), fixed, bits: 0, shortens });
  }
  for (const short of isa.shortRows) {
    add(short.name, short.syntax, { kind: "short", row: isa.row(short.means), short });
    if (short.name === "c.addi") add("c.nop", "", { kind: "short", row: isa.row("addi"), short });
  }
  if (isa.shortRows.length > 0) {
    const zeros: Sequence = (write) => {
      write.half(0);
    };
    add("c.unimp", "", { kind: "sequence", expand: zeros });
  }
  for (const { name, syntax, expand } of sequences) {
    if (!isa.has(name)) add(name, syntax, { kind: "sequence", expand });
  }
  for (const row of isa.rows) {
    const addressed = isAddressedBy(row);
    if (addressed !== undefined) add(row.name, addressed.syntax, { kind: "sequence", expand: addressed.expand });
  }
  return forms;
}

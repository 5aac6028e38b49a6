import { invariant } from "../../core/index.js";
import type { Field } from "./meaning.js";

/** How one operand is written, and the field that holds it. */
export type Operand =
  /** An integer register. */
  | { readonly kind: "register"; readonly field: Field }
  /** A floating-point register. */
  | { readonly kind: "float"; readonly field: Field }
  /** A number. */
  | { readonly kind: "immediate"; readonly field: Field }
  /** The upper twenty of 32 bits, written as a number of twenty bits. */
  | { readonly kind: "upper"; readonly field: Field }
  /** An address; the field holds how far it is from the instruction's own. */
  | { readonly kind: "target"; readonly field: Field }
  /** A CSR, by name or number. */
  | { readonly kind: "csr"; readonly field: Field }
  /** What a fence orders, as letters of `iorw`: four bits of the field, from bit `shift`. */
  | { readonly kind: "order"; readonly field: Field; readonly shift: number }
  /** How a result is rounded, by name; it may be left out with the comma before it, and is dynamic then. */
  | { readonly kind: "rounding"; readonly field: Field }
  /** A register that has to be written although no bits name it. */
  | { readonly kind: "fixed"; readonly name: string };

/** A piece of an instruction's spelling: an operand, or what stands between two. */
export type SyntaxPiece = Operand | { readonly kind: "mark"; readonly text: "," | "(" | ")" };

/** The words that a syntax is made of. */
const words: Readonly<Record<string, Operand>> = {
  rd: { kind: "register", field: "rd" },
  rs1: { kind: "register", field: "rs1" },
  rs2: { kind: "register", field: "rs2" },
  frd: { kind: "float", field: "frd" },
  frs1: { kind: "float", field: "frs1" },
  frs2: { kind: "float", field: "frs2" },
  frs3: { kind: "float", field: "frs3" },
  rm: { kind: "rounding", field: "rm" },
  imm: { kind: "immediate", field: "imm" },
  upper: { kind: "upper", field: "imm" },
  target: { kind: "target", field: "imm" },
  csr: { kind: "csr", field: "csr" },
  pred: { kind: "order", field: "imm", shift: 4 },
  succ: { kind: "order", field: "imm", shift: 0 },
  sp: { kind: "fixed", name: "sp" },
};

const parsed = new Map<string, readonly SyntaxPiece[]>();

/** The pieces of a row's `syntax`. */
export function syntaxPieces(syntax: string): readonly SyntaxPiece[] {
  const known = parsed.get(syntax);
  if (known !== undefined) return known;
  const pieces = (syntax.match(/\w+|[,()]/g) ?? []).map((word): SyntaxPiece => {
    if (word === "," || word === "(" || word === ")") return { kind: "mark", text: word };
    const operand = words[word];
    invariant(operand !== undefined, `no operand is written "${word}"`);
    return operand;
  });
  parsed.set(syntax, pieces);
  return pieces;
}

import type { Effect, Field, Operator, Term } from "./meaning.js";
import type { Row } from "./row.js";

/** How the manual writes each operator; `ᵤ` marks unsigned operands. */
const signs: Readonly<Record<Operator, string>> = {
  add: "+",
  subtract: "−",
  and: "&",
  or: "|",
  xor: "^",
  shiftLeft: "<<",
  shiftRight: ">>ᵤ",
  shiftRightSigned: ">>",
  equal: "=",
  notEqual: "≠",
  less: "<",
  lessUnsigned: "<ᵤ",
  multiply: "×",
  multiplyHigh: "×ₕ",
  multiplyHighUnsigned: "×ₕᵤ",
  multiplyHighSignedUnsigned: "×ₕₛᵤ",
  divide: "÷",
  divideUnsigned: "÷ᵤ",
  remainder: "mod",
  remainderUnsigned: "modᵤ",
};

/** An instruction's meaning in words: `x[rd] ← x[rs1] + imm`. */
export function describe(row: Row): string {
  return row.meaning.length === 0 ? "nothing" : row.meaning.map(effectText).join("; ");
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case "set":
      return `${register(effect.field)} ← ${text(effect.value)}`;
    case "load":
      return `${effect.name} ← ${effect.signed ? "sext" : "zext"}(M${effect.width}[${text(effect.address)}])`;
    case "store":
      return `M${effect.width}[${text(effect.address)}] ← ${text(effect.value)}`;
    case "exchange": {
      const place = `M${effect.width}[${text(effect.address)}]`;
      return `${effect.name} ← sext(${place}), ${place} ← ${text(effect.value)}`;
    }
    case "float":
      return `${effect.name} ← ${effect.operation}${effect.width}(${effect.operands.map(text).join(", ")})`;
    case "jump":
      return `pc ← ${text(effect.target)}`;
    case "when":
      return `if ${text(effect.condition)}: ${effect.effects.map(effectText).join("; ")}`;
    case "call": {
      const called = `${effect.routine}(${effect.operands.map(text).join(", ")})`;
      return effect.name === undefined ? called : `${effect.name} ← ${called}`;
    }
  }
}

function text(term: Term): string {
  switch (term.kind) {
    case "constant":
      return String(term.value);
    case "field":
      return term.field;
    case "register":
      return register(term.field);
    case "pc":
      return "pc";
    case "next":
      return "next pc";
    case "variable":
      return term.name;
    case "binary":
      return `${operand(term.left)} ${signs[term.operator]} ${operand(term.right)}`;
    case "extend":
      return `${term.signed ? "sext" : "zext"}${term.width}(${text(term.value)})`;
    case "choose":
      return `${operand(term.condition)} ? ${operand(term.yes)} : ${operand(term.no)}`;
  }
}

const register = (field: Field): string => (field.startsWith("f") ? `f[${field.slice(1)}]` : `x[${field}]`);

/** In brackets where the term is made of several. */
function operand(term: Term): string {
  return term.kind === "binary" || term.kind === "choose" ? `(${text(term)})` : text(term);
}

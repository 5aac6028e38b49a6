import { nearest } from "../../core/index.js";
import { floatRegisters, integerRegisters } from "../instructions/index.js";
import { constantNow, evaluateExpression } from "./expression.js";
import { AsmSymbol, type Expression, type Position } from "./model.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";

/** The names of a source. */
export class Symbols {
  readonly #byName = new Map<string, AsmSymbol>();
  /** Of each number, the labels so far and the one ahead. */
  readonly #numbered = new Map<string, { last: AsmSymbol | undefined; next: AsmSymbol }>();

  get named(): Iterable<AsmSymbol> {
    return this.#byName.values();
  }

  /** The symbol of that name if it has been defined by now. */
  defined(name: string): AsmSymbol | undefined {
    const symbol = this.#byName.get(name);
    return symbol?.definition === undefined ? undefined : symbol;
  }

  /** The symbol that a name means here. */
  mention(name: string): AsmSymbol {
    let symbol = this.#byName.get(name);
    if (symbol === undefined) {
      symbol = new AsmSymbol(name);
      this.#byName.set(name, symbol);
    }
    return symbol;
  }

  /** A name for one place, used once. */
  anonymous(at: Position): AsmSymbol {
    const symbol = new AsmSymbol(".");
    symbol.definition = { kind: "place", at };
    return symbol;
  }

  #number(number: string): { last: AsmSymbol | undefined; next: AsmSymbol } {
    let entry = this.#numbered.get(number);
    if (entry === undefined) {
      entry = { last: undefined, next: new AsmSymbol(`${number}f`) };
      this.#numbered.set(number, entry);
    }
    return entry;
  }

  /** What `1b` or `1f` means here. */
  numbered(text: string, place: Place): AsmSymbol {
    const number = text.slice(0, -1);
    const { last, next } = this.#number(number);
    if (text.endsWith("f")) return next;
    if (last === undefined) {
      throw new Mistake(place, `there is no label ${number} before this`, `Write ${number}: before it, or ${number}f.`);
    }
    return last;
  }

  label(name: string, at: Position, place: Place): void {
    if (/^\d+$/.test(name)) {
      const entry = this.#number(name);
      entry.next.definition = { kind: "place", at };
      entry.last = entry.next;
      entry.next = new AsmSymbol(`${name}f`);
      return;
    }
    const symbol = this.mention(name);
    if (symbol.definition !== undefined) {
      throw new Mistake(place, `"${name}" is there already`, "Give one of the two another name.");
    }
    symbol.definition = { kind: "place", at };
  }

  /** Gives a name a value; a name that .set gave one may get another, which holds from there on. */
  assign(name: string, value: Expression, place: Place, again: boolean): void {
    let symbol = this.mention(name);
    if (symbol.definition !== undefined) {
      if (!symbol.variable || !again) {
        throw new Mistake(place, `"${name}" is there already`, "Give one of the two another name.");
      }
      const { binding } = symbol;
      symbol = new AsmSymbol(name);
      symbol.binding = binding;
      this.#byName.set(name, symbol);
    }
    // A counter that is set from itself a thousand times must not become an expression a thousand deep.
    const now = constantNow(value);
    symbol.definition = { kind: "value", value: now === undefined ? value : { kind: "number", value: now } };
    symbol.variable = true;
  }

  /** The address or number of each symbol, now that places have addresses. */
  resolver(): (symbol: AsmSymbol, place: Place) => bigint {
    const busy = new Set<AsmSymbol>();
    const resolve = (symbol: AsmSymbol, place: Place): bigint => {
      const { definition, name } = symbol;
      if (definition === undefined) {
        if (symbol.binding === "weak") return 0n;
        throw this.#unknown(name, place);
      }
      if (definition.kind === "place") return addressOf(definition.at);
      if (busy.has(symbol)) {
        throw new Mistake(place, `"${name}" is defined by itself`, "Give it a value that doesn't need it.");
      }
      busy.add(symbol);
      try {
        return evaluateExpression(definition.value, resolve);
      } finally {
        busy.delete(symbol);
      }
    };
    return resolve;
  }

  #unknown(name: string, place: Place): Mistake {
    if (/^\d+f$/.test(name)) {
      return new Mistake(
        place,
        `there is no label ${name.slice(0, -1)} behind this`,
        `Write ${name.slice(0, -1)}: behind it.`,
      );
    }
    if (integerRegisters.has(name) || floatRegisters.has(name)) {
      return new Mistake(
        place,
        `a number is wanted, and "${name}" is a register`,
        "Take the form with registers only.",
      );
    }
    const names = [...this.#byName.values()].flatMap((symbol) =>
      symbol.definition === undefined ? [] : [symbol.name],
    );
    const near = nearest(name, names);
    const hint = near === undefined ? `Define it: a label "${name}:".` : `Did you mean "${near}"? Else define it.`;
    return new Mistake(place, `there is no "${name}"`, hint);
  }
}

/** Where a position lies, once sections have addresses. */
export function addressOf({ section, fragment, offset }: Position): bigint {
  return BigInt.asIntN(64, section.address + BigInt(fragment.start + offset));
}

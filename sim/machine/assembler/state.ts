import type { Isa } from "../instructions/index.js";
import { Conditions } from "./conditions.js";
import type { Scope } from "./expression.js";
import { Input } from "./input.js";
import type { Macro } from "./macro.js";
import type { Position } from "./model.js";
import { Mistake } from "./problem.js";
import { Sections } from "./sections.js";
import type { Place, Statement } from "./statement.js";
import { Symbols } from "./symbols.js";

interface Common {
  readonly name: string;
  readonly place: Place;
  readonly bytes: number;
  readonly boundary: number;
}

/** A source while it is read: what it has defined so far, where its next bytes go, what is read next. */
export class State implements Scope {
  readonly isa: Isa;
  readonly symbols: Symbols = new Symbols();
  readonly sections: Sections = new Sections();
  readonly conditions: Conditions = new Conditions();
  readonly macros: Map<string, Macro> = new Map();
  readonly mistakes: Mistake[] = [];
  /** Room that .comm asked for: behind everything else that is zero. */
  readonly commons: Common[] = [];
  readonly input: Input;
  /** Whether instructions may be short (.option rvc), and what .option push kept. */
  short: boolean;
  readonly shortBefore: boolean[] = [];
  /** Expansions so far: \@. */
  expansions = 0;

  constructor(isa: Isa, source: readonly Statement[], short: boolean) {
    this.isa = isa;
    this.short = short;
    this.input = new Input(source);
  }

  here(): Position {
    return this.sections.current.here();
  }

  /** Room among the zeros. */
  room(name: string, place: Place, bytes: number, boundary: number): void {
    const bss = this.sections.named(".bss");
    bss.alignment = Math.max(bss.alignment, boundary);
    bss.fragments.push({ kind: "align", boundary, limit: Infinity, fill: [0], short: false, start: 0, size: 0 });
    this.symbols.label(name, bss.here(), place);
    bss.fragments.push({ kind: "fill", pattern: [0], start: 0, size: bytes });
  }

  /** Does something, and keeps the mistake that it ends in. */
  attempt(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      if (!(thrown instanceof Mistake)) throw thrown;
      this.mistakes.push(thrown);
    }
  }
}

import { nearest } from "../../core/index.js";
import type { Isa } from "../instructions/index.js";
import { Conditions } from "./conditions.js";
import { Cursor, type Token } from "./cursor.js";
import { goOn } from "./data-directives.js";
import { directives } from "./directives.js";
import { Emitter } from "./emitter.js";
import { parseExpression, type Scope } from "./expression.js";
import type { Position } from "./fragment.js";
import { expandStatements, Input } from "./input.js";
import { bindArguments, substitute, type Macro } from "./macro.js";
import { mnemonicsOf, type Form } from "./mnemonics.js";
import { parseOperands, type Operands } from "./operands.js";
import { Mistake } from "./problem.js";
import { Sections } from "./sections.js";
import { sourceLine, type Place, type Statement } from "./statement.js";
import { Symbols } from "./symbols.js";

interface Common {
  readonly name: string;
  readonly place: Place;
  readonly bytes: number;
  readonly boundary: number;
}

/** A source while it is read: what it has defined so far, and where its next bytes go. */
export class Assembly implements Scope {
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
  readonly #emitter: Emitter;
  readonly #forms: ReadonlyMap<string, readonly Form[]>;

  constructor(isa: Isa, source: readonly Statement[], short: boolean) {
    this.isa = isa;
    this.short = short;
    this.input = new Input(source);
    this.#emitter = new Emitter(isa);
    this.#forms = mnemonicsOf(isa);
  }

  here(): Position {
    return this.sections.current.here();
  }

  /** Reads all of it; what is wrong is gathered in `mistakes`. */
  read(): void {
    let last: Statement | undefined;
    for (let statement = this.input.next(); statement !== undefined; statement = this.input.next()) {
      last = statement;
      this.attempt(() => {
        this.#statement(statement);
      });
    }
    for (const { name, place, bytes, boundary } of this.commons) {
      this.attempt(() => {
        this.room(name, place, bytes, boundary);
      });
    }
    if (last === undefined || this.conditions.depth === 0) return;
    const place = { statement: last, at: 0, length: last.text.trimEnd().length };
    this.mistakes.push(new Mistake(place, "an .if has no .endif", "Write .endif where it ends."));
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

  #statement(statement: Statement): void {
    const conditional = /^\s*\.(?:if\w*|elseif|else|endif)(?![\w.$])/.test(statement.text);
    if (!this.conditions.active && !conditional) return;
    const start = this.#labels(statement);
    const cursor = new Cursor(statement, start);
    if (cursor.done) return;
    const word = cursor.take();
    if (word.text === "." && cursor.accept("=")) {
      goOn(this, cursor);
      return;
    }
    if (cursor.accept("=")) {
      this.symbols.assign(nameOf(word), parseExpression(cursor, this), word.place, true);
      cursor.end("Write one expression.");
      return;
    }
    const macro = this.macros.get(word.text);
    if (macro !== undefined) this.#expand(macro, cursor, word.place);
    else
      this.#marked(statement, () => {
        if (word.text.startsWith(".")) this.#directive(word, cursor);
        else this.#instruction(word, cursor);
      });
  }

  /** Defines the labels that a statement begins with; gives where they end. */
  #labels(statement: Statement): number {
    const label = /\s*([A-Za-z_.$][\w.$]*|\d+)\s*:/y;
    for (let at = 0; ; at = label.lastIndex) {
      label.lastIndex = at;
      const found = label.exec(statement.text);
      const name = found?.[1];
      if (found === null || name === undefined) return at;
      const place = { statement, at: at + found[0].indexOf(name), length: name.length };
      this.symbols.label(name, this.here(), place);
    }
  }

  /** Notes which line the bytes came from that the action adds. */
  #marked(statement: Statement, action: () => void): void {
    const section = this.sections.current;
    const { fragments, lines } = section;
    const size = (): number => {
      const last = fragments.at(-1);
      return fragments.length + (last?.kind === "bytes" ? last.bytes.length : 0);
    };
    const at = section.here();
    const before = size();
    action();
    if (size() !== before) lines.push({ at, line: sourceLine(statement) });
  }

  #expand(macro: Macro, cursor: Cursor, place: Place): void {
    const values = bindArguments(macro, cursor, place);
    const count = this.expansions++;
    const expansion = { name: `macro "${macro.name}"`, call: cursor.statement };
    const statements = expandStatements(macro.body, expansion, (text) => substitute(text, values, count));
    this.input.push(statements, place, true, this.conditions.depth);
  }

  #directive(word: Token, cursor: Cursor): void {
    const directive = directives.get(word.text.toLowerCase());
    if (directive !== undefined) {
      directive(this, cursor, word);
      return;
    }
    const near = nearest(word.text, [...directives.keys()]) ?? "";
    throw new Mistake(word.place, `there is no directive "${word.text}"`, `Did you mean "${near}"?`);
  }

  #instruction(word: Token, cursor: Cursor): void {
    const forms = this.#forms.get(word.text) ?? this.#forms.get(word.text.toLowerCase());
    if (forms === undefined) {
      const near = nearest(word.text, [...this.#forms.keys(), ...this.macros.keys()]) ?? "";
      const what = `${this.isa.name} has no instruction "${word.text}"`;
      throw new Mistake(word.place, what, `Did you mean "${near}"?`);
    }
    const { form, operands } = this.#read(forms, cursor);
    if (form.means.kind === "short" && !this.short) {
      throw new Mistake(word.place, "short instructions are off here", "Write .option rvc before it.");
    }
    this.#emitter.write(form, operands, this.sections.current, this.short, word.place);
  }

  /** The first form that fits the operands; where none does, the mistake is that of the form that got furthest. */
  #read(forms: readonly Form[], cursor: Cursor): { readonly form: Form; readonly operands: Operands } {
    const position = cursor.position;
    let furthest: Mistake | undefined;
    for (const form of forms) {
      try {
        cursor.back(position);
        return { form, operands: parseOperands(cursor, form, this) };
      } catch (thrown) {
        if (!(thrown instanceof Mistake)) throw thrown;
        if (furthest === undefined || thrown.place.at > furthest.place.at) furthest = thrown;
      }
    }
    throw furthest ?? new Error("a mnemonic without a form");
  }
}

function nameOf({ kind, text, place }: Token): string {
  if (kind === "name") return text;
  throw new Mistake(place, `"${text}" is no name`, "A name begins with a letter, _, . or $.");
}

import { nearest } from "../../core/index.js";
import { Cursor, type Token } from "./cursor.js";
import { goOn } from "./data-directives.js";
import { directives } from "./directives.js";
import { Emitter } from "./emitter.js";
import { parseExpression } from "./expression.js";
import { expandStatements } from "./input.js";
import { bindArguments, substitute, type Macro } from "./macro.js";
import { mnemonicsOf, type Form } from "./mnemonics.js";
import { parseOperands, type Operands } from "./operands.js";
import { Mistake } from "./problem.js";
import { sourceLine, type Place, type Statement } from "./statement.js";
import type { State } from "./state.js";

/** Reads a source, statement after statement. */
export class Reader {
  readonly #state: State;
  readonly #emitter: Emitter;
  readonly #forms: ReadonlyMap<string, readonly Form[]>;

  constructor(state: State) {
    this.#state = state;
    this.#emitter = new Emitter(state.isa);
    this.#forms = mnemonicsOf(state.isa);
  }

  /** Reads all of it; what is wrong is gathered in `mistakes`. */
  read(): void {
    let last: Statement | undefined;
    for (let statement = this.#state.input.next(); statement !== undefined; statement = this.#state.input.next()) {
      last = statement;
      this.#state.attempt(() => {
        this.#statement(statement);
      });
    }
    for (const { name, place, bytes, boundary } of this.#state.commons) {
      this.#state.attempt(() => {
        this.#state.room(name, place, bytes, boundary);
      });
    }
    if (last === undefined || this.#state.conditions.depth === 0) return;
    const place = { statement: last, at: 0, length: last.text.trimEnd().length };
    this.#state.mistakes.push(new Mistake(place, "an .if has no .endif", "Write .endif where it ends."));
  }

  #statement(statement: Statement): void {
    const conditional = /^\s*\.(?:if\w*|elseif|else|endif)(?![\w.$])/.test(statement.text);
    if (!this.#state.conditions.active && !conditional) return;
    const start = this.#labels(statement);
    const cursor = new Cursor(statement, start);
    if (cursor.done) return;
    const word = cursor.take();
    if (word.text === "." && cursor.accept("=")) {
      goOn(this.#state, cursor);
      return;
    }
    if (cursor.accept("=")) {
      this.#state.symbols.assign(nameOf(word), parseExpression(cursor, this.#state), word.place, true);
      cursor.end("Write one expression.");
      return;
    }
    const macro = this.#state.macros.get(word.text);
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
      this.#state.symbols.label(name, this.#state.here(), place);
    }
  }

  /** Notes which line the bytes came from that the action adds. */
  #marked(statement: Statement, action: () => void): void {
    const section = this.#state.sections.current;
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
    const count = this.#state.expansions++;
    const expansion = { name: `macro "${macro.name}"`, call: cursor.statement };
    const statements = expandStatements(macro.body, expansion, (text) => substitute(text, values, count));
    this.#state.input.push(statements, place, true, this.#state.conditions.depth);
  }

  #directive(word: Token, cursor: Cursor): void {
    const directive = directives.get(word.text.toLowerCase());
    if (directive !== undefined) {
      directive(this.#state, cursor, word);
      return;
    }
    const near = nearest(word.text, [...directives.keys()]) ?? "";
    throw new Mistake(word.place, `there is no directive "${word.text}"`, `Did you mean "${near}"?`);
  }

  #instruction(word: Token, cursor: Cursor): void {
    const forms = this.#forms.get(word.text) ?? this.#forms.get(word.text.toLowerCase());
    if (forms === undefined) {
      const near = nearest(word.text, [...this.#forms.keys(), ...this.#state.macros.keys()]) ?? "";
      const what = `${this.#state.isa.name} has no instruction "${word.text}"`;
      throw new Mistake(word.place, what, `Did you mean "${near}"?`);
    }
    const { form, operands } = this.#read(forms, cursor);
    if (form.means.kind === "short" && !this.#state.short) {
      throw new Mistake(word.place, "short instructions are off here", "Write .option rvc before it.");
    }
    this.#emitter.write(form, operands, this.#state.sections.current, this.#state.short, word.place);
  }

  /** The first form that fits the operands; where none does, the mistake is that of the form that got furthest. */
  #read(forms: readonly Form[], cursor: Cursor): { readonly form: Form; readonly operands: Operands } {
    const position = cursor.position;
    let furthest: Mistake | undefined;
    for (const form of forms) {
      try {
        cursor.back(position);
        return { form, operands: parseOperands(cursor, form, this.#state) };
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

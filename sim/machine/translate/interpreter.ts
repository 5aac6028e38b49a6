import { Code, WasmModule, type FunctionType } from "../../wasm/index.js";
import type { Isa, Row } from "../instructions/index.js";
import { hartLayout, pageBits, pageMarks, pageSize, placeEntries, placeEntry, placeSize, way } from "../layout.js";
import { importCallees, imports, variablesOf } from "./context.js";
import { MeaningEmitter } from "./emit.js";
import { outcomes } from "./outcomes.js";
import { isApart, RowsApart } from "./rows-apart.js";
import { WordChoice } from "./word-choice.js";
import { WordSite, type WordContext, type WordForm, type WordLocals } from "./word-site.js";

/** How far it executes. */
export const interpreting = {
  /** Up to where a unit begins, or its page has nothing left before it is hot. */
  toUnit: 0,
  /** Up to the next jump. */
  toJump: 1,
  /** As far as the budget lasts. */
  lean: 2,
} as const;
type Way = (typeof interpreting)[keyof typeof interpreting];

/** (hart, where the place of its page is in the arena, how far) → why it came back; pc and budget are in the hart. */
export type Interpret = (hart: number, place: number, way: Way) => number;

const type: FunctionType = { parameters: ["i32", "i32", "i32"], results: ["i32"] };
const [hart, place, mode] = [0, 1, 2];

/**
 * All of an ISA's instructions as one function: it takes a word's bits apart where the translator knew them, and keeps
 * registers in memory. What the translator makes of a page is this, specialised to the page's code.
 *
 *     loop                      for each page
 *       loop
 *         back to the host, if the budget is used up, or what the page has left
 *         if pc is on another page, to its place; or back
 *         the word at pc; by its bits, to one kind of instruction
 *         its meaning
 *         pc on; back to the host, if the meaning wants that, or a unit begins where it jumped to
 *
 * @param alignedOnly whether every misaligned access is an exception
 */
export function buildInterpreter(isa: Isa, alignedOnly: boolean): Interpreter {
  return new InterpreterBuilder(isa, alignedOnly).build();
}

/** Two modules, whose imports are those of units. */
export interface Interpreter {
  /** Exports `interpret`, and imports the others' functions as `row.NAME`. */
  readonly loop: Uint8Array<ArrayBuffer>;
  /** Exports a function for each of the instructions that are rare, or much code: an engine below compiles long functions slowly. */
  readonly rows: Uint8Array<ArrayBuffer>;
}

class InterpreterBuilder {
  readonly #isa: Isa;
  readonly #module = new WasmModule();
  readonly #apart: RowsApart;
  readonly #code = new Code(type.parameters.length);
  readonly #locals: WordLocals;
  readonly #context: WordContext;
  /** The local that is 1 behind a jump to an address that the code says, 2 behind a call or one that was computed. */
  readonly #jumped: number;
  #exit = 0;
  #done = 0;

  constructor(isa: Isa, alignedOnly: boolean) {
    const code = this.#code;
    this.#isa = isa;
    this.#apart = new RowsApart(alignedOnly);
    this.#locals = {
      hart,
      context: code.local("i64"),
      address: code.local("i64"),
      scratch: code.local("i64"),
      pc: code.local("i64"),
      next: code.local("i64"),
      target: code.local("i64"),
      budget: code.local("i64"),
      entry: code.local("i32"),
      word: code.local("i32"),
      outcome: code.local("i32"),
    };
    this.#jumped = code.local("i32");
    this.#module.importMemory(imports.host, "memory");
    this.#context = {
      code,
      locals: this.#locals,
      callees: importCallees(this.#module),
      alignedOnly,
      variable: variablesOf(code),
      undo: () => {
        this.#leave(outcomes.stuck);
      },
    };
  }

  build(): Interpreter {
    const code = this.#code;
    const { context, pc, target, budget, outcome, word } = this.#locals;
    const jumped = this.#jumped;
    const at = code.local("i32");
    const page = code.local("i64");
    const host = code.local("i32");
    const marks = code.local("i32");
    /** What the budget was where the page was entered, and will be where it has nothing left. */
    const begin = code.local("i64");
    const end = code.local("i64");
    const load = (local: number, offset: number): void => {
      code.get(hart);
      code.access("i64.load", offset);
      code.set(local);
    };
    const save = (local: number, offset: number): void => {
      code.get(hart);
      code.get(local);
      code.access("i64.store", offset);
    };
    const pageOfPc = (): void => {
      code.get(pc);
      code.i64(BigInt(-pageSize));
      code.op("i64.and");
    };
    const isWay = (way: number): void => {
      code.get(mode);
      code.i32(way);
      code.op("i32.eq");
    };
    /** Leaves the address of the mark for pc on the stack, but for which it is; `at` is the offset in the page. */
    const mark = (): void => {
      code.get(pc);
      code.op("i32.wrap_i64");
      code.i32(pageSize - 1);
      code.op("i32.and");
      code.tee(at);
      code.i32(1);
      code.op("i32.shr_u");
      code.get(marks);
      code.op("i32.add");
    };
    /** Takes off the page's rest what was executed there. */
    const countPage = (): void => {
      code.get(place);
      code.get(place);
      code.access("i32.load", placeEntry.left);
      code.get(begin);
      code.get(budget);
      code.op("i64.sub");
      code.op("i32.wrap_i64");
      code.op("i32.sub");
      code.access("i32.store", placeEntry.left);
      code.get(budget);
      code.set(begin);
    };
    load(context, hartLayout.context);
    load(pc, hartLayout.pc);
    load(budget, hartLayout.budget);
    code.block();
    this.#exit = code.depth;
    code.loop();
    const enter = code.depth;
    pageOfPc();
    code.set(page);
    code.get(place);
    code.access("i32.load", placeEntry.host);
    code.set(host);
    code.get(place);
    code.access("i32.load", placeEntry.marks);
    code.set(marks);
    code.get(budget);
    code.set(begin);
    // A budget has less than 32 bits, so that both fit into a signed number.
    isWay(interpreting.toUnit);
    code.if("i64");
    code.get(budget);
    code.get(place);
    code.access("i64.load32_s", placeEntry.left);
    code.op("i64.sub");
    code.tee(end);
    code.i64(0n);
    code.get(end);
    code.i64(0n);
    code.op("i64.gt_s");
    code.op("select");
    code.op("else");
    code.i64(0n);
    code.op("end");
    code.set(end);
    code.loop();
    const again = code.depth;

    code.get(budget);
    code.get(end);
    code.op("i64.eq");
    code.branchIf(this.#exit);
    pageOfPc();
    code.get(page);
    code.op("i64.ne");
    code.if();
    countPage();
    code.i32(outcomes.page);
    code.set(outcome);
    isWay(interpreting.toJump);
    code.branchIf(this.#exit);
    // The place, where it is known to the present context.
    code.get(pc);
    code.op("i32.wrap_i64");
    code.i32(pageBits - Math.log2(placeSize));
    code.op("i32.shr_u");
    code.i32((placeEntries - 1) * placeSize);
    code.op("i32.and");
    code.get(hart);
    code.op("i32.add");
    code.i32(hartLayout.places);
    code.op("i32.add");
    code.tee(at);
    code.access("i64.load", placeEntry.tag);
    code.get(hart);
    code.access("i64.load", hartLayout.jumpContext);
    pageOfPc();
    code.op("i64.xor");
    code.op("i64.ne");
    code.branchIf(this.#exit);
    code.get(at);
    code.set(place);
    code.get(place);
    code.access("i32.load", placeEntry.marks);
    code.set(marks);
    isWay(interpreting.toUnit);
    code.if();
    mark();
    code.tee(at);
    code.access("i32.load8_u", pageMarks.way);
    code.i32(way.unit);
    code.op("i32.and");
    code.branchIf(this.#exit);
    code.get(at);
    code.i32(way.in);
    code.access("i32.store8", pageMarks.way);
    code.get(place);
    code.access("i32.load", placeEntry.left);
    code.i32(0);
    code.op("i32.le_s");
    code.branchIf(this.#exit);
    code.op("end");
    code.i32(outcomes.budget);
    code.set(outcome);
    code.branch(enter);
    code.op("end");

    mark();
    code.i32(1);
    code.access("i32.store8", pageMarks.executed);
    code.get(at);
    code.get(host);
    code.op("i32.add");
    code.access("i32.load16_u", 0);
    code.set(word);

    code.block();
    this.#done = code.depth;
    code.block();
    const none = code.depth;
    code.get(word);
    code.i32(3);
    code.op("i32.and");
    code.i32(3);
    code.op("i32.eq");
    code.if();
    code.get(at);
    code.i32(pageSize - 2);
    code.op("i32.eq");
    code.branchIf(none);
    code.get(at);
    code.get(host);
    code.op("i32.add");
    code.access("i32.load", 0);
    code.set(word);
    const choice = new WordChoice(this.#isa, this.#context, (name, row, form) => {
      this.#instruction(name, row, form);
    });
    this.#nextIs(4);
    choice.longWords(none);
    code.op("else");
    this.#nextIs(2);
    choice.shortWords(none);
    code.op("end");
    code.op("end");
    this.#leave(outcomes.stuck);
    code.op("end");

    code.get(target);
    code.set(pc);
    code.get(budget);
    code.i64(1n);
    code.op("i64.sub");
    code.set(budget);
    code.get(outcome);
    code.branchIf(this.#exit);
    code.get(jumped);
    code.op("i32.eqz");
    code.branchIf(again);
    pageOfPc();
    code.get(page);
    code.op("i64.eq");
    code.if();
    code.get(jumped);
    code.i32(outcomes.jump - 1);
    code.op("i32.add");
    code.set(outcome);
    isWay(interpreting.toJump);
    code.branchIf(this.#exit);
    isWay(interpreting.toUnit);
    code.if();
    mark();
    code.tee(at);
    code.access("i32.load8_u", pageMarks.way);
    code.i32(way.unit);
    code.op("i32.and");
    code.branchIf(this.#exit);
    code.get(jumped);
    code.i32(outcomes.computed - outcomes.jump + 1);
    code.op("i32.eq");
    code.if();
    code.get(at);
    code.i32(way.in);
    code.access("i32.store8", pageMarks.way);
    code.op("end");
    code.op("end");
    code.i32(outcomes.budget);
    code.set(outcome);
    code.op("end");
    code.i32(0);
    code.set(jumped);
    code.branch(again);
    code.op("end");
    code.op("end");
    code.op("end");
    countPage();
    save(pc, hartLayout.pc);
    save(budget, hartLayout.budget);
    code.get(outcome);
    this.#module.function(type, code, "interpret");
    return { loop: this.#module.encode(), rows: this.#apart.encode() };
  }

  #leave(why: number): void {
    this.#code.i32(why);
    this.#code.set(this.#locals.outcome);
    this.#code.branch(this.#exit);
  }

  #nextIs(length: number): void {
    this.#code.get(this.#locals.pc);
    this.#code.i64(BigInt(length));
    this.#code.op("i64.add");
    this.#code.tee(this.#locals.next);
    this.#code.set(this.#locals.target);
  }

  #instruction(name: string, row: Row, form: WordForm): void {
    const code = this.#code;
    if (isApart(row.meaning)) {
      const { word, pc, next, budget, target, outcome } = this.#locals;
      const callee = this.#module.importFunction(imports.row, name, this.#apart.add(name, row, form));
      for (const local of [hart, word, pc, next, budget]) code.get(local);
      code.call(callee);
      code.tee(outcome);
      code.op("i32.eqz");
      code.branchIf(this.#done);
      // It says where it led to, unless it has not begun.
      code.get(outcome);
      code.i32(outcomes.stuck);
      code.op("i32.eq");
      code.branchIf(this.#exit);
      code.get(hart);
      code.access("i64.load", hartLayout.pc);
      code.set(target);
      code.branch(this.#done);
      return;
    }
    const site = new WordSite(this.#context, form, () => {
      if (row.format.name === "J") {
        // A call leads to a function, which is to be entered as if from elsewhere.
        code.i32(2);
        site.number("rd");
        code.op("i32.eqz");
        code.op("i32.sub");
      } else code.i32(row.format.name === "B" ? 1 : 2);
      code.set(this.#jumped);
    });
    new MeaningEmitter(this.#context, site).effects(row.meaning);
    code.branch(this.#done);
  }
}

import { Code, WasmModule, type FunctionType } from "../../wasm/index.js";
import type { Effect, Row } from "../instructions/index.js";
import { hartLayout } from "../layout.js";
import { localRoutines } from "./blocks.js";
import { importCallees, imports, variablesOf, type Callees } from "./context.js";
import { MeaningEmitter } from "./emit.js";
import { outcomes } from "./outcomes.js";
import { WordSite, type WordContext, type WordForm, type WordLocals } from "./word-site.js";

/** (hart, word, pc, address behind, budget) → `outcomes.budget`, or why the interpreter comes back: then pc is in the hart. */
const type: FunctionType = { parameters: ["i32", "i32", "i64", "i64", "i64"], results: ["i32"] };
const [hart, word, pc, next, budget] = [0, 1, 2, 3, 4];

/** The interpreter's functions for instructions that are rare, or much code. */
export class RowsApart {
  readonly #module = new WasmModule();
  readonly #callees: Callees = importCallees(this.#module);
  readonly #alignedOnly: boolean;
  readonly #functions = new Map<string, Code>();

  constructor(alignedOnly: boolean) {
    this.#alignedOnly = alignedOnly;
    this.#module.importMemory(imports.host, "memory");
  }

  /** Adds one that is exported by that name. @returns its type */
  add(name: string, row: Row, form: WordForm): FunctionType {
    const code = new Code(type.parameters.length);
    const locals: WordLocals = {
      hart,
      word,
      pc,
      next,
      budget,
      context: code.local("i64"),
      address: code.local("i64"),
      scratch: code.local("i64"),
      target: code.local("i64"),
      entry: code.local("i32"),
      outcome: code.local("i32"),
    };
    const context: WordContext = {
      code,
      locals,
      callees: this.#callees,
      alignedOnly: this.#alignedOnly,
      variable: variablesOf(code),
      undo() {
        code.i32(outcomes.stuck);
        code.op("return");
      },
    };
    code.get(hart);
    code.access("i64.load", hartLayout.context);
    code.set(locals.context);
    code.get(next);
    code.set(locals.target);
    const isAsking = asks(row.meaning);
    const site = new WordSite(context, form, () => {
      code.i32(outcomes.computed);
      code.set(locals.outcome);
    });
    new MeaningEmitter(context, site).effects(row.meaning);
    if (isAsking) {
      code.get(hart);
      code.get(locals.target);
      code.access("i64.store", hartLayout.pc);
    }
    if (isAsking && !row.meaning.some(({ kind }) => kind === "jump")) code.i32(outcomes.asked);
    else code.get(locals.outcome);
    this.#functions.set(name, code);
    return type;
  }

  encode(): Uint8Array<ArrayBuffer> {
    // Behind all that they import.
    for (const [name, code] of this.#functions) this.#module.function(type, code, name);
    return this.#module.encode();
  }
}

/** Whether a meaning calls for more than integers, plain loads and stores. */
export const isApart = (effects: readonly Effect[]): boolean =>
  effects.some(
    (effect) =>
      effect.kind === "call" ||
      effect.kind === "float" ||
      effect.kind === "exchange" ||
      (effect.kind === "when" && isApart(effect.effects)),
  );

/** Whether a meaning asks the host for something that may change what stands between instructions. */
const asks = (effects: readonly Effect[]): boolean =>
  effects.some(
    (effect) =>
      (effect.kind === "call" && !localRoutines.has(effect.routine)) ||
      (effect.kind === "when" && asks(effect.effects)),
  );

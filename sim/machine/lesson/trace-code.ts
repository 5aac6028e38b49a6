import { Code, WasmModule, type FunctionType, type LocalNames } from "../../wasm/index.js";
import { hartLayout } from "../layout.js";
import type { Instruction } from "../instructions/index.js";
import { importCallees, imports, variablesOf, type UnitContext, type UnitLocals } from "../translate/context.js";
import { MeaningEmitter } from "../translate/emit.js";
import { UnitSite } from "../translate/site.js";
import { localsFor, registerAt } from "../translate/unit-registers.js";
import type { CodeMark } from "./translation.js";

/** An instruction as it was executed while the trace was recorded, and where it led to. */
export interface Recorded {
  readonly address: bigint;
  readonly instruction: Instruction;
  readonly next: bigint;
}

/** A way out of a trace. */
interface TraceExit {
  /** Its place in the table of exits. */
  readonly slot: number;
  /** Where it leads to; undefined where that is computed at run time. */
  readonly target: bigint | undefined;
}

export interface TraceCode {
  readonly module: Uint8Array<ArrayBuffer>;
  readonly exits: readonly TraceExit[];
  readonly marks: readonly CodeMark[];
  readonly names: LocalNames;
}

/** The type of a trace, and of what stands in the table of exits: (hart, the exit that leads there). */
const runType: FunctionType = { parameters: ["i32", "i32"], results: [] };

/**
 * A recorded path as one function, `run`: straight, with branches turned so that the recorded way goes on. What leaves it
 * elsewhere goes through the exit's place in the table, where the next trace or the way back to the host stands. That is how
 * exits are linked: by putting a function there. A path that leads to its own start is a loop.
 * @param slot the first free place in the table of exits
 * @param alignedOnly whether every misaligned access is an exception
 */
export function translateTrace(path: readonly Recorded[], slot: number, alignedOnly: boolean): TraceCode {
  return new TraceBuilder(path, slot, alignedOnly).build();
}

/** Makes the function from first instruction to last. */
class TraceBuilder {
  readonly #path: readonly Recorded[];
  readonly #module = new WasmModule();
  readonly #code = new Code(2);
  readonly #locals: UnitLocals;
  readonly #context: UnitContext;
  readonly #registers: ReadonlyMap<number, number>;
  readonly #written: ReadonlySet<number>;
  readonly #exits: TraceExit[] = [];
  readonly #marks: CodeMark[] = [];
  readonly #slot: number;
  #leave = 0;

  constructor(path: readonly Recorded[], slot: number, alignedOnly: boolean) {
    this.#path = path;
    this.#slot = slot;
    const code = this.#code;
    const { registers, written, locals } = localsFor(
      code,
      path.map(({ instruction }) => instruction),
    );
    this.#registers = registers;
    this.#written = written;
    this.#locals = locals;
    this.#module.importMemory(imports.host, "memory");
    this.#module.importTable("trace", "exits");
    this.#context = {
      code,
      locals: this.#locals,
      alignedOnly,
      callees: importCallees(this.#module),
      variable: variablesOf(code),
      exit: () => {
        code.branch(this.#leave);
      },
    };
  }

  build(): TraceCode {
    const code = this.#code;
    const { budget, context, pc } = this.#locals;
    const head = this.#path[0]?.address ?? 0n;
    this.#load(budget, hartLayout.budget);
    this.#load(context, hartLayout.context);
    for (const [place, local] of this.#registers) this.#load(local, place);
    code.loop();
    const again = code.depth;
    code.block();
    this.#leave = code.depth;
    code.get(budget);
    code.i64(BigInt(this.#path.length));
    code.op("i64.lt_s");
    code.if();
    code.i64(head);
    code.set(pc);
    code.branch(this.#leave);
    code.op("end");
    this.#countEntry();
    this.#pay(-this.#path.length);
    this.#path.forEach((recorded, index) => {
      this.#instruction(recorded, index);
    });
    this.#mark(undefined);
    const end = this.#path.at(-1)?.next ?? head;
    if (end === head) code.branch(again);
    else {
      code.i64(end);
      code.set(pc);
      this.#exitTo(end);
    }
    code.op("end");
    code.op("end");
    this.#save();
    this.#module.function(runType, code, "run");
    const own = Object.entries({ ...this.#locals, hart: undefined, x: undefined, f: undefined });
    const names = new Map([
      ...own.flatMap(([name, local]) => (typeof local === "number" ? [[local, name] as const] : [])),
      ...[...this.#registers].map(([place, local]) => [local, registerAt(place)] as const),
    ]);
    return { module: this.#module.encode(), exits: this.#exits, marks: this.#marks, names };
  }

  #instruction({ address, instruction, next }: Recorded, index: number): void {
    const code = this.#code;
    const behind = this.#path.length - index - 1;
    const site = new UnitSite(this.#context, instruction, address, behind);
    const emitter = new MeaningEmitter(this.#context, site);
    this.#mark(address);
    emitter.effects(instruction.row.meaning);
    if (instruction.row.format.name === "B") {
      const taken = BigInt.asIntN(64, address + BigInt(instruction.fields.imm));
      // A branch to the next instruction leads there either way.
      if (taken === site.next) return;
      const isTaken = next === taken;
      emitter.branchCondition(instruction.row.meaning);
      if (isTaken) code.op("i32.eqz");
      code.if();
      const other = isTaken ? site.next : taken;
      this.#pay(behind);
      code.i64(other);
      code.set(this.#locals.pc);
      this.#exitTo(other);
      code.op("end");
    } else if (site.target !== undefined) {
      code.get(site.target);
      code.i64(next);
      code.op("i64.ne");
      code.if();
      this.#pay(behind);
      code.get(site.target);
      code.set(this.#locals.pc);
      this.#exitTo(undefined);
      code.op("end");
    }
  }

  /** Gives what is left of the budget back, or takes from it. */
  #pay(instructions: number): void {
    if (instructions === 0) return;
    const code = this.#code;
    code.get(this.#locals.budget);
    code.i64(BigInt(instructions));
    code.op("i64.add");
    code.set(this.#locals.budget);
  }

  #exitTo(target: bigint | undefined): void {
    const code = this.#code;
    const slot = this.#slot + this.#exits.length;
    this.#exits.push({ slot, target });
    this.#save();
    code.get(this.#locals.hart);
    code.i32(slot);
    code.i32(slot);
    code.returnCallIndirect(this.#module.type(runType));
  }

  #countEntry(): void {
    const code = this.#code;
    code.get(this.#locals.hart);
    code.get(this.#locals.hart);
    code.access("i64.load", hartLayout.entries);
    code.i64(1n);
    code.op("i64.add");
    code.access("i64.store", hartLayout.entries);
  }

  #load(local: number, place: number): void {
    this.#code.get(this.#locals.hart);
    this.#code.access("i64.load", place);
    this.#code.set(local);
  }

  #save(): void {
    const { pc, budget } = this.#locals;
    const save = (local: number, place: number): void => {
      this.#code.get(this.#locals.hart);
      this.#code.get(local);
      this.#code.access("i64.store", place);
    };
    save(pc, hartLayout.pc);
    save(budget, hartLayout.budget);
    for (const place of this.#written) save(this.#registers.get(place) ?? 0, place);
  }

  #mark(of: bigint | undefined): void {
    this.#marks.push({ at: this.#code.position, of, block: true });
  }
}

/** What stands in the place of an exit that is not linked: notes which one it was, and goes back to the host. */
export function unlinkedExit(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  module.importMemory(imports.host, "memory");
  const code = new Code(2);
  code.get(0);
  code.get(1);
  code.access("i32.store", hartLayout.exit);
  module.function(runType, code, "run");
  return module.encode();
}

import { invariant } from "../../core/index.js";
import { Code, WasmModule, type FunctionType, type LocalNames } from "../../wasm/index.js";
import { attention, entrySize, hartLayout, jumpEntries } from "../layout.js";
import { findBlocks, successors, type Block } from "./blocks.js";
import { budgetLooks } from "./budget.js";
import { importCallees, imports, variablesOf, type Callees, type UnitContext, type UnitLocals } from "./context.js";
import { MeaningEmitter } from "./emit.js";
import { LoopPages } from "./loop-pages.js";
import { UnitSite } from "./site.js";
import { structure, type Structure } from "./structure.js";
import type { Unit, UnitCode, UnitMark, UnitSource } from "./unit-source.js";
import { localsFor, registerAt } from "./unit-registers.js";

/** The type of `run`; the table of units holds such functions. */
const runType: FunctionType = { parameters: ["i32", "i32"], results: [] };
interface Target {
  readonly kind: "loop" | "behind";
  readonly node: number;
  readonly label: number;
}

export function translateUnit(source: UnitSource): Unit {
  const units = new UnitsModule();
  const unit = units.add(source, "run");
  return { ...unit, module: units.encode() };
}

/** Several units as one module. */
export class UnitsModule {
  readonly #module = new WasmModule();
  readonly #callees: Callees = importCallees(this.#module);

  constructor() {
    this.#module.importMemory(imports.host, "memory");
    this.#module.importTable(imports.host, "units");
  }

  /** @param name what the unit's function is exported as */
  add(source: UnitSource, name: string): UnitCode {
    const { blocks, entries } = findBlocks(source.entries, source.decode, source.isCold);
    return new UnitBuilder(this.#module, this.#callees, source, blocks, entries).build(name);
  }

  encode(): Uint8Array<ArrayBuffer> {
    return this.#module.encode();
  }
}

/**
 * Makes the function of a unit:
 *
 *     registers into locals
 *     loop again                  the dispatcher: to the block of that number
 *       block exit
 *         block miss
 *           block leave
 *             the blocks, nested  what leaves the page sets pc; what has to come back to the host goes to exit
 *           end leave
 *           where pc is known to the jump cache: again, or the other unit as a tail call; else to exit
 *         end miss
 *         tell the host that pc's instruction is to be executed by somebody else
 *       end exit
 *     registers back; return
 */
class UnitBuilder {
  readonly #source: UnitSource;
  readonly #blocks: readonly Block[];
  readonly #structure: Structure;
  readonly #module: WasmModule;
  readonly #code = new Code(2);
  /** The locals of the registers that the unit uses, by where the hart keeps them. */
  readonly #registers: ReadonlyMap<number, number>;
  /** Of those, the ones that it writes. */
  readonly #written: ReadonlySet<number>;
  readonly #locals: UnitLocals;
  readonly #context: UnitContext;
  readonly #pages: LoopPages;
  readonly #block = 1;
  /** Node numbers by offsets; 0 is the dispatcher. */
  readonly #nodes: ReadonlyMap<number, number>;
  /** By node: the most instructions from there to the next look at the budget, and whether the node looks itself. */
  readonly #needs: readonly number[];
  readonly #looks: readonly boolean[];
  #exit = 0;
  #miss = 0;
  #leave = 0;
  readonly #targets: Target[] = [];
  readonly #marks: UnitMark[] = [];

  constructor(
    module: WasmModule,
    callees: Callees,
    source: UnitSource,
    blocks: readonly Block[],
    entries: ReadonlySet<number>,
  ) {
    this.#module = module;
    this.#source = source;
    this.#blocks = blocks;
    this.#nodes = new Map(blocks.map(({ offset }, index) => [offset, index + 1]));
    const inside = (offsets: Iterable<number>): number[] =>
      [...offsets].flatMap((offset) => this.#nodes.get(offset) ?? []);
    const next = [inside(entries), ...blocks.map((block) => inside(successors(block)))];
    this.#structure = structure(next);

    const { needs, looks } = budgetLooks(
      this.#structure,
      blocks.map(({ instructions }) => instructions.length),
      next.slice(1),
    );
    this.#needs = needs;
    this.#looks = looks;

    const code = this.#code;
    const { registers, written, locals } = localsFor(
      code,
      blocks.flatMap(({ instructions }) => instructions.map(({ instruction }) => instruction)),
    );
    this.#registers = registers;
    this.#written = written;
    this.#locals = locals;
    this.#pages = new LoopPages(code, blocks, this.#structure, next);
    this.#context = {
      code,
      locals: this.#locals,
      callees,
      alignedOnly: source.alignedOnly,
      variable: variablesOf(code),
      exit: () => {
        this.#code.branch(this.#exit);
      },
      ...(source.calls === true
        ? {}
        : {
            miss: () => {
              this.#code.branch(this.#miss);
            },
          }),
    };
  }

  build(name: string): UnitCode {
    const code = this.#code;
    const { budget, context } = this.#locals;
    this.#loadState(budget, hartLayout.budget);
    this.#loadState(context, hartLayout.context);
    for (const [place, local] of this.#registers) this.#loadState(local, place);

    code.loop();
    const again = code.depth;
    this.#targets.push({ kind: "loop", node: 0, label: again });
    this.#code.block();
    this.#exit = code.depth;
    this.#code.block();
    this.#miss = code.depth;
    this.#code.block();
    this.#leave = code.depth;
    this.#within(0);
    this.#code.op("end");
    this.#findUnit(again);
    code.branch(this.#exit);
    code.op("end");
    code.get(this.#locals.hart);
    code.i32(attention.missed);
    code.access("i32.store", hartLayout.fault);
    code.op("end");
    this.#saveState();
    code.op("return");
    code.op("end");
    code.op("unreachable");
    this.#module.function(runType, code, name);
    const entries = new Map(this.#structure.entries.map((node, index) => [this.#blocks[node - 1]?.offset ?? 0, index]));
    const covered = this.#blocks.flatMap((block) =>
      block.instructions.map(({ offset, instruction }) => [offset, instruction.length] as const),
    );
    const names = (): LocalNames => this.#names();
    return { entries, instructions: covered.length, covered, marks: this.#marks, names };
  }

  #names(): LocalNames {
    const { context, pc, budget, address, scratch, entry } = this.#locals;
    const own = Object.entries({ context, pc, budget, address, scratch, entry });
    return new Map([
      ...own.map(([name, local]) => [local, name] as const),
      ...[...this.#registers].map(([place, local]) => [local, registerAt(place)] as const),
    ]);
  }

  #mark(part: UnitMark["part"], offset: number): void {
    this.#marks.push({ at: this.#code.position, offset, part });
  }

  // The nest.

  #tree(node: number): void {
    if (!this.#structure.isLoop[node]) {
      this.#within(node);
      return;
    }
    this.#pages.forget(node);
    this.#code.loop();
    this.#targets.push({ kind: "loop", node, label: this.#code.depth });
    this.#within(node);
    this.#targets.pop();
    this.#code.op("end");
  }

  /** A node, in as many blocks as there are nodes that follow it and that it doesn't reach alone. */
  #within(node: number): void {
    const following = (this.#structure.children[node] ?? []).filter((child) => this.#structure.isMerge[child]);
    // The last of the order is in the outermost block's wake.
    for (const child of [...following].reverse()) {
      this.#code.block();
      this.#targets.push({ kind: "behind", node: child, label: this.#code.depth });
    }
    if (node === 0) this.#dispatch();
    else this.#emitBlock(node);
    for (const child of following) {
      this.#targets.pop();
      this.#code.op("end");
      this.#tree(child);
    }
  }

  #dispatch(): void {
    this.#code.get(this.#block);
    const labels = this.#structure.entries.map((node) => this.#target(node, "behind"));
    this.#code.branchTable([...labels, labels.at(-1) ?? 0]);
  }

  #emitBlock(node: number): void {
    const block = this.#blocks[node - 1];
    if (block === undefined) return;
    const { instructions, ending } = block;
    const { budget } = this.#locals;
    const count = instructions.length;
    this.#mark("begin", block.offset);
    if (this.#looks[node] === true) this.#comeBackWhenShort(block.offset, this.#needs[node] ?? 0);
    this.#code.get(budget);
    this.#code.i64(BigInt(count));
    this.#code.op("i64.sub");
    this.#code.set(budget);

    let site: UnitSite | undefined;
    let emitter: MeaningEmitter | undefined;
    let usesFloats = false;
    instructions.forEach(({ offset, instruction }, index) => {
      this.#mark("instruction", offset);
      const known = { usesFloats, lastPage: this.#pages.at(offset) };
      site = new UnitSite(this.#context, instruction, this.#address(offset), count - index - 1, known);
      emitter = new MeaningEmitter(this.#context, site);
      emitter.effects(instruction.row.meaning);
      // What could change that ends a block.
      usesFloats ||= instruction.row.meaning.some((effect) => effect.kind === "call" && effect.routine === "useFloats");
    });
    // A branch's condition is the last instruction's.
    if (ending.kind === "branch") emitter?.branchCondition(instructions.at(-1)?.instruction.row.meaning ?? []);
    this.#mark("end", block.offset);
    switch (ending.kind) {
      case "fall":
      case "jump":
        this.#edge(node, ending.target);
        return;
      case "branch":
        this.#code.if();
        this.#edge(node, ending.target);
        this.#mark("end", block.offset);
        this.#code.op("end");
        this.#edge(node, ending.otherwise);
        return;
      case "indirect":
        this.#code.get(site?.target ?? this.#locals.pc);
        this.#code.set(this.#locals.pc);
        this.#code.branch(this.#leave);
        return;
      case "leave": {
        const placed = instructions.at(-1);
        if (site?.target !== undefined) this.#code.get(site.target);
        else this.#code.i64(this.#address((placed?.offset ?? 0) + (placed?.instruction.length ?? 0)));
        this.#code.set(this.#locals.pc);
        // Unless the host wants to be asked, go on as after any jump.
        this.#code.get(this.#locals.hart);
        this.#code.access("i32.load", hartLayout.fault);
        this.#code.branchIf(this.#exit);
        // In the mode that it is in now.
        this.#loadState(this.#locals.context, hartLayout.context);
        this.#code.branch(this.#leave);
      }
    }
  }

  #edge(from: number, offset: number): void {
    const to = this.#nodes.get(offset);
    if (to === undefined) {
      this.#code.i64(this.#address(offset));
      this.#code.set(this.#locals.pc);
      this.#code.branch(this.#leave);
      return;
    }
    const kind = this.#structure.edge(from, to);
    if (kind === "forward") {
      if (this.#structure.isMerge[to]) this.#code.branch(this.#target(to, "behind"));
      else this.#tree(to);
      return;
    }
    if (kind === "dispatched") {
      this.#code.i32(this.#structure.entries.indexOf(to));
      this.#code.set(this.#block);
      this.#code.branch(this.#target(0, "loop"));
    } else this.#code.branch(this.#target(to, "loop"));
  }

  #comeBackWhenShort(offset: number, need: number): void {
    const { budget, pc } = this.#locals;
    this.#code.get(budget);
    this.#code.i64(BigInt(need));
    this.#code.op("i64.lt_s");
    this.#code.if();
    this.#code.i64(this.#address(offset));
    this.#code.set(pc);
    this.#code.branch(this.#exit);
    this.#code.op("end");
  }

  // The ends.

  /** Goes on where the jump cache says that `pc` is; falls through where it doesn't know. */
  #findUnit(again: number): void {
    const code = this.#code;
    const { hart, pc, entry } = this.#locals;
    code.get(pc);
    code.op("i32.wrap_i64");
    // Instructions begin at even addresses.
    code.i32(Math.log2(entrySize) - 1);
    code.op("i32.shl");
    code.i32((jumpEntries - 1) * entrySize);
    code.op("i32.and");
    code.get(hart);
    code.op("i32.add");
    code.tee(entry);
    code.access("i64.load", hartLayout.jumps);
    code.get(hart);
    code.access("i64.load", hartLayout.jumpContext);
    code.get(pc);
    code.op("i64.xor");
    code.op("i64.eq");
    code.if();
    code.get(entry);
    code.access("i32.load", hartLayout.jumps + 12);
    code.set(this.#block);
    code.get(entry);
    code.access("i32.load", hartLayout.jumps + 8);
    code.i32(this.#source.index);
    code.op("i32.eq");
    code.branchIf(again);
    this.#saveState();
    code.get(hart);
    code.get(this.#block);
    code.get(entry);
    code.access("i32.load", hartLayout.jumps + 8);
    code.returnCallIndirect(this.#module.type(runType));
    this.#code.op("end");
  }

  #loadState(local: number, offset: number): void {
    this.#code.get(this.#locals.hart);
    this.#code.access("i64.load", offset);
    this.#code.set(local);
  }

  #saveState(): void {
    const { pc, budget } = this.#locals;
    const save = (local: number, offset: number): void => {
      this.#code.get(this.#locals.hart);
      this.#code.get(local);
      this.#code.access("i64.store", offset);
    };
    save(pc, hartLayout.pc);
    save(budget, hartLayout.budget);
    for (const place of this.#written) save(this.#registers.get(place) ?? 0, place);
  }

  #target(node: number, kind: Target["kind"]): number {
    const target = this.#targets.findLast((target) => target.node === node && target.kind === kind);
    invariant(target !== undefined, `no way to block ${node}`);
    return target.label;
  }

  #address(offset: number): bigint {
    return BigInt.asIntN(64, this.#source.page + BigInt(offset));
  }
}

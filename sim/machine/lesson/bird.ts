import { withDefaults, type HeatView, type TableView } from "../../core/index.js";
import { SymbolIndex } from "../disassembler/index.js";
import type { Instruction } from "../instructions/index.js";
import type { Place } from "../stops.js";
import { counter, type Counter } from "./counter.js";
import { Coverage, pageOf, type Area } from "./coverage.js";
import { LessonEngine } from "./engine.js";
import { hex, type LessonMachine } from "./guest.js";

export interface BirdOptions {
  readonly hart: number;
  /** Where code is known to begin; where the hart is, if none is given. */
  readonly entries: readonly Place[];
}

const areas: readonly Area[] = ["unknown", "static", "static, executed", "run time"];
/** A map has at most so many columns, and rows. */
const mapSide = 64;

/**
 * Knows instructions before they are executed. What can be reached from the entries is disassembled before the start; the rest is
 * unknown, code or data. Only jumps by a register lead from what is known into what isn't: their targets are looked up, and an
 * unknown one is disassembled then, as far as the instructions say where control may go.
 *
 * Source: S. Nanda, W. Li, L. Lam, T. Chiueh, "BIRD: binary interpretation using runtime disassembly", CGO 2006.
 * Simplifications: BIRD patches the jumps of a program that the processor executes, this looks at them in an interpreter;
 * BIRD's second pass, which guesses at code that nothing leads to, is left out. Traps' handlers are found when they are entered.
 */
export class Bird extends LessonEngine {
  readonly system = "BIRD";
  readonly #coverage = new Coverage();
  readonly #view: DataView;
  readonly #listeners = new Map<number, () => void>();
  /** The last instruction was a jump by a register. */
  #checks = false;
  #indirect = 0;
  #hits = 0;
  #disassemblies = 0;
  #discarded = 0;

  constructor(machine: LessonMachine, options?: Partial<BirdOptions>) {
    const { hart, entries } = withDefaults<BirdOptions>("bird", options, { hart: 0, entries: [] });
    super(machine, hart);
    this.#view = new DataView(machine.bus.buffer);
    const starts = entries.length === 0 ? [this.hart.pc] : entries.map((entry) => machine.address(entry));
    for (const start of starts) this.#disassemble(Number(BigInt.asUintN(64, start)), "static", undefined);
  }

  burst(): void {
    const { hart } = this;
    const physical = hart.memory.translate(hart.pc, 2, "execute");
    if (typeof physical !== "number") {
      this.#checks = false;
      this.interpret();
      return;
    }
    const isKnown = this.#coverage.begins(physical);
    if (this.#checks) this.#indirect++;
    if (this.#checks && isKnown) this.#hits++;
    if (!isKnown) {
      this.#disassemblies++;
      const isTranslated = physical !== Number(BigInt.asUintN(64, hart.pc));
      this.#disassemble(physical, "run time", isTranslated ? pageOf(physical) : undefined);
    }
    const instruction = this.interpret();
    this.#checks = instruction?.row.name === "jalr" && !this.#coverage.isResolved(physical);
    if (instruction !== undefined && this.#coverage.begins(physical))
      this.#coverage.executed(physical, instruction.length);
  }

  /** The programs' memory, in order, as a grid: what is known of each place, and since when. */
  map(): HeatView {
    const places = this.#places;
    const bytes = 2 * Math.max(1, Math.ceil(places.length / (mapSide * mapSide)));
    const cells: number[] = [];
    for (let at = 0; at < places.length; at += bytes / 2) {
      cells.push(Math.max(...places.slice(at, at + bytes / 2).map(({ area }) => areas.indexOf(area))));
    }
    const count = Math.ceil(cells.length / mapSide);
    const rows = Array.from({ length: count }, (_, row) => row * mapSide);
    return {
      as: "heat",
      title: "Which code is known, and since when?",
      caption: `${this.machine.name}: 0 unknown, 1 known before the start, 2 that was executed, 3 found at run time; ${bytes} bytes a place`,
      x: { label: "place in the row", unit: "" },
      y: { label: "address", unit: "" },
      value: { label: "known", unit: "" },
      rows: rows.map((at) => (places[(at * bytes) / 2]?.address ?? 0).toString(16)),
      values: rows.map((at) => Array.from({ length: mapSide }, (_, column) => cells[at + column] ?? null)),
    };
  }

  /** The same as stretches of memory. */
  areas(): TableView {
    const names = new SymbolIndex(this.machine.symbols.map(({ name, address }) => ({ name, value: address })));
    const stretches: { from: number; to: number; area: Area }[] = [];
    for (const { address, area } of this.#places) {
      const last = stretches.at(-1);
      if (last?.area === area && last.to === address) last.to += 2;
      else stretches.push({ from: address, to: address + 2, area });
    }
    return {
      as: "table",
      title: "Areas of the code",
      columns: [{ key: "from" }, { key: "bytes" }, { key: "symbol" }, { key: "known" }],
      rows: stretches.map(({ from, to, area }) => ({
        from: hex(BigInt(from)),
        bytes: to - from,
        symbol: names.find(BigInt(from))?.name ?? "",
        known: area,
      })),
    };
  }

  protected get own(): readonly Counter[] {
    const bytes = (...wanted: readonly Area[]): number =>
      2 * this.#places.filter(({ area }) => wanted.includes(area)).length;
    return [
      counter(
        "known statically",
        bytes("static", "static, executed"),
        "B",
        "of the programs, disassembled before the start",
      ),
      counter("never executed", bytes("static"), "B", "of them not executed so far"),
      counter("discovered", bytes("run time"), "B", "disassembled when control came there"),
      counter("never", bytes("unknown"), "B", "that are still unknown: data, or code that nothing led to"),
      counter("indirect branches", this.#indirect, "", "jumps by a register that were looked at"),
      counter("checks that hit", this.#hits, "", "of them to what was known already"),
      counter("run-time disassemblies", this.#disassemblies, "", "times that control came to what wasn't known"),
      counter("discarded", this.#discarded, "B", "that were known, on pages whose code changed"),
    ];
  }

  /** Two bytes each, of all programs. */
  get #places(): readonly { readonly address: number; readonly area: Area }[] {
    return this.machine.programs.flatMap(({ address, size }) =>
      Array.from({ length: Math.ceil(size / 2) }, (_, index) => {
        const at = address + 2 * index;
        return { address: at, area: this.#coverage.area(at) };
      }),
    );
  }

  #disassemble(start: number, known: "static" | "run time", within: number | undefined): void {
    const { code } = this.hart.translated;
    for (const { address, length } of this.#coverage.descend(start, (at) => this.#decode(at), known, within)) {
      for (let at = address; at < address + length; at += 2) {
        const host = this.machine.bus.ramAt(at, 2);
        if (host !== undefined) code.cover(at, 2, host, this.#listener(pageOf(at)));
      }
    }
  }

  #decode(address: number): Instruction | undefined {
    const host = this.machine.bus.ramAt(address, 2);
    if (host === undefined) return undefined;
    const low = this.#view.getUint16(host, true);
    if ((low & 3) !== 3) return this.hart.evaluator.decode(low);
    const next = this.machine.bus.ramAt(address + 2, 2);
    if (next === undefined) return undefined;
    return this.hart.evaluator.decode((low | (this.#view.getUint16(next, true) << 16)) >>> 0);
  }

  /** What is done when code of a page changes: the same function each time, so that it is called once. */
  #listener(page: number): () => void {
    const known = this.#listeners.get(page);
    if (known !== undefined) return known;
    const listener = (): void => {
      this.#discarded += this.#coverage.forget(page);
    };
    this.#listeners.set(page, listener);
    return listener;
  }
}

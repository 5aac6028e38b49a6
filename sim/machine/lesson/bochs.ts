import { withDefaults, type TableView } from "../../core/index.js";
import { Disassembler } from "../disassembler/index.js";
import { counter, ratio, type Counter } from "./counter.js";
import { characterOf, LessonEngine } from "./engine.js";
import { hex, type LessonMachine } from "./guest.js";

export interface BochsOptions {
  readonly hart: number;
}

interface Visited {
  readonly address: bigint;
  readonly text: string;
  times: number;
}

/**
 * A plain interpreter: fetch, decode, do what the instruction means, again; nothing is kept of it but what was decoded.
 * Source: K. Lawton, "Bochs: a portable PC emulator for Unix/X", Linux Journal 29, 1996. Bochs's guest is an x86; its later
 * caches of whole runs of decoded instructions are left out.
 */
export class Bochs extends LessonEngine {
  readonly system = "Bochs";
  #taken = 0;
  #loads = 0;
  #stores = 0;
  readonly #words = new Set<number>();
  readonly #names = new Map<string, number>();
  readonly #visited = new Map<bigint, Visited>();
  readonly #text: Disassembler;

  constructor(machine: LessonMachine, options?: Partial<BochsOptions>) {
    super(machine, withDefaults<BochsOptions>("bochs", options, { hart: 0 }).hart);
    this.#text = new Disassembler({ symbols: machine.symbols.map(({ name, address }) => ({ name, value: address })) });
  }

  burst(): void {
    const address = this.hart.pc;
    const instruction = this.interpret();
    if (instruction === undefined) return;
    const { row, word, length } = instruction;
    const { loads, stores } = characterOf(row);
    if (loads) this.#loads++;
    if (stores) this.#stores++;
    if (this.hart.pc !== BigInt.asIntN(64, address + BigInt(length))) this.#taken++;
    this.#words.add(word);
    this.#names.set(row.name, (this.#names.get(row.name) ?? 0) + 1);
    const visited = this.#visited.get(address);
    if (visited !== undefined) visited.times++;
    else this.#visited.set(address, { address, text: this.#text.line(word, address).text, times: 1 });
  }

  override executions(address: bigint): number {
    return this.#visited.get(address)?.times ?? 0;
  }

  /** How often each instruction was executed, the most frequent first. */
  mix(): TableView {
    const total = [...this.#names.values()].reduce((sum, times) => sum + times, 0);
    return {
      as: "table",
      title: "Instructions by how often they were executed",
      columns: [{ key: "instruction" }, { key: "times" }, { key: "share", unit: "%" }],
      rows: [...this.#names]
        .sort(([, a], [, b]) => b - a)
        .map(([instruction, times]) => ({ instruction, times, share: percent(times, total) })),
    };
  }

  /** The places that were executed most. */
  hottest(count: number = 10): TableView {
    const all = [...this.#visited.values()].sort((a, b) => b.times - a.times);
    return {
      as: "table",
      title: `The ${Math.min(count, all.length)} hottest of ${all.length} instructions`,
      columns: [{ key: "address" }, { key: "instruction" }, { key: "times" }, { key: "share", unit: "%" }],
      rows: all.slice(0, count).map(({ address, text, times }) => ({
        address: hex(address),
        instruction: text,
        times,
        share: percent(times, this.instructions),
      })),
    };
  }

  protected get own(): readonly Counter[] {
    return [
      counter("taken branches", this.#taken, "", "instructions that went elsewhere than to the next"),
      counter("loads", this.#loads, "", "instructions that read memory"),
      counter("stores", this.#stores, "", "instructions that wrote memory"),
      counter("decoded", this.#words.size, "", "different instruction words that were met"),
      counter("places", this.#visited.size, "", "different addresses that were executed"),
    ];
  }
}

const percent = (part: number, whole: number): number => Math.round(1000 * ratio(part, whole)) / 10;

import type { Instruction } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import { characterOf } from "./engine.js";

/** How code came to be known: before it ran, or when control first came there. */
export type Known = "static" | "run time";

/** What is known of two bytes: an instruction begins there, or goes on; by whom; and whether it was executed. */
const flag = { begins: 1, continues: 2, atRunTime: 4, executed: 8 } as const;

/** Instructions by physical addresses. */
export type Decode = (address: number) => Instruction | undefined;

/** What a place of the code is. */
export type Area = "unknown" | "static" | "static, executed" | "run time";

/** Which bytes of memory are known to be instructions, and how that came to be known. */
export class Coverage {
  /** By the page's address: a flag for each two bytes. */
  readonly #pages = new Map<number, Uint8Array>();
  /** Addresses of jumps by a register whose targets could be told: it had been given an address just before. */
  readonly #resolved = new Set<number>();

  begins(address: number): boolean {
    return (this.#at(address) & flag.begins) !== 0;
  }

  isResolved(address: number): boolean {
    return this.#resolved.has(address);
  }

  executed(address: number, length: number): void {
    this.#add(address, length, flag.executed);
  }

  area(address: number): Area {
    const flags = this.#at(address);
    if ((flags & (flag.begins | flag.continues)) === 0) return "unknown";
    if ((flags & flag.atRunTime) !== 0) return "run time";
    return (flags & flag.executed) === 0 ? "static" : "static, executed";
  }

  /** Forgets what is known of a page. @returns how many bytes of it were known */
  forget(page: number): number {
    const flags = this.#pages.get(page) ?? new Uint8Array(0);
    this.#pages.delete(page);
    return 2 * flags.filter((bits) => (bits & (flag.begins | flag.continues)) !== 0).length;
  }

  /**
   * Disassembles from an address on, wherever control may go that the instructions themselves say: to the next, to a branch's
   * two ways, into a call and behind it. It ends where it meets what is known, what is no instruction, and jumps by a register.
   * @param within a page that it doesn't leave: where the page behind it in memory needn't be the next one
   * @returns what it found: address and length of each instruction
   */
  descend(
    start: number,
    decode: Decode,
    known: Known,
    within?: number,
  ): readonly { readonly address: number; readonly length: number }[] {
    const found: { address: number; length: number }[] = [];
    const waiting = [start];
    for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
      let before: { readonly address: number; readonly instruction: Instruction } | undefined;
      for (let address = from; !this.begins(address);) {
        if (within !== undefined && pageOf(address) !== within) break;
        const instruction = decode(address);
        if (instruction === undefined) break;
        const { length } = instruction;
        this.#add(address, 2, flag.begins);
        if (length === 4) this.#add(address + 2, 2, flag.continues);
        if (known === "run time") this.#add(address, length, flag.atRunTime);
        found.push({ address, length });
        const target = targetOf(address, instruction, before);
        if (target !== undefined) waiting.push(target);
        if (target !== undefined && instruction.row.name === "jalr") this.#resolved.add(address);
        if (!goesOn(instruction)) break;
        before = { address, instruction };
        address += length;
      }
    }
    return found;
  }

  #at(address: number): number {
    return this.#pages.get(pageOf(address))?.[(address % pageSize) >> 1] ?? 0;
  }

  #add(address: number, length: number, bits: number): void {
    for (let at = address; at < address + length; at += 2) {
      const page = pageOf(at);
      let flags = this.#pages.get(page);
      if (flags === undefined) {
        flags = new Uint8Array(pageSize / 2);
        this.#pages.set(page, flags);
      }
      const place = (at % pageSize) >> 1;
      flags[place] = (flags[place] ?? 0) | bits;
    }
  }
}

export const pageOf = (address: number): number => address - (address % pageSize);

/** Where it may jump to, as far as that can be told: of a jump by a register, where auipc has just given that one an address. */
function targetOf(
  address: number,
  { row, fields }: Instruction,
  before: { readonly address: number; readonly instruction: Instruction } | undefined,
): number | undefined {
  if (row.format.name === "B" || row.format.name === "J") return address + fields.imm;
  if (row.name !== "jalr" || before?.instruction.row.name !== "auipc") return undefined;
  if (fields.rs1 === 0 || before.instruction.fields.rd !== fields.rs1) return undefined;
  return before.address + before.instruction.fields.imm + fields.imm;
}

/** Whether what stands behind it is an instruction, too: calls come back, system calls as well. */
function goesOn({ row, fields }: Instruction): boolean {
  const breaks = row.meaning.some((effect) => effect.kind === "call" && effect.routine === "breakpoint");
  if (breaks) return false;
  if (row.format.name === "B" || !characterOf(row).jumps) return true;
  return fields.rd !== 0;
}

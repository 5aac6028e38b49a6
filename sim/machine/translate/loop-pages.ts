import type { Code } from "../../wasm/index.js";
import type { Effect } from "../instructions/index.js";
import type { Block } from "./blocks.js";
import { loopsOf } from "./loops.js";
import type { Structure } from "./structure.js";
import { registersOf } from "./unit-registers.js";

/** The page that accesses of a loop found last: locals of its address and of the distance from there to its place in memory. */
export interface LastPage {
  readonly page: number;
  readonly distance: number;
}

/** How many a loop keeps at most: they take registers of the processor. */
const mostOfLoop = 12;
/** No page has this address, with or without the bits in which accesses are misaligned. */
const noPage = 8n;

/**
 * Loops remember the pages that they went to. Whether it is the same again is a comparison, and where it lies doesn't wait for
 * a load from the TLB. Nothing within a loop changes what addresses mean: that leaves the unit.
 */
export class LoopPages {
  readonly #code: Code;
  /** By the offset of the instruction. */
  readonly #pages = new Map<number, LastPage>();
  /** By the header of an outermost loop, those of all loops in it. */
  readonly #ofNest = new Map<number, LastPage[]>();

  /** @param blocks by node - 1, @param next each node's successors */
  constructor(code: Code, blocks: readonly Block[], structure: Structure, next: readonly (readonly number[])[]) {
    this.#code = code;
    const { innermost, outermost } = loopsOf(structure, next);
    const bodies = new Map<number, Block[]>();
    blocks.forEach((block, index) => {
      const header = innermost[index + 1] ?? 0;
      if (header !== 0) bodies.set(header, [...(bodies.get(header) ?? []), block]);
    });
    for (const [header, body] of bodies) {
      const nest = outermost[header] ?? header;
      this.#ofNest.set(nest, [...(this.#ofNest.get(nest) ?? []), ...this.#assign(body)]);
    }
  }

  /** What the access of the instruction at an offset remembers. */
  at(offset: number): LastPage | undefined {
    return this.#pages.get(offset);
  }

  /** Before an outermost loop begins: nothing is remembered. The loops in it begin with what they knew when they were last left. */
  forget(header: number): void {
    for (const { page } of this.#ofNest.get(header) ?? []) {
      this.#code.i64(noPage);
      this.#code.set(page);
    }
  }

  #assign(body: readonly Block[]): LastPage[] {
    const placed = body.flatMap(({ instructions }) => instructions);
    const written = new Set(
      placed.flatMap(({ instruction }) =>
        registersOf(instruction).flatMap(([place, isWritten]) => (isWritten ? [place] : [])),
      ),
    );
    const pages = new Map<string, LastPage>();
    for (const { offset, instruction } of placed) {
      const access = accessOf(instruction.row.meaning);
      if (access === undefined) continue;
      // Accesses by a register that stays the same go to the same page, mostly.
      const { rs1 } = instruction.fields;
      const key = `${access} ${written.has(8 * rs1) ? `at ${offset}` : `by ${rs1}`}`;
      const known = pages.get(key);
      if (known === undefined && pages.size === mostOfLoop) continue;
      const page = known ?? { page: this.#code.local("i64"), distance: this.#code.local("i32") };
      pages.set(key, page);
      this.#pages.set(offset, page);
    }
    return [...pages.values()];
  }
}

function accessOf(effects: readonly Effect[]): "load" | "store" | undefined {
  const found = effects.find(({ kind }) => kind === "load" || kind === "store");
  return found?.kind === "load" || found?.kind === "store" ? found.kind : undefined;
}

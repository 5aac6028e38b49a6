import type { LocalNames } from "../../wasm/index.js";
import type { Instruction } from "../instructions/index.js";

/** Code of one page as a function of WebAssembly, `run(hart, block)`. */
export interface UnitCode {
  /** The blocks that it can be entered at, by their offsets in the page: what `run` is given. */
  readonly entries: ReadonlyMap<number, number>;
  /** How many guest instructions it holds. */
  readonly instructions: number;
  /** Where they lie in the page: offset and length of each, in bytes. */
  readonly covered: readonly (readonly [offset: number, length: number])[];
  /** Where the code of what begins, in order of the code: to be shown beside it. */
  readonly marks: readonly UnitMark[];
  /** Names of its locals, for the same purpose. */
  readonly names: () => LocalNames;
}

/** One alone, as a module that exports `run`. */
export interface Unit extends UnitCode {
  readonly module: Uint8Array<ArrayBuffer>;
}

/** From `at` on, the function's code is that of the instruction at an offset of the page, or of what stands around it. */
export interface UnitMark {
  readonly at: number;
  readonly offset: number;
  readonly part: "begin" | "instruction" | "end";
}

export interface UnitSource {
  /** The page's address as the hart sees it. */
  readonly page: bigint;
  readonly entries: Iterable<number>;
  /** The instruction at an offset of the page; undefined where there is none, or where it reaches into the next page. */
  readonly decode: (offset: number) => Instruction | undefined;
  /** What is left out, because it is hardly executed: the unit is left where control comes there. Entries are not asked for. */
  readonly isCold?: (offset: number) => boolean;
  /** Whether what is rare in loops is done by calls. Else the unit is left there. */
  readonly calls?: boolean;
  /** The unit's place in the table of units. */
  readonly index: number;
  /** Whether every misaligned access is an exception. */
  readonly alignedOnly: boolean;
}

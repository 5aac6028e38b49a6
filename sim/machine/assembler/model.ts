import type { Field, Operand, Row, ShortRow } from "../instructions/index.js";
import type { Place } from "./statement.js";

/** What a number is computed from. */
export type Expression =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly symbol: AsmSymbol; readonly place: Place }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    };

export type Definition =
  { readonly kind: "place"; readonly at: Position } | { readonly kind: "value"; readonly value: Expression };

/** A name and what it stands for. */
export class AsmSymbol {
  readonly name: string;
  definition: Definition | undefined;
  binding: "local" | "global" | "weak" = "local";
  /** What .type says: a function, an object. */
  type: string | undefined;
  size: Expression | undefined;
  /** Defined by .set, so that it may be defined again. */
  variable = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** A place in a section, whose address is known when the sizes of the fragments before it are. */
export interface Position {
  readonly section: Section;
  readonly fragment: Fragment;
  /** Bytes behind the fragment's beginning. */
  readonly offset: number;
}

/** A function on an address that one instruction holds a part of (psABI, "Relocations"). */
export type Modifier = "%hi" | "%lo" | "%pcrel_hi" | "%pcrel_lo";

/** A number that an instruction holds and that is known in the end only. */
export interface Late {
  readonly operand: Exclude<Operand, { kind: "fixed" }>;
  readonly expression: Expression;
  readonly place: Place;
  readonly modifier: Modifier | undefined;
  /** With %pcrel_lo: the instruction that holds the upper part, where no label names it. */
  readonly upper?: Position;
}

/** What is filled in once every address is known, `at` bytes into its fragment. */
export type Fixup =
  | {
      readonly kind: "data";
      readonly at: number;
      readonly width: 8 | 16 | 32 | 64;
      readonly late: Omit<Late, "operand">;
    }
  | {
      readonly kind: "instruction";
      readonly at: number;
      readonly row: Row;
      readonly fields: Readonly<Partial<Record<Field, number>>>;
      /** Bits that no field names: an atomic's order. */
      readonly bits: number;
      readonly late: readonly Late[];
    };

interface Extent {
  /** From the section's beginning; set by the layout. */
  start: number;
  /** In bytes. */
  size: number;
}

/** A part of a section: plain bytes, or what has a size only once its place is known. */
export type Fragment = Extent &
  (
    | { readonly kind: "bytes"; readonly bytes: number[]; readonly fixups: Fixup[] }
    /** The same bytes many times. */
    | { readonly kind: "fill"; readonly pattern: readonly number[] }
    /** Up to a multiple of `boundary`, with nops or with one byte, unless more than `limit` bytes were needed. */
    | {
        readonly kind: "align";
        readonly boundary: number;
        readonly limit: number;
        readonly fill: readonly number[] | "nops";
        /** Nops may be short. */
        readonly short: boolean;
      }
    /** Up to an address relative to the section. */
    | { readonly kind: "until"; readonly target: Expression; readonly fill: number; readonly place: Place }
    | BranchParts
  );

/** A branch or jump as its row says, as a short form of it, or, where it doesn't reach, as a jump that its opposite skips. */
interface BranchParts {
  readonly kind: "branch";
  readonly row: Row;
  readonly fields: Readonly<Partial<Record<Field, number>>>;
  readonly late: Late;
  readonly short: ShortRow | undefined;
}
export type Branch = Extent & BranchParts;

/** What decides where a section is put and what may be done with it. */
export interface SectionFlags {
  /** It is part of the running program. */
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** All zeros: it takes memory and no bytes of the image. */
  readonly empty: boolean;
}

/** The line that some bytes came from. */
export interface LineMark {
  readonly at: Position;
  readonly line: number;
}

/** A section as it is written, fragment after fragment. */
export class Section {
  readonly name: string;
  readonly flags: SectionFlags;
  readonly fragments: Fragment[] = [];
  readonly lines: LineMark[] = [];
  alignment: number;
  size = 0;
  /** Set when the sections are put in place. */
  address = 0n;

  constructor(name: string, flags: SectionFlags) {
    this.name = name;
    this.flags = flags;
    // Of instructions.
    this.alignment = flags.executable ? 2 : 1;
  }

  /** The end so far. */
  here(): Position {
    const fragment = this.bytes();
    return { section: this, fragment, offset: fragment.bytes.length };
  }

  /** The fragment that bytes are added to. */
  bytes(): Extract<Fragment, { kind: "bytes" }> {
    const last = this.fragments.at(-1);
    if (last?.kind === "bytes") return last;
    const made: Extract<Fragment, { kind: "bytes" }> = { kind: "bytes", bytes: [], fixups: [], start: 0, size: 0 };
    this.fragments.push(made);
    return made;
  }
}

/** The bytes from one position to another where no layout can change that; undefined otherwise. */
export function fixedDistance(from: Position, to: Position): number | undefined {
  if (from.section !== to.section) return undefined;
  const { fragments } = from.section;
  const [first, last] = [fragments.indexOf(from.fragment), fragments.indexOf(to.fragment)];
  const between = fragments.slice(Math.min(first, last), Math.max(first, last));
  if (between.some(({ kind }) => kind !== "bytes" && kind !== "fill")) return undefined;
  const sum = between.reduce((all, part) => all + (part.kind === "bytes" ? part.bytes.length : part.size), 0);
  return (first <= last ? sum : -sum) + to.offset - from.offset;
}

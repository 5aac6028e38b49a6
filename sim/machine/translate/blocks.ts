import type { Effect, Instruction, Routine } from "../instructions/index.js";
import { plainCsr } from "../plain-csrs.js";

/** Instructions of one page that are executed one after the other, entered at the first one only. */
export interface Block {
  /** Offset of the first instruction in the page. */
  readonly offset: number;
  readonly instructions: readonly Placed[];
  readonly ending: Ending;
}

interface Placed {
  readonly offset: number;
  readonly instruction: Instruction;
}

/** How control leaves a block. Targets are offsets from the page's start, which may lie outside of the page. */
type Ending =
  /** Into the block behind. */
  | { readonly kind: "fall"; readonly target: number }
  | { readonly kind: "branch"; readonly target: number; readonly otherwise: number }
  | { readonly kind: "jump"; readonly target: number }
  /** To an address that is computed. */
  | { readonly kind: "indirect" }
  /** The hart's state may have changed in ways that this code doesn't know: modes, translation, code. */
  | { readonly kind: "leave" };

/** What an effect does to the flow of control. */
function flow(effects: readonly Effect[], fields: Instruction["fields"]): "next" | "branch" | "jump" | "call" {
  let found: "next" | "branch" | "jump" | "call" = "next";
  for (const effect of effects) {
    if (effect.kind === "call" && !localRoutines.has(effect.routine) && !isPlainAccess(effect.routine, fields.csr)) {
      return "call";
    }
    if (effect.kind === "jump") found = "jump";
    else if (effect.kind === "when" && flow(effect.effects, fields) === "jump") found = "branch";
  }
  return found;
}

/** Routines after which code just goes on. */
export const localRoutines: ReadonlySet<string> = new Set(["reserve", "takeReservation", "useFloats"]);

/** Whether a routine accesses CSRs. */
export const isAccess = (routine: Routine): boolean =>
  routine === "writeCsr" || routine === "setCsr" || routine === "clearCsr";

/** Whether a routine is an access to a plain CSR, which code does by itself. @param csr the CSR's number, where it is known */
export function isPlainAccess(routine: Routine, csr: number | undefined): boolean {
  return isAccess(routine) && plainCsr(csr) !== undefined;
}

/** How control leaves an instruction, undefined if it goes on to the one behind. */
function endingOf({ offset, instruction }: Placed): Ending | undefined {
  const { row, fields, length } = instruction;
  switch (flow(row.meaning, fields)) {
    case "next":
      return undefined;
    case "branch":
      return { kind: "branch", target: offset + fields.imm, otherwise: offset + length };
    case "jump":
      return row.format.name === "J" ? { kind: "jump", target: offset + fields.imm } : { kind: "indirect" };
    case "call":
      return { kind: "leave" };
  }
}

/**
 * The blocks of a page that can be reached from `entries`, but by calls: those of functions, then. What stands behind a
 * jump or a call of the system is taken for an entry too: that is where calls return to.
 * @param decode the instruction at an offset of the page; undefined where there is none, or where it reaches into the next page
 * @param isCold what is left out where control could go there
 */
export function findBlocks(
  entries: Iterable<number>,
  decode: (offset: number) => Instruction | undefined,
  isCold: (offset: number) => boolean = () => false,
): { readonly blocks: readonly Block[]; readonly entries: ReadonlySet<number> } {
  const seen = new Map<number, Placed>();
  const leaders = new Set<number>();
  const enterable = new Set<number>();
  const waiting: number[] = [];
  const lead = (offset: number): void => {
    if (!leaders.has(offset) && decode(offset) !== undefined) {
      leaders.add(offset);
      waiting.push(offset);
    }
  };
  const enter = (offset: number): void => {
    lead(offset);
    if (leaders.has(offset)) enterable.add(offset);
  };
  for (const offset of entries) enter(offset);
  for (let start = waiting.pop(); start !== undefined; start = waiting.pop()) {
    for (let offset = start; ;) {
      const instruction = decode(offset);
      if (instruction === undefined || seen.has(offset)) break;
      const placed = { offset, instruction };
      seen.set(offset, placed);
      const behind = offset + instruction.length;
      const ending = endingOf(placed);
      const isCall = ending?.kind === "jump" && instruction.fields.rd !== 0;
      if ((ending?.kind === "branch" || ending?.kind === "jump") && !isCall && !isCold(ending.target))
        lead(ending.target);
      if (ending?.kind === "branch" && !isCold(behind)) lead(behind);
      else if (ending !== undefined) {
        // A jump that links is a call, and what leaves goes on behind.
        if ((ending.kind === "leave" || instruction.fields.rd !== 0) && !isCold(behind)) enter(behind);
        break;
      }
      if (isCold(behind)) break;
      offset = behind;
    }
  }

  const blocks: Block[] = [];
  for (const offset of [...leaders].sort((a, b) => a - b)) {
    const instructions: Placed[] = [];
    let ending: Ending | undefined;
    let at = offset;
    while (ending === undefined) {
      const placed = seen.get(at);
      if (placed === undefined) ending = { kind: "fall", target: at };
      else {
        instructions.push(placed);
        at += placed.instruction.length;
        ending = endingOf(placed);
        if (ending === undefined && leaders.has(at)) ending = { kind: "fall", target: at };
      }
    }
    blocks.push({ offset, instructions, ending });
  }
  return { blocks, entries: enterable };
}

/**
 * The entries in groups that have no instruction in common: those of a page's functions, small ones together.
 * @param decode and isCold as for `findBlocks`
 */
export function groupEntries(
  entries: Iterable<number>,
  decode: (offset: number) => Instruction | undefined,
  isCold: (offset: number) => boolean,
): readonly (readonly number[])[] {
  const groups = new Set<{ readonly entries: number[]; readonly offsets: Set<number> }>();
  for (const entry of entries) {
    const known = [...groups].find(({ offsets }) => offsets.has(entry));
    if (known !== undefined) {
      known.entries.push(entry);
      continue;
    }
    const { blocks } = findBlocks([entry], decode, isCold);
    const group = {
      entries: [entry],
      offsets: new Set(blocks.flatMap(({ instructions }) => instructions.map(({ offset }) => offset))),
    };
    if (group.offsets.size === 0) continue;
    for (const other of [...groups].filter(({ offsets }) => [...offsets].some((offset) => group.offsets.has(offset)))) {
      groups.delete(other);
      group.entries.push(...other.entries);
      for (const offset of other.offsets) group.offsets.add(offset);
    }
    groups.add(group);
  }
  const merged: { readonly entries: number[]; instructions: number }[] = [];
  for (const { entries: ways, offsets } of [...groups].sort(
    (a, b) => Math.min(...a.entries) - Math.min(...b.entries),
  )) {
    const last = merged.at(-1);
    if (last === undefined || last.instructions + offsets.size > mostTogether) {
      merged.push({ entries: [...ways], instructions: offsets.size });
    } else {
      last.entries.push(...ways);
      last.instructions += offsets.size;
    }
  }
  return merged.map((group) => group.entries);
}

/**
 * How many instructions of different functions are in one unit. Calls inside of a unit cost less than from one to another, but
 * the engine below takes longer for a long function than for the same in parts.
 */
const mostTogether = 96;

/** Where control may go to inside the page. */
export function successors({ ending }: Block): readonly number[] {
  switch (ending.kind) {
    case "fall":
    case "jump":
      return [ending.target];
    case "branch":
      return [ending.target, ending.otherwise];
    case "indirect":
    case "leave":
      return [];
  }
}

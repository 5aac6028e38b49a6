import type { Instruction } from "../instructions/index.js";
import { registersOf } from "../translate/unit-registers.js";
import { characterOf } from "./engine.js";

/** What executes an atom. */
type FunctionalUnit = "alu" | "memory" | "float" | "branch";

/** A machine with wide instructions: how many atoms a molecule has, and how many each kind of unit takes of one. */
export interface Vliw {
  readonly width: number;
  readonly units: Readonly<Record<FunctionalUnit, number>>;
  /** Cycles until what a load brings can be used; all else takes one. */
  readonly loadLatency: number;
  /** Whether loads may go before stores that they follow in the program, though both may mean the same place. */
  readonly speculate: boolean;
}

/** One guest instruction as an operation of the wide machine. */
export interface Atom {
  /** Its place in the program's order. */
  readonly index: number;
  readonly address: bigint;
  readonly instruction: Instruction;
  readonly unit: FunctionalUnit;
}

/** An atom in its cycle. */
export interface ScheduledAtom extends Atom {
  /** It reads memory before something that it follows in the program, which may store there or fault. */
  readonly hoisted: boolean;
}

/** Atoms that begin in the same cycle, in the program's order; none where all wait. */
export type Molecule = readonly ScheduledAtom[];

interface Edge {
  readonly from: number;
  /** Cycles from its begin to the other's, at least. */
  readonly cycles: number;
}

function unitOf({ row }: Instruction): FunctionalUnit {
  const { loads, stores, jumps } = characterOf(row);
  if (loads || stores) return "memory";
  if (jumps) return "branch";
  const { frd, frs1 } = row.format.fields;
  return frd !== undefined || frs1 !== undefined ? "float" : "alu";
}

export function atomsOf(
  block: readonly { readonly address: bigint; readonly instruction: Instruction }[],
): readonly Atom[] {
  return block.map(({ address, instruction }, index) => ({ index, address, instruction, unit: unitOf(instruction) }));
}

/**
 * Packs a block's atoms into molecules by list scheduling: in each cycle those that are ready and have a unit, the longest way to
 * the block's end first. What an atom reads and writes is read off its row. Registers are not renamed.
 */
export function schedule(atoms: readonly Atom[], vliw: Vliw): readonly Molecule[] {
  const edges = atoms.map((atom) => dependencies(atom, atoms, vliw));
  const height = heights(edges);
  const cycleOf: number[] = [];
  const cycles: Atom[][] = [];
  const waiting = new Set(atoms);
  for (let cycle = 0; waiting.size > 0; cycle++) {
    const molecule: Atom[] = [];
    const earliest = ({ index }: Atom): number =>
      Math.max(0, ...(edges[index] ?? []).map(({ from, cycles: apart }) => (cycleOf[from] ?? Infinity) + apart));
    // An atom that may stand beside another becomes ready when that has been placed.
    for (let placed = true; placed;) {
      const free = (unit: FunctionalUnit): boolean =>
        molecule.length < vliw.width && molecule.filter((other) => other.unit === unit).length < vliw.units[unit];
      const ready = [...waiting]
        .filter((atom) => free(atom.unit) && earliest(atom) <= cycle)
        .sort((a, b) => (height[b.index] ?? 0) - (height[a.index] ?? 0) || a.index - b.index);
      const [next] = ready;
      placed = next !== undefined;
      if (next === undefined) continue;
      molecule.push(next);
      cycleOf[next.index] = cycle;
      waiting.delete(next);
    }
    cycles.push(molecule.sort((a, b) => a.index - b.index));
  }
  const inMemory = atoms.filter(({ unit }) => unit === "memory" || unit === "float");
  return cycles.map((molecule) =>
    molecule.map((atom) => ({
      ...atom,
      hoisted:
        characterOf(atom.instruction.row).loads &&
        inMemory.some(({ index }) => index < atom.index && (cycleOf[index] ?? 0) > (cycleOf[atom.index] ?? 0)),
    })),
  );
}

/** What has to begin before an atom, and by how much. */
function dependencies(atom: Atom, atoms: readonly Atom[], { loadLatency, speculate }: Vliw): readonly Edge[] {
  const latency = (other: Atom): number => (characterOf(other.instruction.row).loads ? loadLatency : 1);
  const own = accesses(atom);
  return atoms.slice(0, atom.index).flatMap((before) => {
    const other = accesses(before);
    const apart = [
      // It reads what that one writes; writes what that one writes, and has to be the last; writes what that one reads.
      ...(meet(own.reads, other.writes) ? [latency(before)] : []),
      ...(meet(own.writes, other.writes) ? [Math.max(1, latency(before) - latency(atom) + 1)] : []),
      ...(meet(own.writes, other.reads) ? [0] : []),
      // Stores stay in order, and behind whatever may fault before them.
      ...(own.stores && (other.stores || other.loads) ? [1] : []),
      ...(own.stores && before.unit === "float" ? [0] : []),
      ...(own.loads && other.stores && !speculate ? [1] : []),
      // A jump ends the block.
      ...(atom.unit === "branch" ? [0] : []),
    ];
    return apart.length === 0 ? [] : [{ from: before.index, cycles: Math.max(...apart) }];
  });
}

interface Accesses {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly loads: boolean;
  readonly stores: boolean;
}

function accesses({ instruction }: Atom): Accesses {
  const registers = registersOf(instruction);
  const { loads, stores } = characterOf(instruction.row);
  return {
    reads: registers.flatMap(([place, isWritten]) => (isWritten ? [] : [place])),
    writes: registers.flatMap(([place, isWritten]) => (isWritten ? [place] : [])),
    loads,
    stores,
  };
}

const meet = (some: readonly number[], others: readonly number[]): boolean =>
  some.some((place) => others.includes(place));

/** Cycles from an atom's begin to the last one's that depends on it. */
function heights(edges: readonly (readonly Edge[])[]): readonly number[] {
  const height = edges.map(() => 0);
  for (let index = edges.length - 1; index >= 0; index--) {
    for (const { from, cycles } of edges[index] ?? [])
      height[from] = Math.max(height[from] ?? 0, (height[index] ?? 0) + cycles);
  }
  return height;
}

import { UsageError, withDefaults, type Row, type TableView } from "../../core/index.js";
import { Disassembler } from "../disassembler/index.js";
import { evaluate, type Instruction } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import type { Place } from "../stops.js";
import { counter, ratio, type Counter } from "./counter.js";
import { atLeast, characterOf, LessonEngine } from "./engine.js";
import { GatedState, type Trouble } from "./gate.js";
import { coverCode, hex, type LessonMachine } from "./guest.js";
import { atomsOf, schedule, type Atom, type Molecule, type Vliw } from "./molecules.js";

export interface CrusoeOptions {
  readonly hart: number;
  /** Atoms of a molecule. */
  readonly width: number;
  /** How many atoms of a molecule do arithmetic on integers, access memory, compute with floats, jump. */
  readonly alus: number;
  readonly memories: number;
  readonly floats: number;
  readonly branches: number;
  /** Cycles until what a load brings can be used. */
  readonly loadLatency: number;
  /** Whether loads may go before stores. */
  readonly speculate: boolean;
  /** The most guest instructions of a block. */
  readonly longest: number;
  /** How often a block is interpreted before it is translated. */
  readonly threshold: number;
}

/**
 * Width and units are those of the first Crusoe (A. Klaiber, "The technology behind Crusoe processors", Transmeta, 2000: molecules
 * of up to four atoms, two ALUs, one unit each for memory, floats and branches). The others are chosen.
 */
const defaults: CrusoeOptions = {
  hart: 0,
  width: 4,
  alus: 2,
  memories: 1,
  floats: 1,
  branches: 1,
  loadLatency: 2,
  speculate: true,
  longest: 32,
  threshold: 10,
};

/** So many times is speculation that fails in a block put up with. */
const patience = 2;

interface Block {
  readonly start: bigint;
  readonly atoms: readonly Atom[];
  readonly end: bigint;
  molecules: readonly Molecule[];
  speculates: boolean;
  /** It touches devices: it is interpreted. */
  isOrdered: boolean;
  readonly troubles: Map<Trouble, number>;
}

/** A block that was rolled back, on its way through the interpreter. */
interface Recovery {
  readonly block: Block;
  readonly trouble: Trouble;
  /** How many of its instructions are still to be interpreted. */
  left: number;
}

/** How a try of a block ended, and after how many cycles. */
interface Tried {
  readonly cycles: number;
  readonly trouble: Trouble | undefined;
}

/**
 * Executes blocks on a wide machine: a block's instructions are atoms, packed into molecules out of the program's order. Registers are
 * working copies with a shadow, stores wait at a gate. At the block's end it commits. Where an instruction faults, a load that
 * went before a store meets it, or a device is touched, it rolls back to the last commit and interprets the block in order: so an
 * exception finds the state that the program expects. A block in which speculation keeps failing is scheduled anew without it.
 *
 * Source: J. C. Dehnert et al., "The Transmeta Code Morphing Software", CGO 2003.
 * Simplifications: one atom for each guest instruction (Crusoe's did less each, addresses and comparisons apart); blocks and not
 * regions of many; every cycle ends in the same time whatever memory does.
 */
export class Crusoe extends LessonEngine {
  readonly system = "Crusoe";
  readonly #options: CrusoeOptions;
  readonly #state: GatedState;
  #spaces = new Map<number, Map<bigint, Block>>();
  #epoch = -1;
  readonly #visits = new Map<bigint, number>();
  /** Whether a block may begin where the hart is. */
  #leads = true;
  #recovering: Recovery | undefined;
  #made = 0;
  #commits = 0;
  #atoms = 0;
  #molecules = 0;
  #cycles = 0;
  #wasted = 0;
  #retranslations = 0;
  readonly #rollbacks = new Map<Trouble, number>();

  constructor(machine: LessonMachine, options?: Partial<CrusoeOptions>) {
    const chosen = withDefaults("crusoe", options, defaults);
    const { width, alus, memories, floats, branches, loadLatency, longest, threshold } = chosen;
    atLeast(1, { width, alus, memories, floats, branches, loadLatency, longest });
    atLeast(0, { threshold });
    super(machine, chosen.hart);
    this.#options = chosen;
    this.#state = new GatedState(this.hart, machine.bus);
  }

  burst(): void {
    const { epoch, space } = this.hart.translated;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#spaces = new Map();
      this.#state.forget();
    }
    const address = this.hart.pc;
    if (this.#recovering !== undefined) {
      this.#recover(this.#recovering, address);
      return;
    }
    const block = this.#leads && !this.isObserved(address) ? this.#blockAt(space, address) : undefined;
    if (block === undefined || block.isOrdered || this.hart.left < block.atoms.length) this.#inOrder();
    else this.#run(block);
  }

  /** A block as it was scheduled: a row for each cycle, a column for each place of a molecule. @throws UsageError for no block's start */
  molecules(at: Place): TableView {
    const start = this.machine.address(at);
    const all = [...this.#spaces.values()].flatMap((blocks) => [...blocks.values()]);
    const block = all.find((known) => known.start === start);
    if (block === undefined) {
      const starts = all.map((known) => hex(known.start));
      throw new UsageError(
        `no block was translated at ${hex(start)}`,
        starts.length === 0 ? "None was: let the machine run on." : `Blocks begin at ${starts.join(", ")}.`,
      );
    }
    const symbols = this.machine.symbols.map(({ name, address }) => ({ name, value: address }));
    const text = new Disassembler({ symbols });
    const slots = Array.from({ length: this.#options.width }, (_, slot) => `atom ${slot + 1}`);
    const rows = block.molecules.map((molecule, cycle): Row => ({
      cycle,
      ...Object.fromEntries(
        slots.map((slot, place) => {
          const atom = molecule[place];
          if (atom === undefined) return [slot, ""];
          const spelled = text.line(atom.instruction.word, atom.address).text;
          return [slot, `${atom.index + 1}: ${spelled}${atom.hoisted ? " (ahead)" : ""}`];
        }),
      ),
    }));
    return {
      as: "table",
      title: `The block at ${hex(start)} in ${block.molecules.length} cycles`,
      columns: ["cycle", ...slots].map((key) => ({ key })),
      rows,
      caption: `Numbers are the program's order. Ahead: a load before what it follows there.${block.speculates ? "" : " Speculation was given up."}`,
    };
  }

  protected get own(): readonly Counter[] {
    const of = (trouble: Trouble): number => this.#rollbacks.get(trouble) ?? 0;
    const all = [...this.#rollbacks.values()].reduce((sum, times) => sum + times, 0);
    return [
      counter("blocks", this.#made, "", "blocks translated"),
      counter("atoms", this.#atoms, "", "operations that were committed, one for each instruction"),
      counter("molecules", this.#molecules, "", "that they were packed in"),
      counter("atoms per molecule", ratio(this.#atoms, this.#molecules), "", "on average"),
      counter("cycles", this.#cycles, "", "of blocks that were committed, those in which all waited among them"),
      counter("atoms per cycle", ratio(this.#atoms, this.#cycles), "", "on average"),
      counter("wasted cycles", this.#wasted, "", "of blocks that were rolled back"),
      counter("commits", this.#commits, "", "blocks that came to their end"),
      counter("rollbacks", all, "", "blocks that did not, and were interpreted in order instead"),
      counter("fault rollbacks", of("fault"), "", "of them for an instruction that faulted"),
      counter("alias rollbacks", of("alias"), "", "for a load that went before a store to the same place"),
      counter("device rollbacks", of("device"), "", "for a device's access, or a store to code"),
      counter("other rollbacks", of("page") + of("special"), "", "for what the wide machine leaves to the interpreter"),
      counter("retranslations", this.#retranslations, "", "blocks scheduled anew without speculation"),
    ];
  }

  #run(block: Block): void {
    const state = this.#state;
    state.begin();
    const { cycles, trouble } = this.#try(block);
    if (trouble === undefined) {
      state.commit();
      const { length } = block.atoms;
      if (block.atoms.at(-1)?.unit !== "branch") this.hart.pc = block.end;
      this.hart.count(length);
      this.translated += length;
      this.#commits++;
      this.#atoms += length;
      this.#molecules += block.molecules.filter((molecule) => molecule.length > 0).length;
      this.#cycles += block.molecules.length;
      return;
    }
    state.rollBack();
    this.#wasted += cycles;
    this.#recovering = { block, trouble, left: block.atoms.length };
    this.#recover(this.#recovering, this.hart.pc);
  }

  #try(block: Block): Tried {
    const state = this.#state;
    let jumped = block.end;
    for (const [cycle, molecule] of block.molecules.entries()) {
      // In the program's order, because no atom of a molecule reads what another one writes.
      for (const atom of molecule) {
        state.enter(atom);
        if (evaluate(state, atom.instruction) !== undefined) return { cycles: cycle + 1, trouble: state.trouble };
        if (atom.unit === "branch") jumped = state.pc;
      }
    }
    state.pc = jumped;
    return { cycles: block.molecules.length, trouble: undefined };
  }

  /** The block has been interpreted as far as it went. What keeps going wrong is not tried again. */
  #conclude(block: Block, trouble: Trouble): void {
    this.#recovering = undefined;
    this.#rollbacks.set(trouble, (this.#rollbacks.get(trouble) ?? 0) + 1);
    const times = (block.troubles.get(trouble) ?? 0) + 1;
    block.troubles.set(trouble, times);
    if (times < patience) return;
    if (trouble === "device") block.isOrdered = true;
    if (trouble !== "alias" || !block.speculates) return;
    block.speculates = false;
    block.molecules = schedule(block.atoms, this.#vliw(false));
    this.#retranslations++;
  }

  /** The next instruction of a block that was rolled back, in the program's order. */
  #recover(recovery: Recovery, address: bigint): void {
    const { block, trouble } = recovery;
    const next = block.atoms[block.atoms.length - recovery.left]?.address;
    const executed = this.#inOrder();
    // An interrupt led elsewhere.
    if (next !== address) this.#conclude(block, trouble);
    // Where nothing answers there was no device.
    else if (executed === undefined) this.#conclude(block, "fault");
    else if (--recovery.left === 0) {
      this.#conclude(block, trouble);
      this.#leads = true;
      if (trouble === "page") this.#state.wasRead();
    }
  }

  /** Interprets one instruction. @returns it, unless it ended in a trap */
  #inOrder(): Instruction | undefined {
    const address = this.hart.pc;
    const instruction = this.interpret();
    const isSystem = instruction === undefined || characterOf(instruction.row).system;
    if (isSystem) this.#state.forget();
    const next = instruction === undefined ? 0n : BigInt.asIntN(64, address + BigInt(instruction.length));
    this.#leads = isSystem || this.hart.pc !== next || !isSimple(instruction);
    return instruction;
  }

  #blockAt(space: number, address: bigint): Block | undefined {
    let blocks = this.#spaces.get(space);
    if (blocks === undefined) {
      blocks = new Map();
      this.#spaces.set(space, blocks);
    }
    const known = blocks.get(address);
    if (known !== undefined) return known;
    const visits = (this.#visits.get(address) ?? 0) + 1;
    this.#visits.set(address, visits);
    if (visits <= this.#options.threshold) return undefined;
    const block = this.#translate(blocks, address);
    if (block !== undefined) blocks.set(address, block);
    return block;
  }

  #translate(blocks: Map<bigint, Block>, start: bigint): Block | undefined {
    const { hart, machine } = this;
    const placed: { readonly address: bigint; readonly instruction: Instruction }[] = [];
    let end = start;
    while (placed.length < this.#options.longest) {
      const instruction = this.#fetch(end, start);
      if (instruction === undefined || !isSimple(instruction)) break;
      placed.push({ address: end, instruction });
      end = BigInt.asIntN(64, end + BigInt(instruction.length));
      if (characterOf(instruction.row).jumps) break;
    }
    if (placed.length === 0) return undefined;
    const changed = (): void => {
      blocks.delete(start);
    };
    for (const { address, instruction } of placed) coverCode(hart, machine.bus, address, instruction, changed);
    const atoms = atomsOf(placed);
    const { speculate } = this.#options;
    this.#made++;
    const molecules = schedule(atoms, this.#vliw(speculate));
    return { start, atoms, end, molecules, speculates: speculate, isOrdered: false, troubles: new Map() };
  }

  /** The instruction at an address of the page on which the hart is about to execute. */
  #fetch(address: bigint, start: bigint): Instruction | undefined {
    const { hart, machine } = this;
    const page = (at: bigint): bigint => at & BigInt(-pageSize);
    if (page(address) !== page(start)) return undefined;
    const physical = hart.memory.translate(address, 2, "execute");
    const host = typeof physical === "number" ? machine.bus.ramAt(physical, 2) : undefined;
    if (host === undefined) return undefined;
    const view = new DataView(machine.bus.buffer);
    const low = view.getUint16(host, true);
    if ((low & 3) !== 3) return hart.evaluator.decode(low);
    if (page(address + 2n) !== page(start)) return undefined;
    return hart.evaluator.decode((low | (view.getUint16(host + 2, true) << 16)) >>> 0);
  }

  #vliw(speculate: boolean): Vliw {
    const { width, alus, memories, floats, branches, loadLatency } = this.#options;
    return { width, units: { alu: alus, memory: memories, float: floats, branch: branches }, loadLatency, speculate };
  }
}

/** Whether the wide machine does it: not what asks more of the hart, nor what reads and writes memory at a stroke. */
function isSimple({ row }: Instruction): boolean {
  return row.meaning.every(
    (effect) => effect.kind !== "exchange" && (effect.kind !== "call" || effect.routine === "useFloats"),
  );
}

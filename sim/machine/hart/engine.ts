import type { Memory } from "../../wasm/index.js";
import type { Exception, Routine } from "../instructions/index.js";
import { attention, hartLayout, pageSize } from "../layout.js";
import { mostUnlooked } from "../translate/budget.js";
import { interpreting, type Interpret } from "../translate/interpreter.js";
import { outcomes } from "../translate/outcomes.js";
import { AddressSpaces } from "./address-spaces.js";
import type { CodePages, Run, UnitUser, Variant } from "./code-pages.js";
import { CodePlaces, wordOf, type Place } from "./code-places.js";
import type { Evaluator } from "./evaluator.js";
import { breakpoint, illegalInstruction, showsBits } from "./exceptions.js";
import { extensionsOf } from "./extensions.js";
import { nextInterrupt } from "./interrupts.js";
import type { HartBus } from "./memory.js";
import { machine } from "./mode.js";
import { isSilent, type Operand } from "./routines.js";
import { isSv39 } from "./satp.js";
import { status } from "./status.js";
import { Tlb } from "./tlb.js";
import type { TranslatedHart } from "./translated-hart.js";
import { UnitMemory } from "./unit-memory.js";
import { WalkNotes } from "./walk-notes.js";
import { guestStatus } from "./worlds.js";

const pageOf = (address: bigint): bigint => address & BigInt(-pageSize);
/**
 * What entering the interpreter and coming back counts in heat, in instructions. It takes as long as 30 (250 ns against 8 ns), but
 * code that comes and goes often, as firmware does, is long done before all of it is worth translating.
 */
const visit = 10;

/**
 * Executes hot pages as units and what is cold by the interpreter. In units, loads and stores of RAM find their pages in the
 * TLBs, which this fills. What has to be seen has no entry: devices, watched pages, stores to pages that hold translated code,
 * the first store to a page since dirty pages were collected.
 * A unit leaves at an instruction that is more than it can do, and the evaluator executes that one.
 */
export class TranslatedEngine implements UnitUser {
  /** How many instructions the interpreter has begun, and translated code. */
  readonly work: Record<"interpreted" | "inUnits", number> = { interpreted: 0, inUnits: 0 };
  readonly unitMemory: UnitMemory;
  readonly #hart: TranslatedHart;
  /** What an access to a CSR ends in for which the privilege is too low: unknown where instructions may be virtual, or flawed. */
  readonly #refusal: Exception | undefined;
  readonly #bus: HartBus;
  readonly code: CodePages;
  readonly #interpreter: Interpret;
  readonly #base: number;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #tlb: Tlb;
  readonly #spaces: AddressSpaces;
  readonly #walks: WalkNotes;
  /** V, at the last look. */
  #virtual = false;
  /** The keys of the contexts that the TLBs are in; none, where they have to be entered anew. */
  #data = Number.NaN;
  #fetch = Number.NaN;
  readonly #places: CodePlaces;
  /** Counts what makes translations untrue. */
  #epoch = 0;
  #exception: Exception | undefined;
  /** Of instructions that the running unit was given. */
  #given = 0;
  /** The rest of the budget is too short for a unit. */
  #lean = false;
  /** Where the last instruction outside of units led to; and whether it jumped there, and by a jump that a unit makes itself. */
  #arrived = 0;
  #jumped = false;
  #inside = false;

  constructor(hart: TranslatedHart, memory: Memory, bus: HartBus, code: CodePages, interpreter: Interpret) {
    this.#interpreter = interpreter;
    this.#hart = hart;
    const { hypervisor, userCsrs } = extensionsOf(hart.isa);
    this.#refusal = hypervisor || userCsrs.length > 0 ? undefined : illegalInstruction;
    this.#bus = bus;
    this.code = code;
    this.#base = hart.id * hartLayout.size;
    this.#words = new Int32Array(memory.buffer, this.#base, hartLayout.size / 4);
    this.#view = new DataView(memory.buffer);
    this.#walks = new WalkNotes(memory.buffer, this.#base, bus, hart.protection);
    this.#tlb = new Tlb(memory.buffer, this.#base, () => {
      this.#walks.forget();
    });
    this.#places = new CodePlaces(memory.buffer, this.#base, this.#tlb);
    this.#spaces = new AddressSpaces(
      hart.state,
      () => {
        this.#tlb.forgetModes();
      },
      () => {
        this.#epoch++;
        this.#tlb.renew();
        this.#walks.forget();
        this.#data = Number.NaN;
      },
    );
    this.unitMemory = new UnitMemory({
      hart,
      bus,
      code,
      tlb: this.#tlb,
      undone: (exception) => this.#undone(exception),
    });
    code.join(this);
  }

  /** A run begins. */
  begin(): void {
    this.#lean = false;
  }

  /** How many instructions the running unit has begun, before the one that asks. */
  get underway(): number {
    return this.#given - (this.#words[hartLayout.budget / 4] ?? 0);
  }

  /** How many of these ended in an exception. */
  get trapped(): number {
    return this.#words[hartLayout.trapped / 4] ?? 0;
  }

  /** Executes some instructions, at least one; not past one that changes what stands between instructions. */
  burst(): void {
    this.#enter();
    const low = this.#words[hartLayout.pc / 4] ?? 0;
    const high = this.#words[hartLayout.pc / 4 + 1] ?? 0;
    if (!this.#lean) {
      const entry = this.#tlb.findJump(low, high) ?? this.#find(low, high);
      const unit = entry === undefined ? undefined : this.code.runs[this.#words[entry + 2] ?? 0];
      if (entry !== undefined && unit !== undefined && this.#run(unit.run, this.#words[entry + 3] ?? 0)) return;
    }
    this.#interpret(low, high);
  }

  /** Translations of code hold as long as this number stays, */
  get epoch(): number {
    return this.#epoch;
  }

  /** each for fetches in one space: a mode and an address space. */
  get space(): number {
    this.#enter();
    return this.#fetch;
  }

  /** Lets other code run that was made for this hart and linked by `code`. @returns how many instructions it executed */
  execute(run: Run, block: number): number {
    this.#enter();
    const before = this.#hart.left;
    this.#give();
    run(this.#base, block);
    this.work.inUnits += this.#take();
    this.#attend();
    return before - this.#hart.left;
  }

  /** What addresses mean has changed: all of them, or what one page-table leaf maps. */
  forget(address?: bigint): void {
    this.#epoch++;
    if (address === undefined) {
      this.#tlb.renew();
      this.#walks.forget();
      this.#spaces.forget();
      this.#data = Number.NaN;
    } else this.#tlb.forgetAddress(address);
  }

  forgetUnit(index: number): void {
    this.#tlb.forgetUnit(index);
  }

  protect(host: number): void {
    this.#tlb.protect(host);
  }

  settle(): void {
    this.#places.settleAll();
  }

  renew(variant: Variant): void {
    this.#places.renewAll(variant);
  }

  /** What units ask of the hart. */
  call(routine: Routine, first: Operand, second: Operand, third: Operand): bigint {
    if (routine === "takeReservation" && this.#hart.state.reservation === first && !this.unitMemory.canStore(first)) {
      return this.#undone();
    }
    const answer = this.#hart.routines[routine](first, second, third);
    if (typeof answer !== "bigint") return this.#undone(answer);
    if (
      !isSilent(routine, third) &&
      (this.#hart.stopping || this.#enter() || nextInterrupt(this.#hart.state) !== undefined)
    ) {
      this.#words[hartLayout.fault / 4] = attention.done;
    }
    return answer;
  }

  // Contexts.

  /** Lets the TLBs be those of what the hart's state says. @returns whether they are others than before */
  #enter(): boolean {
    const { state, memory } = this.#hart;
    const { mode } = state;
    const { dataMode } = memory;
    if (mode.virtual !== this.#virtual) {
      this.#virtual = mode.virtual;
      this.#tlb.forgetModes();
    }
    const bits = (dataMode.virtual ? guestStatus(state) : state.mstatus) & (status.SUM | status.MXR);
    const data = this.#spaces.key(dataMode) + bits / status.SUM;
    const fetch = dataMode === mode ? data - bits / status.SUM : this.#spaces.key(mode);
    if (data === this.#data && fetch === this.#fetch && this.#tlb.isEntered) return false;
    this.#data = data;
    this.#fetch = fetch;
    const changed = this.#tlb.enter(data, fetch);
    // With MPRV, data are another mode's.
    if (dataMode === mode) {
      this.#tlb.noteMode(mode.privilege, bits);
      const isOneStage = !mode.virtual && mode.privilege !== machine && isSv39(state.satp);
      if (isOneStage && !this.#hart.watching) this.#walks.note(mode.privilege, this.#tlb.context, state.satp, bits);
    }
    return changed;
  }

  /** Sends the unit back to where it calls from, as if the instruction had not begun: for its exception, or the evaluator. */
  #undone(exception?: Exception): bigint {
    this.#exception = exception;
    this.#words[hartLayout.fault / 4] = attention.undone;
    return 0n;
  }

  // Units and what is between them.

  /** Code of the arena gets what is left of the budget. */
  #give(): void {
    const words = this.#words;
    this.#given = Math.min(this.#hart.left, 2 ** 31 - 1);
    words[hartLayout.budget / 4] = this.#given;
    words[hartLayout.budget / 4 + 1] = 0;
    words[hartLayout.fault / 4] = attention.none;
  }

  /** It came back. @returns how many instructions it executed */
  #take(): number {
    const { underway: executed, trapped } = this;
    this.#given = 0;
    this.#words[hartLayout.budget / 4] = 0;
    this.#words[hartLayout.trapped / 4] = 0;
    this.#hart.count(executed, trapped);
    return executed;
  }

  /** @returns whether it got anywhere */
  #run(run: Run, block: number): boolean {
    this.#give();
    run(this.#base, block);
    const executed = this.#take();
    this.work.inUnits += executed;
    if (this.#attend()) return true;
    this.#arrive(true, false);
    // What is left is too short for most units: to try them costs more than to interpret it.
    if (executed === 0 || this.#hart.left <= mostUnlooked) this.#lean = true;
    return executed > 0;
  }

  /** Outside of units: the interpreter as far as it comes, or one instruction by the evaluator. */
  #interpret(low: number, high: number): void {
    const place = this.#placeOf(low, high);
    if (place === undefined || this.#hart.hasBreakpoint(place.variant.page)) {
      this.#evaluate();
      return;
    }
    const way = this.#wayThrough(place);
    this.#give();
    const outcome = this.#interpreter(this.#base, place.at, way);
    this.work.interpreted += this.#take();
    if (this.#words[hartLayout.fault / 4] === attention.undone) this.#redo();
    else if (outcome === outcomes.stuck) this.#evaluate();
    else this.#arrive(outcome !== outcomes.budget && outcome !== outcomes.asked, outcome === outcomes.jump);
  }

  /**
   * It goes on and on, up to where a unit is or a page gets hot; on one that is, up to the next jump, where a unit is made. What is left
   * of a lean budget is no unit's, and the page isn't charged for the visit.
   */
  #wayThrough(place: Place): (typeof interpreting)[keyof typeof interpreting] {
    if (this.#lean) return interpreting.lean;
    this.#places.charge(place, visit);
    if (place.left <= 0) this.#places.renewLeft(place);
    return place.left <= 0 ? interpreting.toJump : interpreting.toUnit;
  }

  #interpretMissed(): void {
    const low = this.#words[hartLayout.pc / 4] ?? 0;
    const high = this.#words[hartLayout.pc / 4 + 1] ?? 0;
    const place = this.#placeOf(low, high);
    if (place !== undefined) this.code.missed(place.variant, this.work.inUnits);
    this.#interpret(low, high);
  }

  /** What a unit left for that the hart has to do in its place. @returns whether there was such a thing */
  #attend(): boolean {
    const fault = this.#words[hartLayout.fault / 4];
    if (fault === attention.none || fault === attention.done) return false;
    if (fault === attention.undone) this.#redo();
    else if (fault === attention.refused) this.#raise(this.#refusal);
    else if (fault === attention.breakpoint) this.#raise(breakpoint);
    else this.#interpretMissed();
    return true;
  }

  /** What an instruction was undone for: its exception, or that the evaluator has to execute it. */
  #redo(): void {
    const exception = this.#exception;
    this.#exception = undefined;
    this.#raise(exception);
  }

  /** The instruction at pc ends in an exception; where that isn't known, the evaluator has to execute it. */
  #raise(exception: Exception | undefined): void {
    if (exception === undefined) this.#evaluate();
    else {
      this.#hart.count(1);
      this.#hart.trap(exception, showsBits(exception.cause) ? this.#bits() : undefined);
    }
  }

  /** Those of the instruction at pc, where its page is known, and all of it lies there. */
  #bits(): number | undefined {
    const low = this.#words[hartLayout.pc / 4] ?? 0;
    const place = this.#places.find(low & -pageSize, this.#words[hartLayout.pc / 4 + 1] ?? 0);
    return place === undefined ? undefined : wordOf(this.#view, place.host, low & (pageSize - 1));
  }

  #evaluate(): void {
    const before = this.#words[hartLayout.pc / 4] ?? 0;
    this.#hart.step();
    const { last } = this.#hart.evaluator;
    const now = this.#words[hartLayout.pc / 4] ?? 0;
    const jumped = now !== before + (last?.length ?? 0);
    const isDirect = last?.row.format.name === "B" || last?.row.format.name === "J";
    this.#arrive(jumped, isDirect && ((now ^ before) & -pageSize) === 0);
  }

  #arrive(jumped: boolean, inside: boolean): void {
    this.#arrived = this.#words[hartLayout.pc / 4] ?? 0;
    this.#jumped = jumped;
    this.#inside = inside;
  }

  /** The jump cache's entry for where the hart is, if there is a unit to be entered there, or now is. */
  #find(low: number, high: number): number | undefined {
    const place = this.#placeOf(low, high);
    if (place === undefined) return undefined;
    const { variant } = place;
    const offset = low & (pageSize - 1);
    let entry = variant.entries.get(offset);
    if (entry === undefined) {
      // A trap leads away from where the last instruction led to.
      const jumped = this.#jumped || low !== this.#arrived;
      const inside = this.#inside && low === this.#arrived;
      if (jumped ? !inside : offset === 0) variant.wanted.add(offset);
      this.#places.settle(place);
      if (variant.heat < variant.patience || !jumped) return undefined;
      this.#places.collect(place);
      if (this.code.selective && variant.executed[offset / 2] !== 1) return undefined;
      this.#translate(place, offset, inside);
      entry = variant.entries.get(offset);
      if (entry === undefined) return undefined;
    }
    this.#tlb.fillJump({ low, high }, entry.unit.index, entry.block, place.level);
    return this.#tlb.findJump(low, high);
  }

  #placeOf(low: number, high: number): Place | undefined {
    const page = low & -pageSize;
    const known = this.#places.find(page, high);
    if (known !== undefined) return known;
    const { memory, protection, state, pc } = this.#hart;
    const physical = memory.translate(pc, 2, "execute");
    if (typeof physical !== "number" || this.#hart.hasBreakpoint(pageOf(pc))) return undefined;
    const start = physical - (physical % pageSize);
    const host = this.#bus.ramAt(start, pageSize);
    if (host === undefined || !protection.allows(start, pageSize, "execute", state.mode.privilege)) return undefined;
    return this.#places.add({ low: page, high }, this.code.variant(start, pageOf(pc)), host, memory.level);
  }

  #translate({ variant, host }: Place, entry: number, loop: boolean): void {
    const { evaluator } = this.#hart;
    const decode = (offset: number): ReturnType<Evaluator["decode"]> => {
      const word = offset < 0 || offset > pageSize - 2 ? undefined : wordOf(this.#view, host, offset);
      return word === undefined ? undefined : evaluator.decode(word);
    };
    this.code.translate(variant, entry, loop, host, decode);
  }
}

import { UsageError, type TableView, type Viewable } from "../../core/index.js";
import type { Hart, HartEngine } from "../hart/index.js";
import type { Effect, Instruction, Row } from "../instructions/index.js";
import { localRoutines } from "../translate/blocks.js";
import { counter, countersView, ratio, valueOf, type Counter } from "./counter.js";
import type { LessonMachine } from "./guest.js";

/** What a row's meaning does to memory and to the flow of control. */
interface Character {
  readonly loads: boolean;
  readonly stores: boolean;
  readonly jumps: boolean;
  /** Behind it modes, interrupts or the meaning of addresses may be others. */
  readonly system: boolean;
}

const characters = new WeakMap<Row, Character>();

/** Read off the meaning: no list of names says it. */
export function characterOf(row: Row): Character {
  const known = characters.get(row);
  if (known !== undefined) return known;
  const effects = (list: readonly Effect[]): readonly Effect[] =>
    list.flatMap((effect) => (effect.kind === "when" ? [effect, ...effects(effect.effects)] : [effect]));
  const all = effects(row.meaning);
  const has = (...kinds: readonly Effect["kind"][]): boolean => all.some(({ kind }) => kinds.includes(kind));
  const character = {
    loads: has("load", "exchange"),
    stores: has("store", "exchange"),
    jumps: has("jump"),
    system: all.some((effect) => effect.kind === "call" && !localRoutines.has(effect.routine)),
  };
  characters.set(row, character);
  return character;
}

/**
 * An engine that teaches: put on one hart of a machine, it executes that hart's instructions until it is taken off, and
 * counts what it does. Runs, stops, interrupts and counts of instructions are as exact as with the other engines.
 */
export abstract class LessonEngine implements HartEngine, Viewable {
  /** The system whose way of executing this is. */
  abstract readonly system: string;
  protected readonly hart: Hart;
  protected readonly machine: LessonMachine;
  readonly #before: Hart["engine"];
  protected interpreted = 0;
  protected translated = 0;
  protected exceptions = 0;

  constructor(machine: LessonMachine, hart: number) {
    this.machine = machine;
    this.hart = machine.hart(hart);
    this.#before = this.hart.engine;
    if (typeof this.#before === "object" && !(this.#before instanceof LessonEngine)) {
      throw new UsageError(
        `${machine.name} is a virtual machine: its VMM executes it`,
        "Put the engine on a machine of the guest's own: vmm.bare(guest).",
      );
    }
    this.hart.engine = this;
  }

  abstract burst(): void;

  /** What only this engine counts. */
  protected abstract readonly own: readonly Counter[];

  get instructions(): number {
    return this.interpreted + this.translated;
  }

  /** What it has counted since it was put on the machine. */
  get counters(): readonly Counter[] {
    return [
      counter("instructions", this.instructions, "", "guest instructions begun"),
      counter("interpreted", this.interpreted, "", "of them one by one, by their meanings"),
      counter("translated", this.translated, "", "of them by code that was made of them before"),
      counter("share translated", ratio(this.translated, this.instructions), "", "translated for each instruction"),
      counter("exceptions", this.exceptions, "", "instructions that ended in a trap"),
      ...this.own,
    ];
  }

  /** @throws UsageError for a name that no counter has */
  counter(name: string): number {
    return valueOf(this.counters, name);
  }

  view(): TableView {
    return countersView(`${this.system}'s way, on ${this.machine.name}`, this.counters);
  }

  /** How often the instruction at an address was executed, where this engine counts that. */
  executions?(address: bigint): number;

  /** The hart goes on by what executed it before. */
  detach(): void {
    if (this.hart.engine === this) this.hart.engine = this.#before;
  }

  /** Executes the instruction at pc by its meaning. @returns it, unless it ended in a trap */
  protected interpret(): Instruction | undefined {
    const { hart } = this;
    const trapped = this.#trapped;
    hart.step();
    this.interpreted++;
    const traps = this.#trapped - trapped;
    this.exceptions += traps;
    return traps === 0 ? hart.evaluator.last : undefined;
  }

  /** Runs code that was made before. @returns how many instructions it executed, one that it left to the evaluator among them */
  protected execute(run: (hart: number, argument: number) => void, argument: number): number {
    const { hart } = this;
    const trapped = this.#trapped;
    const evaluated = hart.evaluated;
    const executed = hart.translated.execute(run, argument);
    const left = hart.evaluated - evaluated;
    this.interpreted += left;
    this.translated += executed - left;
    this.exceptions += this.#trapped - trapped;
    return executed;
  }

  /** Whether a debugger looks at the page of an address: then its code is executed one by one. */
  protected isObserved(address: bigint): boolean {
    return this.hart.watchpoints.size > 0 || this.hart.hasBreakpoint(address & -4096n);
  }

  get #trapped(): number {
    return this.hart.cycles - this.hart.retired;
  }
}

/** @throws UsageError for a number below the least */
export function atLeast(least: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new UsageError(`${name} cannot be ${value}`, `Give a whole number from ${least} on.`);
  }
}

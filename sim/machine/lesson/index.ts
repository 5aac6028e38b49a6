/**
 * lesson: what engines do, in the open; and engines that execute as systems of the past did.
 *
 * Glossary
 *   translation  guest instructions beside the WebAssembly that stands for them
 *   counter      a figure that a run gave, with what exactly it counts
 *   trace        the way that the guest took once, from a place that is hot, as one straight piece of code
 *   atom         an operation of a wide machine; molecule: atoms that begin in the same cycle
 *   commit       what a block did becomes what has happened; rollback: it has not happened
 *
 * All execute the one table of meanings: they differ in when, in what order and how much at a time.
 *
 * translation  a block as instructions, meanings and WebAssembly text
 * engine       an engine that is put on a hart, and counts
 * bochs        one instruction after the other
 * dynamo       hot ways become traces; trace-code: their WebAssembly
 * crusoe       blocks on a wide machine; molecules: how they are scheduled; gate: what makes them undone
 * bird         code that is known before it is executed; coverage: disassembly along the flow of control, and what it found
 * compare      one program by all of them, as a table
 * guest        what lessons see of a machine; counter: figures, and how they are shown
 */
import { Bird, type BirdOptions } from "./bird.js";
import { Bochs, type BochsOptions } from "./bochs.js";
import { compare, type ComparedMachine, type CompareOptions } from "./compare.js";
import { Crusoe, type CrusoeOptions } from "./crusoe.js";
import { Dynamo, type DynamoOptions } from "./dynamo.js";
import type { LessonMachine } from "./guest.js";
import type { TableView } from "../../core/index.js";

export type { Bird, BirdOptions } from "./bird.js";
export type { Bochs, BochsOptions } from "./bochs.js";
export type { CompareOptions, LessonName } from "./compare.js";
export type { Counter } from "./counter.js";
export type { Crusoe, CrusoeOptions } from "./crusoe.js";
export type { Dynamo, DynamoOptions } from "./dynamo.js";
export { translationAt, type TranslatedLine, type Translation } from "./translation.js";

interface Lesson {
  /** Interprets, and nothing else. */
  bochs(machine: LessonMachine, options?: Partial<BochsOptions>): Bochs;
  /** Interprets, finds hot ways, and runs those as traces. */
  dynamo(machine: LessonMachine, options?: Partial<DynamoOptions>): Dynamo;
  /** Packs blocks into wide molecules, out of order, and rolls back at an exception. */
  crusoe(machine: LessonMachine, options?: Partial<CrusoeOptions>): Crusoe;
  /** Disassembles before the start what it can, and the rest when control comes there. */
  bird(machine: LessonMachine, options?: Partial<BirdOptions>): Bird;
  /** Runs the machine that `make` makes once by each engine, and says what each did and whether all ended alike. */
  compare(make: () => ComparedMachine, options?: Partial<CompareOptions>): TableView;
}

/**
 * Puts an engine on a hart of a machine (`hart`, 0 by default), which then runs by it: `run`, stops, interrupts, counts and going back
 * are as ever. @throws UsageError for options that are not there, or make no sense
 */
export const lesson: Lesson = {
  bochs: (machine, options) => new Bochs(machine, options),
  dynamo: (machine, options) => new Dynamo(machine, options),
  crusoe: (machine, options) => new Crusoe(machine, options),
  bird: (machine, options) => new Bird(machine, options),
  compare,
};

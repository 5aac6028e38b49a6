/**
 * lesson: what engines do, in the open; and engines that execute as systems of the past did.
 *
 * Glossary
 *   translation  guest instructions beside the WebAssembly that stands for them
 *   counter      a figure that a run gave, with what exactly it counts
 *   trace        the way that the guest took once, from a place that is hot, as one straight piece of code
 *
 * All execute the one table of meanings: they differ in when, in what order and how much at a time.
 *
 * translation  a block as instructions, meanings and WebAssembly text
 * engine       an engine that is put on a hart, and counts
 * bochs        one instruction after the other
 * dynamo       hot ways become traces; trace-code: their WebAssembly
 * guest        what lessons see of a machine; counter: figures, and how they are shown
 */
import { Bochs, type BochsOptions } from "./bochs.js";
import { Dynamo, type DynamoOptions } from "./dynamo.js";
import type { LessonMachine } from "./guest.js";

export type { Bochs, BochsOptions } from "./bochs.js";
export type { Counter } from "./counter.js";
export type { Dynamo, DynamoOptions } from "./dynamo.js";
export { translationAt, type TranslatedLine, type Translation } from "./translation.js";

interface Lesson {
  /** Interprets, and nothing else. */
  bochs(machine: LessonMachine, options?: Partial<BochsOptions>): Bochs;
  /** Interprets, finds hot ways, and runs those as traces. */
  dynamo(machine: LessonMachine, options?: Partial<DynamoOptions>): Dynamo;
}

/**
 * Puts an engine on a hart of a machine (`hart`, 0 by default), which then runs by it: `run`, stops, interrupts, counts and going back
 * are as ever. @throws UsageError for options that are not there, or make no sense
 */
export const lesson: Lesson = {
  bochs: (machine, options) => new Bochs(machine, options),
  dynamo: (machine, options) => new Dynamo(machine, options),
};

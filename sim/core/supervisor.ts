/**
 * Who watches over running worlds from outside: the kernel, which wants to stop a run, and to show how far it is. This
 * is about control only: nothing here changes what a world computes.
 */

/** How far a run is. */
export interface Progress {
  /** Virtual time, in nanoseconds. */
  readonly now: number;
  /** Events done since the world began. */
  readonly events: number;
  /** When the run ends; undefined where that depends on what happens. */
  readonly until: number | undefined;
}

/**
 * Called between two events, before the first of a run too.
 * @returns before how many events from here it is to be called again, a whole number; 0 has the run stop here
 */
export type Watch = (progress: Progress) => number;

/** What a watch returns that needs no more calls soon; V8 counts down from it without a heap number. */
export const seldom: number = 2 ** 30 - 1;

/** Told that a run has ended, however it did unless it was cut off, with its world as it is then. */
export type Ended = (progress: Progress) => void;

let watch: Watch | undefined;
let ended: Ended | undefined;

/** Sets who watches over every run that begins from now on; undefined for nobody, which costs a run nothing. */
export function supervise(next: Watch | undefined, whenEnded?: Ended): void {
  watch = next;
  ended = whenEnded;
}

export const supervision = {
  get watch(): Watch | undefined {
    return watch;
  },
  get ended(): Ended | undefined {
    return ended;
  },
} as const;

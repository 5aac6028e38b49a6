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
  /** Where the run ends at the latest; undefined where it has no set end. */
  readonly until: number | undefined;
}

/** Called between any two events; it must be quick. @returns whether the run is to stop here */
export type Watch = (progress: Progress) => boolean;

let watch: Watch | undefined;

/** Sets who watches over every run that begins from now on; undefined for nobody, which costs a run nothing. */
export function supervise(next: Watch | undefined): void {
  watch = next;
}

export const supervision = {
  get watch(): Watch | undefined {
    return watch;
  },
} as const;

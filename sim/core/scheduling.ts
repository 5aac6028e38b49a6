/**
 * Who is next: the order in which those who wait are served. Whoever serves calls `enqueue` for one that comes, `pick`
 * when there is room for one, `dequeue` for one that gives up.
 */
export interface SchedulingPolicy<T> {
  /** How many wait. */
  readonly size: number;
  enqueue(item: T): void;
  /** Removes one that waits. @returns whether it was waiting */
  dequeue(item: T): boolean;
  /** Removes the next one and gives it; undefined where none waits. */
  pick(): T | undefined;
}

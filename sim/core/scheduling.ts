import { Deque } from "./deque.js";
import { Heap } from "./heap.js";

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

/** First come, first served. */
export function fifo<T>(): SchedulingPolicy<T> {
  const waiting = new Deque<T>();
  return {
    get size() {
      return waiting.size;
    },
    enqueue: (item) => {
      waiting.push(item);
    },
    dequeue: (item) => waiting.removeWhere((other) => other === item),
    pick: () => waiting.shift(),
  };
}

/** The smallest `key` first; of equal ones the first come. Whoever is being served is not interrupted. */
export function byPriority<T>(key: (item: T) => number): SchedulingPolicy<T> {
  interface Place {
    readonly item: T;
    readonly key: number;
    readonly arrival: number;
  }
  const places = new Map<T, Place>();
  const waiting = new Heap<Place>((a, b) => a.key < b.key || (a.key === b.key && a.arrival < b.arrival));
  let arrivals = 0;
  return {
    get size() {
      return waiting.size;
    },
    enqueue: (item) => {
      const place = { item, key: key(item), arrival: arrivals++ };
      places.set(item, place);
      waiting.push(place);
    },
    dequeue: (item) => {
      const place = places.get(item);
      places.delete(item);
      return place !== undefined && waiting.remove(place);
    },
    pick: () => {
      const item = waiting.shift()?.item;
      if (item !== undefined) places.delete(item);
      return item;
    },
  };
}

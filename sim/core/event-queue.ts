import { Deque } from "./deque.js";
import { invariant } from "./errors.js";

/** What an event does: a callback, or an object that is run (a process or a delay, which so need no closure). */
export type Action = (() => void) | Runnable;

export interface Runnable {
  /** What messages call it. */
  readonly name: string;
  run(): void;
}

/** What takes a turn in the present, once for each time it is woken. */
export interface Ready extends Runnable {
  /** Set by the queue: its place among the events. */
  turn: number;
}

/** Four children to a node: half the levels of a binary heap, and the four times lie beside one another in memory. */
const shift = 2;
const arity = 1 << shift;

/**
 * Virtual time and the events still to come, in the order of their time; equal times in the order of their making
 * (FIFO).
 *
 * An implicit 4-ary heap (D. B. Johnson, "Priority queues with update and finding minimum spanning trees", 1975) over
 * typed arrays: the heap moves a time and a slot number, the rest of an event stays in its slot. A cancelled event
 * lets go of its action at once; its place in the heap goes when it comes to the top, or when more than half of all
 * places are such, in one sweep. So cancelling costs O(1) amortised and holds no memory. Processes that are woken wait
 * for their turn in a line beside the heap: they are all due now, and come in order.
 */
export class EventQueue {
  /** The time of the event taken last, until the engine moves it on. */
  now = 0;
  /** Live foreground events, and whatever else the engine counts as foreground work. */
  foreground = 0;
  /** The sequence number of the event pushed last: with its slot, the event's identity. */
  sequence = 0;

  readonly #ready = new Deque<Ready>();
  #woken = 0;
  /** Whether the next event is the turn of the first in that line. */
  #nextIsReady = false;

  // In heap order.
  #times = new Float64Array(64);
  #slots = new Int32Array(64);
  #size = 0;
  #cancelled = 0;

  // By slot.
  #sequences = new Float64Array(64);
  #background = new Uint8Array(64);
  #actions: (Action | undefined)[] = new Array<Action | undefined>(64).fill(undefined);
  /** Slots below `#fresh` have been in use; those of them that are free again are stacked in `#free`. */
  #fresh = 0;
  #free = new Int32Array(64);
  #freed = 0;

  /** Live events. */
  get size(): number {
    return this.#size - this.#cancelled + this.#woken;
  }

  /** @returns the slot, which together with `sequence` cancels the event */
  push(time: number, action: Action, background: boolean): number {
    if (this.#size === this.#times.length) this.#grow();
    const slot = this.#freed > 0 ? (this.#free[--this.#freed] ?? 0) : this.#fresh++;
    this.#sequences[slot] = ++this.sequence;
    this.#background[slot] = background ? 1 : 0;
    this.#actions[slot] = action;
    if (!background) this.foreground++;
    this.#rise(this.#size++, time, slot);
    return slot;
  }

  /** Has `ready` take its turn in the present, after what is already due. It must not be in the line already. */
  wake(ready: Ready): void {
    ready.turn = ++this.sequence;
    this.foreground++;
    this.#woken++;
    this.#ready.push(ready);
  }

  /** Takes `ready` out of the line. */
  withdraw(ready: Ready): void {
    if (!this.#ready.removeWhere((other) => other === ready)) return;
    this.foreground--;
    this.#woken--;
  }

  /** When the next live event is due; Infinity where there is none. */
  nextTime(): number {
    if (this.#cancelled > 0) this.#dropCancelled();
    const time = this.#size > 0 ? (this.#times[0] ?? 0) : Infinity;
    this.#nextIsReady = this.#woken > 0 && (time > this.now || this.#readyIsFirst());
    return this.#nextIsReady ? this.now : time;
  }

  /** Removes the event that `nextTime` spoke of, which must have been asked just before, and makes its time the present. */
  take(): Action {
    if (this.#nextIsReady) return this.#takeReady();
    const slot = this.#slots[0] ?? 0;
    const action = this.#actions[slot];
    invariant(action !== undefined, "an event is taken from an empty queue");
    this.#actions[slot] = undefined;
    this.now = this.#times[0] ?? 0;
    if (this.#background[slot] === 0) this.foreground--;
    this.#removeFirst(slot);
    return action;
  }

  /** @returns whether the event was still to come */
  cancel(slot: number, sequence: number): boolean {
    if (this.#sequences[slot] !== sequence || this.#actions[slot] === undefined) return false;
    this.#actions[slot] = undefined;
    if (this.#background[slot] === 0) this.foreground--;
    this.#cancelled++;
    if (this.#cancelled > 32 && this.#cancelled * 2 > this.#size) this.#sweep();
    return true;
  }

  /** The live foreground events' actions, in no particular order. */
  *foregroundActions(): Generator<Action, void, void> {
    yield* this.#ready;
    for (const slot of this.#slots.subarray(0, this.#size)) {
      const action = this.#actions[slot];
      if (action !== undefined && this.#background[slot] === 0) yield action;
    }
  }

  /** When the next live foreground event is due; Infinity where there is none. It looks at every one. */
  nextForegroundTime(): number {
    if (this.#woken > 0) return this.now;
    let next = Infinity;
    for (let place = 0; place < this.#size; place++) {
      const slot = this.#slots[place] ?? 0;
      const time = this.#times[place] ?? 0;
      if (time < next && this.#actions[slot] !== undefined && this.#background[slot] === 0) next = time;
    }
    return next;
  }

  /** Whether the first in line comes before the first event of the heap, which is due now too. */
  #readyIsFirst(): boolean {
    return (this.#ready.first?.turn ?? Infinity) < (this.#sequences[this.#slots[0] ?? 0] ?? 0);
  }

  #takeReady(): Ready {
    const ready = this.#ready.shift();
    invariant(ready !== undefined, "a turn is taken from an empty line");
    this.foreground--;
    this.#woken--;
    return ready;
  }

  /** Takes cancelled events off the top. */
  #dropCancelled(): void {
    for (
      let slot = this.#slots[0] ?? 0;
      this.#size > 0 && this.#actions[slot] === undefined;
      slot = this.#slots[0] ?? 0
    ) {
      this.#cancelled--;
      this.#removeFirst(slot);
    }
  }

  #removeFirst(slot: number): void {
    this.#free[this.#freed++] = slot;
    const last = --this.#size;
    if (last > 0) this.#sink(0, this.#times[last] ?? 0, this.#slots[last] ?? 0);
  }

  /** Whether the event of slot `a` at `timeA` comes before that of `b` at `timeB`. */
  #before(timeA: number, a: number, timeB: number, b: number): boolean {
    return timeA < timeB || (timeA === timeB && (this.#sequences[a] ?? 0) < (this.#sequences[b] ?? 0));
  }

  /** Puts an event at `hole` or above it. */
  #rise(hole: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    while (hole > 0) {
      const parent = (hole - 1) >> shift;
      const parentTime = times[parent] ?? 0;
      const parentSlot = slots[parent] ?? 0;
      if (!this.#before(time, slot, parentTime, parentSlot)) break;
      times[hole] = parentTime;
      slots[hole] = parentSlot;
      hole = parent;
    }
    times[hole] = time;
    slots[hole] = slot;
  }

  /** Puts an event at `hole` or below it. */
  #sink(hole: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const size = this.#size;
    for (;;) {
      const first = (hole << shift) + 1;
      if (first >= size) break;
      const end = Math.min(first + arity, size);
      let least = first;
      let leastTime = times[first] ?? 0;
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child] ?? 0;
        if (childTime > leastTime) continue;
        if (childTime === leastTime && !this.#before(childTime, slots[child] ?? 0, leastTime, slots[least] ?? 0))
          continue;
        least = child;
        leastTime = childTime;
      }
      const leastSlot = slots[least] ?? 0;
      if (!this.#before(leastTime, leastSlot, time, slot)) break;
      times[hole] = leastTime;
      slots[hole] = leastSlot;
      hole = least;
    }
    times[hole] = time;
    slots[hole] = slot;
  }

  /** Drops the cancelled events and heaps up the rest (R. W. Floyd, "Algorithm 245: Treesort 3", 1964). */
  #sweep(): void {
    let kept = 0;
    for (let place = 0; place < this.#size; place++) {
      const slot = this.#slots[place] ?? 0;
      if (this.#actions[slot] === undefined) {
        this.#free[this.#freed++] = slot;
      } else {
        this.#times[kept] = this.#times[place] ?? 0;
        this.#slots[kept++] = slot;
      }
    }
    this.#size = kept;
    this.#cancelled = 0;
    for (let place = (kept - 2) >> shift; place >= 0; place--) {
      this.#sink(place, this.#times[place] ?? 0, this.#slots[place] ?? 0);
    }
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    const grown = <A extends { set(from: A): void }>(to: A, from: A): A => (to.set(from), to);
    this.#times = grown(new Float64Array(capacity), this.#times);
    this.#slots = grown(new Int32Array(capacity), this.#slots);
    this.#sequences = grown(new Float64Array(capacity), this.#sequences);
    this.#background = grown(new Uint8Array(capacity), this.#background);
    this.#free = grown(new Int32Array(capacity), this.#free);
  }
}

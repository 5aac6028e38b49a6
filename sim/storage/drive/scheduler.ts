import { nearest, UsageError, type SchedulingPolicy } from "../../core/index.js";

/** What a scheduler may know of the drive. */
export interface ArmPosition<T> {
  /** The cylinder under the heads now. */
  now(): number;
  cylinderOf(item: T): number;
}

/** First come, first served. */
class Fifo<T> implements SchedulingPolicy<T> {
  protected readonly waiting: T[] = [];

  get size(): number {
    return this.waiting.length;
  }

  enqueue(item: T): void {
    this.waiting.push(item);
  }

  dequeue(item: T): boolean {
    const at = this.waiting.indexOf(item);
    if (at >= 0) this.waiting.splice(at, 1);
    return at >= 0;
  }

  pick(): T | undefined {
    return this.take(0);
  }

  protected take(at: number): T | undefined {
    return this.waiting.splice(at, 1)[0];
  }
}

/**
 * An order by cylinder. Of those that `near` lets through, the one with the least distance, the first come of equals.
 */
abstract class ByCylinder<T> extends Fifo<T> {
  protected readonly arm: ArmPosition<T>;

  constructor(arm: ArmPosition<T>) {
    super();
    this.arm = arm;
  }

  /** The place of the waiting item with the least distance; -1 where each distance is infinite. */
  protected closest(distance: (cylinder: number) => number): number {
    let best = -1;
    let least = Infinity;
    this.waiting.forEach((item, at) => {
      const apart = distance(this.arm.cylinderOf(item));
      if (apart < least) {
        least = apart;
        best = at;
      }
    });
    return best;
  }
}

/** Shortest seek first: the least movement now, at the risk that requests far away starve. */
class ShortestSeekFirst<T> extends ByCylinder<T> {
  override pick(): T | undefined {
    const here = this.arm.now();
    return this.take(
      Math.max(
        0,
        this.closest((cylinder) => Math.abs(cylinder - here)),
      ),
    );
  }
}

/**
 * The elevator that turns at the last request and not at the disk's edge: LOOK. (SCAN, as which it often goes, would run on
 * to the edge.) It serves those ahead of it by distance, then turns.
 */
class Look<T> extends ByCylinder<T> {
  #inwards = true;

  override pick(): T | undefined {
    const here = this.arm.now();
    const ahead = (cylinder: number): number => {
      const apart = this.#inwards ? cylinder - here : here - cylinder;
      return apart >= 0 ? apart : Infinity;
    };
    const at = this.closest(ahead);
    if (at >= 0) return this.take(at);
    this.#inwards = !this.#inwards;
    const back = this.closest(ahead);
    return back >= 0 ? this.take(back) : undefined;
  }
}

/** The circular elevator: serves inwards only, then starts again from the outermost request, so that none waits long. */
class CircularLook<T> extends ByCylinder<T> {
  override pick(): T | undefined {
    const here = this.arm.now();
    const at = this.closest((cylinder) => (cylinder >= here ? cylinder - here : Infinity));
    return this.take(
      at >= 0
        ? at
        : Math.max(
            0,
            this.closest((cylinder) => cylinder),
          ),
    );
  }
}

export type SchedulerName = "fifo" | "sstf" | "look" | "c-look";

/** The schedulers by name. "elevator" is the name of the idea; LOOK is the variant that drivers use. */
export function diskScheduler<T>(name: SchedulerName, arm: ArmPosition<T>): SchedulingPolicy<T> {
  switch (name) {
    case "fifo":
      return new Fifo<T>();
    case "sstf":
      return new ShortestSeekFirst(arm);
    case "look":
      return new Look(arm);
    case "c-look":
      return new CircularLook(arm);
    default: {
      const valid = ["fifo", "sstf", "look", "c-look"];
      throw new UsageError(
        `there is no disk scheduler "${String(name)}"`,
        `Did you mean "${nearest(String(name), valid) ?? ""}"? There are ${valid.join(", ")}.`,
      );
    }
  }
}

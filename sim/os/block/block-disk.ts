import { Signal, type Engine, type Nanos } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import type { BackingStore } from "../memory/page-cache.js";
import type { IoOperation } from "./disk-use.js";
import { countRequest, ioWeightOf, passLimits } from "./io-limits.js";

/** How fast a disk is: bytes and requests a second, whichever takes longer, and how long the way there and back is. */
export interface DiskSpeed {
  readonly readBps: number;
  readonly writeBps: number;
  readonly readIops: number;
  readonly writeIops: number;
  /** In nanoseconds. */
  readonly latency: number;
}

interface Request {
  readonly op: IoOperation;
  readonly bytes: number;
  readonly done: Signal<undefined>;
}

/** The requests of one group, and how much of the disk it had for its weight. */
interface GroupQueue {
  readonly cgroup: Cgroup;
  readonly requests: Request[];
  served: number;
}

/**
 * A disk that serves requests of control groups: io.max holds them back on their way to it, io.weight says how those that
 * wait at the same time share it (by time, as BFQ and iocost do; cgroup-v2.rst, "IO"). Who is not held back by a disk
 * without a speed doesn't wait.
 */
export class BlockDisk implements BackingStore {
  readonly name: string;
  /** Major and minor number in one. */
  readonly number: number;
  readonly #engine: Engine;
  readonly #speed: DiskSpeed | undefined;
  readonly #queues = new Map<Cgroup, GroupQueue>();
  /** Where newcomers begin. */
  #served = 0;
  #busy = false;

  constructor(engine: Engine, name: string, number: number, speed: DiskSpeed | undefined) {
    this.#engine = engine;
    this.name = name;
    this.number = number;
    this.#speed = speed;
  }

  submit(cgroup: Cgroup, op: IoOperation, bytes: number): Signal<undefined> | undefined {
    const passed = this.pass(cgroup, op, bytes);
    if (passed === undefined && this.#speed === undefined) return undefined;
    const done = new Signal<undefined>("disk");
    const go = (): void => {
      if (this.#speed === undefined) done.fire(undefined);
      else this.#enqueue(cgroup, { op, bytes, done });
    };
    if (passed === undefined) go();
    else passed.onSettled(go);
    return done;
  }

  /** Holds a request back as io.max says, and counts it. @returns when it may go on; undefined at once */
  pass(cgroup: Cgroup, op: IoOperation, bytes: number): Signal<void> | undefined {
    const { now } = this.#engine;
    const at = passLimits(cgroup, this.number, op, bytes, now);
    if (at === now) {
      countRequest(cgroup, this.number, op, bytes);
      return undefined;
    }
    const passed = new Signal<void>("io.max");
    this.#engine.at(
      at as Nanos,
      () => {
        countRequest(cgroup, this.number, op, bytes);
        passed.fire();
      },
      { name: "io.max" },
    );
    return passed;
  }

  #enqueue(cgroup: Cgroup, request: Request): void {
    let queue = this.#queues.get(cgroup);
    if (queue === undefined) {
      queue = { cgroup, requests: [], served: this.#served };
      this.#queues.set(cgroup, queue);
    }
    queue.requests.push(request);
    if (!this.#busy) this.#serve();
  }

  /** The group that has had least for its weight is next. */
  #serve(): void {
    let next: GroupQueue | undefined;
    for (const queue of this.#queues.values()) if (next === undefined || queue.served < next.served) next = queue;
    const request = next?.requests.shift();
    const speed = this.#speed;
    if (next === undefined || request === undefined || speed === undefined) return;
    const { op, bytes, done } = request;
    const [bps, iops] = op === "read" ? [speed.readBps, speed.readIops] : [speed.writeBps, speed.writeIops];
    const work = Math.round(Math.max(bytes / bps, 1 / iops) * 1e9);
    this.#served = next.served;
    next.served += work / this.#share(next.cgroup);
    this.#busy = true;
    const served = next;
    this.#engine.after(
      work as Nanos,
      () => {
        this.#busy = false;
        if (served.requests.length === 0) this.#queues.delete(served.cgroup);
        this.#engine.after(
          speed.latency as Nanos,
          () => {
            done.fire(undefined);
          },
          { name: "disk" },
        );
        this.#serve();
      },
      { name: "disk" },
    );
  }

  /** A group's part of the disk: at each level its weight among those that have requests, or something below has. */
  #share(cgroup: Cgroup): number {
    const active = new Set<Cgroup>();
    for (const queue of this.#queues.keys())
      for (let at: Cgroup | undefined = queue; at !== undefined && !active.has(at); at = at.parent) active.add(at);
    let share = 1;
    for (let at = cgroup; at.parent !== undefined; at = at.parent) {
      let all = 0;
      for (const one of active) if (one.parent === at.parent) all += ioWeightOf(one, this.number);
      share *= ioWeightOf(at, this.number) / Math.max(all, 1);
    }
    return share;
  }
}

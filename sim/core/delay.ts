import type { EventQueue, Runnable } from "./event-queue.js";
import { Signal, type Waiter } from "./signal.js";

/**
 * Fires at a point of virtual time. It takes an event only while someone waits for it: a time-out that lost its race
 * neither runs nor keeps the world busy. Waited for after its time, it fires in the present, after what is already due.
 */
export class Delay extends Signal<void> implements Runnable {
  private readonly queue: EventQueue;
  private readonly due: number;
  private readonly background: boolean;
  private slot: number;
  private sequence: number;

  constructor(queue: EventQueue, due: number, background: boolean) {
    super("delay");
    this.queue = queue;
    this.due = due;
    this.background = background;
    this.slot = -1;
    this.sequence = 0;
  }

  override subscribe(waiter: Waiter): void {
    super.subscribe(waiter);
    if (this.slot >= 0 || this.settled) return;
    const queue = this.queue;
    this.slot = queue.push(Math.max(this.due, queue.now), this, this.background);
    this.sequence = queue.sequence;
  }

  protected override abandoned(): void {
    if (this.slot >= 0) this.queue.cancel(this.slot, this.sequence);
    this.slot = -1;
  }

  run(): void {
    this.slot = -1;
    this.fireInTurn();
  }
}

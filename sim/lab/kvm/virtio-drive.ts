import { Signal, type Activity, type Nanos, type World } from "../../core/index.js";
import type { Kernel, Sys } from "../../os/index.js";
import type { Completion, Drive } from "../../storage/index.js";
import type { ExitCosts } from "./exit-costs.js";
import { interrupt } from "./interrupt.js";

type Access = Parameters<Drive["submit"]>[0];

interface Pending {
  readonly access: Access;
  readonly done: Signal<Completion>;
}

/** Threads that wait for the host's drive in a guest's place: QEMU has up to 64. */
const workers = 64;

/**
 * A virtio disk: a request leaves the guest (the kick's exits), wakes the monitor's thread, which gives it to a worker that makes the system
 * call on the host's file; the end goes the same way back and interrupts the guest (its handler's exits). Each step costs a CPU of the host,
 * in whoever's name it is.
 */
export class VirtioDrive implements Drive {
  readonly name: string;
  readonly world: World;
  readonly sectorSize: 512;
  readonly sectors: number;
  readonly writable: boolean;
  readonly #host: Kernel;
  readonly #guest: Kernel;
  readonly #path: string;
  readonly #drive: Drive;
  readonly #costs: ExitCosts;
  readonly #kicked: Pending[] = [];
  readonly #ready: Pending[] = [];
  #finished: (() => void)[] = [];
  #kick = new Signal<void>("ioeventfd");
  #work = new Signal<void>("thread pool");
  #threads = 0;
  #idle = 0;

  constructor(host: Kernel, guest: Kernel, path: string, drive: Drive, costs: ExitCosts) {
    this.name = `virtio disk on ${path}`;
    this.world = host.world;
    this.sectorSize = drive.sectorSize;
    this.sectors = drive.sectors;
    this.writable = drive.writable;
    this.#host = host;
    this.#guest = guest;
    this.#path = path;
    this.#drive = drive;
    this.#costs = costs;
  }

  read(lba: number, count: number): Uint8Array {
    return this.#drive.read(lba, count);
  }

  write(lba: number, bytes: Uint8Array): void {
    this.#drive.write(lba, bytes);
  }

  discard(lba: number, count: number): void {
    this.#drive.discard(lba, count);
  }

  flush(): void {
    this.#drive.flush();
  }

  cool(): void {
    this.#drive.cool();
  }

  describe(lba: number): string {
    return this.#drive.describe(lba);
  }

  submit(access: Access): Signal<Completion> {
    if (this.#threads === 0) this.#begin();
    const done = new Signal<Completion>(`${access.op} of ${this.name}`);
    interrupt(this.#guest, this.#costs.exits(this.#costs.request.kick), () => {
      this.#kicked.push({ access, done });
      this.#kick.fire();
    });
    return done;
  }

  #begin(): void {
    const { init } = this.#host.pidNamespace;
    if (init === undefined) return;
    this.#threads = 1;
    this.#host.start((sys) => this.#loop(sys), init);
  }

  /** The monitor's thread: hears kicks, gives requests out, and tells the guest of those that are done. */
  *#loop(sys: Sys): Activity<void> {
    for (;;) {
      if (this.#kicked.length === 0 && this.#finished.length === 0) {
        this.#kick = new Signal("ioeventfd");
        yield* this.#kick;
      }
      // ppoll(2), and the event's read(2).
      yield* sys.compute((2 * this.#host.costs.call) as Nanos);
      for (const pending of this.#kicked.splice(0)) {
        this.#ready.push(pending);
        if (this.#idle === 0 && this.#threads <= workers) {
          this.#threads++;
          yield* sys.clone((own) => this.#worker(own));
        }
        this.#work.fire();
      }
      const finished = this.#finished;
      this.#finished = [];
      for (const tell of finished) {
        // The irqfd's write(2).
        yield* sys.compute(this.#host.costs.call as Nanos);
        tell();
      }
    }
  }

  *#worker(sys: Sys): Activity<void> {
    const file = yield* sys.open(this.#path, 2);
    for (;;) {
      const pending = this.#ready.shift();
      if (pending === undefined) {
        this.#idle++;
        if (this.#work.settled) this.#work = new Signal("thread pool");
        yield* this.#work;
        this.#idle--;
        continue;
      }
      const { access, done } = pending;
      const issued = this.world.engine.now;
      const [bytes, at] = [access.count * this.sectorSize, access.lba * this.sectorSize];
      // The data is where it belongs already: it moved when the guest's driver was asked.
      if (access.op === "read") yield* sys.pread64(file, bytes, at);
      else yield* sys.pwrite64(file, this.#drive.read(access.lba, access.count), at);
      this.#finished.push(() => {
        interrupt(this.#guest, this.#costs.exits(this.#costs.request.interrupt), () => {
          done.fire({ ...access, issued, finished: this.world.engine.now, requests: [] });
        });
      });
      this.#kick.fire();
    }
  }
}

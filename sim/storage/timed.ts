import type { Nanos, Signal, World } from "../core/index.js";
import type { Access, Service } from "./drive/mechanism.js";
import type { BlockDevice } from "./block-device.js";
import type { Purpose } from "./file.js";

/** What a drive did for an access, and when. */
export interface Request extends Access {
  readonly purpose: Purpose;
  readonly arrived: Nanos;
  readonly started: Nanos;
  readonly finished: Nanos;
  readonly service: Service;
}

/** What was asked of a timed device is done. */
export interface Completion extends Access {
  readonly issued: Nanos;
  readonly finished: Nanos;
  /** The drives' requests that it took, in the order of their ends. */
  readonly requests: readonly Request[];
}

/** A device that takes virtual time. `read` and `write` move data at once; `submit` asks for the time that it takes. */
export interface Timed {
  readonly name: string;
  readonly world: World;
  readonly sectors: number;
  submit(access: Access): Signal<Completion>;
  /** Empties all that earlier accesses left in buffers and caches, so that a measurement begins as after a restart. */
  cool(): void;
}

/** A drive, which serves each access by itself. */
export interface Drive extends BlockDevice, Timed {
  submit(access: Access, purpose?: Purpose): Signal<Completion>;
  /** Where a sector lies, in the drive's own words. */
  describe(lba: number): string;
}

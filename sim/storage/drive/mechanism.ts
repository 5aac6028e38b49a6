import type { Nanos } from "../../core/index.js";

/** What a drive is asked for. */
export interface Access {
  readonly op: "read" | "write";
  readonly lba: number;
  readonly count: number;
}

/** What serving an access took, part by part, in nanoseconds. */
export interface Service {
  /** Work of the controller that nothing else hid. */
  readonly overhead: number;
  /** The arm's movement to the access's first track, or the change of the head there. */
  readonly seek: number;
  /** Waiting for the sector to come round. */
  readonly rotation: number;
  /** The sectors under the head, the moves from track to track between them, and what of the bus wasn't hidden. */
  readonly transfer: number;
  /** Cylinders that the arm crossed. */
  readonly distance: number;
  /** Whether the drive's buffer had all of it. */
  readonly buffered: boolean;
  readonly finish: Nanos;
}

/** How a kind of drive serves accesses. It knows time as it is told; when it is told lies with the drive's queue. */
export interface Mechanism {
  /** Sectors of the drive. */
  readonly sectors: number;
  /** How many accesses may be in service at once. */
  readonly width: number;
  /** The cylinder under the heads, for a scheduler; 0 where there is none. */
  readonly cylinder: number;
  cylinderOf(lba: number): number;
  /** Serves an access that came at `arrived` and whose turn it is `now`; the mechanism's state is then as at its end. */
  serve(access: Access, arrived: Nanos, now: Nanos): Service;
  /** Forgets what the drive's buffer holds. */
  cool(): void;
  /** Where a sector lies, in the drive's own words. */
  describe(lba: number): string;
  save(): MechanismState;
  restore(state: MechanismState): void;
}

/** Numbers alone: where the heads are, what the buffer holds. */
export type MechanismState = Readonly<Record<string, number | readonly number[]>>;

import type { Nanos } from "../../core/index.js";
import { sectorSize } from "../block-device.js";
import { TrackLayout, type Place } from "./layout.js";
import type { Access, Mechanism, MechanismState, Service } from "./mechanism.js";
import type { HardDiskProfile } from "./profiles.js";

/** Times are rounded to nanoseconds; a sector missed by less than this part of a turn was not missed. */
const rounding = 1e-6;

/** The time that reading or writing neighbouring sectors took, and where the heads are then. */
interface Pass {
  readonly seek: number;
  readonly rotation: number;
  readonly end: number;
}

/**
 * A drive with a moving arm over turning platters. The platters' angle is a function of virtual time alone; the arm is
 * where the last access left it. While idle after a read, the drive reads on into its buffer, so that a sequential reader
 * finds the next sectors there and does not lose a turn between requests.
 *
 * Simplifications: no write cache (a write ends when it is on the platter), one buffer segment, no defects, no settling
 * that differs between reads and writes, no thermal recalibration.
 */
export class HardDisk implements Mechanism {
  readonly width = 1;
  readonly layout: TrackLayout;
  readonly #profile: HardDiskProfile;
  /** Nanoseconds of a turn. */
  readonly turn: number;
  #cylinder = 0;
  #head = 0;
  /** The buffer holds sectors `from` up to `next`, and the head goes on from `next` at `since`, up to `limit`. */
  #ahead = { from: 0, next: 0, since: 0, limit: 0 };

  constructor(profile: HardDiskProfile) {
    this.#profile = profile;
    this.layout = new TrackLayout(profile);
    this.turn = 60e9 / profile.rpm;
  }

  get sectors(): number {
    return this.layout.sectors;
  }

  get cylinder(): number {
    return this.#cylinder;
  }

  cylinderOf(lba: number): number {
    return this.layout.place(lba).cylinder;
  }

  describe(lba: number): string {
    const { cylinder, head, sector } = this.layout.place(lba);
    return `cylinder ${cylinder}, head ${head}, sector ${sector + 1}`;
  }

  cool(): void {
    this.#ahead = { from: 0, next: 0, since: 0, limit: 0 };
  }

  /** Nanoseconds to move the arm by so many cylinders; 0 for none. */
  seekTime(distance: number): number {
    if (distance === 0) return 0;
    const { a, b, coast } = this.#profile.seek;
    const milliseconds =
      coast !== null && distance >= coast.from ? coast.c + coast.e * distance : a + b * Math.sqrt(distance);
    return milliseconds * 1e6;
  }

  /** Nanoseconds to bring the heads over a sector's track: the arm's movement, the change of the head, or both at once. */
  moveTo(place: Place): number {
    const change = place.head === this.#head ? 0 : this.#profile.headSwitch;
    return Math.max(this.seekTime(Math.abs(place.cylinder - this.#cylinder)), change);
  }

  /** How far the platters have turned since the index mark last passed the head, as a part of a turn. */
  angleAt(time: number): number {
    return (time / this.turn) % 1;
  }

  /** Nanoseconds until a sector's beginning is under its head. */
  rotationTo(place: Place, time: number): number {
    const start = ((place.sector + place.skew) % place.sectorsPerTrack) / place.sectorsPerTrack;
    const gap = (start - this.angleAt(time) + 1) % 1;
    return gap > 1 - rounding ? 0 : gap * this.turn;
  }

  serve(access: Access, arrived: Nanos, now: Nanos): Service {
    const ready = Math.max(now, arrived + this.#profile.overhead);
    const overhead = ready - now;
    const bytes = access.count * sectorSize;
    const end = access.lba + access.count;
    const bus = (bytes / this.#profile.bus) * 1e9;
    const from = this.#cylinder;
    let first = access.lba;
    let begin = ready;
    if (access.op === "read") {
      this.#readAhead(ready);
      const { from: oldest, next, since, limit } = this.#ahead;
      if (oldest <= access.lba && end <= next) {
        this.#keepAhead(access.lba);
        const finish = whole(ready + bus);
        return { overhead, seek: 0, rotation: 0, transfer: bus, distance: 0, buffered: true, finish };
      }
      if (oldest <= access.lba && access.lba <= next) {
        first = next;
        if (next < limit) begin = since; // the head is on its way there and needs no new command
      }
    }
    const distance = Math.abs(this.cylinderOf(first) - from);
    const pass = this.pass(first, end - first, begin);
    const done = Math.max(pass.end, ready + bus);
    const streaming = begin < ready;
    if (access.op === "read") {
      const oldest = first === access.lba && !streaming ? access.lba : this.#ahead.from;
      this.#ahead = { from: oldest, next: end, since: pass.end, limit: end };
      this.#keepAhead(access.lba);
    } else this.cool();
    const seek = streaming ? 0 : pass.seek;
    const rotation = streaming ? 0 : pass.rotation;
    const transfer = done - ready - seek - rotation;
    return { overhead, seek, rotation, transfer, distance, buffered: false, finish: whole(done) };
  }

  /** Moves the heads over sectors from `time` on: to the first track, round to the first sector, and from track to track. */
  pass(lba: number, count: number, time: number): Pass {
    let at = time;
    let seek = 0;
    let rotation = 0;
    for (let done = 0; done < count;) {
      const place = this.layout.place(lba + done);
      const move = this.moveTo(place);
      const wait = this.rotationTo(place, at + move);
      if (done === 0) {
        seek = move;
        rotation = wait;
      }
      const span = Math.min(count - done, place.sectorsPerTrack - place.sector);
      at += move + wait + (span / place.sectorsPerTrack) * this.turn;
      this.#cylinder = place.cylinder;
      this.#head = place.head;
      done += span;
    }
    return { seek, rotation, end: at };
  }

  save(): MechanismState {
    return { cylinder: this.#cylinder, head: this.#head, ...this.#ahead };
  }

  restore(state: MechanismState): void {
    const number = (key: string): number => {
      const value = state[key];
      return typeof value === "number" ? value : 0;
    };
    this.#cylinder = number("cylinder");
    this.#head = number("head");
    this.#ahead = { from: number("from"), next: number("next"), since: number("since"), limit: number("limit") };
  }

  /** Lets the drive read on until `time`, as far as its buffer reaches: whole sectors only. */
  #readAhead(time: number): void {
    while (this.#ahead.next < this.#ahead.limit) {
      const { next, since, limit } = this.#ahead;
      const place = this.layout.place(next);
      const move = this.moveTo(place);
      const begin = since + move + this.rotationTo(place, since + move);
      const sector = this.turn / place.sectorsPerTrack;
      const span = Math.min(
        limit - next,
        place.sectorsPerTrack - place.sector,
        Math.floor((time - begin) / sector + rounding),
      );
      if (!(span >= 1)) return;
      this.#cylinder = place.cylinder;
      this.#head = place.head;
      this.#ahead = { ...this.#ahead, next: next + span, since: begin + span * sector };
    }
  }

  /** The buffer keeps what was asked for last and reads on behind it, as far as it has room. */
  #keepAhead(lba: number): void {
    const room = Math.floor(this.#profile.buffer / sectorSize);
    const limit = Math.min(this.sectors, Math.max(this.#ahead.next, lba + room));
    this.#ahead = { ...this.#ahead, from: Math.max(this.#ahead.from, this.#ahead.next - room), limit };
  }
}

function whole(time: number): Nanos {
  return Math.ceil(time) as Nanos;
}

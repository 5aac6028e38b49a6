import type { Nanos } from "../../core/index.js";
import { sectorSize } from "../block-device.js";
import type { Access, Mechanism, MechanismState, Service } from "./mechanism.js";
import type { FlashProfile } from "./profiles.js";

/** A drive without moving parts: a page takes the same time wherever it is, and channels work side by side. */
export class Flash implements Mechanism {
  readonly sectors: number;
  readonly width: number;
  readonly cylinder = 0;
  readonly #profile: FlashProfile;
  /** When each channel, and the bus, has done what it was given. */
  readonly #channels: number[];
  #bus = 0;

  constructor(profile: FlashProfile) {
    this.#profile = profile;
    this.sectors = profile.sectors;
    this.width = profile.queue;
    this.#channels = Array.from({ length: profile.channels }, () => 0);
  }

  cylinderOf(): number {
    return 0;
  }

  cool(): void {
    // Its latency is that of reads which no buffer answers.
  }

  describe(lba: number): string {
    const page = Math.floor((lba * sectorSize) / this.#profile.pageSize);
    return `page ${page} on channel ${page % this.#profile.channels}`;
  }

  serve(access: Access, _arrived: Nanos, now: Nanos): Service {
    const { pageSize, channels, bus } = this.#profile;
    const latency = access.op === "read" ? this.#profile.read : this.#profile.write;
    const first = Math.floor((access.lba * sectorSize) / pageSize);
    const last = Math.floor(((access.lba + access.count) * sectorSize - 1) / pageSize);
    let cells = now as number;
    for (let page = first; page <= last; page++) {
      const channel = page % channels;
      const done = Math.max(now, this.#channels[channel] ?? 0) + latency;
      this.#channels[channel] = done;
      cells = Math.max(cells, done);
    }
    const moving = ((access.count * sectorSize) / bus) * 1e9;
    this.#bus = Math.max(this.#bus, now) + moving;
    const finish = Math.ceil(Math.max(cells, this.#bus, now + latency + moving)) as Nanos;
    return { overhead: 0, seek: 0, rotation: 0, transfer: finish - now, distance: 0, buffered: false, finish };
  }

  save(): MechanismState {
    return { channels: [...this.#channels], bus: this.#bus };
  }

  restore(state: MechanismState): void {
    const { channels, bus } = state;
    if (typeof channels === "object") this.#channels.splice(0, this.#channels.length, ...channels);
    this.#bus = typeof bus === "number" ? bus : 0;
  }
}

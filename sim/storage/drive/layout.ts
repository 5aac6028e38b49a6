import { invariant } from "../../core/index.js";
import type { HardDiskProfile } from "./profiles.js";

/** Where a sector really lies, as against the geometry that the drive shows. */
export interface Place {
  readonly cylinder: number;
  readonly head: number;
  /** From 0, along the track. */
  readonly sector: number;
  readonly sectorsPerTrack: number;
  /** By how many sectors the track's first one stands behind the index mark. */
  readonly skew: number;
}

interface LaidZone {
  readonly sectorsPerTrack: number;
  readonly firstLba: number;
  readonly firstCylinder: number;
  readonly sectors: number;
  readonly trackSkew: number;
  readonly cylinderSkew: number;
}

/**
 * How sector numbers run over a drive's surfaces: along a track, then over the heads of the cylinder, then inwards.
 * Each track is skewed against the last one by as much as the head needs to get there, so that a long transfer loses no
 * turn. Simplification: today's drives run along one surface for many tracks before they change the head.
 */
export class TrackLayout {
  readonly #zones: readonly LaidZone[];
  readonly #heads: number;
  readonly cylinders: number;
  readonly sectors: number;

  constructor(profile: HardDiskProfile) {
    const turn = 60e9 / profile.rpm;
    const zones: LaidZone[] = [];
    let firstLba = 0;
    let firstCylinder = 0;
    for (const { cylinders, sectorsPerTrack } of profile.zones) {
      const sector = turn / sectorsPerTrack;
      const step = (profile.seek.a + profile.seek.b) * 1e6;
      zones.push({
        sectorsPerTrack,
        firstLba,
        firstCylinder,
        sectors: cylinders * profile.heads * sectorsPerTrack,
        trackSkew: Math.ceil(profile.headSwitch / sector),
        cylinderSkew: Math.ceil(Math.max(step, profile.headSwitch) / sector),
      });
      firstLba += cylinders * profile.heads * sectorsPerTrack;
      firstCylinder += cylinders;
    }
    this.#zones = zones;
    this.#heads = profile.heads;
    this.cylinders = firstCylinder;
    this.sectors = firstLba;
  }

  place(lba: number): Place {
    const zone = this.#zones.findLast(({ firstLba }) => firstLba <= lba);
    invariant(zone !== undefined && lba < this.sectors, `sector ${lba} is on the drive`);
    const track = Math.floor((lba - zone.firstLba) / zone.sectorsPerTrack);
    const cylinder = Math.floor(track / this.#heads);
    const head = track % this.#heads;
    const perCylinder = (this.#heads - 1) * zone.trackSkew + zone.cylinderSkew;
    return {
      cylinder: zone.firstCylinder + cylinder,
      head,
      sector: (lba - zone.firstLba) % zone.sectorsPerTrack,
      sectorsPerTrack: zone.sectorsPerTrack,
      skew: (cylinder * perCylinder + head * zone.trackSkew) % zone.sectorsPerTrack,
    };
  }
}

import { formatBytes, UsageError, type TableView, type Viewable } from "../core/index.js";
import { sectorSize } from "./block-device.js";

/** A sector's place: cylinder and head are numbered from 0, the sectors of a track from 1. */
export interface Chs {
  readonly cylinder: number;
  readonly head: number;
  readonly sector: number;
}

export interface GeometryShape {
  readonly cylinders: number;
  /** Tracks of a cylinder, one for each head. */
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/**
 * The largest geometry that an interface can express, from the widths of its fields.
 * BIOS int 13h: 10 bits of cylinder, 8 of head, 6 of sector (from 1). ATA task file: 16, 4 and 8 bits (ATA-2, X3.279).
 * Both at once, field by field: the 504 MiB barrier of PCs of the early 1990s.
 */
export const chsLimits: Readonly<Record<"int13" | "ata" | "both", GeometryShape>> = {
  int13: { cylinders: 1024, heads: 256, sectorsPerTrack: 63 },
  ata: { cylinders: 65536, heads: 16, sectorsPerTrack: 255 },
  both: { cylinders: 1024, heads: 16, sectorsPerTrack: 63 },
};

/**
 * Cylinders, heads and sectors, and the two ways to name a sector: by its place (CHS) and by its number (LBA).
 * Of today's disks the geometry is a fiction that firmware keeps up; a virtual disk's always was.
 */
export class Geometry implements GeometryShape, Viewable {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;

  /** @throws UsageError for a number that is no count, or that no disk interface could express */
  constructor(shape: GeometryShape) {
    this.cylinders = count("cylinders", shape.cylinders, Number.MAX_SAFE_INTEGER);
    this.heads = count("heads", shape.heads, chsLimits.int13.heads);
    this.sectorsPerTrack = count("sectors per track", shape.sectorsPerTrack, chsLimits.ata.sectorsPerTrack);
  }

  /**
   * The geometry under which a disk of so many sectors shows itself: as many whole cylinders as fit, at least one.
   * The sectors of a last, partial cylinder have a number but no place.
   */
  static of(sectors: number, track: Omit<GeometryShape, "cylinders"> = { heads: 16, sectorsPerTrack: 63 }): Geometry {
    return new Geometry({
      ...track,
      cylinders: Math.max(1, Math.floor(sectors / (track.heads * track.sectorsPerTrack))),
    });
  }

  get sectors(): number {
    return this.cylinders * this.heads * this.sectorsPerTrack;
  }

  /** LBA = (C · heads + H) · sectors per track + S − 1. */
  lba(place: Chs): number {
    this.check(place);
    return (place.cylinder * this.heads + place.head) * this.sectorsPerTrack + place.sector - 1;
  }

  /** The inverse of `lba`. */
  chs(lba: number): Chs {
    if (!Number.isSafeInteger(lba) || lba < 0 || lba >= this.sectors) {
      throw new UsageError(
        `sector ${lba} has no cylinder, head and sector in this geometry`,
        `Give a whole number from 0 to ${this.sectors - 1}.`,
      );
    }
    const track = Math.floor(lba / this.sectorsPerTrack);
    return {
      cylinder: Math.floor(track / this.heads),
      head: track % this.heads,
      sector: (lba % this.sectorsPerTrack) + 1,
    };
  }

  /** The byte of the disk at which a sector begins. */
  offset(place: Chs): number {
    return this.lba(place) * sectorSize;
  }

  /** @throws UsageError naming the valid range of the first number that is out of it */
  check(place: Chs): void {
    within("cylinder", place.cylinder, 0, this.cylinders - 1);
    within("head", place.head, 0, this.heads - 1);
    within("sector", place.sector, 1, this.sectorsPerTrack);
  }

  /** Whether an interface's fields are wide enough for every sector. */
  fits(limit: keyof typeof chsLimits): boolean {
    const most = chsLimits[limit];
    return this.cylinders <= most.cylinders && this.heads <= most.heads && this.sectorsPerTrack <= most.sectorsPerTrack;
  }

  view(): TableView {
    const row = (what: string, shape: GeometryShape): Record<string, string | number> => ({
      what,
      cylinders: shape.cylinders,
      heads: shape.heads,
      sectorsPerTrack: shape.sectorsPerTrack,
      size: formatBytes(shape.cylinders * shape.heads * shape.sectorsPerTrack * sectorSize),
    });
    return {
      as: "table",
      title: "Geometry, and the largest that each interface can express",
      columns: [
        { key: "what", label: "" },
        { key: "cylinders" },
        { key: "heads" },
        { key: "sectorsPerTrack", label: "sectors per track" },
        { key: "size" },
      ],
      rows: [
        row("this disk", this),
        row("BIOS int 13h", chsLimits.int13),
        row("ATA", chsLimits.ata),
        row("both at once", chsLimits.both),
      ],
    };
  }
}

function count(name: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(
    `a disk cannot have ${value} ${name}`,
    most === Number.MAX_SAFE_INTEGER ? "Give a whole number from 1 on." : `Give a whole number from 1 to ${most}.`,
  );
}

function within(name: keyof Chs, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const number = name === "sector" ? "Sectors of a track are numbered from 1" : `A ${name} is numbered from 0`;
  throw new UsageError(`there is no ${name} ${value}`, `${number}; here they are ${least} to ${most}.`);
}

import { KiB, MiB, ms, nearest, us, UsageError, type Bytes, type Nanos } from "../../core/index.js";

/** Tracks of one recording density; cylinders are numbered from the outer edge, where tracks are longest. */
export interface Zone {
  readonly cylinders: number;
  readonly sectorsPerTrack: number;
}

/**
 * The time to move the arm by d cylinders and settle, in milliseconds: a + b·√d while it accelerates all the way, and
 * c + e·d from `from` cylinders on, where it coasts (C. Ruemmler and J. Wilkes, "An introduction to disk drive modeling",
 * IEEE Computer 27(3), 1994).
 */
export interface SeekCurve {
  readonly a: number;
  readonly b: number;
  readonly coast: { readonly from: number; readonly c: number; readonly e: number } | null;
}

export interface HardDiskProfile {
  readonly kind: "hard disk";
  readonly name: string;
  readonly source: string;
  readonly heads: number;
  readonly zones: readonly Zone[];
  readonly rpm: number;
  readonly seek: SeekCurve;
  readonly headSwitch: Nanos;
  /** Work of the controller for each command, before the arm moves. */
  readonly overhead: Nanos;
  /** Bytes a second between the drive's buffer and the host. */
  readonly bus: number;
  /** Bytes that the drive reads ahead into its buffer. */
  readonly buffer: Bytes;
}

export interface FlashProfile {
  readonly kind: "flash";
  readonly name: string;
  readonly source: string;
  readonly sectors: number;
  readonly pageSize: Bytes;
  /** Pages follow one another over the channels, which work at the same time. */
  readonly channels: number;
  readonly read: Nanos;
  /** To the drive's own memory, which survives a power failure. */
  readonly write: Nanos;
  readonly bus: number;
  /** Commands that it takes at once. */
  readonly queue: number;
}

export type DriveProfile = HardDiskProfile | FlashProfile;

/** So many zones of equal width, whose density falls evenly from the outer to the inner edge. */
function evenZones(cylinders: number, count: number, outer: number, inner: number): readonly Zone[] {
  return Array.from({ length: count }, (_, i) => ({
    cylinders: cylinders / count,
    sectorsPerTrack: Math.round(outer - ((outer - inner) * i) / (count - 1)),
  }));
}

/**
 * HP 97560: Ruemmler and Wilkes 1994, who held their model of it against the drive itself: 1962 cylinders of
 * 19 tracks of 72 sectors, 4002 rpm, seek 3.24 + 0.400·√d ms below 383 cylinders and 8.00 + 0.008·d from there on, track
 * switch 1.6 ms, 2.2 ms of controller overhead, 128 KiB of buffer, SCSI-2 at 10 MB/s. Sparing is left out.
 */
const hp97560: HardDiskProfile = {
  kind: "hard disk",
  name: "hp-97560",
  source: "Ruemmler and Wilkes 1994",
  heads: 19,
  zones: [{ cylinders: 1962, sectorsPerTrack: 72 }],
  rpm: 4002,
  seek: { a: 3.24, b: 0.4, coast: { from: 383, c: 8, e: 0.008 } },
  headSwitch: ms(1.6),
  overhead: ms(2.2),
  bus: 10e6,
  buffer: KiB(128),
};

/**
 * A desktop drive of 7200 rpm: Hitachi Deskstar 180GXP of 120 GB (IC35L120AVV207). From its specification: 7200 rpm, at most
 * 1092 sectors a track, head switch 1.4 ms, full stroke 14.7 ms and average 8.5 ms for reads, 8 MiB of buffer, Ultra
 * ATA/100, 241,254,720 sectors; four heads.
 * Derived: the curve a + b·√d through 1.4 ms at one cylinder (settling, as a head switch) and 14.7 ms at the full stroke
 * has the specified average (8.47 ms). Sixteen zones from 1092 to 600 sectors a track, and as many cylinders as
 * the capacity then needs, which at the specified 72,000 tracks an inch is a band of an inch.
 * Assumed: 0.3 ms of overhead.
 */
const hdd7200: HardDiskProfile = {
  kind: "hard disk",
  name: "hdd-7200",
  source: "Hitachi Deskstar 180GXP specification, 2003",
  heads: 4,
  zones: evenZones(71_296, 16, 1092, 600),
  rpm: 7200,
  seek: { a: 1.35, b: 0.05, coast: null },
  headSwitch: ms(1.4),
  overhead: ms(0.3),
  bus: 100e6,
  buffer: MiB(8),
};

/**
 * A SATA drive of flash: Intel SSD DC S3500 of 480 GB. From its specification (2013): latency 50 µs for reads and 65 µs for
 * writes, SATA at 6 Gb/s, which carries 600 MB/s, 32 commands at once. Of its controller: eight channels.
 * Simplification: a page costs the same on a fresh and on a full drive; garbage collection, which on the real one halves
 * and worse the rate of random writes, is left out.
 */
const ssdSata: FlashProfile = {
  kind: "flash",
  name: "ssd-sata",
  source: "Intel SSD DC S3500 specification, 2013",
  sectors: 937_703_088,
  pageSize: KiB(4),
  channels: 8,
  read: us(50),
  write: us(65),
  bus: 600e6,
  queue: 32,
};

export const driveProfiles: Readonly<Record<"hp-97560" | "hdd-7200" | "ssd-sata", DriveProfile>> = {
  "hp-97560": hp97560,
  "hdd-7200": hdd7200,
  "ssd-sata": ssdSata,
};

export type ProfileName = keyof typeof driveProfiles;

/** @throws UsageError naming the nearest profile there is */
export function profileOf(profile: ProfileName | DriveProfile): DriveProfile {
  if (typeof profile === "object") return profile;
  const valid = Object.keys(driveProfiles);
  if (valid.includes(profile)) return driveProfiles[profile];
  throw new UsageError(
    `there is no drive profile "${profile}"`,
    `Did you mean "${nearest(profile, valid) ?? ""}"? There are ${valid.join(", ")}.`,
  );
}

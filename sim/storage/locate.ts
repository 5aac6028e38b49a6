import type { TableView, Viewable } from "../core/index.js";
import { checkSectors, sectorSize, Window, type BlockDevice } from "./block-device.js";
import type { Chs, Geometry } from "./geometry.js";
import { HostFile } from "./host/file.js";
import type { Image, Step } from "./image.js";
import type { Drive } from "./timed.js";

/** The way from a virtual sector to the place where its bytes lie, step by step. */
export class Location implements Viewable {
  readonly steps: readonly Step[];
  /** The number of the virtual sector, and the byte of the virtual disk at which it begins. */
  readonly lba: number;
  readonly byte: number;
  /** The byte of the image's file; null where no file holds the sector. */
  readonly fileOffset: number | null;
  /** The sector of the physical disk; null where none holds it, or the file is on no simulated disk. */
  readonly diskLba: number | null;

  constructor(steps: readonly Step[], lba: number, fileOffset: number | null, diskLba: number | null) {
    this.steps = steps;
    this.lba = lba;
    this.byte = lba * sectorSize;
    this.fileOffset = fileOffset;
    this.diskLba = diskLba;
  }

  /** @returns the step of that key, where the way has one */
  step(key: string): Step | undefined {
    return this.steps.find((step) => step.key === key);
  }

  view(): TableView {
    return {
      as: "table",
      title: `Where does sector ${this.lba} of the virtual disk lie?`,
      columns: [{ key: "what", label: "" }, { key: "formula" }, { key: "value" }, { key: "unit" }],
      rows: this.steps.map(({ what, formula, value, unit }) => ({ what, formula, value, unit })),
    };
  }
}

/**
 * Follows a sector of an image through geometry, image, file and partition to the drive.
 * @param target a place in the geometry, or a sector's number
 * @throws UsageError for a place or number that the disk doesn't have
 */
export function locate(image: Image, geometry: Geometry, target: Chs | number): Location {
  const lba = typeof target === "number" ? target : geometry.lba(target);
  checkSectors(image, lba, 1);
  const steps: Step[] = [typeof target === "number" ? chsStep(geometry, target) : lbaStep(geometry, target, lba)];
  const byte = lba * sectorSize;
  steps.push({
    key: "byte",
    what: "byte of the virtual disk",
    formula: `${lba} · ${sectorSize}`,
    value: byte,
    unit: "B",
  });
  const { steps: mapped, place } = image.trace(byte);
  steps.push(...mapped);
  if (place === null) return new Location(steps, lba, null, null);
  if (!(place.file instanceof HostFile)) return new Location(steps, lba, place.offset, null);
  const held = place.file.trace(place.offset);
  steps.push(...held.steps);
  if (held.sector === null) return new Location(steps, lba, place.offset, null);
  return new Location(steps, lba, place.offset, descend(place.file.device, held.sector, steps));
}

function lbaStep(geometry: Geometry, { cylinder, head, sector }: Chs, lba: number): Step {
  const { heads, sectorsPerTrack } = geometry;
  return {
    key: "lba",
    what: "virtual sector (LBA)",
    formula: `(C · heads + H) · sectors + S − 1 = (${cylinder} · ${heads} + ${head}) · ${sectorsPerTrack} + ${sector} − 1`,
    value: lba,
    unit: "",
  };
}

function chsStep(geometry: Geometry, lba: number): Step {
  const { heads, sectorsPerTrack, sectors } = geometry;
  const known = Number.isInteger(lba) && lba >= 0 && lba < sectors;
  const place = known ? geometry.chs(lba) : undefined;
  return {
    key: "chs",
    what: "virtual cylinder, head, sector",
    formula: `⌊${lba} / (${heads} · ${sectorsPerTrack})⌋, ⌊${lba} / ${sectorsPerTrack}⌋ mod ${heads}, ${lba} mod ${sectorsPerTrack} + 1`,
    value:
      place === undefined
        ? "none: behind the last whole cylinder"
        : `${place.cylinder}, ${place.head}, ${place.sector}`,
    unit: "",
  };
}

/** From a partition's sector down to the drive's. */
function descend(device: BlockDevice, lba: number, steps: Step[]): number | null {
  if (device instanceof Window) {
    const below = device.below(lba);
    steps.push({
      key: "disk-sector",
      what: `sector of ${device.device.name}`,
      formula: `${device.start} + ${lba}`,
      value: below,
      unit: "",
    });
    return descend(device.device, below, steps);
  }
  if (!isDrive(device)) return null;
  steps.push({
    key: "place",
    what: "on the platters",
    formula: `${device.name}'s own layout`,
    value: device.describe(lba),
    unit: "",
  });
  return lba;
}

function isDrive(device: BlockDevice): device is Drive {
  return "describe" in device;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chsLimits, Geometry } from "../../../sim/storage/index.js";
import { usage } from "./usage.js";

const shape = fc.record({
  cylinders: fc.integer({ min: 1, max: 70_000 }),
  heads: fc.integer({ min: 1, max: 256 }),
  sectorsPerTrack: fc.integer({ min: 1, max: 255 }),
});

describe("Geometry", () => {
  it("numbers sectors along the track, then over the heads, then inwards", () => {
    const geometry = new Geometry({ cylinders: 1024, heads: 16, sectorsPerTrack: 63 });
    expect(geometry.lba({ cylinder: 0, head: 0, sector: 1 })).toBe(0);
    expect(geometry.lba({ cylinder: 0, head: 0, sector: 63 })).toBe(62);
    expect(geometry.lba({ cylinder: 0, head: 1, sector: 1 })).toBe(63);
    expect(geometry.lba({ cylinder: 1, head: 0, sector: 1 })).toBe(1008);
    expect(geometry.lba({ cylinder: 3, head: 2, sector: 1 })).toBe(3150);
    expect(geometry.offset({ cylinder: 3, head: 2, sector: 1 })).toBe(1_612_800);
    expect(geometry.lba({ cylinder: 1023, head: 15, sector: 63 })).toBe(geometry.sectors - 1);
  });

  it("takes each number to one place and back, in order", () => {
    fc.assert(
      fc.property(shape, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (parts, where) => {
        const geometry = new Geometry(parts);
        const lba = Math.floor(where * geometry.sectors);
        const place = geometry.chs(lba);
        expect(geometry.lba(place)).toBe(lba);
        expect(place.cylinder).toBeLessThan(parts.cylinders);
        expect(place.head).toBeLessThan(parts.heads);
        expect(place.sector).toBeGreaterThanOrEqual(1);
        expect(place.sector).toBeLessThanOrEqual(parts.sectorsPerTrack);
      }),
      { seed: 12 },
    );
  });

  it.each([
    [{ cylinder: 10, head: 0, sector: 1 }, "there is no cylinder 10", "0 to 9"],
    [{ cylinder: -1, head: 0, sector: 1 }, "there is no cylinder -1", "0 to 9"],
    [{ cylinder: 0, head: 16, sector: 1 }, "there is no head 16", "0 to 15"],
    [{ cylinder: 0, head: 0, sector: 0 }, "there is no sector 0", "numbered from 1; here they are 1 to 63"],
    [{ cylinder: 0, head: 0, sector: 64 }, "there is no sector 64", "1 to 63"],
    [{ cylinder: 0.5, head: 0, sector: 1 }, "there is no cylinder 0.5", "0 to 9"],
  ])("refuses the place %o and names the valid range", (place, message, range) => {
    const geometry = new Geometry({ cylinders: 10, heads: 16, sectorsPerTrack: 63 });
    expect(() => geometry.lba(place)).toThrow(usage(message, range));
  });

  it("refuses numbers that name no sector", () => {
    const geometry = new Geometry({ cylinders: 10, heads: 16, sectorsPerTrack: 63 });
    for (const lba of [-1, 10_080, 1.5, Number.NaN]) {
      expect(() => geometry.chs(lba)).toThrow(usage("", "0 to 10079"));
    }
  });

  it("refuses shapes that no disk has", () => {
    expect(() => new Geometry({ cylinders: 0, heads: 16, sectorsPerTrack: 63 })).toThrow("0 cylinders");
    expect(() => new Geometry({ cylinders: 1, heads: 257, sectorsPerTrack: 63 })).toThrow("257 heads");
    expect(() => new Geometry({ cylinders: 1, heads: 16, sectorsPerTrack: 256 })).toThrow("256 sectors per track");
  });

  it("knows the barriers: 504 MiB of BIOS and ATA together, 8 GB of int 13h, 128 GiB of ATA", () => {
    const size = (shape: { cylinders: number; heads: number; sectorsPerTrack: number }): number =>
      shape.cylinders * shape.heads * shape.sectorsPerTrack * 512;
    expect(size(chsLimits.both)).toBe(504 * 2 ** 20);
    expect(size(chsLimits.int13)).toBe(8_455_716_864);
    expect(size(chsLimits.ata)).toBe(136_902_082_560);
    const classic = new Geometry({ cylinders: 1024, heads: 16, sectorsPerTrack: 63 });
    expect(classic.fits("both")).toBe(true);
    const larger = new Geometry({ cylinders: 1025, heads: 16, sectorsPerTrack: 63 });
    expect([larger.fits("both"), larger.fits("int13"), larger.fits("ata")]).toEqual([false, false, true]);
  });

  it("shows a disk as whole cylinders, at least one", () => {
    expect(Geometry.of(2_097_152)).toMatchObject({ cylinders: 2080, heads: 16, sectorsPerTrack: 63 });
    expect(Geometry.of(10).cylinders).toBe(1);
  });
});

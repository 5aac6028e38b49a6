import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GiB, KiB, MiB, TiB } from "../../../sim/core/index.js";
import {
  MemoryDisk,
  partitionDisk,
  readPartitions,
  type BlockDevice,
  type PartitionSpec,
} from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";
import { usage } from "./usage.js";

const disk = (size: number = GiB(1)): MemoryDisk => new MemoryDisk({ size, name: "sda" });
const rows = (device: BlockDevice): unknown[] =>
  readPartitions(device).partitions.map(({ number, start, sectors, type, bootable }) => ({
    number,
    start,
    sectors,
    type,
    bootable,
  }));

describe.each(["mbr", "gpt"] as const)("a partition table (%s)", (scheme) => {
  it("is read as it was written", () => {
    const device = disk();
    partitionDisk(device, [{ size: MiB(100), type: "efi", bootable: true }, { size: MiB(200) }, { type: "swap" }], {
      scheme,
    });
    const end = scheme === "mbr" ? 2_097_152 : 2_097_152 - 33;
    expect(rows(device)).toEqual([
      { number: 1, start: 2048, sectors: 204_800, type: "efi", bootable: true },
      { number: 2, start: 206_848, sectors: 409_600, type: "linux", bootable: false },
      { number: 3, start: 616_448, sectors: end - 616_448, type: "swap", bootable: false },
    ]);
    expect(readPartitions(device).scheme).toBe(scheme);
  });

  it("is read as it was written, whatever was written", () => {
    const spec = fc.record<Partial<PartitionSpec>>({
      size: fc.integer({ min: 1, max: MiB(200) }),
      type: fc.constantFrom("linux", "swap", "lvm", "efi"),
      bootable: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 4 }), fc.constantFrom(1, 8, 2048), (specs, align) => {
        const device = disk();
        const written = partitionDisk(device, specs, { scheme, align });
        expect(rows(device)).toEqual(
          written.partitions.map(({ number, start, sectors, type, bootable }) => ({
            number,
            start,
            sectors,
            type,
            bootable,
          })),
        );
        for (const { start } of written.partitions) expect(start % align).toBe(0);
      }),
      { seed: 12 },
    );
  });

  it("keeps each partition's sectors from the others", () => {
    const device = disk(MiB(16));
    const [a, b] = partitionDisk(device, [{ size: MiB(4) }, { size: MiB(4) }], { scheme }).partitions;
    a!.write(0, content(0, 8192, 1));
    b!.write(0, content(0, 8192, 2));
    expectSame(a!.read(0, 8192), content(0, 8192, 1));
    expectSame(device.read(2048, 1), content(0, 1, 1));
    expectSame(device.read(2048 + 8192, 1), content(0, 1, 2));
    expect(() => a!.read(8192, 1)).toThrow(usage("partition 1 of sda has no sectors 8192", "0 to 8191"));
    expect(readPartitions(device).partitions).toHaveLength(2);
  });

  it("refuses what doesn't fit, and writes nothing", () => {
    const device = disk(MiB(16));
    partitionDisk(device, [{ size: MiB(1) }], { scheme });
    const before = device.read(0, device.sectors);
    expect(() => partitionDisk(device, [{ size: MiB(20) }], { scheme })).toThrow(
      usage("partition 1 of 20 MiB doesn't fit"),
    );
    expect(() => partitionDisk(device, [{}, {}], { scheme })).toThrow(usage("partition 2"));
    expect(() =>
      partitionDisk(
        device,
        [
          { start: 2048, size: MiB(4) },
          { start: 4096, size: MiB(4) },
        ],
        { scheme },
      ),
    ).toThrow(usage("partitions 1 and 2 of sda overlap", "1 ends at sector 10239, 2 begins at 4096"));
    expect(() => partitionDisk(device, [{ start: 0, size: MiB(1) }], { scheme })).toThrow(usage("partition 1"));
    // A type that the compiler would refuse, as a notebook without it may give.
    const type = "linx" as "linux";
    expect(() => partitionDisk(device, [{ type }], { scheme })).toThrow(usage('type "linx"', 'mean "linux"'));
    const sise = { sise: 5 } as Partial<PartitionSpec>;
    expect(() => partitionDisk(device, [sise], { scheme })).toThrow(usage('no option "sise"', '"size"'));
    expectSame(device.read(0, device.sectors), before);
  });

  it("refuses a disk that is shorter than the one that was partitioned", () => {
    const device = disk(MiB(16));
    partitionDisk(device, [{}], { scheme: "mbr" });
    const shorter = disk(MiB(8));
    shorter.write(0, device.read(0, shorter.sectors));
    expect(() => readPartitions(shorter)).toThrow(usage("ends at sector", "cut short"));
  });
});

describe("a master boot record", () => {
  it("has four entries with addresses in CHS and LBA, and ends in 55 AA", () => {
    const device = disk(GiB(20));
    partitionDisk(
      device,
      [
        { size: MiB(1), bootable: true },
        { start: 16_450_560, size: GiB(1) },
      ],
      { id: 0xdeadbeef },
    );
    const sector = device.read(0, 1);
    const hex = (from: number, to: number): string => Buffer.from(sector.subarray(from, to)).toString("hex");
    expect(hex(440, 446)).toBe("efbeadde0000");
    // Sector 2048 is (0, 32, 33), sector 4095 is (0, 65, 1) with 255 heads and 63 sectors.
    expect(hex(446, 462)).toBe("80" + "202100" + "83" + "410100" + "00080000" + "00080000");
    // Behind 1024 cylinders there is no CHS.
    expect(hex(462, 478)).toBe("00" + "feffff" + "83" + "feffff" + "0004fb00" + "00002000");
    expect(hex(510, 512)).toBe("55aa");
    expect(sector.subarray(0, 440).every((byte) => byte === 0)).toBe(true);
  });

  it("has no room for a fifth, nor for what lies beyond 2 TiB", () => {
    const spec = { size: MiB(1) };
    expect(() => partitionDisk(disk(), [spec, spec, spec, spec, spec])).toThrow(usage("5 partitions", 'scheme: "gpt"'));
    expect(() => partitionDisk(disk(TiB(3)), [{}])).toThrow(usage("beyond 2 TiB", "gpt"));
    expect(partitionDisk(disk(TiB(3)), [{}], { scheme: "gpt" }).partitions[0]!.sectors).toBeGreaterThan(2 ** 32);
  });

  it("is missing from an empty disk", () => {
    expect(() => readPartitions(disk())).toThrow(usage("sda has no partition table"));
  });
});

describe("a GUID partition table", () => {
  it("is read from its copy where the first is damaged, and refused where both are", () => {
    const device = disk();
    partitionDisk(device, [{ size: MiB(10), name: "root ✓" }], { scheme: "gpt", id: 5 });
    const whole = rows(device);
    const header = device.read(1, 1);
    header[40] = 99;
    device.write(1, header);
    expect(rows(device)).toEqual(whole);
    expect(readPartitions(device).partitions[0]!.label).toBe("root ✓");
    device.write(device.sectors - 1, new Uint8Array(512));
    expect(() => readPartitions(device)).toThrow(usage("both copies"));
  });

  it("stands behind an MBR that takes the whole disk", () => {
    const device = disk(MiB(8));
    partitionDisk(device, [], { scheme: "gpt" });
    expect(Buffer.from(device.read(0, 1).subarray(446, 462)).toString("hex")).toBe(
      "00000200ee050401" + "01000000" + "ff3f0000",
    );
  });
});

describe("pictures", () => {
  it("show the table and the layout", () => {
    const table = partitionDisk(disk(), [{ size: MiB(100) }, { size: KiB(512), type: "swap" }]);
    expect(table.view().rows).toEqual([
      { number: 1, type: "linux", bootable: false, start: 2048, end: 206_847, size: "100 MiB" },
      { number: 2, type: "swap", bootable: false, start: 206_848, end: 207_871, size: "512 KiB" },
    ]);
    expect(table.layout().lanes[0]!.spans.map(({ from, to }) => [from, to])).toEqual([
      [2048, 206_848],
      [206_848, 207_872],
    ]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createDisk,
  createQcow2,
  createRaw,
  MemoryDisk,
  MemoryFile,
  sectorSize,
  Window,
  type BlockDevice,
} from "../../../sim/storage/index.js";
import { content, expectSame, programs, runBeside } from "./programs.js";
import { usage } from "./usage.js";

const sectors = 301;
const size = sectors * sectorSize;

/** A backing image that holds data, shorter than the overlay on it. */
function backing(): MemoryDisk {
  const disk = new MemoryDisk({ size: 200 * sectorSize, name: "base" });
  disk.write(0, content(0, 200, 99));
  return disk;
}

function hostFile(options: Record<string, unknown>): BlockDevice {
  const disk = createDisk({ profile: "hp-97560" });
  const [partition] = disk.partition([{ size: 64 * 1024 * 1024 }]);
  // Leftovers of earlier files must not show through in new ones.
  partition!.write(0, content(0, 1024, 77));
  return partition!.image({ size, ...options });
}

const devices: Record<string, () => BlockDevice> = {
  "disk in memory": () => new MemoryDisk({ size }),
  "window on a disk": () => new Window(new MemoryDisk({ size: size * 2 }), 17, sectors, "window"),
  "window on a window": () => {
    const outer = new Window(new MemoryDisk({ size: size * 2 }), 5, sectors + 9, "outer");
    return new Window(outer, 9, sectors, "inner");
  },
  "raw image": () => createRaw(new MemoryFile("disk.img"), { size }),
  ...Object.fromEntries(
    [512, 1024, 4096, 65536].flatMap((clusterSize) =>
      ([2, 3] as const).map((version) => [
        `qcow2 version ${version}, clusters of ${clusterSize}`,
        () => createQcow2(new MemoryFile("disk.qcow2"), { size, clusterSize, version }),
      ]),
    ),
  ),
  "qcow2 with one L2 table in memory": () =>
    createQcow2(new MemoryFile("disk.qcow2"), { size, clusterSize: 512, l2Cache: 1 }),
  "qcow2 preallocated": () => {
    const image = createQcow2(new MemoryFile("disk.qcow2"), { size, clusterSize: 1024 });
    image.preallocate();
    return image;
  },
  "disk with a drive": () => createDisk({ size, profile: "hp-97560" }),
  "raw image on a host": () => hostFile({ format: "raw" }),
  "raw image on a host, preallocated": () => hostFile({ format: "raw", preallocation: "full" }),
  "qcow2 image on a host": () => hostFile({ clusterSize: 1024 }),
  "qcow2 image on a host, preallocated": () => hostFile({ clusterSize: 2048, preallocation: "full" }),
};

const overlays: Record<string, () => BlockDevice> = Object.fromEntries(
  ([2, 3] as const).map((version) => [
    `overlay of version ${version}`,
    () => {
      const base = { device: backing(), name: "base.img", format: "raw" } as const;
      return createQcow2(new MemoryFile("overlay.qcow2"), { size, clusterSize: 1024, version, backing: base });
    },
  ]),
);

describe.each(Object.entries({ ...devices, ...overlays }))("%s", (name, make) => {
  const model = (): Uint8Array => {
    const bytes = new Uint8Array(size);
    if (name in overlays) bytes.set(content(0, 200, 99));
    return bytes;
  };

  it("reads what was written last, and before that zeros or its backing image", () => {
    expectSame(make().read(0, sectors), model());
    fc.assert(
      fc.property(programs(sectors), (program) => {
        runBeside(make(), model(), program);
      }),
      { seed: 12, numRuns: 40 },
    );
  });

  it("has sectors of 512 bytes, as many as its size holds", () => {
    expect(make()).toMatchObject({ sectorSize: 512, sectors, writable: true });
  });

  it("refuses sectors that it doesn't have, and parts of sectors, and says which there are", () => {
    const device = make();
    const before = device.read(0, sectors);
    const bad = [
      () => device.read(sectors, 1),
      () => device.read(-1, 1),
      () => device.read(0.5, 1),
      () => device.read(0, sectors + 1),
      () => device.read(Number.NaN, 1),
      () => {
        device.write(sectors - 1, new Uint8Array(1024));
      },
      () => {
        device.discard(sectors, 1);
      },
    ];
    for (const call of bad) {
      expect(call).toThrow(usage("", "0 to 300"));
    }
    expect(() => {
      device.write(0, new Uint8Array(100));
    }).toThrow("100 bytes are no whole number of sectors");
    expectSame(device.read(0, sectors), before);
  });

  it("reads nothing where nothing is asked for", () => {
    expect(make().read(sectors, 0)).toHaveLength(0);
  });
});

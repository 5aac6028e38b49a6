import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, KiB, MiB } from "../../../sim/core/index.js";
import {
  ClusterMap,
  createDisk,
  createQcow2,
  Geometry,
  HardDisk,
  MemoryDisk,
  MemoryFile,
  Qcow2Image,
  Window,
  workload,
  type VirtualDisk,
} from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";

/**
 * What the other suites rely on can fail: each mechanism is broken on purpose, and the statement that rests on it must
 * then be false. A notebook's claim does the same with the same methods.
 */
afterEach(() => {
  vi.restoreAllMocks();
});

function virtual(): VirtualDisk {
  const disk = createDisk({ world: createWorld({ seed: 12 }), profile: "hp-97560" });
  return disk.partition([{ size: MiB(64) }])[0]!.image({ size: MiB(8), clusterSize: KiB(4) });
}

/** The statements, each of which holds as long as its mechanism is whole. */
const statements = {
  "a sector lies where CHS says": () => {
    expect(virtual().locate({ cylinder: 3, head: 2, sector: 1 }).byte).toBe(1_612_800);
  },
  "an image keeps what is written": () => {
    const image = createQcow2(new MemoryFile("a"), { size: MiB(1), clusterSize: 512 });
    for (const lba of [0, 63, 64, 65, 500, 2000]) image.write(lba, content(lba, 3, 1));
    for (const lba of [0, 500, 2000]) expectSame(image.read(lba, 3), content(lba, 3, 1));
    expectSame(image.read(63, 5), Uint8Array.from([...content(63, 1, 1), ...content(64, 1, 1), ...content(65, 3, 1)]));
  },
  "the tables in the file lead whoever knows the format to the cluster": () => {
    const file = new MemoryFile("a");
    const image = createQcow2(file, { size: MiB(1), clusterSize: 512 });
    image.write(200, content(200, 1, 1));
    const view = new DataView(file.read(0, file.size).slice().buffer);
    const pointer = (at: number): number => Number(view.getBigUint64(at) & 0x00fffffffffffe00n);
    const table = pointer(Number(view.getBigUint64(40)) + 8 * Math.floor(200 / 64));
    const cluster = pointer(table + 8 * (200 % 64));
    expectSame(file.read(cluster, 512), content(200, 1, 1));
  },
  "what was never written reads as zeros": () => {
    const base = new MemoryDisk({ size: MiB(1) });
    const image = createQcow2(new MemoryFile("a"), { backing: { device: base, name: "b", format: "raw" } });
    expectSame(image.read(7, 20), new Uint8Array(20 * 512));
  },
  "a snapshot stays as it was": () => {
    const image = createQcow2(new MemoryFile("a"), { size: MiB(1) });
    image.write(0, content(0, 9, 1));
    image.snapshot("before");
    image.write(3, content(3, 2, 2));
    image.apply("before");
    expectSame(image.read(0, 9), content(0, 9, 1));
    expect(image.check().findings).toEqual([]);
  },
  "the located sector of the physical disk holds the virtual one": () => {
    const disk = virtual();
    disk.write(4000, content(4000, 8, 3));
    const { diskLba } = disk.locate(4003);
    const partition = disk.locate(4003).step("volume-sector")!;
    expect(partition.value).not.toBe(diskLba);
    expect(disk.locate(4003).step("disk-sector")!.value).toBe(Number(partition.value) + 2048);
  },
  "random reads of a hard disk wait half a turn": () => {
    const disk = createDisk({ world: createWorld({ seed: 12 }), profile: "hp-97560" });
    const { completions } = workload(disk, { count: 300 });
    const waited = completions.reduce((sum, { requests }) => sum + requests[0]!.service.rotation, 0) / 300;
    expect(waited / (60e9 / 4002)).toBeCloseTo(0.5, 1);
  },
} as const;

type Statement = keyof typeof statements;

const mutations: readonly (readonly [name: string, falsified: Statement, mutate: () => void])[] = [
  [
    "sectors counted from 0",
    "a sector lies where CHS says",
    () =>
      vi.spyOn(Geometry.prototype, "lba").mockImplementation(function (this: Geometry, { cylinder, head, sector }) {
        return (cylinder * this.heads + head) * this.sectorsPerTrack + sector;
      }),
  ],
  [
    "L2 index off by one",
    "the tables in the file lead whoever knows the format to the cluster",
    () =>
      vi.spyOn(ClusterMap.prototype, "l2Index").mockImplementation(function (this: ClusterMap, cluster) {
        return (cluster + 1) % this.l2Entries;
      }),
  ],
  [
    "what is unallocated is not zero",
    "what was never written reads as zeros",
    () =>
      vi
        .spyOn(Qcow2Image.prototype, "readUnallocated")
        .mockImplementation((_, length) => new Uint8Array(length).fill(0xe5)),
  ],
  [
    "no copy on write",
    "a snapshot stays as it was",
    () => vi.spyOn(Qcow2Image.prototype, "mustCopy").mockReturnValue(false),
  ],
  [
    "a partition begins at the disk's first sector",
    "the located sector of the physical disk holds the virtual one",
    () => vi.spyOn(Window.prototype, "below").mockImplementation((lba) => lba),
  ],
  [
    "platters that stand still",
    "random reads of a hard disk wait half a turn",
    () => vi.spyOn(HardDisk.prototype, "rotationTo").mockReturnValue(0),
  ],
];

describe("each statement", () => {
  it.each(Object.entries(statements))("%s", (_, holds) => {
    expect(holds).not.toThrow();
  });

  it.each(mutations)("with %s, it is false that %s", (_, falsified, mutate) => {
    mutate();
    expect(statements[falsified]).toThrow();
  });
});

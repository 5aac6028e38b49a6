import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWorld, isView, KiB, MiB } from "../../../sim/core/index.js";
import {
  copyFile,
  createDisk,
  MemoryFile,
  openQcow2,
  type HostPartition,
  type ImageOptions,
  type VirtualDisk,
} from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";
import { usage } from "./usage.js";

function partition(profile: "hp-97560" | "ssd-sata" = "hp-97560"): HostPartition {
  const disk = createDisk({ world: createWorld({ seed: 12 }), profile });
  return disk.partition([{ size: MiB(1) }, { size: MiB(512) }])[1]!;
}

const kinds: Record<string, (on: HostPartition) => VirtualDisk> = {
  raw: (on) => on.image({ format: "raw", size: MiB(8) }),
  thin: (on) => on.image({ size: MiB(8), clusterSize: KiB(4) }),
  clone: (on) => {
    const base = on.image({ size: MiB(8), clusterSize: KiB(8) });
    base.write(0, content(0, 16_384, 1));
    return base.clone({ clusterSize: KiB(4) });
  },
};

describe.each(Object.entries(kinds))("locate on a %s disk", (_, make) => {
  it("leads to the very bytes, in the file and on the physical disk", () => {
    const on = partition();
    const virtual = make(on);
    const other = on.image({ format: "raw", size: MiB(4) });
    // Two disks that grow by turns, so that extents and clusters are out of order.
    for (const lba of [9000, 100, 5000, 12_000, 101, 3]) {
      virtual.write(lba, content(lba, 9, 2));
      other.write(lba % 4000, content(lba, 16, 3));
    }
    fc.assert(
      fc.property(fc.oneof(fc.nat(virtual.sectors - 1), fc.constantFrom(9000, 9008, 100, 5004, 3)), (lba) => {
        const location = virtual.locate(lba);
        const bytes = virtual.read(lba, 1);
        expect(location.byte).toBe(lba * 512);
        if (location.diskLba === null) expectSame(bytes, new Uint8Array(512));
        else expectSame(on.disk.read(location.diskLba, 1), bytes);
        expect(isView(location.view())).toBe(true);
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  it("takes a place or its number to the same end", () => {
    const virtual = make(partition());
    virtual.write(3150, content(3150, 1, 9));
    const byPlace = virtual.locate({ cylinder: 3, head: 2, sector: 1 });
    const byNumber = virtual.locate(3150);
    expect(byPlace.step("lba")!.formula).toContain("(3 · 16 + 2) · 63 + 1 − 1");
    expect(byPlace.step("lba")!.value).toBe(3150);
    expect(byNumber.step("chs")!.value).toBe("3, 2, 1");
    expect(byPlace.steps.slice(1)).toEqual(byNumber.steps.slice(1));
    expect([byPlace.byte, byPlace.fileOffset, byPlace.diskLba]).toEqual([
      1_612_800,
      byNumber.fileOffset,
      byNumber.diskLba,
    ]);
  });

  it("refuses places and numbers that the disk doesn't have", () => {
    const virtual = make(partition());
    expect(() => virtual.locate({ cylinder: 16, head: 0, sector: 1 })).toThrow(usage("no cylinder 16", "0 to 15"));
    expect(() => virtual.locate(16_384)).toThrow(usage("no sectors 16384", "0 to 16383"));
    expect(() => virtual.locate(0.5)).toThrow(usage("0.5"));
  });
});

describe("the steps of a mapping", () => {
  it("are those that a student computes by hand", () => {
    const virtual = partition().image({ size: MiB(8), clusterSize: KiB(4) });
    virtual.write(3144, content(3144, 8, 1));
    const { steps } = virtual.locate({ cylinder: 3, head: 2, sector: 1 });
    expect(steps.map(({ key, value }) => [key, value])).toEqual([
      ["lba", 3150],
      ["byte", 1_612_800],
      ["cluster", 393],
      ["within", 3072],
      ["l1-index", 0],
      ["l2-index", 393],
      ["l2-table", 16_384],
      ["l2-entry", 20_480],
      ["file", 23_552],
      ["block", 5],
      // The data went to the host before the L2 table that points to it, and so took the volume's next block.
      ["extent", 4],
      ["volume-sector", 38],
      // The first partition ends at sector 4096, where this one begins.
      ["disk-sector", 4134],
      ["place", "cylinder 3, head 0, sector 31"],
    ]);
  });

  it("end where a sector has no place, and say that it reads as zero", () => {
    const virtual = partition().image({ size: MiB(8) });
    expect(virtual.locate(0).steps.at(-1)).toMatchObject({ key: "zero" });
    expect(virtual.locate(0)).toMatchObject({ fileOffset: null, diskLba: null });
    const raw = partition().image({ format: "raw", size: MiB(8) });
    expect(raw.locate(9).steps.at(-1)).toMatchObject({ key: "hole" });
    expect(raw.locate(9)).toMatchObject({ fileOffset: 9 * 512, diskLba: null });
  });
});

describe("time", () => {
  const requests = (virtual: VirtualDisk, op: "read" | "write", lba: number, count: number): string[] => {
    const done = virtual.submit({ op, lba, count });
    virtual.world.engine.run(done);
    expect(done.value.finished).toBe(virtual.world.engine.now);
    return done.value.requests.map((request) => `${request.op} ${request.purpose} ${request.count}`);
  };

  it("of a raw disk is that of one request", () => {
    const virtual = partition().image({ format: "raw", size: MiB(8), preallocation: "full" });
    expect(requests(virtual, "write", 100, 8)).toEqual(["write data 8"]);
    expect(requests(virtual, "read", 100, 8)).toEqual(["read data 8"]);
  });

  it("of a thin disk's first write is that of its tables too, of later ones not", () => {
    const virtual = partition().image({ size: MiB(8), clusterSize: KiB(4) });
    expect(requests(virtual, "write", 100, 8)).toEqual([
      "write refcounts 1",
      "write data 16",
      "write L2 table 8",
      "write L1 table 1",
    ]);
    expect(requests(virtual, "write", 100, 8)).toEqual(["write data 8"]);
    expect(requests(virtual, "write", 200, 8)).toEqual(["write refcounts 1", "write data 8", "write L2 table 1"]);
    virtual.cool();
    expect(requests(virtual, "read", 100, 8)).toEqual(["read L2 table 8", "read data 8"]);
    expect(requests(virtual, "read", 100, 8)).toEqual(["read data 8"]);
    expect(requests(virtual, "read", 9000, 8)).toEqual([]);
  });

  it("of a write to a snapshot's cluster is that of the copy, too", () => {
    const virtual = partition().image({ size: MiB(8), clusterSize: KiB(4) });
    virtual.write(0, content(0, 64, 1));
    virtual.snapshot("before");
    const took = requests(virtual, "write", 9, 1);
    expect(took.filter((request) => request.includes("copy"))).toEqual(["read copy 1", "read copy 6"]);
    expect(took).toContain("write data 8");
    expect(requests(virtual, "write", 9, 1)).toEqual(["write data 1"]);
  });

  it("of a clone's reads is that of the disk under it", () => {
    const base = partition().image({ size: MiB(8), clusterSize: KiB(4) });
    base.write(0, content(0, 64, 1));
    const clone = base.clone();
    expect(requests(clone, "read", 0, 16)).toEqual(["read data 16"]);
    expect(requests(clone, "write", 8, 1).filter((request) => request.includes("copy"))).toEqual([
      "read copy 8",
      "read copy 55",
    ]);
  });

  it("of data in many places is shorter where they are served together", () => {
    const scattered = (profile: "hp-97560" | "ssd-sata"): number => {
      const virtual = partition(profile).image({ size: MiB(8), clusterSize: KiB(4) });
      virtual.fill({ order: "random" });
      const done = virtual.submit({ op: "read", lba: 0, count: 512 });
      virtual.world.engine.run(done);
      expect(done.value.requests.length).toBeGreaterThan(50);
      return done.value.finished / done.value.requests.length;
    };
    // Eight channels against one arm.
    expect(scattered("ssd-sata")).toBeLessThan(50_000);
    expect(scattered("hp-97560")).toBeGreaterThan(1_000_000);
  });
});

describe("explain", () => {
  it("shows which file accesses an access became, and which disk requests, with their times", () => {
    const virtual = partition().image({ name: "thin", size: MiB(8), clusterSize: KiB(4) });
    const explained = virtual.explain({ op: "write", lba: 100, count: 8, bytes: content(100, 8, 3) });
    expectSame(virtual.read(100, 8), content(100, 8, 3));
    expect(explained.files.map(({ op, purpose, offset, length }) => [op, purpose, offset, length])).toEqual([
      ["write", "refcounts", 8192, 512],
      ["write", "data", 20_480, 8192],
      ["write", "L2 table", 16_384, 4096],
      ["write", "L1 table", 12_288, 512],
    ]);
    expect(explained.completion.requests.map(({ purpose, count }) => [purpose, count])).toEqual([
      ["refcounts", 1],
      ["data", 16],
      ["L2 table", 8],
      ["L1 table", 1],
    ]);
    // One after the other: what a table says must be there before what follows from it.
    const times = explained.completion.requests.map(({ arrived, finished }) => [arrived, finished]);
    expect(times.slice(1).map(([arrived]) => arrived)).toEqual(times.slice(0, -1).map(([, finished]) => finished));
    expect(explained.latency).toBe(virtual.world.engine.now);
    const sequence = explained.sequence();
    expect(sequence.participants).toEqual(["guest", "thin", "file thin", "host", "disk"]);
    expect(sequence.messages).toHaveLength(1 + 4 + 4 + 1);
    expect(explained.table().rows).toHaveLength(4);
    expect(JSON.parse(JSON.stringify(explained.view()))).toEqual(explained.view());
  });

  it("shows a clone's reads in the file of the disk under it", () => {
    const base = partition().image({ name: "base", size: MiB(8) });
    base.write(0, content(0, 200, 1));
    const clone = base.clone({ name: "top" });
    expect(clone.explain({ op: "read", lba: 0, count: 8 }).files.map(({ file }) => file)).toEqual(["base"]);
    const written = clone.explain({ op: "write", lba: 8, count: 8 }).files;
    expect(written.filter(({ file }) => file === "base").map(({ op, purpose }) => `${op} ${purpose}`)).toEqual([
      "read copy",
      "read copy",
    ]);
    expect(new Set(written.filter(({ op }) => op === "write").map(({ file }) => file))).toEqual(new Set(["top"]));
  });
});

describe("an image's file", () => {
  it("is copied out and in whole, holes as holes", () => {
    const virtual = partition().image({ size: MiB(8), clusterSize: KiB(4) });
    virtual.write(5000, content(5000, 30, 4));
    const outside = new MemoryFile("copy.qcow2");
    copyFile(virtual.image.file, outside);
    expectSame(openQcow2(outside).read(5000, 30), content(5000, 30, 4));
    const sparse = new MemoryFile("sparse");
    sparse.truncate(MiB(100));
    sparse.write(MiB(50), content(0, 1, 1));
    const copy = new MemoryFile("copy");
    copyFile(sparse, copy);
    expect([copy.size, copy.allocated]).toEqual([MiB(100), KiB(4)]);
    expectSame(copy.read(MiB(50), 512), content(0, 1, 1));
    expect(() => {
      copyFile(sparse, copy);
    }).toThrow(usage("already holds"));
  });
});

describe("a virtual disk", () => {
  it.each<[Partial<ImageOptions>, string, string]>([
    [{}, "needs a size", "GiB(1)"],
    [{ size: MiB(1), format: "vmdk" as "raw" }, '"vmdk"', "thin"],
    [{ size: MiB(1), format: "raw", clusterSize: 4096 }, "no clusters", "qcow2"],
    [{ size: MiB(1), format: "raw", preallocation: "metadata" }, "no tables", "qcow2"],
    [{ size: MiB(1), preallocation: "some" as "off" }, '"some"', "metadata"],
    [{ size: MiB(1), heads: 500 }, "500 heads", "256"],
    [{ size: MiB(600), format: "raw", preallocation: "full" }, "is full", "larger"],
    [{ size: 777 }, "777 bytes", "multiple"],
    [{ nam: "x" } as Partial<ImageOptions>, '"nam"', '"name"'],
  ])("with %o is refused and leaves no file", (options, message, hint) => {
    const on = partition();
    expect(() => on.image(options)).toThrow(usage(message, hint));
    expect(on.volume.files).toEqual([]);
    expect(on.volume.free).toBe(MiB(512));
  });

  it("takes the room that its preallocation says", () => {
    const on = partition();
    const room = (options: Partial<ImageOptions>): number => on.image({ size: MiB(8), ...options }).allocated;
    expect(room({ format: "raw" })).toBe(0);
    expect(room({ format: "raw", preallocation: "full" })).toBe(MiB(8));
    expect(room({})).toBe(4 * KiB(64));
    const metadata = room({ preallocation: "metadata" });
    expect(metadata).toBeLessThan(MiB(1));
    expect(room({ preallocation: "full" })).toBeGreaterThan(MiB(8));
    for (const file of on.volume.files) on.volume.open(file.name);
    expect(on.volume.files.map(({ name }) => name)).toEqual(["disk-1", "disk-2", "disk-3", "disk-4", "disk-5"]);
  });

  it("is cloned, written apart, and committed", () => {
    const base = partition().image({ name: "base", size: MiB(2) });
    base.write(0, content(0, 100, 1));
    const clone = base.clone();
    const second = base.clone({ name: "mine" });
    expect([clone.name, second.name]).toEqual(["base-clone-1", "mine"]);
    clone.write(50, content(50, 10, 2));
    expectSame(base.read(0, 100), content(0, 100, 1));
    expectSame(second.read(0, 100), content(0, 100, 1));
    second.close();
    clone.commit();
    expectSame(base.read(50, 10), content(50, 10, 2));
    expect(base.check().findings).toEqual([]);
    expect(clone.check().findings).toEqual([]);
  });

  it("is opened again by name, with what it stands on", () => {
    const on = partition();
    const base = on.image({ name: "base", size: MiB(2) });
    base.write(0, content(0, 100, 1));
    const clone = base.clone({ name: "top" });
    clone.write(7, content(7, 1, 2));
    expect(() => on.open("top")).toThrow(usage("in use"));
    clone.close();
    base.close();
    const again = on.open("top");
    expectSame(again.read(0, 8), Uint8Array.from([...content(0, 7, 1), ...content(7, 1, 2)]));
    expect(() => on.open("base")).toThrow(usage("in use by a reader"));
    again.close();
    expect(on.open("base", { format: "qcow2" }).writable).toBe(true);
    expect(() => on.open("nothing")).toThrow(usage('no file "nothing"', '"base", "top"'));
  });

  it("has snapshots in qcow2 and says so where it has none", () => {
    const raw = partition().image({ format: "raw", size: MiB(1) });
    expect(raw.snapshots).toEqual([]);
    expect(() => raw.snapshot("a")).toThrow(usage("raw image and cannot take snapshots", "clone it"));
    const thin = partition().image({ size: MiB(1) });
    thin.snapshot("a");
    expect(thin.snapshots.map(({ name }) => name)).toEqual(["a"]);
    thin.deleteSnapshot("a");
    expect(thin.snapshots).toEqual([]);
  });

  it("shows itself and its clusters", () => {
    const virtual = partition().image({ size: MiB(8) });
    virtual.write(0, content(0, 1, 1));
    virtual.write(256, content(0, 1, 1));
    const heat = virtual.heat(16);
    expect(heat.values).toHaveLength(8);
    expect(heat.values[0]!.slice(0, 4)).toEqual([5, null, 6, null]);
    expect(isView(virtual.view())).toBe(true);
    expect(virtual.info()).toMatchObject({ format: "qcow2", virtualSize: MiB(8), data: 2 * KiB(64) });
    expect(
      isView(
        partition()
          .image({ format: "raw", size: MiB(1) })
          .view(),
      ),
    ).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KiB, MiB } from "../../../sim/core/index.js";
import {
  createQcow2,
  createRaw,
  MemoryDisk,
  MemoryFile,
  openQcow2,
  openRaw,
  type FileLike,
  type Qcow2Image,
} from "../../../sim/storage/index.js";
import { content, expectSame, programs, runBeside } from "./programs.js";
import { usage } from "./usage.js";

function sound(image: Qcow2Image): void {
  expect(image.check().findings).toEqual([]);
}

const bytesOf = (file: FileLike): Uint8Array => file.read(0, file.size);

describe("a qcow2 image", () => {
  it("takes room as it is written, and no more", () => {
    const image = createQcow2(new MemoryFile("thin.qcow2"), { size: MiB(100) });
    expect(image.file.size).toBe(4 * 65536);
    image.write(0, content(0, 1, 5));
    expect(image.file.size).toBe(6 * 65536); // an L2 table and a cluster
    image.write(1, content(1, 127, 5));
    expect(image.file.size).toBe(6 * 65536);
    image.write(128, content(128, 1, 5));
    expect(image.file.size).toBe(7 * 65536);
    expect(image.map().map(({ kind, length }) => [kind, length])).toEqual([
      ["data", 2 * 65536],
      ["unallocated", MiB(100) - 2 * 65536],
    ]);
    sound(image);
  });

  it("stays sound through any program with snapshots, and each snapshot keeps its state", () => {
    const sectors = 400;
    type Step =
      | { snapshot: number }
      | { apply: number }
      | { drop: number }
      | { run: readonly Parameters<typeof runBeside>[2][number][] };
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 4, arbitrary: programs(sectors).map((run) => ({ run })) },
      { weight: 2, arbitrary: fc.nat(9).map((snapshot) => ({ snapshot })) },
      { weight: 1, arbitrary: fc.nat(9).map((apply) => ({ apply })) },
      { weight: 1, arbitrary: fc.nat(9).map((drop) => ({ drop })) },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(512, 2048, 65536),
        fc.constantFrom<2 | 3>(2, 3),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        (clusterSize, version, steps) => {
          const file = new MemoryFile("disk.qcow2");
          let image = createQcow2(file, { size: sectors * 512, clusterSize, version });
          let model = new Uint8Array(sectors * 512);
          const kept = new Map<string, Uint8Array>();
          for (const act of steps) {
            if ("run" in act) runBeside(image, model, act.run);
            else if ("snapshot" in act) {
              const name = `s${act.snapshot}`;
              if (kept.has(name)) continue;
              image.snapshot(name);
              kept.set(name, model.slice());
            } else if ("apply" in act) {
              const state = kept.get(`s${act.apply}`);
              if (state === undefined) continue;
              image.apply(`s${act.apply}`);
              model = state.slice();
            } else if (kept.delete(`s${act.drop}`)) image.deleteSnapshot(`s${act.drop}`);
            sound(image);
            expectSame(image.read(0, sectors), model);
            image.close();
            image = openQcow2(file);
            expectSame(image.read(0, sectors), model);
          }
          expect(image.snapshots.map(({ name }) => name).sort()).toEqual([...kept.keys()].sort());
          for (const [name, state] of kept) {
            image.apply(name);
            expectSame(image.read(0, sectors), state);
          }
          for (const name of kept.keys()) image.deleteSnapshot(name);
          sound(image);
        },
      ),
      { seed: 12, numRuns: 60 },
    );
  });

  it("moves its refcount table when the file outgrows it, and counts every cluster once", () => {
    // Clusters of 512 bytes: a table of 64 blocks of 256 clusters, so that 8 MiB of file fill it.
    const image = createQcow2(new MemoryFile("large.qcow2"), { size: MiB(20), clusterSize: 512 });
    const before = image.refcounts.table;
    const model = new Uint8Array(MiB(20));
    for (let lba = 0; lba < image.sectors; lba += 512) {
      const bytes = content(lba, 512, 9);
      image.write(lba, bytes);
      model.set(bytes, lba * 512);
    }
    expect(image.refcounts.table.clusters).toBeGreaterThan(before.clusters);
    sound(image);
    image.close();
    const again = openQcow2(image.file);
    expectSame(again.read(0, again.sectors), model);
    expect(again.refcounts.table).toEqual(image.refcounts.table);
  });

  it("finds clusters of its L1 table even where that is larger than a refcount block", () => {
    const image = createQcow2(new MemoryFile("wide.qcow2"), { size: MiB(2048), clusterSize: 512 });
    image.write(image.sectors - 3, content(1, 3, 4));
    expectSame(image.read(image.sectors - 3, 3), content(1, 3, 4));
    sound(image);
  });

  it("gives room back that is discarded, and takes it again", () => {
    const image = createQcow2(new MemoryFile("disk.qcow2"), { size: MiB(1), clusterSize: KiB(4) });
    image.write(0, content(0, 800, 3));
    const { size } = image.file;
    image.discard(0, 800);
    expectSame(image.read(0, 800), new Uint8Array(800 * 512));
    image.write(1000, content(1000, 800, 4));
    expect(image.file.size).toBe(size);
    sound(image);
  });

  it("writes nothing to clusters that a snapshot holds", () => {
    const image = createQcow2(new MemoryFile("disk.qcow2"), { size: MiB(1) });
    image.write(0, content(0, 2048, 1));
    image.snapshot("before");
    const shared = image.map().map(({ offset, length }) => bytesOf(image.file).slice(offset!, offset! + length));
    const [run] = image.map();
    image.write(5, content(5, 1, 2));
    expectSame(image.read(5, 1), content(5, 1, 2));
    expectSame(image.file.read(run!.offset!, run!.length), shared[0]!);
    image.apply("before");
    expectSame(image.read(0, 2048), content(0, 2048, 1));
    sound(image);
  });
});

describe("an overlay", () => {
  const base = (): MemoryDisk => {
    const disk = new MemoryDisk({ size: MiB(1), name: "base" });
    disk.write(0, content(0, 2048, 1));
    return disk;
  };
  const overlay = (device: MemoryDisk): Qcow2Image =>
    createQcow2(new MemoryFile("overlay.qcow2"), {
      clusterSize: KiB(4),
      backing: { device, name: "base.img", format: "raw" },
    });

  it("has the size of what it stands on, unless it is given another", () => {
    expect(overlay(base()).size).toBe(MiB(1));
    const longer = createQcow2(new MemoryFile("longer.qcow2"), {
      size: MiB(2),
      backing: { device: base(), name: "base.img", format: "raw" },
    });
    expectSame(longer.read(2040, 16), Uint8Array.from([...content(2040, 8, 1), ...new Uint8Array(8 * 512)]));
  });

  it("copies what surrounds a write, and leaves what is below as it is", () => {
    const disk = base();
    const image = overlay(disk);
    image.write(9, content(9, 1, 2));
    expectSame(image.read(8, 8), Uint8Array.from([...content(8, 1, 1), ...content(9, 1, 2), ...content(10, 6, 1)]));
    expectSame(disk.read(0, 2048), content(0, 2048, 1));
    image.discard(0, 8);
    expectSame(image.read(0, 8), new Uint8Array(8 * 512));
    sound(image);
  });

  it("moves what it holds below when it is committed, and is empty then", () => {
    const disk = base();
    const image = overlay(disk);
    image.write(100, content(100, 30, 7));
    image.discard(200, 64);
    const whole = image.read(0, 2048);
    image.commit();
    expectSame(disk.read(0, 2048), whole);
    expectSame(image.read(0, 2048), whole);
    expect(image.map().map(({ kind }) => kind)).toEqual(["unallocated"]);
    sound(image);
  });

  it("keeps what it stands on from being written until it is closed", () => {
    const lower = createQcow2(new MemoryFile("lower.qcow2"), { size: MiB(1) });
    const backing = { device: lower, name: "lower.qcow2", format: "qcow2" } as const;
    const upper = createQcow2(new MemoryFile("upper.qcow2"), { backing });
    const second = createQcow2(new MemoryFile("second.qcow2"), { backing });
    expect(lower.writable).toBe(false);
    for (const write of [
      () => {
        lower.write(0, content(0, 1, 1));
      },
      () => {
        lower.discard(0, 1);
      },
      () => lower.snapshot("a"),
    ]) {
      expect(write).toThrow(usage("backing of 2 overlays", "Write to a clone"));
    }
    expect(() => {
      upper.commit();
    }).toThrow(usage("backing of 1 overlay,"));
    second.close();
    upper.write(0, content(0, 1, 8));
    upper.commit();
    upper.close();
    expectSame(lower.read(0, 1), content(0, 1, 8));
    lower.write(0, content(0, 1, 1));
    sound(lower);
  });

  it("is opened with what it stands on, by name", () => {
    const disk = base();
    const image = overlay(disk);
    image.write(0, content(0, 3, 5));
    const { file } = image;
    image.close();
    expect(() => openQcow2(file)).toThrow(usage('overlay on "base.img"', "{ backing }"));
    const asked: unknown[] = [];
    const again = openQcow2(file, {
      backing: (name, format) => {
        asked.push([name, format]);
        return disk;
      },
    });
    expect(asked).toEqual([["base.img", "raw"]]);
    expectSame(again.read(0, 2), content(0, 2, 5));
    expectSame(again.read(3, 20), content(3, 20, 1));
  });
});

describe("a file that is no sound image", () => {
  const image = (): MemoryFile => {
    const file = new MemoryFile("disk.qcow2");
    const made = createQcow2(file, { size: MiB(8), clusterSize: KiB(4) });
    made.write(0, content(0, 4000, 3));
    made.snapshot("a");
    made.write(5000, content(5000, 2000, 4));
    made.close();
    return file;
  };
  const patched = (at: number, ...bytes: number[]): MemoryFile => {
    const file = image();
    file.write(at, Uint8Array.from(bytes));
    return file;
  };

  it.each([
    ["another kind of file", () => new MemoryFile("text", new Uint8Array(5000).fill(65)), "is no qcow2 image"],
    ["empty", () => new MemoryFile("empty"), "is no qcow2 image"],
    ["of an unknown version", () => patched(4, 0, 0, 0, 4), "version 4"],
    ["encrypted", () => patched(32, 0, 0, 0, 2), "encrypted"],
    ["with an external data file", () => patched(72, 0, 0, 0, 0, 0, 0, 0, 4), "external data file"],
    ["with extended L2 entries", () => patched(72, 0, 0, 0, 0, 0, 0, 0, 16), "extended L2 entries"],
    ["with a feature of the future", () => patched(72, 0, 0, 1, 0, 0, 0, 0, 0), "unknown incompatible feature 40"],
    ["with absurd clusters", () => patched(20, 0, 0, 0, 40), "2^40"],
    ["with an L1 table elsewhere", () => patched(40, 0, 0, 0, 1, 0, 0, 0, 0), "cut short: its L1 table"],
    ["with an L1 table off its boundary", () => patched(47, 7), "L1 table is not on a cluster's boundary"],
    ["with an L1 table too small", () => patched(36, 0, 0, 0, 1), "L1 table has 1 entries"],
    ["with numbers beyond all files", () => patched(24, 255, 255), "too large"],
  ])("%s is refused and left as it is", (_, make, message) => {
    const file = make();
    const before = bytesOf(file);
    expect(() => openQcow2(file)).toThrow(usage(message));
    expectSame(bytesOf(file), before);
    // Nothing of the failed attempt holds the file.
    expect(() => openRaw(new MemoryFile("other", new Uint8Array(512)))).not.toThrow();
  });

  it.each([100, 4096, 9000, 20_000, 60_000, 2_000_000])(
    "cut short at byte %i is refused and left as it is",
    (length) => {
      const file = image();
      expect(file.size).toBeGreaterThan(length);
      file.truncate(length);
      const before = bytesOf(file);
      expect(() => openQcow2(file)).toThrow(usage(""));
      expectSame(bytesOf(file), before);
    },
  );

  it("marked dirty or corrupt is read and not written", () => {
    for (const bit of [1, 2]) {
      const file = patched(79, bit);
      expect(() => openQcow2(file)).toThrow(usage(bit === 1 ? "dirty" : "corrupt"));
      const image = openQcow2(file, { readonly: true });
      expectSame(image.read(0, 10), content(0, 10, 3));
      expect(() => {
        image.write(0, content(0, 1, 1));
      }).toThrow(usage("read-only"));
    }
  });

  it("in use is not opened twice, unless all read", () => {
    const file = image();
    const first = openQcow2(file);
    expect(() => openQcow2(file)).toThrow(usage("in use for writing"));
    expect(() => openQcow2(file, { readonly: true })).toThrow(usage("in use for writing"));
    first.close();
    const readers = [openQcow2(file, { readonly: true }), openQcow2(file, { readonly: true })];
    expect(() => openQcow2(file)).toThrow(usage("in use by a reader"));
    for (const reader of readers) reader.close();
    openQcow2(file).close();
  });

  it("with wrong refcounts is found by the check, of both kinds", () => {
    const file = image();
    const opened = openQcow2(file, { readonly: true });
    const block = opened.refcounts.blockOffset(0);
    opened.close();
    const view = new DataView(bytesOf(file).buffer);
    const free = Array.from({ length: 2048 }, (_, i) => i).findLast((i) => view.getUint16(block + 2 * i) === 0)!;
    file.write(block + 2 * free, Uint8Array.from([0, 1]));
    file.write(block + 2 * 4, Uint8Array.from([0, 0]));
    file.truncate(Math.max(file.size, (free + 1) * 4096));
    const report = openQcow2(file, { readonly: true }).check();
    expect(report.leaks).toBe(1);
    expect(report.corruptions).toBeGreaterThanOrEqual(1);
    expect(report.view().rows).toContainEqual({
      kind: "leak",
      what: `cluster ${free} of the file: refcount 1, references 0`,
    });
  });

  it("with an entry that points nowhere says so when it is read", () => {
    const file = image();
    const opened = openQcow2(file, { readonly: true });
    const table = opened.clusters.l2Table(0).offset;
    opened.close();
    file.write(table, Uint8Array.from([0, 0, 0, 9, 0, 0, 0, 0]));
    const again = openQcow2(file, { readonly: true });
    expect(() => again.read(0, 1)).toThrow(usage("is damaged", "check()"));
    expect(again.check().corruptions).toBeGreaterThan(0);
  });
});

describe("making an image", () => {
  it.each<[object, string, string]>([
    [{}, "needs a size", "GiB(1)"],
    [{ size: 1000 }, "1000 bytes", "multiple"],
    [{ size: MiB(1), clusterSize: 1000 }, "1000 bytes", "power of two"],
    [{ size: MiB(1), clusterSize: 256 }, "256 bytes", "512 to 2 MiB"],
    [{ size: 2 ** 40, clusterSize: 512 }, "too many", "larger"],
    [{ sise: MiB(1) }, 'no option "sise"', '"size"'],
  ])("%o is refused, and nothing written", (options, message, hint) => {
    const file = new MemoryFile("new.qcow2");
    expect(() => createQcow2(file, options)).toThrow(usage(message, hint));
    expect(file.size).toBe(0);
  });

  it("never overwrites", () => {
    const file = new MemoryFile("old", content(0, 4, 1));
    expect(() => createQcow2(file, { size: MiB(1) })).toThrow(usage('"old" already holds 2048 bytes'));
    expect(() => createRaw(file, { size: MiB(1) })).toThrow(usage('"old" already holds 2048 bytes'));
    expectSame(bytesOf(file), content(0, 4, 1));
  });

  it("keeps the name of the backing file in the header's cluster, or refuses it", () => {
    const device = new MemoryDisk({ size: MiB(1) });
    const name = "ä".repeat(190);
    const file = new MemoryFile("overlay.qcow2");
    const image = createQcow2(file, { clusterSize: 512, backing: { device, name, format: "raw" } });
    expect(image.header.backing).toEqual({ name, format: "raw" });
    const tooLong = { device, name: "x".repeat(600), format: "raw" } as const;
    expect(() => createQcow2(new MemoryFile("b"), { clusterSize: 512, backing: tooLong })).toThrow(usage("600 bytes"));
  });
});

describe("snapshots", () => {
  const image = (): Qcow2Image => createQcow2(new MemoryFile("disk.qcow2"), { size: MiB(1) });

  it("have names that no other has, and are found by name or id", () => {
    const disk = image();
    disk.snapshot("first", { seconds: 77 });
    disk.snapshot("second");
    expect(disk.snapshots.map(({ id, name, seconds }) => [id, name, seconds])).toEqual([
      ["1", "first", 77],
      ["2", "second", 0],
    ]);
    for (const name of ["first", "", "2"]) expect(() => disk.snapshot(name)).toThrow(usage(`named "${name}"`));
    expect(() => {
      disk.apply("third");
    }).toThrow(usage('no snapshot "third"', '"first", "second"'));
    disk.deleteSnapshot("2");
    expect(disk.snapshots.map(({ name }) => name)).toEqual(["first"]);
    disk.snapshot("third");
    expect(disk.snapshots.map(({ id }) => id)).toEqual(["1", "2"]);
    sound(disk);
  });

  it("cost no more than a table of their own", () => {
    const disk = createQcow2(new MemoryFile("disk.qcow2"), { size: MiB(64) });
    disk.write(0, content(0, 20_000, 1));
    const { size } = disk.file;
    disk.snapshot("a");
    expect(disk.file.size - size).toBe(2 * 65536);
  });
});

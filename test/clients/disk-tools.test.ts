import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openImageFile, type ImageFile } from "../../kernel/api/file.js";
import { createWorld, GiB, KiB, MiB, Rng } from "../../sim/core/index.js";
import {
  copyFile,
  createDisk,
  createQcow2,
  createRaw,
  openQcow2,
  openRaw,
  partitionDisk,
  readPartitions,
  type Image,
  type Qcow2Image,
} from "../../sim/storage/index.js";
import { content, expectSame } from "../sim/storage/programs.js";
import { usage } from "../sim/storage/usage.js";
import { feed, needs, pathOf, run } from "./tools.js";

/** Real programs on images that are real files: what they say of ours, and what we say of theirs. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-tools-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const path = (name: string): string => join(folder, name);

/** Opens a file, lets something be done to the image in it, and closes both, so that other programs see it whole. */
function within<I extends Image, T>(
  name: string,
  open: (file: ImageFile) => I,
  action: (image: I) => T,
  create = false,
): T {
  const file = openImageFile(path(name), create ? { create } : {});
  try {
    const image = open(file);
    const result = action(image);
    image.close();
    return result;
  } finally {
    file.close();
  }
}

/** What `qemu-img check` finds, once for all: nothing. It ends with an exit code other than 0 for errors and for leaks. */
function checked(name: string): void {
  const report = JSON.parse(run("qemu-img", "check", "--output=json", path(name))) as Record<string, unknown>;
  expect(report).toMatchObject({ "check-errors": 0 });
  expect(report).not.toHaveProperty("leaks");
  expect(report).not.toHaveProperty("corruptions");
}

/** The whole virtual disk as qemu reads it, at a snapshot where one is named. */
function asRaw(name: string, snapshot?: string): Uint8Array {
  const at = snapshot === undefined ? [] : ["-l", `snapshot.name=${snapshot}`];
  run("qemu-img", "convert", ...at, "-O", "raw", path(name), path("converted.raw"));
  return readFileSync(path("converted.raw"));
}

/** Writes, discards and snapshots drawn from a seed; gives the state at the end and at each snapshot. */
function scribble(
  image: Qcow2Image,
  seed: number,
  model = new Uint8Array(image.size),
): { model: Uint8Array; kept: Map<string, Uint8Array> } {
  const rng = new Rng(seed, "scribble");
  const kept = new Map<string, Uint8Array>();
  for (let step = 0; step < 120; step++) {
    const count = 1 + rng.integer(rng.integer(10) === 0 ? 600 : 20);
    const lba = rng.integer(image.sectors - count);
    const kind = rng.integer(20);
    if (kind < 14) {
      const bytes = content(lba, count, 1 + rng.integer(255));
      image.write(lba, bytes);
      model.set(bytes, lba * 512);
    } else if (kind < 17) {
      image.discard(lba, count);
      model.fill(0, lba * 512, (lba + count) * 512);
    } else if (kind < 18) {
      image.snapshot(`s${step}`, { seconds: 1_000_000_000 + step });
      kept.set(`s${step}`, model.slice());
    } else if (kind < 19 && kept.size > 0) {
      const name = rng.choice([...kept.keys()]);
      image.apply(name);
      model.set(kept.get(name)!);
    } else if (kept.size > 3) {
      const name = rng.choice([...kept.keys()]);
      image.deleteSnapshot(name);
      kept.delete(name);
    }
  }
  return { model, kept };
}

describe("partition tables", () => {
  const specs = [
    { size: MiB(16), type: "efi", bootable: true },
    { size: MiB(20), type: "linux" },
    { type: "swap" },
  ] as const;

  it("of ours are listed by fdisk and sfdisk as they are (MBR)", (context) => {
    needs(context, "fdisk", "sfdisk");
    within(
      "disk.img",
      (file) => createRaw(file, { size: MiB(64) }),
      (image) => {
        partitionDisk(image, specs, { id: 0x12345678 });
      },
      true,
    );
    const { partitiontable } = JSON.parse(run("sfdisk", "--json", path("disk.img"))) as { partitiontable: object };
    const node = (number: number): string => `${path("disk.img")}${number}`;
    expect(partitiontable).toMatchObject({
      label: "dos",
      id: "0x12345678",
      unit: "sectors",
      sectorsize: 512,
      partitions: [
        { node: node(1), start: 2048, size: 32_768, type: "ef", bootable: true },
        { node: node(2), start: 34_816, size: 40_960, type: "83" },
        { node: node(3), start: 75_776, size: 55_296, type: "82" },
      ],
    });
    const listed = run("fdisk", "-l", path("disk.img"));
    expect(listed).toMatch(/Disklabel type: dos/);
    expect(listed).toMatch(/disk\.img1\s+\*\s+2048\s+34815\s+32768\s+16M\s+ef\s+EFI/);
    expect(listed).toMatch(/disk\.img3\s+75776\s+131071\s+55296\s+27M\s+82\s+Linux swap/);
    expect(run("sfdisk", "--verify", path("disk.img"))).toContain("No errors detected");
  });

  it("of ours are listed by fdisk and sfdisk as they are (GPT)", (context) => {
    needs(context, "fdisk", "sfdisk");
    within(
      "disk.img",
      (file) => createRaw(file, { size: MiB(64) }),
      (image) => {
        partitionDisk(image, [{ size: MiB(16), type: "efi", name: "boot" }, { name: "root ✓" }], {
          scheme: "gpt",
          id: 77,
        });
      },
      true,
    );
    const { partitiontable } = JSON.parse(run("sfdisk", "--json", path("disk.img"))) as { partitiontable: object };
    expect(partitiontable).toMatchObject({
      label: "gpt",
      firstlba: 34,
      lastlba: 131_038,
      partitions: [
        { start: 2048, size: 32_768, type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", name: "boot" },
        { start: 34_816, size: 96_223, type: "0FC63DAF-8483-4772-8E79-3D69D8477DE4", name: "root ✓" },
      ],
    });
    const listed = run("fdisk", "-l", path("disk.img"));
    expect(listed).toContain("Disklabel type: gpt");
    expect(listed).not.toMatch(/corrupt|mismatch/);
    expect(run("sfdisk", "--verify", path("disk.img"))).toContain("No errors detected");
  });

  for (const label of ["dos", "gpt"]) {
    it(`of sfdisk's are read as they are (${label})`, (context) => {
      needs(context, "sfdisk");
      writeFileSync(path("disk.img"), "");
      truncateSync(path("disk.img"), MiB(64));
      const active = label === "dos" ? "bootable" : 'attrs="LegacyBIOSBootable"';
      feed("sfdisk", `label: ${label}\nsize=5M, type=S\nsize=7M, ${active}\n,\n`, "--quiet", path("disk.img"));
      const { partitiontable } = JSON.parse(run("sfdisk", "--json", path("disk.img"))) as {
        partitiontable: { partitions: { start: number; size: number }[] };
      };
      within("disk.img", openRaw, (image) => {
        const { scheme, partitions } = readPartitions(image);
        expect(scheme).toBe(label === "dos" ? "mbr" : "gpt");
        expect(partitions.map(({ start, sectors }) => ({ start, size: sectors }))).toEqual(
          partitiontable.partitions.map(({ start, size }) => ({ start, size })),
        );
        expect(partitions.map(({ type }) => type)).toEqual(["swap", "linux", "linux"]);
        expect(partitions.map(({ bootable }) => bootable)).toEqual([false, true, false]);
      });
    });
  }
});

describe("a file system made by mkfs.ext4", () => {
  const size = MiB(24);

  it("in a partition of our image is found there, whole", (context) => {
    needs(context, "mkfs.ext4", "dumpe2fs", "e2fsck", "debugfs");
    within(
      "disk.img",
      (file) => createRaw(file, { size: MiB(64) }),
      (image) => {
        partitionDisk(image, [{ size: MiB(8) }, { size }]);
      },
      true,
    );
    const offset = 9 * 2 ** 20;
    run("mkfs.ext4", "-q", "-F", "-L", "course", "-E", `offset=${offset}`, path("disk.img"), `${size / 1024}k`);
    within("disk.img", openRaw, (image) => {
      const second = readPartitions(image).partitions[1]!;
      expect(second.start * 512).toBe(offset);
      // The superblock is at byte 1024; its magic at 0x38, its label at 0x78 (Linux, Documentation/filesystems/ext4).
      const superblock = second.read(2, 2);
      expect(Buffer.from(superblock.subarray(0x38, 0x3a)).toString("hex")).toBe("53ef");
      expect(Buffer.from(superblock.subarray(0x78, 0x78 + 7)).toString()).toBe("course\0");
      writeFileSync(path("part.img"), second.read(0, second.sectors));
    });
    expect(run("dumpe2fs", "-h", path("part.img"))).toMatch(/Filesystem volume name:\s+course/);
    run("e2fsck", "-f", "-n", path("part.img"));
  });

  it("survives the way through a thin disk on a simulated host, with all its files", (context) => {
    needs(context, "mkfs.ext4", "e2fsck", "debugfs", "qemu-img");
    writeFileSync(path("fs.img"), "");
    truncateSync(path("fs.img"), size);
    run("mkfs.ext4", "-q", "-F", "-L", "moved", path("fs.img"));
    const text = "a file inside\n".repeat(5000);
    writeFileSync(path("text"), text);
    run("debugfs", "-w", "-R", `write ${path("text")} text`, path("fs.img"));
    const original = readFileSync(path("fs.img"));

    const disk = createDisk({ world: createWorld({ seed: 12 }), profile: "hdd-7200", size: GiB(1) });
    const [partition] = disk.partition([{ size: MiB(256) }]);
    const virtual = partition!.image({ name: "moved.qcow2", size, clusterSize: KiB(4) });
    const other = partition!.image({ format: "raw", size: MiB(8) });
    for (let lba = 0; lba < virtual.sectors; lba += 128) {
      virtual.write(lba, original.subarray(lba * 512, (lba + 128) * 512));
      other.write(lba % 16_000, content(lba, 16, 5));
    }
    const outside = openImageFile(path("moved.qcow2"), { create: true });
    copyFile(virtual.image.file, outside);
    outside.close();
    checked("moved.qcow2");
    const raw = asRaw("moved.qcow2");
    expectSame(raw, original);
    run("e2fsck", "-f", "-n", path("converted.raw"));
    expect(run("debugfs", "-R", "cat text", path("converted.raw"))).toBe(text);
  });
});

describe("our qcow2 images", () => {
  for (const [clusterSize, version] of [
    [512, 3],
    [4096, 2],
    [4096, 3],
    [65_536, 2],
    [65_536, 3],
    [2 ** 21, 3],
  ] as const) {
    it(`with clusters of ${clusterSize} (version ${version}) are what qemu-img takes them for`, (context) => {
      needs(context, "qemu-img");
      const size = MiB(11);
      const { model, kept, rows } = within(
        "disk.qcow2",
        (file) => createQcow2(file, { size, clusterSize, version }),
        (image) => {
          const state = scribble(image, clusterSize + version);
          expect(image.check().findings).toEqual([]);
          return { ...state, rows: image.map() };
        },
        true,
      );
      const info = JSON.parse(run("qemu-img", "info", "--output=json", path("disk.qcow2"))) as Record<string, unknown>;
      expect(info).toMatchObject({
        format: "qcow2",
        "virtual-size": size,
        "cluster-size": clusterSize,
        "dirty-flag": false,
        "format-specific": { type: "qcow2", data: { compat: version === 3 ? "1.1" : "0.10" } },
      });
      checked("disk.qcow2");
      expectSame(asRaw("disk.qcow2"), model);
      const listed = (info["snapshots"] as { name: string; "date-sec": number }[] | undefined) ?? [];
      expect(listed.map(({ name }) => name).sort()).toEqual([...kept.keys()].sort());
      for (const { name, "date-sec": date } of listed) expect(date).toBe(1_000_000_000 + Number(name.slice(1)));
      for (const [name, state] of kept) expectSame(asRaw("disk.qcow2", name), state);
      // The map names the same places; qemu calls zero what is unallocated without a backing image.
      const map = JSON.parse(run("qemu-img", "map", "--output=json", path("disk.qcow2"))) as {
        start: number;
        length: number;
        data: boolean;
        offset?: number;
      }[];
      const places = (list: readonly { start: number; length: number; offset: number | null }[]): number[][] =>
        list.flatMap(({ start, length, offset }) => (offset === null ? [] : [[start, length, offset]]));
      expect(places(rows)).toEqual(
        places(map.map((row) => ({ ...row, offset: row.data ? (row.offset ?? null) : null }))),
      );
    });
  }

  it("are written by qemu-io and by us in turns", (context) => {
    needs(context, "qemu-img", "qemu-io");
    const size = MiB(6);
    const model = new Uint8Array(size);
    within(
      "disk.qcow2",
      (file) => createQcow2(file, { size, clusterSize: KiB(4) }),
      () => undefined,
      true,
    );
    const rng = new Rng(4, "turns");
    for (let turn = 0; turn < 6; turn++) {
      const commands: string[] = [];
      for (let i = 0; i < 20; i++) {
        const count = 1 + rng.integer(60);
        const lba = rng.integer(size / 512 - count);
        const fill = 1 + rng.integer(255);
        const zero = rng.integer(4) === 0;
        commands.push(
          "-c",
          zero ? `write -z ${lba * 512} ${count * 512}` : `write -P ${fill} ${lba * 512} ${count * 512}`,
        );
        model.fill(zero ? 0 : fill, lba * 512, (lba + count) * 512);
      }
      run("qemu-io", "-f", "qcow2", ...commands, path("disk.qcow2"));
      if (turn === 2) run("qemu-img", "snapshot", "-c", "theirs", path("disk.qcow2"));
      const frozen = turn === 2 ? model.slice() : undefined;
      within("disk.qcow2", openQcow2, (image) => {
        expectSame(image.read(0, image.sectors), model);
        expect(image.check().findings).toEqual([]);
        if (turn === 1) image.snapshot("ours");
        if (turn === 4) image.deleteSnapshot("theirs");
        for (let i = 0; i < 20; i++) {
          const count = 1 + rng.integer(60);
          const lba = rng.integer(image.sectors - count);
          const bytes = content(lba, count, 1 + rng.integer(255));
          image.write(lba, bytes);
          model.set(bytes, lba * 512);
        }
      });
      checked("disk.qcow2");
      expectSame(asRaw("disk.qcow2"), model);
      if (frozen !== undefined) expectSame(asRaw("disk.qcow2", "theirs"), frozen);
    }
    expect(run("qemu-img", "snapshot", "-l", path("disk.qcow2"))).toMatch(/1\s+ours\s/);
    run("qemu-img", "snapshot", "-a", "ours", path("disk.qcow2"));
    run("qemu-img", "snapshot", "-d", "ours", path("disk.qcow2"));
    checked("disk.qcow2");
    const left = asRaw("disk.qcow2");
    within("disk.qcow2", openQcow2, (image) => {
      expectSame(image.read(0, image.sectors), left);
    });
  });

  it("as overlays name what they stand on, and qemu finds it", (context) => {
    needs(context, "qemu-img");
    within(
      "base.raw",
      (file) => createRaw(file, { size: MiB(2) }),
      (base) => {
        base.write(0, content(0, 4096, 1));
        within(
          "top.qcow2",
          (file) => createQcow2(file, { size: MiB(3), backing: { device: base, name: "base.raw", format: "raw" } }),
          (top) => {
            top.write(100, content(100, 9, 2));
            top.write(5000, content(5000, 9, 3));
            top.discard(256, 128);
          },
          true,
        );
      },
      true,
    );
    const info = JSON.parse(run("qemu-img", "info", "--output=json", path("top.qcow2"))) as object;
    expect(info).toMatchObject({
      "backing-filename": "base.raw",
      "backing-filename-format": "raw",
      "full-backing-filename": path("base.raw"),
    });
    checked("top.qcow2");
    const model = new Uint8Array(MiB(3));
    model.set(content(0, 4096, 1));
    model.set(content(100, 9, 2), 100 * 512);
    model.set(content(5000, 9, 3), 5000 * 512);
    model.fill(0, 256 * 512, 384 * 512);
    expectSame(asRaw("top.qcow2"), model);
  });
});

describe("qemu's qcow2 images", () => {
  const makings: readonly (readonly [string, string])[] = [
    ["of version 2", "compat=0.10"],
    ["with small clusters", "cluster_size=512"],
    ["with large clusters", "cluster_size=2M"],
    ["with refcounts of 1 bit", "refcount_bits=1"],
    ["with refcounts of 2 bits", "refcount_bits=2"],
    ["with refcounts of 4 bits", "refcount_bits=4"],
    ["with refcounts of 8 bits", "refcount_bits=8"],
    ["with refcounts of 32 bits", "refcount_bits=32"],
    ["with refcounts of 64 bits", "refcount_bits=64"],
    ["with lazy refcounts", "lazy_refcounts=on"],
    ["with preallocated tables", "preallocation=metadata"],
    ["preallocated", "preallocation=full"],
  ];
  for (const [what, option] of makings) {
    it(`${what} are read and written as they are`, (context) => {
      needs(context, "qemu-img", "qemu-io");
      run("qemu-img", "create", "-q", "-f", "qcow2", "-o", option, path("disk.qcow2"), "5M");
      run(
        "qemu-io",
        "-f",
        "qcow2",
        "-c",
        "write -P 7 100k 900k",
        "-c",
        "write -z 200k 64k",
        "-c",
        "write -P 9 4M 1M",
        path("disk.qcow2"),
      );
      const model = Uint8Array.from(asRaw("disk.qcow2"));
      within("disk.qcow2", openQcow2, (image) => {
        expectSame(image.read(0, image.sectors), model);
        expect(image.check().findings).toEqual([]);
        if (option !== "refcount_bits=1") image.snapshot("s");
        for (const lba of [0, 201, 1999, 8191]) {
          const bytes = content(lba, 30, 3);
          image.write(lba, bytes);
          model.set(bytes, lba * 512);
        }
        image.discard(300, 500);
        model.fill(0, 300 * 512, 800 * 512);
        expectSame(image.read(0, image.sectors), model);
      });
      checked("disk.qcow2");
      expectSame(asRaw("disk.qcow2"), model);
    });
  }

  it("with refcounts of 1 bit cannot be shared, and stay as they are when asked to", (context) => {
    needs(context, "qemu-img", "qemu-io");
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "refcount_bits=1", path("disk.qcow2"), "5M");
    run("qemu-io", "-f", "qcow2", "-c", "write -P 7 100k 900k", path("disk.qcow2"));
    within("disk.qcow2", openQcow2, (image) => {
      expect(() => image.snapshot("s")).toThrow(usage("refcount of 1 bits", "wider"));
      image.write(0, content(0, 30, 3));
    });
    checked("disk.qcow2");
  });

  it("in a chain are read through it", (context) => {
    needs(context, "qemu-img", "qemu-io");
    run("qemu-img", "create", "-q", "-f", "qcow2", path("a.qcow2"), "4M");
    run("qemu-io", "-f", "qcow2", "-c", "write -P 1 0 3M", path("a.qcow2"));
    run(
      "qemu-img",
      "create",
      "-q",
      "-f",
      "qcow2",
      "-b",
      path("a.qcow2"),
      "-F",
      "qcow2",
      "-o",
      "cluster_size=4k",
      path("b.qcow2"),
    );
    run("qemu-io", "-f", "qcow2", "-c", "write -P 2 1M 64k", "-c", "write -z 2M 128k", path("b.qcow2"));
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", path("b.qcow2"), "-F", "qcow2", path("c.qcow2"), "6M");
    run("qemu-io", "-f", "qcow2", "-c", "write -P 3 1080k 8k", "-c", "write -P 4 5M 1M", path("c.qcow2"));
    const model = asRaw("c.qcow2");
    const files: ImageFile[] = [];
    const open = (name: string, readonly: boolean): Qcow2Image => {
      const file = openImageFile(name, { readonly });
      files.push(file);
      return openQcow2(file, { readonly, backing: (below) => open(below, true) });
    };
    const image = open(path("c.qcow2"), false);
    expectSame(image.read(0, image.sectors), model);
    image.close();
    for (const file of files) file.close();
  });

  it("with compressed clusters are mapped, and kept sound, and said to be unreadable", (context) => {
    needs(context, "qemu-img", "qemu-io");
    writeFileSync(path("plain.raw"), content(0, 4096, 4));
    run("qemu-img", "convert", "-c", "-O", "qcow2", path("plain.raw"), path("disk.qcow2"));
    within("disk.qcow2", openQcow2, (image) => {
      expect(image.map().every(({ kind }) => kind === "compressed")).toBe(true);
      expect(image.check().findings).toEqual([]);
      expect(() => image.read(0, 1)).toThrow(usage("compressed clusters", "qemu-img convert"));
      image.snapshot("s");
      image.write(0, content(0, 256, 9)); // whole clusters need nothing of what was there
    });
    checked("disk.qcow2");
    expectSame(asRaw("disk.qcow2", "s"), content(0, 4096, 4));
    within("disk.qcow2", openQcow2, (image) => {
      image.deleteSnapshot("s");
    });
    checked("disk.qcow2");
    expectSame(asRaw("disk.qcow2").subarray(256 * 512), content(0, 4096, 4).subarray(256 * 512));
  });

  it("with what we lack are refused, and stay as they are", (context) => {
    needs(context, "qemu-img");
    const cases = [
      ["extended_l2=on", "extended L2 entries"],
      ["compression_type=zstd", "zstd compression"],
      [`data_file=${path("data")}`, "external data file"],
    ] as const;
    for (const [option, message] of cases) {
      run("qemu-img", "create", "-q", "-f", "qcow2", "-o", option, path("disk.qcow2"), "5M");
      const before = readFileSync(path("disk.qcow2"));
      expect(() => {
        within("disk.qcow2", openQcow2, () => undefined);
      }).toThrow(usage(message, "Nothing was written"));
      expectSame(readFileSync(path("disk.qcow2")), before);
    }
    run("qemu-img", "create", "-q", "-f", "qcow2", path("marked.qcow2"), "5M");
    run("qemu-img", "bitmap", "--add", path("marked.qcow2"), "b0");
    expect(() => {
      within("marked.qcow2", openQcow2, () => undefined);
    }).toThrow(usage("dirty bitmaps", "--remove"));
  });

  it("cut short are refused, and stay as they are", (context) => {
    needs(context, "qemu-img", "qemu-io");
    run("qemu-img", "create", "-q", "-f", "qcow2", path("disk.qcow2"), "5M");
    run("qemu-io", "-f", "qcow2", "-c", "write -P 1 0 3M", path("disk.qcow2"));
    for (const size of [statSync(path("disk.qcow2")).size - 65_536, 300_000, 100_000, 50]) {
      truncateSync(path("disk.qcow2"), size);
      expect(() => {
        within("disk.qcow2", openQcow2, () => undefined);
      }).toThrow(usage(""));
      expect(statSync(path("disk.qcow2")).size).toBe(size);
    }
  });
});

describe("an image in use", () => {
  it("by qemu-nbd is refused until that ends", async (context) => {
    needs(context, "qemu-img", "qemu-nbd");
    context.skip(process.platform !== "linux", "QEMU's locks are seen in Linux's /proc/locks alone");
    run("qemu-img", "create", "-q", "-f", "qcow2", path("disk.qcow2"), "5M");
    const server = spawn(pathOf("qemu-nbd"), ["-t", "-f", "qcow2", "-k", path("socket"), path("disk.qcow2")], {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => server.on("exit", resolve));
    try {
      for (let tries = 0; !existsSync(path("socket")) && tries < 100; tries++) await sleep(50);
      expect(() => openImageFile(path("disk.qcow2"))).toThrow(
        usage("in use by another program, such as QEMU", "Close it"),
      );
      expect(existsSync(path("disk.qcow2.lock"))).toBe(false);
    } finally {
      server.kill();
      await ended;
    }
    openImageFile(path("disk.qcow2")).close();
  });

  it("leaves no lock behind when its process ends without closing it", () => {
    const adapter = new URL("../../dist/kernel/api/file.js", import.meta.url);
    const program = `
      import { existsSync } from "node:fs";
      import { openImageFile } from ${JSON.stringify(adapter.href)};
      openImageFile(process.argv[1], { create: true });
      process.stdout.write(String(existsSync(process.argv[1] + ".lock")));`;
    const args = ["--input-type=module", "-e", program, path("a.img")];
    expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("true");
    expect([existsSync(path("a.img")), existsSync(path("a.img.lock"))]).toEqual([true, false]);
  });
});

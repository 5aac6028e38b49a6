import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWorld, KiB, MiB, UsageError } from "../../../sim/core/index.js";
import {
  createDisk,
  createQcow2,
  MemoryDisk,
  MemoryFile,
  openQcow2,
  partitionDisk,
  readPartitions,
} from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";
import { usage } from "./usage.js";

/** Does it, or refuses with words. Anything else that is thrown is our mistake. */
function refusedOrDone(action: () => void): "done" | "refused" {
  try {
    action();
    return "done";
  } catch (error) {
    if (error instanceof UsageError && error.hint.length > 0) return "refused";
    throw error;
  }
}

describe("a damaged image", () => {
  const sound = new MemoryFile("sound.qcow2");
  const made = createQcow2(sound, { size: KiB(600), clusterSize: 512 });
  made.write(0, content(0, 300, 1));
  made.snapshot("a");
  made.write(100, content(100, 300, 2));
  made.snapshot("b");
  made.close();
  const bytes = sound.read(0, sound.size);

  it("is refused in words or works, whatever bytes are wrong", () => {
    const outcomes = { done: 0, refused: 0 };
    // Half of the damage goes to the header and the first tables, where it means most.
    const place = fc.oneof(fc.nat(2048), fc.nat(bytes.length - 1));
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 6 }), (damage) => {
        const file = new MemoryFile("damaged.qcow2", bytes);
        for (const [at, value] of damage) file.write(at, Uint8Array.of(value));
        const backing = new MemoryDisk({ size: KiB(600) });
        const outcome = refusedOrDone(() => {
          const image = openQcow2(file, { backing });
          image.check();
          image.read(0, Math.min(image.sectors, 1200));
          image.write(50, content(50, 100, 3));
          image.snapshot("c");
          image.apply("a");
          image.deleteSnapshot("b");
          image.discard(10, 300);
        });
        outcomes[outcome] += 1;
      }),
      { seed: 12, numRuns: 600 },
    );
    expect(outcomes.done).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  });
});

describe("a damaged partition table", () => {
  it("is refused in words or read, whatever bytes are wrong", () => {
    const outcomes = { done: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom<"mbr" | "gpt">("mbr", "gpt"),
        fc.array(
          fc.tuple(fc.oneof(fc.integer({ min: 440, max: 511 }), fc.integer({ min: 512, max: 1200 })), fc.nat(255)),
          { minLength: 1, maxLength: 5 },
        ),
        fc.boolean(),
        (scheme, damage, both) => {
          const disk = new MemoryDisk({ size: MiB(8) });
          partitionDisk(disk, [{ size: MiB(1) }, {}], { scheme });
          if (both) disk.write(disk.sectors - 1, new Uint8Array(512).fill(1));
          const head = disk.read(0, 3);
          for (const [at, value] of damage) head[at] = value;
          disk.write(0, head);
          outcomes[refusedOrDone(() => readPartitions(disk))] += 1;
        },
      ),
      { seed: 12, numRuns: 500 },
    );
    expect(outcomes.done).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  });
});

describe("a host that has promised more than it has", () => {
  it("refuses the write that finds no room; disks stay sound and go on when there is room again", () => {
    const disk = createDisk({ world: createWorld(), profile: "hp-97560" });
    const [partition] = disk.partition([{ size: MiB(8) }]);
    const thin = partition!.image({ name: "thin", size: MiB(64), clusterSize: KiB(4) });
    const greedy = partition!.image({ name: "greedy", format: "raw", size: MiB(64) });
    thin.write(0, content(0, 4000, 1));
    let written = 0;
    expect(() => {
      for (; written < 100_000; written += 8) greedy.write(written, content(written, 8, 2));
    }).toThrow(usage("is full", "thin disk"));
    expect(written).toBeGreaterThan(0);
    for (const lba of [4000, 50_000, 100_000, 4008]) {
      expect(() => {
        thin.write(lba, content(lba, 24, 3));
      }).toThrow(usage("is full"));
    }
    expectSame(thin.read(0, 4000), content(0, 4000, 1));
    expect(thin.check().corruptions).toBe(0);
    // What is there can be changed all the same.
    thin.write(8, content(8, 8, 4));
    greedy.close();
    partition!.volume.remove("greedy");
    for (const lba of [4000, 50_000, 100_000]) thin.write(lba, content(lba, 24, 3));
    for (const lba of [4000, 50_000, 100_000]) expectSame(thin.read(lba, 24), content(lba, 24, 3));
    thin.close();
    const again = partition!.open("thin");
    expectSame(again.read(50_000, 24), content(50_000, 24, 3));
    expect(again.check().corruptions).toBe(0);
  });
});

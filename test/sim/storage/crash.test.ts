import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createQcow2,
  MemoryDisk,
  MemoryFile,
  openQcow2,
  type FileLike,
  type Qcow2Image,
} from "../../../sim/storage/index.js";
import { content, programs } from "./programs.js";

class PowerCut extends Error {}

/** A file whose power goes after so many writes: nothing that was to follow happens. */
class CutFile implements FileLike {
  readonly name = "disk.qcow2";
  readonly writable = true;
  readonly file = new MemoryFile("disk.qcow2");
  left = Infinity;

  get size(): number {
    return this.file.size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.file.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.left-- <= 0) throw new PowerCut();
    this.file.write(offset, bytes);
  }

  truncate(size: number): void {
    this.file.truncate(size);
  }

  flush(): void {
    this.file.flush();
  }
}

const sectors = 160;
type Act = (image: Qcow2Image, model: Uint8Array, kept: Map<string, Uint8Array>) => void;

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: programs(sectors, 40).map((program): Act => (image, model) => {
      for (const command of program.slice(0, 3)) {
        if (command.do === "write") {
          const bytes = content(command.lba, command.count, command.fill);
          image.write(command.lba, bytes);
          model.set(bytes, command.lba * 512);
        } else if (command.do === "discard") {
          image.discard(command.lba, command.count);
          model.fill(0, command.lba * 512, (command.lba + command.count) * 512);
        }
      }
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat(3).map((n): Act => (image, model, kept) => {
      if (kept.has(`s${n}`)) return;
      image.snapshot(`s${n}`);
      kept.set(`s${n}`, model.slice());
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map((n): Act => (image, model, kept) => {
      const state = kept.get(`s${n}`);
      if (state === undefined) return;
      image.apply(`s${n}`);
      model.set(state);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map((n): Act => (image, _, kept) => {
      if (kept.has(`s${n}`)) image.deleteSnapshot(`s${n}`);
      kept.delete(`s${n}`);
    }),
  },
);

describe("a power failure in the middle of anything", () => {
  /** Does `before` whole and `last` until so many writes have gone to the file. @returns whether it struck in the middle */
  function strike(clusterSize: number, overlay: boolean, before: readonly Act[], last: Act, writes: number): boolean {
    const file = new CutFile();
    const base = new MemoryDisk({ size: sectors * 512 });
    base.write(0, content(0, sectors, 200));
    const image = createQcow2(file, {
      size: sectors * 512,
      clusterSize,
      l2Cache: 1,
      ...(overlay ? { backing: { device: base, name: "base", format: "raw" } } : {}),
    });
    const model = overlay ? content(0, sectors, 200) : new Uint8Array(sectors * 512);
    const kept = new Map<string, Uint8Array>();
    for (const act of before) act(image, model, kept);
    const old = { model: model.slice(), kept: new Map(kept) };
    file.left = writes;
    let cut = false;
    try {
      last(image, model, kept);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      cut = true;
    }
    image.close();
    const after = openQcow2(file.file, { backing: overlay ? base : null });
    const bad = after.check().findings.filter(
      // An owned cluster that is marked as shared is copied once too often, and nothing worse.
      ({ kind, what }) => kind === "corruption" && !what.endsWith("is marked as shared, its refcount is 1"),
    );
    expect(bad).toEqual([]);
    const now = after.read(0, sectors);
    const states = cut ? [old.model, model, ...kept.values(), ...old.kept.values()] : [model];
    for (let lba = 0; lba < sectors; lba++) {
      const sector = now.subarray(lba * 512, (lba + 1) * 512);
      const known = states.some((state) => Buffer.compare(sector, state.subarray(lba * 512, (lba + 1) * 512)) === 0);
      if (!known) expect(touched(lba, last)).toContain(Buffer.from(sector).toString("hex"));
    }
    for (const { name } of after.snapshots) {
      const state = old.kept.get(name) ?? kept.get(name) ?? old.model;
      after.apply(name);
      expect(Buffer.compare(after.read(0, sectors), state)).toBe(0);
    }
    return cut;
  }

  it("costs clusters and no data, wherever it strikes", { timeout: 300_000 }, () => {
    const numRuns = process.env["VIRTLAB_LONG"] === "1" ? 500 : 40;
    fc.assert(
      fc.property(
        fc.constantFrom(512, 1024, 4096),
        fc.boolean(),
        fc.array(acts, { minLength: 1, maxLength: 6 }),
        acts,
        (clusterSize, overlay, before, last) => {
          for (let writes = 0; strike(clusterSize, overlay, before, last, writes); writes++);
        },
      ),
      { seed: 12, numRuns },
    );
  });
});

/** What an act of several steps may have left in a sector on its way. */
function touched(lba: number, act: Act): string[] {
  const seen: string[] = [];
  const model = new Uint8Array(sectors * 512);
  const watcher = {
    write: (at: number, bytes: Uint8Array) => {
      if (lba >= at && lba < at + bytes.length / 512) {
        seen.push(Buffer.from(bytes.subarray((lba - at) * 512, (lba - at + 1) * 512)).toString("hex"));
      }
    },
    discard: (at: number, count: number) => {
      if (lba >= at && lba < at + count) seen.push("00".repeat(512));
    },
    snapshot: () => undefined,
  };
  // The watcher stands in for an image of which the acts use these methods alone.
  act(watcher as unknown as Qcow2Image, model, new Map());
  return seen;
}

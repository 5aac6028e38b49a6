import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KiB, MiB } from "../../../sim/core/index.js";
import { MemoryDisk, Volume, type HostFile } from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";
import { usage } from "./usage.js";

const volume = (size: number = MiB(4), blockSize?: number): Volume =>
  new Volume(new MemoryDisk({ size, name: "sda1" }), blockSize);

/** Each block of the volume is free or in one extent of one file. */
function partitioned(on: Volume): void {
  const taken = new Set<number>();
  for (const file of on.files) {
    let behind = -1;
    for (const { at, start, count } of file.extents) {
      expect(at).toBeGreaterThan(behind);
      behind = at + count - 1;
      for (let block = start; block < start + count; block++) {
        expect(taken.has(block)).toBe(false);
        taken.add(block);
      }
    }
  }
  expect(on.free).toBe(on.device.sectors * 512 - taken.size * on.blockSize);
}

describe("files on a volume", () => {
  it("hold what was written at any offset, and zeros elsewhere, also where other files lay", () => {
    type Step =
      | { do: "write"; file: number; offset: number; length: number; fill: number }
      | { do: "truncate"; file: number; size: number }
      | { do: "preallocate"; file: number; size: number }
      | { do: "remove"; file: number };
    const file = fc.nat(2);
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("write" as const),
          file,
          offset: fc.nat(60_000),
          length: fc.integer({ min: 1, max: 9000 }),
          fill: fc.integer({ min: 1, max: 255 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("truncate" as const), file, size: fc.nat(70_000) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("preallocate" as const),
          file,
          size: fc.integer({ min: 1, max: 70_000 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), file }) },
    );
    fc.assert(
      fc.property(fc.constantFrom(512, 4096), fc.array(step, { minLength: 1, maxLength: 40 }), (blockSize, steps) => {
        const on = volume(MiB(1), blockSize);
        const files = new Map<number, { file: HostFile; model: Uint8Array }>();
        for (const act of steps) {
          let held = files.get(act.file);
          if (held === undefined) {
            held = { file: on.create(`f${act.file}`), model: new Uint8Array(0) };
            files.set(act.file, held);
          }
          if (act.do === "remove") {
            on.remove(`f${act.file}`);
            files.delete(act.file);
          } else if (act.do === "write") {
            const bytes = new Uint8Array(act.length).fill(act.fill);
            held.file.write(act.offset, bytes);
            const grown = new Uint8Array(Math.max(held.model.length, act.offset + act.length));
            grown.set(held.model);
            grown.set(bytes, act.offset);
            held.model = grown;
          } else {
            const size = act.do === "truncate" ? act.size : Math.max(act.size, held.model.length);
            if (act.do === "truncate") held.file.truncate(size);
            else held.file.preallocate(size);
            const changed = new Uint8Array(size);
            changed.set(held.model.subarray(0, size));
            held.model = changed;
          }
          partitioned(on);
          for (const { file: each, model } of files.values()) {
            expect(each.size).toBe(model.length);
            expectSame(each.read(0, model.length), model);
            expectSame(
              each.read(Math.max(0, model.length - 3), 9).subarray(Math.min(3, model.length)),
              new Uint8Array(9 - Math.min(3, model.length)),
            );
          }
        }
      }),
      { seed: 12, numRuns: 150 },
    );
  });

  it("lie together when they grow alone, and in pieces when they grow by turns", () => {
    const on = volume();
    const alone = on.create("alone");
    for (let i = 0; i < 20; i++) alone.write(i * 4096, new Uint8Array(4096).fill(1));
    expect(alone.extents).toHaveLength(1);
    const [a, b] = [on.create("a"), on.create("b")];
    for (let i = 0; i < 20; i++) for (const file of [a, b]) file.write(i * 4096, new Uint8Array(4096).fill(1));
    expect([a.extents.length, b.extents.length]).toEqual([20, 20]);
    const whole = on.create("whole");
    whole.preallocate(KiB(80));
    expect(whole.extents).toHaveLength(1);
  });

  it("take no room for holes", () => {
    const file = volume().create("sparse");
    file.truncate(MiB(3));
    expect([file.size, file.allocated]).toEqual([MiB(3), 0]);
    file.write(MiB(2), new Uint8Array(1).fill(1));
    expect(file.allocated).toBe(4096);
  });

  it("read a sector before they change a part of it, and no more than that", () => {
    const device = new MemoryDisk({ size: MiB(1), name: "sda1" });
    const seen: string[] = [];
    const watched: MemoryDisk = Object.create(device, {
      read: { value: (lba: number, count: number) => (seen.push(`read ${lba}+${count}`), device.read(lba, count)) },
      write: {
        value: (lba: number, bytes: Uint8Array) => {
          seen.push(`write ${lba}+${bytes.length / 512}`);
          device.write(lba, bytes);
        },
      },
    }) as MemoryDisk;
    const file = new Volume(watched).create("f");
    file.write(10, content(0, 1, 1).subarray(0, 20)); // a new block: all of it
    file.write(512, content(0, 1, 1)); // a whole sector
    file.write(1030, content(0, 1, 1).subarray(0, 8)); // a part of one
    file.write(1530, content(0, 1, 1).subarray(0, 8)); // parts of two
    expect(seen).toEqual(["write 0+8", "write 1+1", "read 2+1", "write 2+1", "read 2+1", "read 3+1", "write 2+2"]);
  });

  it("are refused when there is no room, and the volume is as it was", () => {
    const on = volume(KiB(64));
    on.create("a").write(0, new Uint8Array(KiB(48)).fill(1));
    const b = on.create("b");
    expect(() => {
      b.write(0, new Uint8Array(KiB(32)));
    }).toThrow(usage("is full: 8 blocks are needed, 4 are free", "thin disk"));
    expect([b.size, b.allocated, on.free]).toEqual([0, 0, KiB(16)]);
    on.remove("a");
    b.write(0, new Uint8Array(KiB(64)).fill(2));
    expect(on.free).toBe(0);
  });

  it("have names of their own", () => {
    const on = volume();
    on.create("a");
    expect(() => on.create("a")).toThrow(usage('already a file "a"'));
    expect(() => on.open("b")).toThrow(usage('no file "b"', '"a"'));
    expect(() => volume(MiB(1), 1000)).toThrow(usage("1000 bytes"));
  });

  it("are saved with their places", () => {
    const on = volume();
    on.create("a").write(9000, content(0, 9, 4));
    const other = new Volume(on.device);
    other.create("gone");
    other.restore(JSON.parse(JSON.stringify(on.save())) as never);
    expect(other.files.map(({ name }) => name)).toEqual(["a"]);
    expectSame(other.open("a").read(9000, 9 * 512), content(0, 9, 4));
    expect(other.save()).toEqual(on.save());
  });
});

import { describe, expect, it } from "vitest";
import { createWorld, GiB, isView, KiB, MiB, ms, type Nanos } from "../../../sim/core/index.js";
import { createDisk, type Completion, type Disk, type DiskOptions } from "../../../sim/storage/index.js";
import { content, expectSame } from "./programs.js";
import { usage } from "./usage.js";

const hp = (options: Partial<DiskOptions> = {}): Disk =>
  createDisk({ world: createWorld({ seed: 12 }), profile: "hp-97560", ...options });

function serveAll(disk: Disk, lbas: readonly number[]): Completion[] {
  const done: Completion[] = [];
  for (const lba of lbas) disk.submit({ op: "read", lba, count: 8 }).onSettled((signal) => done.push(signal.value));
  disk.world.engine.run();
  return done;
}

describe("a disk", () => {
  it("has the drive's capacity, or the part that it is given", () => {
    expect(hp().sectors).toBe(1962 * 19 * 72);
    expect(hp({ size: MiB(10) }).sectors).toBe(20_480);
    expect(() => hp({ size: GiB(2) })).toThrow(usage("a hp-97560 drive has 1.28 GiB, not 2 GiB", "smaller"));
    expect(() => hp({ size: 1000 })).toThrow(usage("1000 bytes"));
  });

  it("refuses what it doesn't know and names what is near", () => {
    expect(() => hp({ profil: "x" } as Partial<DiskOptions>)).toThrow(usage('"profil"', '"profile"'));
    expect(() => hp({ profile: "hdd-720" as "hdd-7200" })).toThrow(usage('"hdd-720"', '"hdd-7200"'));
    expect(() => hp({ scheduler: "loo" as "look" })).toThrow(usage('"loo"', '"look"'));
    expect(() => hp().submit({ op: "read", lba: 1e9, count: 1 })).toThrow(usage("no sectors 1000000000"));
  });

  it("serves one request at a time, in its scheduler's order, and tells each when it was done", () => {
    const lbas = [1_000_000, 10, 1_000_008, 500_000];
    const fifo = serveAll(hp({ scheduler: "fifo" }), lbas);
    expect(fifo.map(({ lba }) => lba)).toEqual(lbas);
    const look = serveAll(hp({ scheduler: "look" }), lbas);
    // The first finds the drive idle; the elevator then goes on inwards, and back.
    expect(look.map(({ lba }) => lba)).toEqual([1_000_000, 1_000_008, 500_000, 10]);
    expect(look.at(-1)!.finished).toBeLessThan(fifo.at(-1)!.finished);
    for (const done of [fifo, look]) {
      done.slice(1).forEach(({ requests: [request] }, i) => {
        expect(request!.started).toBe(done[i]!.finished);
        expect(request!.arrived).toBe(0);
      });
    }
  });

  it("records each request with its parts, which add up", () => {
    const disk = hp();
    serveAll(disk, [1_000_000, 10, 500_000]);
    const rows = disk.world.trace.rows("disk.read");
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row).toMatchObject({ source: "sda", count: 8, purpose: "data" });
      const parts = ["queued", "seek", "rotation", "transfer"].map((key) => Number(row[key]));
      const sum = parts.reduce((a, b) => a + b, 0);
      // All came at 0, so that the time of the row is the latency; the first command's overhead is not hidden.
      const overhead = row === rows[0] ? ms(2.2) : 0;
      expect(Math.abs(row.time - sum - overhead)).toBeLessThan(2);
    }
    const { reads, seek, rotation, busy, bytes, distance } = disk.statistics;
    expect({ reads, bytes }).toEqual({ reads: 3, bytes: 3 * 4096 });
    expect(seek + rotation).toBeLessThan(busy);
    expect(distance).toBe(rows.reduce((sum, row) => sum + Number(row["distance"]), 0));
  });

  it("replays to the byte with the same seed", () => {
    const run = (): string => {
      const disk = hp();
      const rng = disk.world.rng.stream("places");
      serveAll(
        disk,
        Array.from({ length: 50 }, () => rng.integer(disk.sectors - 8)),
      );
      return disk.world.trace.toJsonLines();
    };
    expect(run()).toBe(run());
    expect(run().split("\n")).toHaveLength(51);
  });

  it("moves data without time, and takes time without data", () => {
    const disk = hp();
    disk.write(5, content(5, 3, 1));
    expect(disk.world.engine.now).toBe(0);
    disk.submit({ op: "write", lba: 5, count: 3 });
    disk.world.engine.run();
    expect(disk.world.engine.now).toBeGreaterThan(0);
    expectSame(disk.read(5, 3), content(5, 3, 1));
  });

  it("is saved whole and goes on as it would have", () => {
    const disk = hp();
    const [partition] = disk.partition([{ size: MiB(64) }, { size: MiB(8), type: "swap" }]);
    const virtual = partition!.image({ name: "a", size: MiB(4), clusterSize: KiB(4) });
    virtual.write(100, content(100, 50, 6));
    virtual.snapshot("one");
    virtual.write(100, content(100, 50, 7));
    serveAll(disk, [5, 900_000]);
    const world = createWorld({ seed: 12 });
    const other = hp({ world });
    const state: unknown = JSON.parse(JSON.stringify(disk.save()));
    world.restore(JSON.parse(JSON.stringify(disk.world.save())) as never);
    other.restore(state as never);
    expect(other.save()).toEqual(disk.save());
    const again = other.partitions[0]!.open("a");
    expectSame(again.read(100, 50), content(100, 50, 7));
    again.apply("one");
    expectSame(again.read(100, 50), content(100, 50, 6));
    expect(again.check().findings).toEqual([]);
    expect(other.partitions.map(({ number, type }) => [number, type])).toEqual([
      [1, "linux"],
      [2, "swap"],
    ]);
    const next = (target: Disk): Nanos => serveAll(target, [77_777, 1_000_000])[1]!.finished;
    expect(next(other)).toBe(next(disk));
  });

  it("shows what lies on it", () => {
    const disk = hp();
    const [first] = disk.partition([{ size: MiB(64) }, {}]);
    first!.image({ name: "a", size: MiB(4) }).write(0, content(0, 8, 1));
    const view = disk.view();
    expect(view.lanes.map(({ name }) => name)).toEqual(["sda", "a"]);
    expect(view.lanes[0]!.spans).toHaveLength(2);
    expect(view.lanes[1]!.spans[0]!.from).toBe(1);
    for (const shown of [view, disk.table(), disk.geometry.view()]) {
      expect(isView(shown)).toBe(true);
      expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
    }
  });
});

import { describe, expect, test } from "vitest";
import { MiB } from "../../../../sim/core/index.js";
import {
  activeShare,
  ballooning,
  collectBalloons,
  create,
  FrameTable,
  guests,
  revocationView,
  revoke,
  sharePages,
  sharesPerPage,
  Snapshots,
  techniques,
  writer,
  type Vmm,
} from "../../../../sim/vmm/index.js";

const zeros = Buffer.alloc(4096);

/** Frames by the contents: what the table has to come to. */
function isTrue(table: FrameTable): void {
  const frames = new Map<number, { count: number; references: number; content: Buffer }>();
  for (const { vm, frames: backing } of table.backings) {
    const { machine } = vm;
    for (const [page, frame] of backing.entries()) {
      const content = Buffer.from(machine.read(BigInt(machine.bus.ramBase + page * 4096), 4096));
      if (frame === undefined) {
        expect(content.equals(zeros)).toBe(true);
        continue;
      }
      const known = frames.get(frame.number) ?? { count: 0, references: frame.references, content };
      // Whoever shares a frame has the same content.
      expect(known.content.equals(content)).toBe(true);
      frames.set(frame.number, { ...known, count: known.count + 1 });
    }
  }
  for (const { count, references } of frames.values()) expect(references).toBe(count);
  expect(table.held).toBe(frames.size);
}

describe.each(techniques)("$name", (technique) => {
  const small = writer({ memory: MiB(0.5), filled: 60, hot: 10, pause: 50 });

  test("guests share what is equal until one of them writes, and notice nothing", () => {
    const vmm = create(technique, { guests: [small, small, small], slice: 5000 }).run({ instructions: 90_000 });
    const alone = create(technique, { guest: small }).run({ instructions: 30_000 });
    const table = new FrameTable(vmm);
    isTrue(table);
    const before = table.held;
    expect(before).toBe(table.backed);
    const scan = sharePages(table);
    isTrue(table);
    expect(scan.scanned).toBe(before);
    expect(scan.reclaimed).toBe(before - table.held);
    expect(scan.merged).toBeGreaterThan(0.6 * before);
    expect(sharePages(table).merged).toBe(0);
    const shared = table.held;
    vmm.run({ instructions: 60_000 });
    alone.run({ instructions: 20_000 });
    isTrue(table);
    expect(table.held).toBeGreaterThan(shared);
    expect(table.held).toBeLessThan(before);
    for (const vm of vmm.machines) expect(vm.machine.save().memory).toEqual(alone.machine.machine.save().memory);
    // Of three, the one that writes last is alone with the page by then.
    expect(table.view().rows.filter(({ copied }) => Number(copied) > 0)).toHaveLength(2);
  });

  test("a hash is a hint alone: with one that is the same for all, only equal pages are merged", () => {
    const vmm = create(technique, { guests: [guests.tiny, guests.tiny] }).run({ instructions: 400 });
    const table = new FrameTable(vmm);
    const scan = sharePages(table, () => 1);
    expect(scan.different).toBeGreaterThan(0);
    isTrue(table);
  });

  test("a fork shares all, and both go on as one would have", () => {
    const parent = create(technique, { guest: guests.processes }).run({ instructions: 40_000 });
    const child = create(technique, { guest: guests.processes });
    const table = new FrameTable(parent, child);
    table.fork(parent.machine, child.machine);
    isTrue(table);
    expect(2 * table.held).toBe(table.backed);
    parent.run();
    child.run();
    isTrue(table);
    expect(2 * table.held).toBeGreaterThan(table.backed);
    const twin = create(technique, { guest: guests.processes }).run();
    expect(parent.machine.machine.save()).toEqual(twin.machine.machine.save());
    expect(child.machine.machine.save()).toEqual(twin.machine.machine.save());
    expect(child.machine.ended).toEqual({ kind: "power-off" });
  });

  test("frames go to and fro with the balloon", () => {
    const guest = ballooning({ memory: MiB(0.5), free: 50, hot: 8, common: 10 });
    const vmm = create(technique, { guest }).run({ instructions: 20_000 });
    const { machine: vm } = vmm;
    const table = new FrameTable(vmm);
    // What the driver itself needs.
    for (const target of [1, 0]) {
      vm.machine.balloon.target = target;
      vmm.run({ instructions: 20_000 });
    }
    const before = table.held;
    const { populated } = table.of(vm);
    vm.machine.balloon.target = 40;
    vmm.run({ instructions: 20_000 });
    expect(vm.machine.balloon.size).toBe(40);
    expect(collectBalloons(table, vmm.machines)).toBe(40);
    isTrue(table);
    expect(table.held).toBe(before - 40);
    vm.machine.balloon.target = 5;
    vmm.run({ instructions: 20_000 });
    expect(vm.machine.balloon.size).toBe(5);
    isTrue(table);
    expect(table.held).toBe(before - 5);
    expect(collectBalloons(table, vmm.machines)).toBe(0);
    expect(table.of(vm).populated - populated).toBe(35);
    // More than it can spare it doesn't give.
    vm.machine.balloon.target = 120;
    vmm.run({ instructions: 20_000 });
    expect(vm.machine.balloon.size).toBe(50);
  });

  test("snapshots are a tree: revert, branch, clone", () => {
    const vmm = create(technique, { guest: guests.processes });
    const vm = vmm.machine;
    const snapshots = new Snapshots(vm);
    snapshots.take("begin");
    vmm.run({ instructions: 30_001 });
    snapshots.take("middle");
    vmm.run();
    const end = vm.machine.save();
    snapshots.take("end");
    snapshots.revert("middle");
    expect(vm.machine.instructions).toBe(30_001);
    vmm.run({ instructions: 5000 });
    snapshots.take("other");
    expect(snapshots.all.map(({ parent }) => parent)).toEqual([undefined, "begin", "middle", "middle"]);
    vmm.run();
    expect(vm.machine.save()).toEqual(end);
    snapshots.revert("end");
    expect(vm.ended).toEqual({ kind: "power-off" });
    const clone = create(technique, { guest: guests.processes });
    snapshots.clone("middle", clone.machine);
    clone.run();
    expect(clone.machine.machine.save()).toEqual(end);
    // Pages in common are held once.
    const alone = snapshots.all.reduce((sum, { state }) => sum + state.pages.filter(Boolean).length, 0);
    expect(snapshots.held).toBeLessThan(0.8 * alone);
    snapshots.remove("middle");
    expect(snapshots.all.map(({ parent }) => parent)).toEqual([undefined, "begin", "begin"]);
    expect(snapshots.view().edges).toHaveLength(2);
    expect(snapshots.table().rows).toHaveLength(3);
    expect(() => snapshots.take("end")).toThrow("already");
    expect(() => {
      snapshots.revert("nothing");
    }).toThrow("no snapshot");
  });
});

describe("Waldspurger 2002", () => {
  const claims = [
    { name: "idle", shares: 1000, pages: 100, active: 0.1 },
    { name: "busy", shares: 1000, pages: 100, active: 0.9 },
  ];

  test("section 5.2: idle pages cost k = 1/(1 − τ) times as much", () => {
    const [idle, busy] = [
      { ...claims[0], active: 0 },
      { ...claims[0], active: 1 },
    ] as const;
    const claim = { name: "", shares: 1000, pages: 100 };
    expect(sharesPerPage({ ...claim, ...idle, active: 0 }, 0.75)).toBe(2.5);
    expect(sharesPerPage({ ...claim, ...busy, active: 1 }, 0.75)).toBe(10);
    expect(sharesPerPage({ ...claim, active: 0.3 }, 0)).toBe(10);
  });

  test("section 5: without the tax both give alike; with it the idle one gives first", () => {
    expect([...revoke(claims, 40, 0).values()]).toEqual([20, 20]);
    const taxed = revoke(claims, 40);
    expect(taxed.get("idle")).toBe(40);
    expect([...revoke(claims, 0).values()]).toEqual([0, 0]);
    expect(revocationView(claims, 40).rows.map(({ plain }) => plain)).toEqual([20, 20]);
    expect(() => revoke(claims, 300)).toThrow("cannot be taken");
    expect(() => revoke(claims, 1, 1)).toThrow("no tax");
  });

  test("section 5.3: what a guest uses is measured", () => {
    const shareOf = (hot: number): number => {
      const vmm: Vmm = create("trap-and-emulate", { guest: writer({ memory: MiB(1), filled: 200, hot, pause: 10 }) });
      vmm.run({ instructions: 30_000 });
      return activeShare(vmm.machine, () => {
        vmm.run({ instructions: 30_000 });
      });
    };
    // The hot pages, and one of code.
    expect(shareOf(20) * 256).toBe(21);
    expect(shareOf(150) * 256).toBe(151);
  });
});

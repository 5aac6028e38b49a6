import { expect, test } from "vitest";
import { createWorld, MiB, s } from "../../../../../sim/core/index.js";
import { createDisk, MemoryDisk, type BlockDevice } from "../../../../../sim/storage/index.js";
import { VirtioBlock } from "../../../../../sim/machine/devices/virtio/block.js";
import { ramBase, ramBus } from "../board-double.js";
import { Driver } from "./driver.js";

const header = ramBase;
const data = ramBase + 0x1000;
const status = ramBase + 0x7000;

function block(drive: BlockDevice = new MemoryDisk({ size: MiB(1), name: "memory" }), world = createWorld()) {
  const driver = new Driver(ramBus(), new VirtioBlock(drive, world));
  driver.start();
  /** Does a request with `length` bytes of data. @returns the status that the device gave */
  function request(type: number, sector: number, length: number, toDevice: boolean): number | undefined {
    const view = new DataView(new ArrayBuffer(16));
    view.setUint32(0, type, true);
    view.setBigUint64(8, BigInt(sector), true);
    driver.put(header, new Uint8Array(view.buffer));
    driver.put(status, [0xff]);
    driver.offer(0, 0, [
      { address: header, length: 16 },
      ...(length > 0 ? [{ address: data, length, write: !toDevice }] : []),
      { address: status, length: 1, write: true },
    ]);
    return driver.get(status, 1)[0];
  }
  return { driver, drive, world, request };
}

test("the driver finds a disk of its size, and a place without a device", () => {
  const { driver } = block();
  expect([driver.read(0), driver.read(4), driver.read(8)]).toEqual([0x74726976, 2, 2]);
  expect(driver.transport.load(0x100, 64)).toBe(2048n);
  expect(driver.read(0x114)).toBe(512);
  expect(driver.read(0x70)).toBe(15);
});

test("sectors are written and read", () => {
  const { driver, drive, request } = block();
  const content = Array.from({ length: 1024 }, (_, i) => (7 * i) & 0xff);
  driver.put(data, content);
  expect(request(1, 3, 1024, true)).toBe(0);
  expect([...drive.read(3, 2)]).toEqual(content);
  driver.put(data, new Uint8Array(1024));
  expect(request(0, 4, 512, false)).toBe(0);
  expect(driver.get(data, 512)).toEqual(content.slice(512));
  expect(driver.used(0)).toEqual([
    { id: 0, length: 1 },
    { id: 0, length: 513 },
  ]);
  expect(driver.interrupt.level).toBe(true);
  driver.write(0x64, 1);
  expect(driver.interrupt.level).toBe(false);
});

test("a range is discarded, the name is told, a flush succeeds", () => {
  const { driver, drive, request } = block();
  drive.write(5, new Uint8Array(1024).fill(1));
  const range = new DataView(new ArrayBuffer(16));
  range.setBigUint64(0, 5n, true);
  range.setUint32(8, 1, true);
  driver.put(data, new Uint8Array(range.buffer));
  expect(request(11, 0, 16, true)).toBe(0);
  expect([...drive.read(5, 2)].reduce((sum, byte) => sum + byte)).toBe(512);
  expect(request(8, 0, 20, false)).toBe(0);
  expect(String.fromCharCode(...driver.get(data, 6))).toBe("memory");
  expect(request(4, 0, 0, true)).toBe(0);
});

test("what the disk doesn't have, or doesn't do, fails for the guest alone", () => {
  const { driver, request } = block();
  expect(request(0, 2047, 1024, false)).toBe(1);
  expect(request(1, 2 ** 60, 512, true)).toBe(1);
  expect(request(0, 0, 100, false)).toBe(1);
  expect(request(99, 0, 512, false)).toBe(2);
  expect(driver.transport.failed).toBe(false);
});

test("a read-only disk says so and refuses", () => {
  const memory = new MemoryDisk({ size: MiB(1) });
  const { driver, request } = block({
    name: "fixed",
    sectorSize: 512,
    sectors: memory.sectors,
    writable: false,
    read: (lba, count) => memory.read(lba, count),
    write: () => {
      throw new Error("written");
    },
    discard: () => undefined,
    flush: () => undefined,
  });
  driver.write(0x14, 0);
  expect(driver.read(0x10) & 0x20).toBe(0x20);
  expect(request(1, 0, 512, true)).toBe(1);
});

test("a drive on the machine's clock takes its time, and a saved request is waited for again", () => {
  const world = createWorld();
  const { driver, request } = block(createDisk({ world, size: MiB(16) }), world);
  expect(request(0, 100, 512, false)).toBe(0);
  expect(driver.used(0)).toEqual([]);
  const saved = driver.transport.save();
  world.engine.run(s(1));
  expect(driver.used(0)).toEqual([{ id: 0, length: 513 }]);
  expect(driver.interrupt.level).toBe(true);

  driver.transport.restore(saved);
  expect(driver.interrupt.level).toBe(false);
  world.engine.run(s(2));
  expect(driver.interrupt.level).toBe(true);
});

test("a reset forgets what is under way", () => {
  const world = createWorld();
  const { driver, request } = block(createDisk({ world, size: MiB(16) }), world);
  request(0, 100, 512, false);
  driver.start();
  world.engine.run(s(1));
  expect(driver.used(0)).toEqual([]);
  expect(driver.interrupt.level).toBe(false);
});

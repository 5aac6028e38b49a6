import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, MiB, Rng } from "../../../../../sim/core/index.js";
import { VirtioBalloon } from "../../../../../sim/machine/devices/virtio/balloon.js";
import { VirtioBlock } from "../../../../../sim/machine/devices/virtio/block.js";
import { VirtioConsole } from "../../../../../sim/machine/devices/virtio/console.js";
import { loopback } from "../../../../../sim/machine/devices/link.js";
import { VirtioNet } from "../../../../../sim/machine/devices/virtio/net.js";
import { VirtioRng } from "../../../../../sim/machine/devices/virtio/rng.js";
import type { VirtioDevice } from "../../../../../sim/machine/devices/virtio/virtio-device.js";
import { MemoryDisk } from "../../../../../sim/storage/index.js";
import { ramBase, ramBus } from "../board-double.js";
import { Driver } from "./driver.js";

const data = ramBase + 0x1000;
const version1 = 1n << 32n;
const indirect = version1 | (1n << 28n);
const withEvents = version1 | (1n << 29n);

function rng(features = version1): Driver {
  const driver = new Driver(ramBus(), new VirtioRng(new Rng(1)));
  driver.start(features);
  return driver;
}

describe("a queue", () => {
  test("follows an indirect table, where that was agreed on", () => {
    const table = ramBase + 0x4000;
    const results = [indirect, version1].map((features) => {
      const driver = rng(features);
      driver.describe(table, 0, { address: data, length: 3, write: true }, 1);
      driver.describe(table, 1, { address: data + 8, length: 4, write: true });
      driver.describe(driver.rings, 0, { address: table, length: 32 }, undefined, 4);
      driver.offer(0, 0, []);
      return [driver.used(0), driver.transport.failed];
    });
    expect(results).toEqual([
      [[{ id: 0, length: 7 }], false],
      [[], true],
    ]);
  });

  test("interrupts when the driver's event index is passed, and asks for notifications", () => {
    const driver = rng(withEvents);
    const interrupts: boolean[] = [];
    driver.bus.store(driver.rings + 0x400 + 4 + 2 * driver.size, 16, 2n);
    for (let head = 0; head < 4; head++) {
      driver.offer(0, head, [{ address: data, length: 1, write: true }]);
      interrupts.push(driver.interrupt.level);
      driver.write(0x64, 3);
    }
    expect(interrupts).toEqual([false, false, true, false]);
    expect(driver.bus.load(driver.rings + 0x800 + 4 + 8 * driver.size, 16)).toBe(4n);
  });

  test("doesn't interrupt a driver that doesn't want it", () => {
    const driver = rng();
    driver.bus.store(driver.rings + 0x400, 16, 1n);
    driver.offer(0, 0, [{ address: data, length: 1, write: true }]);
    expect([driver.used(0).length, driver.interrupt.level]).toEqual([1, false]);
  });

  test.each<[string, (driver: Driver) => void]>([
    [
      "a chain that loops",
      (driver) => {
        driver.describe(driver.rings, 0, { address: data, length: 1 }, 0);
      },
    ],
    [
      "a next beyond the table",
      (driver) => {
        driver.describe(driver.rings, 0, { address: data, length: 1 }, 9);
      },
    ],
    [
      "an address outside RAM",
      (driver) => {
        driver.describe(driver.rings, 0, { address: 0x1000, length: 1 });
      },
    ],
    [
      "a length beyond RAM",
      (driver) => {
        driver.describe(driver.rings, 0, { address: data, length: 2 ** 31 });
      },
    ],
    [
      "more bytes than RAM has",
      (driver) => {
        driver.describe(driver.rings, 0, { address: ramBase, length: 2 ** 20, write: true }, 1);
        driver.describe(driver.rings, 1, { address: ramBase, length: 1, write: true });
      },
    ],
    [
      "buffers to read behind those to write",
      (driver) => {
        driver.describe(driver.rings, 0, { address: data, length: 1, write: true }, 1);
        driver.describe(driver.rings, 1, { address: data, length: 1 });
      },
    ],
  ])("is broken by %s", (_, damage) => {
    const driver = rng();
    damage(driver);
    driver.offer(0, 0, []);
    expect(driver.transport.failed).toBe(true);
    expect(driver.read(0x60)).toBe(2);
    expect(driver.used(0)).toEqual([]);
    driver.start();
    driver.offer(0, 0, [{ address: data, length: 1, write: true }]);
    expect(driver.used(0)).toHaveLength(1);
  });

  test("that says to have more entries than it is long is broken", () => {
    const driver = rng();
    driver.bus.store(driver.rings + 0x402, 16, 9n);
    driver.write(0x50, 0);
    expect(driver.transport.failed).toBe(true);
  });
});

describe("the handshake", () => {
  test("features that were not offered, and a driver without version 1, are refused", () => {
    for (const features of [0n, version1 | (1n << 50n)]) {
      const driver = new Driver(ramBus(), new VirtioRng(new Rng(1)));
      driver.start(features);
      expect(driver.read(0x70) & 8).toBe(0);
    }
  });

  test("nothing happens before the driver is ready", () => {
    const driver = rng();
    driver.write(0x70, 11);
    driver.offer(0, 0, [{ address: data, length: 1, write: true }]);
    expect(driver.used(0)).toEqual([]);
    driver.write(0x70, 15);
    driver.write(0x50, 0);
    expect(driver.used(0)).toHaveLength(1);
  });

  test("what is saved goes on elsewhere", () => {
    const driver = rng();
    driver.offer(0, 0, [{ address: data, length: 4, write: true }]);
    const other = new Driver(driver.bus, new VirtioRng(new Rng(2)));
    other.transport.restore(driver.transport.save());
    expect(other.transport.save()).toEqual(driver.transport.save());
    expect(other.interrupt.level).toBe(true);
  });
});

/** Every kind, with a world of its own. */
const kinds: Readonly<Record<string, () => VirtioDevice>> = {
  block: () => new VirtioBlock(new MemoryDisk({ size: MiB(1) }), createWorld()),
  console: () => {
    const device: VirtioConsole = new VirtioConsole((bytes) => {
      device.receive(bytes);
    });
    return device;
  },
  net: () => new VirtioNet([2, 0, 0, 0, 0, 1], loopback()),
  rng: () => new VirtioRng(new Rng(1)),
  balloon: () => new VirtioBalloon(),
};

const address = fc.oneof(
  fc.integer({ min: ramBase, max: ramBase + 0xffff }),
  fc.integer({ min: ramBase + 0xff000, max: ramBase + 0x101000 }),
  fc.nat(),
);
const descriptor = fc.record({
  address,
  length: fc.oneof(fc.nat(64), fc.nat(0x20000), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  flags: fc.nat(7),
  next: fc.oneof(fc.nat(8), fc.nat(65535)),
});
const register = fc.record({
  offset: fc.oneof(fc.constantFrom(0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0xa0), fc.nat(0x1ff)),
  value: fc.oneof(fc.nat(16), address, fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  width: fc.constantFrom(8, 16, 32, 64),
});
const runs = process.env["VIRTLAB_LONG"] === "1" ? 20_000 : 150;

describe.each(Object.entries(kinds))("%s", (_, create) => {
  test("garbage in its rings never throws, and what it does it does to RAM alone", () => {
    const garbage = fc.record({
      descriptors: fc.array(descriptor, { minLength: 8, maxLength: 8 }),
      available: fc.array(fc.oneof(fc.nat(7), fc.nat(65535)), { minLength: 9, maxLength: 9 }),
      index: fc.oneof(fc.nat(8), fc.nat(65535)),
      bytes: fc.uint8Array({ maxLength: 64 }),
      registers: fc.array(register, { maxLength: 8 }),
      features: fc.constantFrom(version1, indirect, withEvents | indirect),
    });
    fc.assert(
      fc.property(garbage, ({ descriptors, available, index, bytes, registers, features }) => {
        const driver = new Driver(ramBus(), create());
        driver.start(features);
        driver.put(ramBase, bytes);
        driver.transport.queues.forEach((_, queue) => {
          const ring = driver.rings + 0x1000 * queue;
          descriptors.forEach(({ flags, next, ...buffer }, at) => {
            driver.describe(ring, at, buffer, undefined, flags);
            driver.bus.store(ring + 16 * at + 14, 16, BigInt(next));
          });
          available.forEach((head, at) => driver.bus.store(ring + 0x404 + 2 * at, 16, BigInt(head)));
          driver.bus.store(ring + 0x402, 16, BigInt(index));
          driver.write(0x50, queue);
        });
        for (const { offset, value, width } of registers) {
          driver.transport.store(offset, width, BigInt.asUintN(width, BigInt(value)));
          expect(driver.transport.load(offset, width as 8) >> BigInt(width)).toBe(0n);
        }
        // The harts' part of the arena is not RAM.
        expect(new Uint8Array(driver.bus.buffer, 0, driver.bus.ramStart).every((byte) => byte === 0)).toBe(true);
        const saved = driver.transport.save();
        expect(JSON.parse(JSON.stringify(saved))).toEqual(saved);
        driver.start();
        expect(driver.transport.failed).toBe(false);
      }),
      { numRuns: runs, seed: 5 },
    );
  });
});

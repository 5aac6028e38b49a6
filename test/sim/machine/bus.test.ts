import { expect, test } from "vitest";
import { GiB, UsageError } from "../../../sim/core/index.js";
import { createArena } from "../../../sim/machine/arena.js";
import { ramBase, ramBus } from "./devices/board-double.js";

const device = {
  name: "recorder",
  size: 16,
  stores: [] as unknown[],
  load: (offset: number, width: number) => BigInt(1000 * offset + width),
  store(...store: unknown[]) {
    device.stores.push(store);
  },
  reset: () => undefined,
  save: () => null,
  restore: () => undefined,
};

test("RAM is little-endian and ends where it ends", () => {
  const bus = ramBus(4096);
  expect(bus.store(ramBase + 4088, 64, -2n)).toBe(true);
  expect(bus.load(ramBase + 4088, 64)).toBe(2n ** 64n - 2n);
  expect(bus.load(ramBase + 4088, 8)).toBe(0xfen);
  expect(bus.load(ramBase + 4090, 16)).toBe(0xffffn);
  expect(bus.load(ramBase + 4089, 64)).toBeUndefined();
  expect(bus.store(ramBase + 4094, 32, 0n)).toBe(false);
  expect(bus.load(ramBase - 1, 16)).toBeUndefined();
  expect(bus.bytes(ramBase, 4096)).toHaveLength(4096);
  expect(bus.bytes(ramBase, 4097)).toBeUndefined();
});

test("an access finds the device that has all of it", () => {
  const bus = ramBus(4096);
  bus.attach(0x1000, device);
  expect(bus.load(0x100c, 32)).toBe(12032n);
  expect(bus.store(0x1008, 8, 0x1ffn)).toBe(true);
  expect(device.stores).toEqual([[8, 8, 0xffn]]);
  expect(bus.load(0x100e, 32)).toBeUndefined();
  expect(bus.store(0x0fff, 8, 0n)).toBe(false);
  expect(() => {
    bus.attach(0x100f, device);
  }).toThrow("recorder lies where recorder does");
});

test("who listens is told of what is written past the harts", () => {
  const bus = ramBus(4096);
  const told: number[][] = [];
  bus.onWritten((...range) => told.push(range));
  bus.written(ramBase + 8, 4);
  expect(told).toEqual([[ramBase + 8, 4]]);
});

test("memory that cannot be had is refused with the mend", () => {
  expect(() => createArena(1, 5000)).toThrow(UsageError);
  expect(() => createArena(1, GiB(4))).toThrow("4 GiB of memory");
  expect(() => createArena(1, GiB(4))).toThrow(expect.objectContaining({ hint: "Give at most 4092 MiB." }) as Error);
});

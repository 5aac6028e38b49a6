import { expect, test } from "vitest";
import { Rng } from "../../../../../sim/core/index.js";
import { VirtioBalloon } from "../../../../../sim/machine/devices/virtio/balloon.js";
import { VirtioConsole } from "../../../../../sim/machine/devices/virtio/console.js";
import { hub, loopback } from "../../../../../sim/machine/devices/link.js";
import { VirtioNet } from "../../../../../sim/machine/devices/virtio/net.js";
import { VirtioRng } from "../../../../../sim/machine/devices/virtio/rng.js";
import { ramBase, ramBus } from "../board-double.js";
import { Driver } from "./driver.js";

const data = ramBase + 0x1000;
const mac = [0x52, 0x54, 0, 0, 0, 1];

test("a console sends, and keeps what it receives until there is room", () => {
  const sent: number[] = [];
  const device = new VirtioConsole((bytes) => sent.push(...bytes));
  const driver = new Driver(ramBus(), device);
  driver.start();
  driver.put(data, [1, 2, 3, 4]);
  driver.offer(1, 0, [
    { address: data, length: 2 },
    { address: data + 3, length: 1 },
  ]);
  expect(sent).toEqual([1, 2, 4]);
  device.receive([7, 8, 9]);
  expect(driver.used(0)).toEqual([]);
  driver.offer(0, 0, [{ address: data, length: 2, write: true }]);
  driver.offer(0, 1, [{ address: data + 2, length: 2, write: true }]);
  expect(driver.used(0)).toEqual([
    { id: 0, length: 2 },
    { id: 1, length: 1 },
  ]);
  expect(driver.get(data, 3)).toEqual([7, 8, 9]);
});

test("entropy is the seed's", () => {
  const bytes = [1, 1, 2].map((seed) => {
    const driver = new Driver(ramBus(), new VirtioRng(new Rng(seed, "entropy")));
    driver.start();
    driver.offer(0, 0, [{ address: data, length: 32, write: true }]);
    expect(driver.used(0)).toEqual([{ id: 0, length: 32 }]);
    return driver.get(data, 32);
  });
  expect(bytes[0]).toEqual(bytes[1]);
  expect(bytes[0]).not.toEqual(bytes[2]);
});

test("frames go through a hub to the others, and through a loopback home", () => {
  const link = hub();
  const cards = [link, link, link, loopback()].map((each) => {
    const driver = new Driver(ramBus(), new VirtioNet(mac, each));
    driver.start();
    driver.offer(0, 0, [{ address: data, length: 1530, write: true }]);
    return driver;
  });
  expect(cards[0]?.transport.load(0x100, 64)).toBe(0x0001_0100_0000_5452n);
  for (const card of [cards[0], cards[3]]) {
    card?.put(data + 0x1000, [...new Uint8Array(12), ...Array.from({ length: 60 }, (_, i) => i)]);
    card?.offer(1, 0, [
      { address: data + 0x1000, length: 12 },
      { address: data + 0x100c, length: 60 },
    ]);
  }
  expect(cards.map((card) => card.used(0))).toEqual([[], ...Array<unknown>(3).fill([{ id: 0, length: 72 }])]);
  expect(cards[2]?.get(data, 16)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3]);
});

test("frames without a buffer wait; those that fit no buffer, or come before the driver, are lost", () => {
  let receive: (frame: Uint8Array) => void = () => undefined;
  const device = new VirtioNet(mac, {
    plug: (way) => {
      receive = way;
      return () => undefined;
    },
  });
  const driver = new Driver(ramBus(), device);
  receive(Uint8Array.of(1));
  expect(device.dropped).toBe(1);
  driver.start();
  receive(Uint8Array.of(2));
  receive(new Uint8Array(100));
  driver.offer(0, 0, [{ address: data, length: 64, write: true }]);
  driver.offer(0, 1, [{ address: data, length: 64, write: true }]);
  expect(driver.used(0).map(({ length }) => length)).toEqual([13, 0]);
  expect(device.dropped).toBe(2);
});

test("pages go into the balloon as zeros and come out", () => {
  const device = new VirtioBalloon();
  const driver = new Driver(ramBus(), device);
  driver.start();
  device.target = 2;
  expect([driver.read(0x100), driver.read(0x60), driver.read(0xfc)]).toEqual([2, 2, 1]);
  const page = ramBase + 0x10000;
  driver.put(page, [1, 2, 3]);
  const numbers = new Uint32Array([page / 4096, page / 4096 + 1, 0xffffffff]);
  driver.put(data, new Uint8Array(numbers.buffer));
  driver.offer(0, 0, [{ address: data, length: 12 }]);
  expect(driver.get(page, 3)).toEqual([0, 0, 0]);
  expect(device.size).toBe(2);
  driver.write(0x104, 2);
  expect(device.save()).toMatchObject({ target: 2, actual: 2 });
  driver.offer(1, 0, [{ address: data, length: 4 }]);
  expect(device.size).toBe(1);
  expect(() => {
    device.target = 257;
  }).toThrow("a balloon cannot have 257 pages");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { Plic } from "../../../../sim/machine/devices/plic.js";
import { probe } from "./board-double.js";

const claim = (context: number): number => 0x200004 + 0x1000 * context;

function plic() {
  const contexts = [probe(), probe()];
  const device = new Plic(contexts.map(({ line }) => line));
  const write = (offset: number, value: number): void => {
    device.store(offset, 32, BigInt(value));
  };
  const read = (offset: number): number => Number(device.load(offset, 32));
  return { device, contexts, write, read };
}

test("the highest priority is claimed first, the lowest number among equals", () => {
  const { device, write, read } = plic();
  for (const [id, priority] of [
    [3, 2],
    [4, 5],
    [40, 5],
  ] as const)
    write(4 * id, priority);
  write(0x2000, 0xffffffff);
  write(0x2004, 0xffffffff);
  for (const id of [3, 4, 40]) device.source(id)(true);
  expect(device.load(0x1000, 64)).toBe((1n << 40n) | 0x18n);
  expect([read(claim(0)), read(claim(0)), read(claim(0)), read(claim(0))]).toEqual([4, 40, 3, 0]);
});

test("a line that stays up asks again once its request is completed, by a context that has it enabled", () => {
  const { device, contexts, write, read } = plic();
  write(4 * 9, 1);
  write(0x2080, 1 << 9);
  const line = device.source(9);
  line(true);
  expect(contexts.map(({ level }) => level)).toEqual([false, true]);
  expect(read(claim(1))).toBe(9);
  expect(contexts[1]?.level).toBe(false);
  write(claim(0), 9);
  expect(contexts[1]?.level).toBe(false);
  write(claim(1), 9);
  expect(contexts[1]?.level).toBe(true);
  expect(read(claim(1))).toBe(9);
  line(false);
  write(claim(1), 9);
  expect(contexts[1]?.level).toBe(false);
});

test("a threshold keeps the context from being told, not from claiming; priority 0 is never", () => {
  const { device, contexts, write, read } = plic();
  write(4 * 1, 3);
  write(0x2000, 6);
  write(0x200000, 3);
  device.source(1)(true);
  device.source(2)(true);
  expect(contexts[0]?.level).toBe(false);
  write(0x200000, 2);
  expect(contexts[0]?.level).toBe(true);
  write(0x200000, 7);
  expect([read(claim(0)), read(claim(0))]).toEqual([1, 0]);
});

test("bytes of registers can be accessed", () => {
  const { device, write } = plic();
  write(0x2000, 0x1234_5600);
  device.store(0x2001, 8, 0xabn);
  expect(device.load(0x2000, 32)).toBe(0x1234_ab00n);
  expect(device.load(0x2002, 16)).toBe(0x1234n);
});

test("any accesses leave a state that is restored as it was", () => {
  const access = fc.record({
    offset: fc.oneof(
      fc.nat(0x60),
      fc.integer({ min: 0x1000, max: 0x2100 }),
      fc.integer({ min: 0x200000, max: 0x202010 }),
    ),
    width: fc.constantFrom(8, 16, 32, 64),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    source: fc.integer({ min: 1, max: 31 }),
    level: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
      const { device, contexts } = plic();
      for (const { offset, width, value, source, level } of accesses) {
        device.store(offset, width, BigInt.asUintN(width, value));
        device.source(source)(level);
        expect(device.load(offset, width) >> BigInt(width)).toBe(0n);
      }
      const other = plic();
      other.device.restore(device.save());
      expect(other.device.save()).toEqual(device.save());
      expect(other.contexts.map(({ level }) => level)).toEqual(contexts.map(({ level }) => level));
    }),
  );
});

import { expect, test } from "vitest";
import { ns } from "../../../../sim/core/index.js";
import { Clint } from "../../../../sim/machine/devices/clint.js";
import { probe, worldClock } from "./board-double.js";

function two() {
  const clock = worldClock();
  const harts = [0, 1].map(() => ({ software: probe(), timer: probe() }));
  const lines = harts.map(({ software, timer }) => ({ software: software.line, timer: timer.line }));
  return { clock, harts, lines, clint: new Clint(clock, 100, lines) };
}

test("a timer's line rises when mtime reaches mtimecmp, and falls when that is moved on", () => {
  const { clock, harts, clint } = two();
  clint.store(0x4008, 64, 50n);
  clock.world.engine.run(ns(4999));
  expect(harts[1]?.timer.level).toBe(false);
  clock.world.engine.run(ns(5000));
  expect(clint.load(0xbff8, 64)).toBe(50n);
  expect(harts.map(({ timer }) => timer.level)).toEqual([false, true]);
  clint.store(0x400c, 32, 1n);
  expect(harts[1]?.timer.level).toBe(false);
  expect(clint.load(0x4008, 64)).toBe((1n << 32n) | 50n);
});

test("mtime can be written, and timers follow it", () => {
  const { clock, harts, clint } = two();
  clint.store(0x4000, 64, 1000n);
  clint.store(0xbff8, 32, 990n);
  clock.world.engine.run(ns(900));
  expect(harts[0]?.timer.level).toBe(false);
  clock.world.engine.run(ns(1000));
  expect(harts[0]?.timer.level).toBe(true);
});

test("of a software interrupt's register one bit counts, and beyond the harts there is none", () => {
  const { harts, clint } = two();
  clint.store(0x4, 32, 0xffffffffn);
  expect(harts.map(({ software }) => software.level)).toEqual([false, true]);
  expect(clint.load(0x0, 64)).toBe(1n << 32n);
  clint.store(0x8, 32, 1n);
  expect(clint.load(0x8, 32)).toBe(0n);
  clint.reset();
  expect(harts[1]?.software.level).toBe(false);
});

test("what is restored goes on where it was saved", () => {
  const { clock, clint } = two();
  clint.store(0x4000, 64, 30n);
  clint.store(0x4, 32, 1n);
  clock.world.engine.run(ns(1000));
  const saved = clint.save();
  const other = two();
  other.clock.world.engine.run(ns(1000));
  other.clint.restore(saved);
  expect(other.clint.save()).toEqual(saved);
  expect(other.harts[1]?.software.level).toBe(true);
  other.clock.world.engine.run(ns(3000));
  expect(other.harts[0]?.timer.level).toBe(true);
});

import { expect, test } from "vitest";
import { ns } from "../../../../sim/core/index.js";
import { Rtc } from "../../../../sim/machine/devices/rtc.js";
import { TestFinisher, type Finish } from "../../../../sim/machine/devices/test.js";
import { probe, worldClock } from "./board-double.js";

const start = 1_735_689_600;

function rtc() {
  const clock = worldClock();
  const interrupt = probe();
  const device = new Rtc(clock, interrupt.line, start);
  const time = (): bigint => {
    const low = device.load(0, 32);
    return low | (device.load(4, 32) << 32n);
  };
  return { clock, interrupt, device, time };
}

test("it counts virtual nanoseconds from its date, and can be set", () => {
  const { clock, device, time } = rtc();
  expect(time()).toBe(BigInt(start) * 10n ** 9n);
  clock.world.engine.run(ns(1234));
  expect(time()).toBe(BigInt(start) * 10n ** 9n + 1234n);
  device.store(4, 32, 1n);
  device.store(0, 32, 5n);
  clock.world.engine.run(ns(1244));
  expect(time()).toBe((1n << 32n) + 15n);
  device.reset();
  expect(time()).toBe((1n << 32n) + 15n);
});

test("an alarm interrupts at its time, and after restoring too", () => {
  const { clock, device, interrupt, time } = rtc();
  const due = time() + 500n;
  device.store(0x0c, 32, due >> 32n);
  device.store(0x08, 32, due & 0xffffffffn);
  device.store(0x10, 32, 1n);
  expect(device.load(0x18, 32)).toBe(1n);
  const other = rtc();
  other.device.restore(device.save());
  for (const each of [{ clock, device, interrupt }, other]) {
    each.clock.world.engine.run(ns(499));
    expect(each.interrupt.level).toBe(false);
    each.clock.world.engine.run(ns(500));
    expect(each.interrupt.level).toBe(true);
    expect(each.device.load(0x18, 32)).toBe(0n);
    each.device.store(0x1c, 32, 0n);
    expect(each.interrupt.level).toBe(false);
  }
});

test("the finisher tells how the guest ended", () => {
  const seen: Finish[] = [];
  const device = new TestFinisher((finish) => seen.push(finish));
  device.store(0, 32, 0x5555n);
  device.store(0, 32, 0x2a3333n);
  device.store(0, 16, 0x7777n);
  device.store(0, 32, 0x1234n);
  device.store(4, 32, 0x5555n);
  expect(seen).toEqual([{ kind: "power-off" }, { kind: "failed", code: 42 }, { kind: "reset" }]);
});

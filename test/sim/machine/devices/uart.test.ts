import { expect, test } from "vitest";
import { Uart } from "../../../../sim/machine/devices/uart.js";
import { probe } from "./board-double.js";

const code = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

function uart() {
  const interrupt = probe();
  const sent: number[] = [];
  const device = new Uart(interrupt.line, (byte) => sent.push(byte));
  const write = (register: number, value: number): void => {
    device.store(register, 8, BigInt(value));
  };
  const read = (register: number): number => Number(device.load(register, 8));
  return { device, interrupt, sent, write, read };
}

test("what is written is sent, and the divisor latch lies over it", () => {
  const { sent, write, read } = uart();
  write(0, 0x41);
  write(3, 0x83);
  write(0, 0x12);
  write(1, 0x34);
  expect([read(0), read(1)]).toEqual([0x12, 0x34]);
  write(3, 0x03);
  write(0, 0x42);
  expect(sent).toEqual([0x41, 0x42]);
  expect(read(1)).toBe(0);
  expect(read(5)).toBe(0x60);
});

test("a driver finds a 16550A with FIFOs", () => {
  const { write, read } = uart();
  write(7, 0x5a);
  expect(read(7)).toBe(0x5a);
  expect(read(2) & 0xc0).toBe(0);
  write(2, 0x01);
  expect(read(2) & 0xc0).toBe(0xc0);
});

test("the empty transmitter interrupts once it is enabled, until the identification is read", () => {
  const { interrupt, write, read } = uart();
  write(1, 0x02);
  expect(interrupt.level).toBe(true);
  expect(read(2)).toBe(0x02);
  expect(interrupt.level).toBe(false);
  expect(read(2)).toBe(0x01);
  write(0, 0x20);
  expect(interrupt.level).toBe(true);
  write(1, 0x00);
  expect(interrupt.level).toBe(false);
});

test("received bytes interrupt, at the trigger level or after a while, and none is lost", () => {
  const { device, interrupt, write, read } = uart();
  const text = "a text that is longer than the FIFO of sixteen";
  write(1, 0x01);
  write(2, 0x41);
  device.receive(code("abc"));
  expect([interrupt.level, read(2)]).toEqual([true, 0xcc]);
  device.receive(code("d"));
  expect(read(2)).toBe(0xc4);
  device.receive(code(text));
  let read_ = "";
  while ((read(5) & 1) !== 0) read_ += String.fromCharCode(read(0));
  expect(read_).toBe(`abcd${text}`);
  expect(interrupt.level).toBe(false);
});

test("loopback leads outputs to inputs, and bytes back", () => {
  const { device, sent, write, read } = uart();
  expect(read(6)).toBe(0xb0);
  for (const [outputs, inputs] of [
    [0x1a, 0x90],
    [0x11, 0x20],
    [0x14, 0x40],
    [0x12, 0x10],
  ] as const) {
    write(4, outputs);
    expect(read(6) & 0xf0).toBe(inputs);
  }
  // RTS and CTS stayed as they were, the ring indicator ended.
  write(4, 0x16);
  expect(read(6)).toBe(0x50);
  write(4, 0x12);
  expect(read(6)).toBe(0x14);
  device.receive([0x77]);
  write(0, 0x55);
  write(0, 0x56);
  expect(sent).toEqual([]);
  expect(read(5)).toBe(0x63);
  expect(read(0)).toBe(0x55);
  expect(read(5)).toBe(0x60);
  write(4, 0);
  expect(read(0)).toBe(0x77);
});

test("what is restored goes on where it was saved", () => {
  const { device, write } = uart();
  write(1, 0x03);
  write(2, 0x01);
  device.receive(code("a longer text than fits"));
  const other = uart();
  other.device.restore(device.save());
  expect(other.device.save()).toEqual(device.save());
  expect(other.interrupt.level).toBe(true);
  expect(other.read(0)).toBe(0x61);
  other.device.reset();
  expect(other.interrupt.level).toBe(false);
});

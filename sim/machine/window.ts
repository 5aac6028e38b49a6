import { invariant } from "../core/index.js";
import { Bus } from "./bus.js";

/** A part of a machine's RAM that is another machine's RAM. */
export interface Window {
  readonly bus: Bus;
  /** Where it begins there, and how many bytes it has: whole pages. */
  readonly address: number;
  readonly size: number;
}

/**
 * A physical address space whose RAM is a part of another's. It reaches nothing else of that: addresses are offsets in the window,
 * for devices too. What is written here is written there.
 */
export function windowBus({ bus, address, size }: Window, ramBase: number): Bus {
  const ramStart = bus.ramAt(address, size);
  invariant(ramStart !== undefined, `no RAM of ${size} bytes at ${address}`);
  const ram = { memory: { buffer: bus.buffer }, ramStart, ramSize: size };
  return new Bus(ram, ramBase, (at, bytes) => {
    bus.written(address + at - ramBase, bytes);
  });
}

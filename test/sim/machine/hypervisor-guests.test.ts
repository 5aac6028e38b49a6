import { afterEach, describe, expect, test, vi } from "vitest";
import { MiB } from "../../../sim/core/index.js";
import { AddressSpaces } from "../../../sim/machine/hart/address-spaces.js";
import type { Mode } from "../../../sim/machine/hart/mode.js";
import { assemble, machine, rv64h, type EngineName, type Machine } from "../../../sim/machine/index.js";

import { source } from "./two-guests.js";

function started(): Machine {
  const program = assemble(source, { isa: rv64h });
  return machine({ program, isa: rv64h, memory: MiB(2), echo: false, patience: 100 });
}

/** How often each guest's program counted, and its timer's handler. */
function counts(guest: Machine): readonly (readonly bigint[])[] {
  return [0, 1].map((number) => {
    const memory = guest.read(guest.address("memories") + BigInt(number * 0x8000 + 0x5000), 16);
    const view = new DataView(memory.buffer);
    return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a hypervisor with two guests, each with tables and a timer of its own", () => {
  const run = (engine: EngineName): readonly unknown[] => {
    const guest = started();
    const stop = guest.run({ engine, instructions: 1_500_000 });
    return [stop, guest.console.text, ...counts(guest), guest.instructions];
  };

  test(
    "both come to their ends by turns, and count in their own memory; alike by both engines",
    { timeout: 120_000 },
    () => {
      const [stop, text, first, second, instructions] = run("translate");
      expect([
        stop,
        Array.from(text as string)
          .sort()
          .join(""),
      ]).toEqual([{ kind: "power-off" }, "AB"]);
      for (const [counted, interrupts] of [first, second] as bigint[][]) {
        expect(interrupts).toBe(5n);
        expect(counted).toBeGreaterThan(1000n);
      }
      expect(run("evaluate")).toEqual([stop, text, first, second, instructions]);
    },
  );

  test("saved in a guest and restored, it goes on as if nothing had been", () => {
    const whole = started();
    whole.run({ instructions: 3_000_000 });
    const one = started();
    const inGuest = (): boolean => one.hart(0).mode.virtual;
    one.run({ instructions: 50_000 });
    while (!inGuest()) one.run({ instructions: 7 });
    const other = started();
    other.restore(JSON.parse(JSON.stringify(one.save())) as ReturnType<Machine["save"]>);
    expect(other.hart(0).mode).toEqual({ privilege: 1, virtual: true });
    expect(other.registers().caption).toMatch(/^virtual supervisor mode/);
    // 15 references, by the room's view of them too.
    expect(other.pageWalk(0x80005000n).rows).toHaveLength(15);
    expect(other.run({ instructions: 3_000_000 })).toEqual({ kind: "power-off" });
    expect([other.console.text, counts(other), other.instructions]).toEqual([
      whole.console.text,
      counts(whole),
      whole.instructions,
    ]);
  });

  test("it would not be so with address spaces that hgatp doesn't tell apart", () => {
    const key = Object.getOwnPropertyDescriptor(AddressSpaces.prototype, "key")?.value as (mode: Mode) => number;
    vi.spyOn(AddressSpaces.prototype, "key").mockImplementation(function (this: AddressSpaces, mode) {
      return key.call(this, { ...mode, virtual: false });
    });
    const guest = started();
    const outcome = ((): unknown => {
      try {
        return guest.run({ instructions: 1_500_000 });
      } catch {
        return "lost";
      }
    })();
    const right = started();
    right.run({ instructions: 3_000_000 });
    expect([outcome, guest.console.text, counts(guest)]).not.toEqual([
      { kind: "power-off" },
      right.console.text,
      counts(right),
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { flaws, rv64 } from "../../../sim/machine/index.js";
import { binaryTranslation, guests, hardwareAssist, trapAndEmulate, type Guest } from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

/** Which guest shows each flaw, and what its console then says. */
const shown: Readonly<Record<string, { readonly guest: Guest; readonly says?: string }>> = {
  "sstatus-write-ignored-in-user": { guest: guests.timer, says: "14 ticks, 2 while interrupts were off\n" },
  "sstatus-readable-in-user": { guest: guests.timer },
  "satp-and-stvec-readable-in-user": { guest: guests.paging },
  "probe-in-real-mode": { guest: guests.prober, says: "0 of 1 pages is mine\n" },
  "sret-jumps-in-user": { guest: guests.processes, says: "" },
  "return-to-user-without-trap": { guest: guests.leaver, says: "u" },
};
const idle = "wfi-no-op-in-user";
const few = 1_000_000;

describe("trap and emulate on a flawed ISA", () => {
  test("every flaw is looked at", () => {
    expect([...Object.keys(shown), idle].sort()).toEqual(flaws.map(({ name }) => name).sort());
  });

  test.each(Object.entries(shown))("%s: the guest notices", (name, { guest, says }) => {
    const isa = rv64.with(name);
    const pair = runBoth(trapAndEmulate, guest, { isa }, few);
    expect(pair.native.console.text).not.toBe("");
    expect(pair.virtual.save().memory).not.toEqual(pair.native.save().memory);
    if (says !== undefined) expect(pair.virtual.console.text).toBe(says);
  });

  test("a sound ISA beside it: none of them notices", () => {
    for (const { guest } of Object.values(shown)) {
      if (guest.isa === undefined) expectSame(runBoth(trapAndEmulate, guest, {}, few));
    }
    expect.hasAssertions();
  });

  test("where WFI is a no-op, the guest computes the same and idles no more", () => {
    const guest = guests.timer;
    const sound = runBoth(trapAndEmulate, guest);
    const flawed = runBoth(trapAndEmulate, guest, { isa: rv64.with(idle) });
    expect(flawed.virtual.console.text).toBe(flawed.native.console.text);
    const reason = "wait for interrupt";
    expect([sound.vmm.exits.count(reason), flawed.vmm.exits.count(reason)]).toEqual([1, 0]);
    // It spins until the timer, where a bare machine rests.
    expect(flawed.virtual.instructions).toBeGreaterThan(flawed.native.instructions + 1000);
  });

  test("the guest reads the VMM's root table where it should read its own", () => {
    const guest = guests.paging;
    const { native, virtual, vmm } = runBoth(trapAndEmulate, guest, {
      isa: rv64.with("satp-and-stvec-readable-in-user"),
    });
    const [own, seen] = [native, virtual].map((machine) => {
      const [satp] = new BigUint64Array(machine.read("satp_read", 8).slice().buffer);
      expect((satp ?? 0n) >> 60n).toBe(8n);
      return satp;
    });
    const frame = (satp: bigint | undefined): number => Number((satp ?? 0n) & 0xfff_ffff_ffffn) * 4096;
    expect(native.read(frame(own), 8)).toHaveLength(8);
    // Where that table lies, the guest has no memory; the host does.
    expect(() => virtual.read(frame(seen), 8)).toThrow("not all memory");
    expect(vmm.host.read(frame(seen), 8)).toHaveLength(8);
  });
});

describe.each([binaryTranslation, hardwareAssist])("$name on a flawed ISA", (technique) => {
  const plain = [guests.tiny, guests.timer, guests.paging, guests.processes, guests.block];
  test.each(flaws.map(({ name }) => name))("%s: no guest notices", (name) => {
    const isa = rv64.with(name);
    const own = Object.values(guests).filter((guest) => guest.isa?.name === isa.name);
    for (const guest of [...plain, ...own]) {
      const pair = runBoth(technique, guest, { isa }, few);
      expect(pair.vmm.machine.ended).toEqual({ kind: "power-off" });
      expectSame(pair);
    }
  });
});

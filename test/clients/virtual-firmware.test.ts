import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MiB } from "../../sim/core/index.js";
import type { Machine } from "../../sim/machine/index.js";
import { bare, binaryTranslation, create, guest, hardwareAssist, trapAndEmulate } from "../../sim/vmm/index.js";
import { needsFiles } from "./tools.js";

const opensbi = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf";
const uboot = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";
const patience = { instructions: 400_000_000 };

/** Boots to U-Boot's prompt, and asks for the version. */
function boot(machine: Machine): void {
  for (const [text, typed] of [
    ["Hit any key", "\n"],
    ["=> ", "version\n"],
    ["\n=> ", ""],
  ] as const) {
    expect(machine.run({ until: text, ...patience }), machine.console.text).toMatchObject({ kind: "until" });
    machine.type(typed);
  }
}

describe("Debian's firmware in a virtual machine", () => {
  for (const technique of [trapAndEmulate, binaryTranslation, hardwareAssist]) {
    it(`OpenSBI and U-Boot boot under ${technique.name} as on a bare machine, to the last bit of it`, (context) => {
      needsFiles(context, { [opensbi]: "opensbi", [uboot]: "u-boot-qemu" });
      const [firmware, kernel] = [opensbi, uboot].map((path) => new Uint8Array(readFileSync(path)));
      const software = guest("u-boot", { firmware: firmware ?? null, kernel: kernel ?? null, memory: MiB(64) });
      const native = bare(software, { echo: false });
      boot(native);
      const vmm = create(technique, { guest: software });
      const virtual = vmm.machine.machine;
      boot(virtual);
      expect(virtual.console.text).toBe(native.console.text);
      const [own, seen] = [native.save(), virtual.save()];
      expect(seen.schedule).toEqual(own.schedule);
      expect(seen.board).toEqual(own.board);
      // Of 64 MiB, a difference would fill the screen.
      expect(JSON.stringify(seen.memory) === JSON.stringify(own.memory)).toBe(true);
      expect(vmm.exits.total).toBeGreaterThan(1000);
    });
  }
});

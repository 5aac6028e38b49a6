import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { MiB } from "../../sim/core/index.js";
import { assemble, machine, type Machine, type MachineOptions } from "../../sim/machine/index.js";
import { needs, needsFiles, run } from "./tools.js";

/** Software that no one here wrote, on the machine: Debian's OpenSBI and U-Boot, and disks that Debian's tools made. */
const opensbi = (name: string): string => `/usr/lib/riscv64-linux-gnu/opensbi/generic/${name}`;
const uboot = {
  supervisor: "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin",
  machine: "/usr/lib/u-boot/qemu-riscv64/u-boot.bin",
};

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-firmware-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
/** Some ten times what booting takes. */
const patience = { instructions: 400_000_000 };

function needsFirmware(context: TestContext): void {
  needsFiles(context, { [opensbi("fw_jump.elf")]: "opensbi", [uboot.supervisor]: "u-boot-qemu" });
}

/** Boots to U-Boot's prompt. */
function boot(options: Partial<MachineOptions>): Machine {
  const guest = machine({ memory: MiB(64), ...options });
  expect(guest.run({ until: "Hit any key", ...patience }), guest.console.text).toMatchObject({ kind: "until" });
  guest.type("\n");
  expect(guest.run({ until: "=> ", ...patience }), guest.console.text).toMatchObject({ kind: "until" });
  return guest;
}

/** Types a command at the prompt. @returns what it answers */
function ask(guest: Machine, command: string): string {
  const from = guest.console.text.length;
  guest.type(`${command}\n`);
  expect(guest.run({ until: "\n=> ", ...patience }), guest.console.text).toMatchObject({ kind: "until" });
  return guest.console.text.slice(from).replaceAll("\r", "").split("\n").slice(1, -1).join("\n");
}

/** A disk of one of Debian's file systems, with a file in it. */
function disk(kind: "vfat" | "ext4"): Uint8Array {
  const content = join(folder, "content");
  const image = join(folder, `${kind}.img`);
  mkdirSync(content, { recursive: true });
  writeFileSync(join(content, "hello.txt"), `hello from ${kind}`);
  writeFileSync(image, "");
  truncateSync(image, MiB(16));
  if (kind === "ext4") run("mkfs.ext4", "-q", "-d", content, image);
  else {
    run("mkfs.vfat", image);
    run("mcopy", "-i", image, join(content, "hello.txt"), "::");
  }
  return bytes(image);
}

describe("Debian's firmware", () => {
  for (const name of ["fw_jump.elf", "fw_dynamic.bin"]) {
    it(`OpenSBI's ${name} starts U-Boot, which answers`, (context) => {
      needsFirmware(context);
      const guest = boot({ firmware: bytes(opensbi(name)), kernel: bytes(uboot.supervisor), harts: 2 });
      expect(guest.console.text).toContain("Platform HART Count       : 2");
      expect(guest.console.text).toContain("Platform Reboot Device    : sifive_test");
      expect(ask(guest, "version")).toMatch(/^U-Boot 20\d\d\.\d\d/);
      const info = ask(guest, "bdinfo");
      expect(info).toContain("-> start    = 0x0000000080000000");
      expect(info).toContain("-> size     = 0x0000000004000000");
      guest.type("poweroff\n");
      expect(guest.run(patience)).toEqual({ kind: "power-off" });
    });
  }

  it("U-Boot starts in machine mode without OpenSBI", (context) => {
    needsFiles(context, { [uboot.machine]: "u-boot-qemu" });
    const guest = boot({ firmware: bytes(uboot.machine) });
    expect(guest.hart(0).mode.privilege).toBe(3);
    expect(ask(guest, "echo $arch")).toBe("riscv");
  });

  it("U-Boot reads disks that Debian's tools made, and a reset begins anew", (context) => {
    needsFirmware(context);
    needs(context, "mkfs.ext4", "mkfs.vfat", "mcopy");
    const guest = boot({
      firmware: bytes(opensbi("fw_dynamic.elf")),
      kernel: bytes(uboot.supervisor),
      drives: [disk("vfat"), disk("ext4")],
    });
    expect(ask(guest, "virtio scan")).toBe("");
    expect(ask(guest, "virtio info").match(/Capacity: 16\.0 MB/g)).toHaveLength(2);
    for (const [number, kind] of ["vfat", "ext4"].entries()) {
      expect(ask(guest, `ls virtio ${number} /`)).toContain("hello.txt");
      expect(ask(guest, `load virtio ${number} $loadaddr /hello.txt`)).toContain("15 bytes read");
      expect(ask(guest, "md.b $loadaddr f")).toContain(`hello from ${kind}`);
    }
    guest.type("reset\n");
    expect(guest.run({ until: /resetting[^]*Hit any key/, ...patience })).toMatchObject({ kind: "until" });
  });

  it("OpenSBI emulates the misaligned accesses that trap", (context) => {
    needsFirmware(context);
    const kernel = assemble(
      `la s0, text
      ld   s1, 1(s0)
      sd   s1, 17(s0)
      lw   s2, 9(s0)
      sw   s2, 25(s0)
      addi s0, s0, 17
      li   a7, 1
    1:lbu  a0, (s0)
      ecall
      addi s0, s0, 1
      lbu  t0, (s0)
      bnez t0, 1b
      li   a7, 0x53525354
      li   a6, 0
      li   a0, 0
      li   a1, 0
      ecall
      .data
      .balign 16
    text: .ascii "-misaligned."
      .zero 32`,
      { origin: 0x8020_0000 },
    );
    const [served, emulated] = (["serve", "trap"] as const).map((misaligned) => {
      const guest = machine({ memory: MiB(32), firmware: bytes(opensbi("fw_dynamic.elf")), kernel, misaligned });
      expect(guest.run(patience), guest.console.text).toEqual({ kind: "power-off" });
      expect(guest.console.text).toMatch(/\nmisaligned\.$/);
      return guest.instructions;
    });
    // For each byte of the four accesses at least one instruction more.
    expect(emulated).toBeGreaterThan((served ?? 0) + 24);
  });

  it("both engines boot the same, and a saved machine goes on in another", (context) => {
    needsFirmware(context);
    const options = { firmware: bytes(opensbi("fw_dynamic.elf")), kernel: bytes(uboot.supervisor), memory: MiB(32) };
    const [translated, evaluated] = (["translate", "evaluate"] as const).map((engine) => {
      const guest = machine(options);
      expect(guest.run({ engine, instructions: 3_000_000 })).toEqual({ kind: "instructions" });
      return JSON.stringify(guest.save());
    });
    expect(translated).toBe(evaluated);
    const other = machine(options);
    other.restore(JSON.parse(translated ?? "") as ReturnType<Machine["save"]>);
    expect(other.run({ until: "Hit any key", ...patience })).toMatchObject({ kind: "until" });
    expect(other.console.text).toContain("OpenSBI v");
  });
});

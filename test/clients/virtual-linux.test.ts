import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it, type TestContext } from "vitest";
import { MiB } from "../../sim/core/index.js";
import type { Machine } from "../../sim/machine/index.js";
import { bare, binaryTranslation, create, guest, guests, trapAndEmulate, type Guest } from "../../sim/vmm/index.js";
import { busyboxInitrd } from "./initrd.js";
import { needsFiles } from "./tools.js";

/** Debian's Linux and busybox, as `.ci/linux.sh` brings them into the folder that VIRTLAB_LINUX names. */
const folder = process.env["VIRTLAB_LINUX"] ?? "";
const opensbi = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";
const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
const limit = { instructions: 3_000_000_000 };
const shell = "~ # ";

/** Unmodified: OpenSBI in the virtual machine's own machine mode, the kernel as Debian built it. */
function linux(context: TestContext): Guest {
  context.skip(
    !existsSync(join(folder, "busybox")),
    "no kernel and busybox for riscv64: run .ci/linux.sh DIR, and set VIRTLAB_LINUX to DIR",
  );
  needsFiles(context, { [opensbi]: "opensbi" });
  const kernel = readdirSync(folder).find((name) => name.startsWith("vmlinux-")) ?? "";
  const init = "#!/bin/busybox sh\n/bin/busybox --install -s /bin\nmount -t proc proc /proc\nexec sh\n";
  return guest("linux", {
    memory: MiB(128),
    firmware: bytes(opensbi),
    kernel: bytes(join(folder, kernel)),
    initrd: busyboxInitrd(bytes(join(folder, "busybox")), init),
    append: "console=ttyS0",
  });
}

function boot(machine: Machine): void {
  expect(machine.run({ until: shell, ...limit }), machine.console.text).toMatchObject({ kind: "until" });
}

function ask(machine: Machine, command: string): string {
  const from = machine.console.text.length;
  machine.type(`${command}\n`);
  expect(machine.run({ until: `\n${shell}`, ...limit }), machine.console.text).toMatchObject({ kind: "until" });
  return machine.console.text.slice(from).replaceAll("\r", "");
}

/** Translation takes most of a minute for what trap and emulate does in a fifth of it. */
const booted = process.env["VIRTLAB_LONG"] === "1" ? [trapAndEmulate, binaryTranslation] : [trapAndEmulate];

describe.each(booted)("Debian's Linux under $name", (technique) => {
  it("boots to a shell as on a bare machine, answers, and switches off", async (context) => {
    const software = linux(context);
    const vmm = create(technique, { guest: software, shadowPages: 1024 });
    const virtual = vmm.machine.machine;
    const began = performance.now();
    boot(virtual);
    const seconds = (performance.now() - began) / 1000;
    const { total } = vmm.exits;
    const instructions = virtual.instructions / 1e6;
    const figures = `${instructions.toFixed(0)} million instructions, ${total} exits, ${seconds.toFixed(1)} s`;
    await context.annotate(figures);
    // An operating system that boots is in its kernel all the time, and still hardly ever in the VMM.
    expect(total).toBeLessThan(virtual.instructions / 100);
    // To the microsecond by its own clock, which it prints with each line.
    const native = bare(software, { echo: false });
    boot(native);
    const [seen, own] = [virtual, native].map(({ console: { text } }) => text.slice(0, text.indexOf(shell)));
    expect(seen).toBe(own);
    // And to the bit: memory, registers, devices.
    expect(virtual.instructions).toBe(native.instructions);
    expect(isDeepStrictEqual(virtual.save(), native.save())).toBe(true);

    expect(ask(virtual, "uname -sm; echo $((6 * 7))")).toContain("Linux riscv64\n42\n");
    virtual.type("poweroff -f\n");
    expect(virtual.run(limit), virtual.console.text).toEqual({ kind: "power-off" });
  }, 1_200_000);
});

it("different operating systems side by side: Linux and small kernels, none knows of the others", (context) => {
  const vmm = create("trap-and-emulate", {
    guests: [linux(context), guests.processes, guests.timer],
    shadowPages: 1024,
    slice: 50_000,
  });
  const { machine } = vmm.vm("linux");
  for (let turn = 0; turn < 200 && !machine.console.text.includes(shell); turn++) vmm.run({ instructions: 10_000_000 });
  for (const guest of [guests.processes, guests.timer]) {
    const alone = bare(guest, { echo: false });
    alone.run();
    expect(vmm.vm(guest.name).ended).toEqual({ kind: "power-off" });
    expect(vmm.vm(guest.name).machine.save()).toEqual(alone.save());
  }
  // One of them again, while Linux is in use.
  vmm.vm("processes").reboot();
  machine.type("uname -s\n");
  vmm.run({ instructions: 50_000_000 });
  expect(vmm.vm("processes").machine.console.text).toMatch(/^(ABABABAB\n4 faults of two processes\n){2}$/);
  expect(machine.console.text).toMatch(/uname -s\s+Linux\s/);
}, 1_200_000);

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { createWorld, MiB, ms } from "../../sim/core/index.js";
import { machine, wire } from "../../sim/machine/index.js";
import { EchoHost } from "./echo-host.js";
import { busyboxInitrd } from "./initrd.js";
import { needsFiles } from "./tools.js";

/**
 * Debian's unmodified Linux for riscv64 with busybox as its only program. `.ci/linux.sh` brings both into the folder that
 * VIRTLAB_LINUX names: `vmlinux-…`, `busybox`, and the modules for virtio devices.
 */
const folder = process.env["VIRTLAB_LINUX"] ?? "";
const opensbi = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";
const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

const modules = ["virtio_mmio", "virtio_blk", "failover", "net_failover", "virtio_net", "virtio-rng"].map(
  (name) => `${name}.ko`,
);

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec sh
`;

const limit = { instructions: 3_000_000_000 };

/** The kernel's file. Skips the test where something is missing. */
function needsLinux(context: TestContext): Uint8Array {
  context.skip(
    !["busybox", ...modules].every((name) => existsSync(join(folder, name))),
    "no kernel, modules and busybox for riscv64: run .ci/linux.sh DIR, and set VIRTLAB_LINUX to DIR",
  );
  needsFiles(context, { [opensbi]: "opensbi" });
  return bytes(join(folder, readdirSync(folder).find((name) => name.startsWith("vmlinux-")) ?? ""));
}

it("Debian's Linux boots to a shell, answers, and switches the machine off", (context) => {
  const kernel = needsLinux(context);
  const initrd = busyboxInitrd(
    bytes(join(folder, "busybox")),
    init,
    modules.map((name) => ({ name, mode: 0o100644, content: bytes(join(folder, name)) })),
  );
  const world = createWorld({ seed: 7 });
  const cable = wire({ world, latency: ms(3) });
  const peer = new EchoHost(cable, { hardware: [2, 0, 0, 0, 0, 1], address: [10, 0, 0, 1] });
  const guest = machine({
    world,
    memory: MiB(512),
    firmware: bytes(opensbi),
    kernel,
    initrd,
    append: "console=ttyS0",
    drives: [new Uint8Array(Buffer.from("a text on a disk\n".padEnd(1024, " ")))],
    network: [cable],
  });
  const ask = (command: string): string => {
    const from = guest.console.text.length;
    guest.type(`${command}\n`);
    expect(guest.run({ until: "\n~ # ", ...limit }), guest.console.text).toMatchObject({ kind: "until" });
    return guest.console.text.slice(from).replaceAll("\r", "");
  };
  expect(guest.run({ until: "~ # ", ...limit }), guest.console.text).toMatchObject({ kind: "until" });
  expect(ask("uname -a")).toMatch(/^uname -a\nLinux .* riscv64 GNU\/Linux\n/);
  const processor = ask("cat /proc/cpuinfo");
  expect(processor).toMatch(/isa\s*: rv64imafdc_/);
  expect(processor).toMatch(/mmu\s*: sv39/);
  expect(ask("date +%Y; echo $((6 * 7))")).toContain("2025\n42\n");
  ask(modules.map((name) => `insmod /${name}`).join("; "));
  expect(ask("cat /sys/block/vda/size; head -n 1 /dev/vda")).toContain("\n2\na text on a disk\n");
  expect(ask("ip address add 10.0.0.2/24 dev eth0; ip link set eth0 up; ip address show eth0")).toMatch(
    /link\/ether 52:54:00:12:34:56 .*\n\s*inet 10\.0\.0\.2\/24/,
  );
  const echoes = ask("ping -c 3 -s 1000 10.0.0.1");
  expect(echoes).toContain("3 packets transmitted, 3 packets received, 0% packet loss");
  // 3 ms there, 3 ms back, 17 µs for the bits, and what Linux takes; at first its question whose address that is, likewise.
  expect([...echoes.matchAll(/1008 bytes from 10\.0\.0\.1: .*time=(\S+) ms/g)].map(([, time]) => Number(time))).toEqual(
    [12.1, 6.05, 6.05].map((time): unknown => expect.closeTo(time, 1)),
  );
  expect(ask("ip neigh show")).toContain("10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01");
  expect(ask("ping -c 1 -W 1 10.0.0.3")).toContain("0 packets received");
  expect(peer.answered).toMatchObject({ echo: 3 });
  expect(ask("cat /sys/class/misc/hw_random/rng_current")).toContain("\nvirtio_rng.");
  const saved = guest.save();
  const entropy = ask("head -c 16 /dev/hwrng | hexdump -C");
  expect(entropy).toMatch(/\n00000000(  ([0-9a-f]{2} ?){8}){2} /);
  expect(ask("head -c 16 /dev/hwrng | hexdump -C")).not.toBe(entropy);
  guest.restore(saved);
  expect(ask("head -c 16 /dev/hwrng | hexdump -C")).toBe(entropy);
  guest.type("poweroff -f\n");
  expect(guest.run(limit), guest.console.text).toEqual({ kind: "power-off" });
}, 1_200_000);

// The kernel tries how fast misaligned accesses are; where each is an exception, OpenSBI emulates them.
it.runIf(process.env["VIRTLAB_LONG"] === "1").for([
  ["serve", "fast"],
  ["trap", "slow"],
] as const)("misaligned accesses: %s. Linux finds them %s", { timeout: 1_200_000 }, ([misaligned, found], context) => {
  const kernel = needsLinux(context);
  const guest = machine({
    memory: MiB(512),
    firmware: bytes(opensbi),
    kernel,
    initrd: busyboxInitrd(bytes(join(folder, "busybox")), init, []),
    append: "console=ttyS0",
    misaligned,
    echo: false,
  });
  expect(guest.run({ until: "~ # ", ...limit }), guest.console.text).toMatchObject({ kind: "until" });
  expect(guest.console.text).toMatch(new RegExp(`cpu0: .*unaligned.*\\b${found}\\b`));
  guest.type("poweroff -f\n");
  expect(guest.run(limit), guest.console.text).toEqual({ kind: "power-off" });
});

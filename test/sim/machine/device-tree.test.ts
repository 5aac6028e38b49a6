import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { MiB } from "../../../sim/core/index.js";
import { deviceTree } from "../../../sim/machine/device-tree.js";
import { needs, pathOf } from "../../clients/tools.js";

const spec = {
  harts: 2,
  isa: "rv64imac_zicsr_zifencei",
  memory: MiB(256),
  append: 'console=ttyS0 quoted="yes"',
  initrd: { start: 0x8800_0000, end: 0x8812_3456 },
  seed: Uint8Array.from({ length: 32 }, (_, i) => i),
};

test("Debian's dtc reads the tree and finds nothing wrong with it", (context) => {
  needs(context, "dtc");
  const blob = deviceTree(spec);
  const { stdout: source, stderr: warnings } = spawnSync(pathOf("dtc"), ["-I", "dtb", "-O", "dts", "-s", "-"], {
    input: blob,
    encoding: "utf8",
  });
  expect(warnings).toBe("");
  expect(source).toContain('bootargs = "console=ttyS0 quoted=\\"yes\\"";');
  expect(source).toContain("linux,initrd-end = <0x00 0x88123456>;");
  expect(source).toContain("reg = <0x00 0x80000000 0x00 0x10000000>;");
  expect(source).toContain("interrupts-extended = <0x03 0x0b 0x03 0x09 0x04 0x0b 0x04 0x09>;");
  expect(source.match(/virtio_mmio@1000[1-8]000/g)).toHaveLength(8);
  // And back: the same bytes.
  const again = execFileSync(pathOf("dtc"), ["-I", "dtb", "-O", "dtb", "-"], { input: blob });
  const structure = (bytes: Uint8Array): string => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const start = view.getUint32(8);
    return Buffer.from(bytes.subarray(start, start + view.getUint32(36))).toString("hex");
  };
  expect(structure(again)).toBe(structure(blob));
});

test("a blob's header says where its parts lie", () => {
  const blob = deviceTree({ ...spec, initrd: undefined });
  const view = new DataView(blob.buffer);
  const fields = Array.from({ length: 10 }, (_, index) => view.getUint32(4 * index));
  const [magic, total, structure = 0, strings = 0, reservations, version, compatible, , stringsSize = 0, size = 0] =
    fields;
  expect([magic, total, reservations, version, compatible]).toEqual([0xd00dfeed, blob.length, 40, 17, 16]);
  expect([structure + size, strings + stringsSize]).toEqual([strings, blob.length]);
  expect(view.getUint32(strings - 4)).toBe(9);
});

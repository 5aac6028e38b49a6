import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeAll, afterAll, expect, test } from "vitest";
import { file, machine } from "../../../kernel/api/index.js";
import { usage } from "../../sim/storage/usage.js";

/** `addi a0, x0, 42; ebreak`, as words. */
const code = Uint32Array.of(0x02a00513, 0x00100073);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-bytes-"));
  writeFileSync(join(folder, "code.bin"), code);
  mkdirSync(join(folder, "images"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a file's bytes are what a machine executes", () => {
  const guest = machine({ memory: 2 ** 20, program: file(join(folder, "code.bin")) });
  expect(guest.run()).toMatchObject({ kind: "exception", name: "breakpoint" });
  expect(guest.hart(0).x(10)).toBe(42n);
});

test("a path counts from the present folder, and what is read belongs to the caller", () => {
  const path = relative(process.cwd(), join(folder, "code.bin"));
  file(path).fill(0);
  expect([...file(path)]).toEqual([...new Uint8Array(code.buffer)]);
});

test("a missing file is named, with the folder that was looked in and the nearest name there", () => {
  expect(() => file("no-such-file")).toThrow(usage(`"no-such-file" doesn't exist in ${process.cwd()}`));
  expect(() => file(join(folder, "cod.bin"))).toThrow(usage("doesn't exist", '"code.bin"'));
  expect(() => file(join(folder, "images", "vmlinux"))).toThrow(usage("doesn't exist", "Check the path"));
  expect(() => file(join(folder, "none", "vmlinux"))).toThrow(usage("doesn't exist", 'no folder "'));
});

test("what is no file that can be read says so", () => {
  expect(() => file(join(folder, "images"))).toThrow(usage("is a folder"));
  expect(() => file(join(folder, "code.bin", "x"))).toThrow(usage("is not in a folder"));
});

test.skipIf(process.getuid?.() === 0)("a file that may not be read says so (not as root, who may)", () => {
  const path = join(folder, "secret");
  writeFileSync(path, "");
  chmodSync(path, 0);
  expect(() => file(path)).toThrow(usage("is not permitted"));
});

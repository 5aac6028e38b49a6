import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openImageFile, type ImageFile } from "../../../kernel/api/file.js";
import { MiB } from "../../../sim/core/index.js";
import { createQcow2, createRaw, openQcow2, type FileLike } from "../../../sim/storage/index.js";
import { content, expectSame } from "../../sim/storage/programs.js";
import { usage } from "../../sim/storage/usage.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-file-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const path = (name: string): string => join(folder, name);

describe("an image file of this machine", () => {
  it("is a file as the simulator takes it", () => {
    const file: ImageFile = openImageFile(path("a.img"), { create: true });
    const asked: FileLike = file;
    expect(asked.name).toBe("a.img");
    file.close();
  });

  it("holds an image that is there after it is closed and opened again", () => {
    const file = openImageFile(path("a.qcow2"), { create: true });
    const image = createQcow2(file, { size: MiB(1) });
    image.write(9, content(9, 3, 1));
    image.close();
    expect(existsSync(path("a.qcow2.lock"))).toBe(false);
    expect(() => file.read(0, 1)).toThrow(usage("is closed"));
    expect(statSync(path("a.qcow2")).size).toBe(6 * 65536);
    const again = openImageFile(path("a.qcow2"));
    expectSame(openQcow2(again).read(9, 3), content(9, 3, 1));
    again.close();
  });

  it("is made with a hole, and reads zeros there and beyond its end", () => {
    const file = openImageFile(path("a.img"), { create: true, size: MiB(64) });
    expect([file.size, statSync(path("a.img")).size]).toEqual([MiB(64), MiB(64)]);
    expect(statSync(path("a.img")).blocks * 512).toBeLessThan(MiB(1));
    file.write(MiB(64) - 2, Uint8Array.from([1, 2, 3]));
    expect(file.size).toBe(MiB(64) + 1);
    expect([...file.read(MiB(64) - 3, 6)]).toEqual([0, 1, 2, 3, 0, 0]);
    file.truncate(10);
    expect([file.size, statSync(path("a.img")).size, ...file.read(8, 4)]).toEqual([10, 10, 0, 0, 0, 0]);
    file.close();
    expect(createRaw(openImageFile(path("b.img"), { create: true }), { size: MiB(1) }).size).toBe(MiB(1));
  });

  it("is never overwritten", () => {
    writeFileSync(path("old"), "precious");
    expect(() => openImageFile(path("old"), { create: true })).toThrow(
      usage("already exists and is not overwritten", "another name"),
    );
    expect(readFileSync(path("old"), "utf8")).toBe("precious");
    expect(existsSync(path("old.lock"))).toBe(false);
  });

  it.each<[string, () => ImageFile, string, string]>([
    ["missing", () => openImageFile(path("none")), "doesn't exist", "{ create: true }"],
    ["in a folder that is missing", () => openImageFile(path("none/a"), { create: true }), "doesn't exist", "folder"],
    ["a folder", () => openImageFile(folder), "is a folder", "path"],
    ["not plain", () => openImageFile("/dev/null"), "no plain file", "path"],
    ["given a size though it is there", () => openImageFile(path("a"), { size: 5 }), "only a new image file", "create"],
    ["new and read-only", () => openImageFile(path("a"), { create: true, readonly: true }), "read-only", "Take away"],
    ["given an unknown option", () => openImageFile(path("a"), { creat: true } as object), '"creat"', '"create"'],
  ])("that is %s is refused", (_, open, message, hint) => {
    expect(open).toThrow(usage(message, hint));
    expect(existsSync(path("a"))).toBe(false);
  });

  it("is written by one at a time, also by another name", () => {
    const first = openImageFile(path("a"), { create: true, size: 512 });
    symlinkSync(path("a"), path("link"));
    for (const name of ["a", "link"]) {
      expect(() => openImageFile(path(name))).toThrow(usage("in use for writing by this kernel", "Close it"));
      expect(() => openImageFile(path(name), { readonly: true })).toThrow(usage("in use for writing"));
    }
    first.close();
    const readers = [openImageFile(path("a"), { readonly: true }), openImageFile(path("link"), { readonly: true })];
    for (const reader of readers) reader.close();
    openImageFile(path("link")).close();
    expect(existsSync(path("a.lock"))).toBe(false);
  });

  it("keeps the lock of a living process and of another machine, and not that of a dead one", () => {
    writeFileSync(path("a"), new Uint8Array(512));
    const dead = Number(execFileSync(process.execPath, ["-e", "console.log(process.pid)"], { encoding: "utf8" }));
    writeFileSync(path("a.lock"), `${dead} ${hostname()}\n`);
    openImageFile(path("a")).close();
    writeFileSync(path("a.lock"), `${process.ppid} ${hostname()}\n`);
    expect(() => openImageFile(path("a"))).toThrow(usage(`process ${process.ppid}`, "a.lock"));
    writeFileSync(path("a.lock"), `${dead} elsewhere\n`);
    expect(() => openImageFile(path("a"))).toThrow(usage("on elsewhere"));
    expect(readFileSync(path("a.lock"), "utf8")).toBe(`${dead} elsewhere\n`);
  });

  it("says so when another program cuts it while it is open", () => {
    const file = openImageFile(path("a"), { create: true, size: 4096 });
    truncateSync(path("a"), 1000);
    expect(() => file.read(0, 4096)).toThrow(usage("was cut short while it was open: byte 1000", "copy"));
    file.close();
  });

  it("is of no use once it is closed, nor for writing when it is read", () => {
    const file = openImageFile(path("a"), { create: true, size: 512 });
    file.close();
    file.close();
    expect(() => file.read(0, 1)).toThrow(usage("is closed", "openImageFile"));
    const reader = openImageFile(path("a"), { readonly: true });
    expect(reader.writable).toBe(false);
    expect(() => {
      reader.write(0, Uint8Array.of(1));
    }).toThrow(usage("reading only", "readonly"));
    reader.close();
  });

  it.skipIf(process.getuid?.() === 0)(
    "is refused where the system doesn't permit it (skipped for root, who may all)",
    () => {
      writeFileSync(path("a"), new Uint8Array(512));
      chmodSync(path("a"), 0o400);
      expect(() => openImageFile(path("a"))).toThrow(usage("not permitted", "readonly"));
      openImageFile(path("a"), { readonly: true }).close();
    },
  );
});

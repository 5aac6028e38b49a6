import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTransform } from "../../../kernel/lang/index.js";
import { createNotebookLookup, type DeclaringCell } from "../../../kernel/session/notebook-lookup.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-lookup-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, ...sources: (string | string[])[]): void {
  const cells = sources.map((source) => ({ cell_type: "code", source }));
  writeFileSync(join(folder, file), JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
}

function find(name: string, source: string, environment: Record<string, string> = {}): DeclaringCell | undefined {
  return createNotebookLookup({ folder, environment, transform: createTransform() })(name, source);
}

test("the cell that declares the name, not one that mentions it", () => {
  write(
    "a.ipynb",
    "// const disk\nf(disk)",
    ["const size = 1;\n", "export const disk: Disk<string> = create();"],
    "disk;",
  );
  expect(find("disk", "disk;")).toEqual({
    notebook: "a.ipynb",
    index: 2,
    firstLine: "export const disk: Disk<string> = …",
  });
});

test.each([
  ["const { disk, other } = make();", "const { disk, other } = …"],
  ["function disk(size = 1): void {\n}", "function disk(size = 1): void …"],
  ["class disk extends Device {}", "class disk extends Device …"],
  ['import { disk } from "virtlab";', 'import { disk } from "virtlab";'],
  ["const open = () => 1; const disk = 2;", "const open = …"],
])("%s is quoted as %s", (source, quoted) => {
  write("a.ipynb", source, "use(disk)");
  expect(find("disk", "use(disk)")?.firstLine).toBe(quoted);
});

test("the notebook that is named wins, even where the cell was edited since it was saved", () => {
  write("a.ipynb", "const disk = 1;", "disk;");
  write("b.ipynb", "1", "const disk = 2;", "disk;");
  expect(find("disk", "disk;")?.notebook).toBe("a.ipynb");
  expect(find("disk", "disk; // edited", { VIRTLAB_NOTEBOOK: join(folder, "b.ipynb") })).toMatchObject({ index: 2 });
  expect(find("disk", "disk;", { JPY_SESSION_NAME: "from/the/root/b.ipynb" })?.notebook).toBe("b.ipynb");
  expect(find("disk", "disk;", { JPY_SESSION_NAME: "no notebook" })?.notebook).toBe("a.ipynb");
});

test("without a notebook that fits there is none", () => {
  expect(find("disk", "disk;")).toBeUndefined();
  writeFileSync(join(folder, "broken.ipynb"), "{");
  writeFileSync(join(folder, "odd.ipynb"), '{"cells": [1, null]}');
  write("a.ipynb", "const disk = 1;", "disk;");
  expect(find("disk", "in no notebook")).toBeUndefined();
  expect(find("floppy", "disk;")).toBeUndefined();
  // A cell that declares a name itself doesn't wait for itself.
  expect(find("disk", "const disk = 1;")).toBeUndefined();
});

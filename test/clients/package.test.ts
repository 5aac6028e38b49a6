/** What npm would publish, beside what was built: npm leaves out files of some names without a word. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { expect, test } from "vitest";
import { call, top } from "./command.js";

/** The files below a folder, from the repository's top, as npm writes them. */
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(top, join(entry.parentPath, entry.name)).split(sep).join("/"));

test("the package holds every file of the interface, the program and the course, and no map of sources", ({ skip }) => {
  skip(!existsSync(join(top, "dist", "ui", "manifest.json")), "the notebook interface is not built: npm run build");
  const { out, exit, err } = call("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], top);
  expect([exit, err.includes("ERR")]).toEqual([0, false]);
  const [{ files } = { files: [] }] = JSON.parse(out) as { files: { path: string }[] }[];
  const packed = new Set(files.map(({ path }) => path));
  const wanted = ["dist/ui", "dist/kernel", "dist/sim", "dist/assets", "notebooks"]
    .flatMap(filesBelow)
    // The stamp of the build, and notebooks' checkpoints.
    .filter((path) => !/\.map$|\.ipynb_checkpoints\/|^dist\/ui\/\.built$/.test(path));
  expect(wanted.length).toBeGreaterThan(500);
  expect(wanted.filter((path) => !packed.has(path))).toEqual([]);
  expect([...packed].filter((path) => path.endsWith(".map"))).toEqual([]);
});

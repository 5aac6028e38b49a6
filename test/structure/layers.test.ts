import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const top = join(import.meta.dirname, "..", "..");

/** The names of the rules that a tree of these files breaks. */
function broken(files: Record<string, string>): string[] {
  const tree = mkdtempSync(join(tmpdir(), "virtlab-layers-"));
  try {
    for (const config of [".dependency-cruiser.mjs", "layers.config.mjs", "tsconfig.base.json"])
      cpSync(join(top, config), join(tree, config));
    for (const [path, text] of Object.entries({ "package.json": "{}", ...files })) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    const depcruise = join(top, "node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
    const { stdout, stderr } = spawnSync(process.execPath, [depcruise, "--output-type", "json", "sim", "kernel"], {
      cwd: tree,
      encoding: "utf8",
      env: { ...process.env, NODE_PATH: join(top, "node_modules") },
    });
    if (stdout === "") throw new Error(stderr);
    const report = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
    return [...new Set(report.summary.violations.map((violation) => violation.rule.name))].sort();
  } finally {
    rmSync(tree, { recursive: true });
  }
}

const door = "export const one = 1;\n";
const sound = {
  "sim/core/index.ts": door,
  "sim/storage/index.ts": 'export { one } from "../core/index.js";\n',
  "kernel/lang/index.ts": door,
};

test("a sound tree breaks no rule", () => {
  expect(broken(sound)).toEqual([]);
});

test("an import against the layers is caught", () => {
  expect(broken({ ...sound, "sim/core/index.ts": 'import "../net/index.js";\n', "sim/net/index.ts": door })).toEqual([
    "layer sim/core",
  ]);
});

test("sim cannot see the kernel", () => {
  expect(broken({ ...sound, "sim/net/index.ts": 'import "../../kernel/lang/index.js";\n' })).toEqual(["layer sim/net"]);
});

test("a side door is caught", () => {
  const files = { ...sound, "sim/core/clock.ts": door, "sim/storage/index.ts": 'import "../core/clock.js";\n' };
  expect(broken(files)).toEqual(["front door"]);
});

test("a cycle is caught", () => {
  const files = { ...sound, "sim/core/a.ts": 'import "./b.js";\n', "sim/core/b.ts": 'import "./a.js";\n' };
  expect(broken(files)).toEqual(["no cycle"]);
});

test("Node in sim/ is caught", () => {
  expect(broken({ ...sound, "sim/core/index.ts": 'import "node:fs";\n' })).toEqual(["portable sim"]);
});

test("a room outside the table is caught", () => {
  expect(broken({ ...sound, "sim/attic/index.ts": 'import "../core/index.js";\n' })).toContain("unlisted room");
});

test("ARCHITECTURE.md carries the table", async () => {
  const { layers } = (await import(join(top, "layers.config.mjs"))) as { layers: Record<string, string[]> };
  const page = readFileSync(join(top, "ARCHITECTURE.md"), "utf8").replaceAll(/ +/g, " ");
  const everything = ["sim/lab", "kernel/cli"];
  for (const [room, below] of Object.entries(layers).filter(([name]) => !everything.includes(name))) {
    expect(page).toContain(`| \`${room}\` | ${below.join(", ") || "nothing of ours"} |`);
  }
});

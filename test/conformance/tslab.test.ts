import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";
import { alike, different } from "./tslab-cells.js";

interface CellEnd {
  readonly ok: boolean;
  readonly result: string | null;
}

const notebooks = {
  ...alike,
  ...Object.fromEntries(Object.entries(different).map(([name, { cells }]) => [name, cells])),
};
const tslab = new Map<string, readonly CellEnd[]>();
let kernel: SpawnedKernel;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-tslab-"));
  const driver = fileURLToPath(new URL("tslab-driver.mjs", import.meta.url));
  const input = JSON.stringify(Object.values(notebooks));
  const { stdout, stderr } = spawnSync(process.execPath, [driver], {
    input,
    encoding: "utf8",
    maxBuffer: 1e8,
    // tslab watches the folder that it runs in, and trips over changes there.
    cwd: folder,
  });
  rmSync(folder, { recursive: true });
  if (stdout === "") throw new Error(`tslab ended: ${stderr}`);
  const ran = JSON.parse(stdout) as readonly (readonly CellEnd[])[];
  Object.keys(notebooks).forEach((name, index) => tslab.set(name, ran[index] ?? []));
  kernel = await spawnKernel();
}, 120_000);
afterAll(() => kernel.close());

async function runHere(cells: readonly string[]): Promise<CellEnd[]> {
  const ends: CellEnd[] = [];
  for (const code of cells) {
    const { reply, result } = await kernel.run(code);
    ends.push({ ok: reply.status === "ok", result: result ?? null });
  }
  return ends;
}

describe("as in tslab", () => {
  test.each(Object.entries(alike))("%s", async (name, cells) => {
    expect(await runHere(cells)).toEqual(tslab.get(name));
  });
});

describe("not as in tslab, on purpose", () => {
  test.each(Object.entries(different))("%s", async (name, { cells, tslab: theirs, ours, why }) => {
    expect(why).not.toBe("");
    const last = (ends: readonly CellEnd[]): string | null => {
      const end = ends.at(-1);
      return end?.ok === true ? end.result : "error";
    };
    expect([last(tslab.get(name) ?? []), last(await runHere(cells))]).toEqual([theirs, ours]);
  });
});

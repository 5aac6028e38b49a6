import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plain, spawnKernel } from "./spawned-kernel.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
const cells = Array.from(page.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code);

test("the README's first cell runs and shows where a sector lies", async () => {
  expect(cells).toHaveLength(1);
  const kernel = await spawnKernel();
  try {
    const { reply, result } = await kernel.run(cells[0] ?? "");
    expect(reply.status === "error" ? plain(reply.traceback) : reply.status).toBe("ok");
    expect(result).toMatch(/byte of the virtual disk +3150 · 512 +1612800/);
  } finally {
    await kernel.close();
  }
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plain, spawnKernel } from "./spawned-kernel.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
const cells = Array.from(page.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code);

test.each([
  ["shows where a sector lies", 0, /byte of the virtual disk +3150 · 512 +1612800/],
  ["shows the registers of a machine that has counted", 1, /x10 +a0 +0x00000000000f4240 +1000000/],
  ["shows where the stock docker finds its engine", 2, /DOCKER_HOST=unix:.*docker\.sock/],
])("a cell of the README %s", async (_, index, shown) => {
  const kernel = await spawnKernel();
  try {
    const { reply, result } = await kernel.run(cells[index] ?? "");
    expect(reply.status === "error" ? plain(reply.traceback) : reply.status).toBe("ok");
    expect(result).toMatch(shown);
  } finally {
    await kernel.close();
  }
});

test("no cell of the README is left untested", () => {
  expect(cells).toHaveLength(3);
});

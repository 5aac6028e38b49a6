import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Requests } from "../../kernel/wire/index.js";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

let folder: string;
const open: SpawnedKernel[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-data-"));
});
afterEach(async () => {
  for (const kernel of open.splice(0)) await kernel.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(environment: Record<string, string> = {}): Promise<SpawnedKernel> {
  const own = { VIRTLAB_TYPECHECK: "off", VIRTLAB_HISTORY: "", JUPYTER_DATA_DIR: folder };
  const kernel = await spawnKernel({ environment: { ...own, ...environment } });
  open.push(kernel);
  return kernel;
}

async function ask({ client }: SpawnedKernel, content: Partial<Requests["history_request"]>): Promise<unknown> {
  const reply = await client.request("shell", "history_request", content);
  return reply.content.status === "ok" ? reply.content.history : reply.content;
}

test("what ran is there after a restart, each kernel a session of its own", async () => {
  const first = await start();
  await first.run("'one'");
  await first.run("'silent'", { silent: true });
  await first.run("'unstored'", { store_history: false });
  await first.run("'two 🚀'");
  await first.client.request("control", "shutdown_request", { restart: true });
  expect((await first.ended).code).toBe(0);

  const [second, third] = [await start(), await start()];
  expect(await ask(second, { hist_access_type: "tail", n: 10 })).toEqual([
    [1, 1, "'one'"],
    [1, 2, "'two 🚀'"],
  ]);
  await second.run("'three'");
  await third.run("'four'");
  expect(await ask(third, { hist_access_type: "tail", n: 3, output: true })).toEqual([
    [1, 2, ["'two 🚀'", null]],
    [2, 1, ["'three'", null]],
    [3, 1, ["'four'", "'four'"]],
  ]);
  expect(await ask(third, { hist_access_type: "range", session: -2, start: 2 })).toEqual([[1, 2, "'two 🚀'"]]);
  expect(await ask(third, { hist_access_type: "search", pattern: "*t??ee*" })).toEqual([[2, 1, "'three'"]]);
  expect(readFileSync(join(folder, "virtlab", "history.jsonl"), "utf8")).not.toMatch(/silent|unstored/);
});

test("VIRTLAB_HISTORY moves it or turns it off", async () => {
  const off = await start({ VIRTLAB_HISTORY: "off" });
  await off.run("'kept nowhere'");
  expect(await ask(off, { hist_access_type: "tail", n: 1 })).toEqual([[1, 1, "'kept nowhere'"]]);
  const elsewhere = join(folder, "elsewhere.jsonl");
  const moved = await start({ VIRTLAB_HISTORY: elsewhere });
  await moved.run("'kept here'");
  await ask(moved, { hist_access_type: "tail", n: 1 });
  expect(readFileSync(elsewhere, "utf8")).toContain("kept here");
  expect(existsSync(join(folder, "virtlab"))).toBe(false);
});

test("a place that can't be written to costs the history, and nothing else", async () => {
  writeFileSync(join(folder, "virtlab"), "");
  const kernel = await start();
  expect((await kernel.run("1 + 1")).result).toBe("2");
  expect(await ask(kernel, { hist_access_type: "tail", n: 1, output: true })).toEqual([[1, 1, ["1 + 1", "2"]]]);
  expect(kernel.log()).toContain("the history isn't kept");
});

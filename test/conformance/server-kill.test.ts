/** A server that is killed at any moment loses no save that it confirmed, and leaves no torn file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Rng } from "../../sim/core/index.js";
import { spawnServer, type SpawnedServer } from "./spawned-server.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const rounds = long ? 60 : 6;

/** A notebook of about a megabyte that says which save it is at its start and its end. */
const version = (n: number): object => ({
  cells: [n, "x".repeat(1_000_000), n].map((source) => ({ cell_type: "raw", metadata: {}, source: String(source) })),
  metadata: {},
  nbformat: 4,
  nbformat_minor: 4,
});

const put = (server: SpawnedServer, path: string, body: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}/api/contents/${path}`, {
    method: "PUT",
    headers: { authorization: `token ${server.token}` },
    body: JSON.stringify(body),
  });

test(`${rounds} kills in the middle of saves`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-kill-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const rng = new Rng(4);
  let next = 1;
  let confirmed = 0;
  let cut = 0;
  for (let round = 0; round < rounds; round++) {
    const server = await spawnServer(folder);
    const killed = new Promise((resolve) => setTimeout(resolve, rng.uniform(5, 300))).then(server.kill);
    let isOver = false;
    while (!isOver) {
      try {
        const { status } = await put(server, "a.ipynb", { type: "notebook", content: version(next) });
        expect(status).toBe(200);
        confirmed = next;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        cut += 1;
        isOver = true;
      }
      next += 1;
    }
    await killed;
    if (confirmed === 0) continue;
    const { cells } = JSON.parse(readFileSync(join(server.root, "a.ipynb"), "utf8")) as {
      cells: { source: string[] }[];
    };
    const [first, middle, last] = cells.map(({ source }) => source.join(""));
    expect(first).toBe(last);
    expect(middle).toHaveLength(1_000_000);
    expect(Number(first)).toBeGreaterThanOrEqual(confirmed);
    expect(Number(first)).toBeLessThan(next);
  }
  expect(confirmed).toBeGreaterThan(rounds);
  expect(cut).toBe(rounds);
});

test("an upload that is cut leaves the old file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-kill-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const first = await spawnServer(folder);
  await put(first, "a.bin", { type: "file", format: "text", content: "old" });
  await put(first, "a.bin", { type: "file", format: "text", content: "new ", chunk: 1 });
  await first.kill();
  expect(readFileSync(join(first.root, "a.bin"), "utf8")).toBe("old");
  const second = await spawnServer(folder);
  await put(second, "a.bin", { type: "file", format: "text", content: "new ", chunk: 1 });
  await put(second, "a.bin", { type: "file", format: "text", content: "file", chunk: -1 });
  expect(readFileSync(join(second.root, "a.bin"), "utf8")).toBe("new file");
  await second.kill();
});

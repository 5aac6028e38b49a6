import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHistoryFile, type HistoryFile } from "../../../kernel/session/history-file.js";

let folder: string;
let file: string;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-history-"));
  file = join(folder, "deep", "history.jsonl");
  logged = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const opened = (): HistoryFile => createHistoryFile(file, (reason) => logged.push(reason));
const read = async (history: HistoryFile = opened()): Promise<unknown[]> =>
  (await history.read()).map(({ session, count, input }) => [session, count, input]);

test("what one session adds, the next one reads and counts on from", async () => {
  const first = opened();
  expect(await first.session()).toBe(1);
  first.add(1, "a\n🚀");
  first.add(2, "b");
  expect(await first.session()).toBe(1);
  const second = opened();
  expect(await second.session()).toBe(2);
  second.add(1, "c");
  expect(await read(second)).toEqual([
    [1, 1, "a\n🚀"],
    [1, 2, "b"],
    [2, 1, "c"],
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "deep"))).toEqual(["history.jsonl"]);
});

test("a session that runs nothing leaves no file", async () => {
  const history = opened();
  await history.session();
  await history.settled();
  expect(readdirSync(folder)).toEqual([]);
});

test("many kernels at once take different numbers and lose nothing", async () => {
  const kernels = Array.from({ length: 8 }, opened);
  for (let count = 1; count <= 20; count++) for (const each of kernels) each.add(count, "x".repeat(count * 50));
  const numbers = await Promise.all(kernels.map((each) => each.session()));
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect((await read()).length).toBe(160);
});

test("a line that a crash cut short costs that line alone", async () => {
  const first = opened();
  first.add(1, "whole");
  await first.settled();
  appendFileSync(file, '{"s":1,"n":2,"i":"cut sho');
  appendFileSync(file, "");
  const second = opened();
  second.add(1, "next");
  expect(await read(second)).toEqual([
    [1, 1, "whole"],
    [2, 1, "next"],
  ]);
  writeFileSync(file, 'null\n[]\n{"s":"1"}\n\u0000\n{"s":3,"n":1,"i":"good"}\n');
  expect(await read()).toEqual([[3, 1, "good"]]);
});

test("the files stay bounded, and the latest inputs and the numbers stay", async () => {
  const old = opened();
  old.add(1, "the first");
  const input = "y".repeat(40_000);
  for (let count = 2; count <= 100; count++) old.add(count, input);
  await old.settled();
  const sizes = readdirSync(join(folder, "deep")).map((name) => statSync(join(folder, "deep", name)).size);
  expect(sizes.length).toBe(2);
  for (const size of sizes) expect(size).toBeLessThan(1_200_000);
  const next = opened();
  expect(await next.session()).toBe(2);
  const found = await next.read();
  expect(found.length).toBeGreaterThan(25);
  expect(found.at(-1)).toEqual({ session: 1, count: 100, input });
  next.add(1, "z".repeat(60_000));
  next.add(2, "short");
  expect((await read(next)).at(-1)).toEqual([2, 2, "short"]);
});

test("a lock whose kernel died doesn't hold up another", async () => {
  mkdirSync(join(folder, "deep"));
  writeFileSync(`${file}.lock`, "");
  utimesSync(`${file}.lock`, 1, 1);
  const history = opened();
  history.add(1, "a");
  expect(await read(history)).toEqual([[1, 1, "a"]]);
});

test.each([
  ["a folder in its place", () => mkdirSync(file, { recursive: true }), "EISDIR"],
  [
    "a file where its folder should be",
    () => {
      writeFileSync(join(folder, "deep"), "");
    },
    "EEXIST",
  ],
  [
    "a full disk",
    () => {
      mkdirSync(join(folder, "deep"));
      symlinkSync("/dev/full", file);
    },
    "ENOSPC",
  ],
])("%s is logged once, and nothing else happens", async (_, spoil, code) => {
  spoil();
  const history = opened();
  for (const count of [1, 2, 3]) history.add(count, "a");
  expect(await read(history)).toEqual([]);
  expect(await history.session()).toBe(1);
  expect(logged).toEqual([
    expect.stringMatching(new RegExp(`^the history isn't kept: .*${code}.*; VIRTLAB_HISTORY moves it`)),
  ]);
});

import { describe, expect, test } from "vitest";
import type { Ending, Output } from "../../../kernel/magics/index.js";
import { failed, fakeSession, printed } from "./session.js";

const lasted = (milliseconds: number): Ending => ({ status: "ok", milliseconds, result: { "text/plain": "7" } });
const display = (data: string, displayId?: string, update = false): Output => ({
  type: "display",
  data: { "text/plain": data },
  metadata: {},
  update,
  ...(displayId === undefined ? {} : { displayId }),
});

describe("%%time", () => {
  test("prints what the run took, and keeps the result", async () => {
    const session = fakeSession({ endings: [lasted(12.5)], outputs: [printed("hello\n")] });
    expect(await session.run("%%time\n7")).toEqual(lasted(12.5));
    expect(session.shown).toEqual([printed("hello\n"), printed("Wall time: 12.5 ms\n")]);
  });

  test("has nothing to say of a cell that fails", async () => {
    const session = fakeSession({ endings: [failed] });
    expect(await session.run("%%time\n7")).toEqual(failed);
    expect(session.shown).toEqual([]);
  });
});

describe("%%bench", () => {
  test("shows the spread, the last run's outputs and its result", async () => {
    const outputs = [printed("hello\n")];
    const session = fakeSession({ endings: [lasted(40), lasted(10), lasted(0.02)], outputs });
    expect(await session.run("%%bench 3\n7")).toEqual({ status: "ok", result: { "text/plain": "7" } });
    expect(session.ran.length).toBe(3);
    expect(session.shown).toEqual(outputs);
    expect(session.presented[0]).toMatchObject({
      rows: [{ runs: 3, min: "20 µs", median: "10 ms", max: "40 ms" }],
    });
  });

  test("runs five times where nothing is said", async () => {
    const session = fakeSession();
    await session.run("%%bench\n7");
    expect(session.ran.length).toBe(5);
  });

  test("stops at the first failure and shows what that run printed", async () => {
    const outputs = [printed("hello\n")];
    const session = fakeSession({ endings: [lasted(1), failed], outputs });
    expect(await session.run("%%bench\n7")).toEqual(failed);
    expect(session.ran.length).toBe(2);
    expect(session.shown).toEqual(outputs);
    expect(session.presented).toEqual([]);
  });
});

describe("%%capture", () => {
  test("gathers text, displays and the result as a client would hold them", async () => {
    const outputs = [
      printed("gone"),
      { type: "clear", wait: true } as const,
      { type: "clear", wait: true } as const,
      display("1", "x"),
      printed("a"),
      display("2"),
      display("3", "x", true),
      printed("b"),
    ];
    const session = fakeSession({ endings: [lasted(1)], outputs });
    expect(await session.run("%%capture out\n7")).toEqual({ status: "ok", milliseconds: 1 });
    expect(session.shown).toEqual([]);
    expect(session.assigned).toMatchObject([
      {
        name: "out",
        value: { text: "ab", bundles: [{ "text/plain": "3" }, { "text/plain": "2" }, { "text/plain": "7" }] },
      },
    ]);
  });

  test("keeps what a clear that waits has nothing to put in the place of", async () => {
    const session = fakeSession({
      outputs: [printed("a"), { type: "clear", wait: true }, { type: "clear", wait: true }],
    });
    await session.run("%%capture out\n7");
    expect(session.assigned).toMatchObject([{ value: { text: "a" } }]);
  });

  test("clears at once where the cell doesn't wait", async () => {
    const session = fakeSession({ outputs: [printed("gone"), { type: "clear", wait: false }] });
    await session.run("%%capture out\n7");
    expect(session.assigned).toMatchObject([{ value: { text: "", bundles: [] } }]);
  });

  test("loses nothing of a cell that fails, nor where the name can't be one", async () => {
    const outputs = [printed("hello\n")];
    const session = fakeSession({ endings: [failed], outputs });
    expect(await session.run("%%capture out\n7")).toEqual(failed);
    expect([session.shown, session.assigned]).toEqual([outputs, []]);
    const refused = fakeSession({ assignment: { ...failed, ename: "SyntaxError" }, outputs });
    expect(await refused.run("%%capture class\n7")).toMatchObject({ evalue: `"class" can't be a variable's name` });
    expect(refused.shown).toEqual(outputs);
    const interrupted = fakeSession({ assignment: { ...failed, ename: "Interrupted" }, outputs });
    expect(await interrupted.run("%%capture out\n7")).toMatchObject({ ename: "Interrupted" });
    expect(interrupted.shown).toEqual(outputs);
  });

  test("works inside another magic", async () => {
    const session = fakeSession({ endings: [lasted(2)], outputs: [printed("hello\n")] });
    expect(await session.run("%%time\n%%capture out\n7")).toEqual({ status: "ok", milliseconds: 2 });
    expect(session.shown).toEqual([printed("Wall time: 2 ms\n")]);
    expect(session.ran).toEqual(["      \n             \n7"]);
  });
});

test.each([
  ["html", "text/html"],
  ["markdown", "text/markdown"],
  ["md", "text/markdown"],
  ["svg", "image/svg+xml"],
])("%%%%%s shows its body", async (name, type) => {
  const session = fakeSession();
  expect(await session.run(`%%${name}\n<b>a</b>\n`)).toEqual({ status: "ok" });
  const data = { [type]: "<b>a</b>", "text/plain": "<b>a</b>" };
  expect(session.shown).toEqual([{ type: "display", data, metadata: {}, update: false }]);
});

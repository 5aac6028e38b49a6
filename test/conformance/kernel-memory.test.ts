import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { plain, spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

/** Small limits, so that little has to be filled; MiB. */
const heap = 256;
const memory = 900;
/** What V8 makes of the heap's limit: young objects come on top, more of them in later majors. */
const limit = Math.round(
  Number(
    execFileSync(process.execPath, [
      `--max-old-space-size=${heap}`,
      "--print",
      "v8.getHeapStatistics().heap_size_limit / 2 ** 20",
    ]),
  ),
);

async function exhaust(code: string): Promise<{ readonly ename: string; readonly traceback: string }> {
  const environment = {
    VIRTLAB_TYPECHECK: "off",
    NODE_OPTIONS: `--max-old-space-size=${heap}`,
    VIRTLAB_MEMORY: String(memory),
  };
  const kernel = await spawnKernel({ environment });
  try {
    await kernel.run("const kept = 'kept'; const list: unknown[] = [];");
    const { reply } = await kernel.run(`const own: unknown[] = []; ${code}`);
    if (reply.status !== "error") throw new Error("the cell came to an end");
    expect((await kernel.run("kept")).result).toBe("'kept'");
    await usable(kernel);
    return { ename: reply.ename, traceback: plain(reply.traceback) };
  } finally {
    await kernel.close();
  }
}

/** The memory has been given back: a cell may take half of it again. */
async function usable(kernel: SpawnedKernel): Promise<void> {
  const half = `Array.from({ length: ${heap * 1024} }, (_, i) => new Array(60).fill(i)).length`;
  expect((await kernel.run(half)).result).toBe(String(heap * 1024));
}

test.each([
  ["an array that grows", "for (;;) own.push({ x: 1, y: [1, 2, 3] });"],
  ["a map that grows", "const map = new Map<number, object>(); for (let i = 0; ; i++) map.set(i, {});"],
  ["strings", "for (let i = 0; ; i++) own.push('x'.repeat(1000).split('').join(String(i)));"],
  [
    "closures of an asynchronous loop",
    "for (;;) { const big = new Array(1000).fill(0); own.push(() => big); await 0; }",
  ],
])("a cell that fills the heap with %s is stopped, and the kernel goes on", async (_, code) => {
  const { ename, traceback } = await exhaust(code);
  expect(ename).toBe("OutOfMemory");
  expect(traceback).toMatch(new RegExp(`JavaScript's heap is full \\(\\d+ MiB of ${limit} MiB\\)`));
  expect(traceback).toContain(`NODE_OPTIONS=--max-old-space-size=${2 * limit}`);
});

test("a cell that fills the memory outside of the heap is stopped, and the kernel goes on", async () => {
  const { ename, traceback } = await exhaust("for (;;) own.push(Buffer.alloc(10_000_000, 1));");
  expect(ename).toBe("OutOfMemory");
  expect(traceback).toContain(`of ${memory} MiB)`);
  expect(traceback).toContain("VIRTLAB_MEMORY");
});

test("a cell says when the heap is nearly full, and no more of it once it has ended", async () => {
  const environment = { VIRTLAB_TYPECHECK: "off", NODE_OPTIONS: `--max-old-space-size=${heap}` };
  const kernel = await spawnKernel({ environment });
  try {
    // 75 % of the limit.
    const code = `const own: unknown[] = [];
      while (process.memoryUsage().heapUsed < ${0.75 * limit * 2 ** 20}) own.push(new Array(1000).fill(0));
      await new Promise((done) => setTimeout(done, 500)); own.length = 0`;
    const { reply, broadcasts } = await kernel.run(code);
    expect(reply.status).toBe("ok");
    const shown = broadcasts.filter(({ type }) => type === "display_data" || type === "clear_output");
    expect(JSON.stringify(shown[0]?.content)).toMatch(new RegExp(`heap is nearly full \\(\\d+ MiB of ${limit} MiB\\)`));
    expect(shown.at(-1)?.type).toBe("clear_output");
  } finally {
    await kernel.close();
  }
});

test("a string that grows too long is the language's own error", async () => {
  const { ename, traceback } = await exhaust("let s = 'x'; for (;;) s += s;");
  expect([ename, traceback]).toEqual(["RangeError", expect.stringContaining("Invalid string length")]);
});

/** Node writes its last report where Linux alone can open it. */
test.runIf(process.platform === "linux").each([
  ["an array of one go", "new Array(5e7).fill(0)"],
  ["an array of one go, behind an await", "await 0; new Array(5e7).fill(0)"],
])("a cell whose one allocation V8 ends the process for says so first: %s", async (_, code) => {
  const environment = { VIRTLAB_TYPECHECK: "off", NODE_OPTIONS: `--max-old-space-size=${heap}` };
  const kernel = await spawnKernel({ environment });
  try {
    const { reply, broadcasts } = await kernel.run(code);
    expect(reply).toMatchObject({ status: "error", ename: "OutOfMemory" });
    const error = broadcasts.find(({ type }) => type === "error");
    expect(error?.content).toMatchObject({ ename: "OutOfMemory" });
    expect(broadcasts.at(-1)).toMatchObject({ type: "status", content: { execution_state: "idle" } });
    if (reply.status === "error") {
      expect(plain(reply.traceback)).toContain(
        `the kernel ended: one object was to be larger than what JavaScript's heap`,
      );
      expect(plain(reply.traceback)).toContain("Restart it");
    }
    expect((await kernel.ended).signal).not.toBeNull();
    expect(kernel.log()).toContain("heap out of memory");
  } finally {
    await kernel.close();
  }
});

test("a cell writes reports of its own", async () => {
  const kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  try {
    const code =
      "const { existsSync } = require('fs'); existsSync(process.report.writeReport()) && existsSync(process.report.writeReport('own.json'))";
    const ran = await kernel.run(code);
    expect([ran.reply.status, ran.result]).toEqual(["ok", "true"]);
    expect((await kernel.run("1 + 1")).result).toBe("2");
  } finally {
    await kernel.close();
  }
});

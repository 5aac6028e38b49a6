import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const built = (room: string): string =>
  JSON.stringify(new URL(`../../dist/kernel/${room}/index.js`, import.meta.url).href);

/** The executor alone, between a main thread and a worker, without a session; the worker's script prints one line. */
function inWorker(script: string): unknown {
  const worker = `
    import { writeSync } from "node:fs";
    import { workerData } from "node:worker_threads";
    import { createExecutor } from ${built("exec")};
    import { transform } from ${built("lang")};
    const executor = createExecutor(workerData.port, () => {});
    const shown = [];
    const run = async (source, name) => {
      const { status, result, evalue } = await executor.run(transform(source, name).cell, (output) => shown.push(output));
      return result?.["text/plain"] ?? evalue ?? status;
    };
    ${script}
    await executor.leave(0);`;
  const main = `
    import { MessageChannel, Worker } from "node:worker_threads";
    import { originalPosition } from ${built("lang")};
    import { startMainThread } from ${built("exec")};
    const { port1, port2 } = new MessageChannel();
    new Worker(${JSON.stringify(worker)}, { eval: true, workerData: { port: port2 }, transferList: [port2] });
    startMainThread({
      port: port1,
      folder: process.cwd(),
      kernelFolder: "/nowhere/",
      present: (value) => (Array.isArray(value) ? value : [value]).map((each) => ({ "text/plain": String(each) })),
      originalPosition,
      api: { load: async () => ({ answer: 42 }), require: () => ({ answer: 42 }) },
    });`;
  const args = ["--no-force-async-hooks-checks", "--input-type=module", "-e", main];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const print = (expression: string): string => `writeSync(1, JSON.stringify(${expression}));`;

test("reset forgets the variables and keeps the modules", () => {
  const script = `
    const before = await run('import { answer } from "virtlab"; var a = 1; let b = 2; function f() {} answer + a', "one");
    await executor.reset();
    ${print('[before, await run("[typeof a, typeof b, typeof f, typeof answer].join()", "two")]')}`;
  // A script's own functions can't be deleted, only emptied.
  expect(inWorker(script)).toEqual(["43", "undefined,undefined,undefined,undefined"]);
});

test("a value of several pictures is shown as displays and a result, after what was printed", () => {
  const script = `
    const result = await run('console.log("printed"); ["first", "second", "last"]', "one");
    ${print("[result, shown]")}`;
  expect(inWorker(script)).toEqual([
    "last",
    [
      { type: "stream", name: "stdout", text: "printed\n" },
      { type: "display", data: { "text/plain": "first" }, metadata: {}, update: false },
      { type: "display", data: { "text/plain": "second" }, metadata: {}, update: false },
    ],
  ]);
});

test("a cell that waits for an interrupt to end starts behind it", () => {
  const script = `
    const looping = run("while (true) {}", "one");
    setTimeout(() => executor.interrupt(), 50);
    setTimeout(() => executor.interrupt(), 60);
    const first = await looping;
    ${print('[first, await run("1 + 1", "two")]')}`;
  expect(inWorker(script)).toEqual(["the cell was interrupted", "2"]);
});

import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createPipeMemory, createPipeReader } from "../../kernel/exec/pipe.js";

test("the pipe holds a faster writer in another thread up, and loses nothing", async () => {
  const memory = createPipeMemory();
  const lines = 300_000;
  const built = new URL("../../dist/kernel/exec/pipe.js", import.meta.url).href;
  const source = `
    const { workerData: { memory, lines } } = require("node:worker_threads");
    import(${JSON.stringify(built)}).then(({ createPipeWriter }) => {
      const writer = createPipeWriter(memory, () => {});
      for (let line = 0; line < lines; line++) writer.write(1, line, "line " + line);
    });`;
  const worker = new Worker(source, { eval: true, workerData: { memory, lines } });
  const reader = createPipeReader(memory);
  let next = 0;
  let wrong = 0;
  while (next < lines) {
    for (const { owner, payload } of reader.drain()) {
      if (owner !== next || payload.toString() !== `line ${next}`) wrong++;
      next++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await worker.terminate();
  expect([next, wrong]).toEqual([lines, 0]);
});

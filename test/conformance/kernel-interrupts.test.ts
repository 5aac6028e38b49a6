import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

/** What a stop may take, and what heartbeat and control may while a cell spins, in ms. */
const stopWithin = 500;
const answerWithin = 100;

let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel();
  await kernel.run("const kept = { by: 'earlier cells' }; let ticks = 0; setInterval(() => { ticks++; }, 5).unref();");
});
afterAll(() => kernel.close());

const shapes: Readonly<Record<string, string>> = {
  "an endless loop": "while (true) {}",
  "a loop that catches everything": "for (;;) { try { while (true) {} } catch {} finally {} }",
  "an endless await": "await new Promise(() => {});",
  "a loop behind an await": "await 0; while (true) {}",
  "a loop in a timer": "setTimeout(() => { while (true) {} }, 1); await new Promise(() => {});",
  "a loop in an interval": "setInterval(() => { while (true) {} }, 1); await new Promise(() => {});",
  "a loop in an immediate": "setImmediate(() => { while (true) {} }); await new Promise(() => {});",
  "a chain of awaits": "for (;;) await 0;",
  "a chain of promises": "const again = (): Promise<void> => Promise.resolve().then(again); await again();",
  "a chain of ticks": "const tick = (): void => process.nextTick(tick); tick(); await new Promise(() => {});",
  "a chain of immediates": "for (;;) await new Promise((done) => setImmediate(done));",
  "a runaway regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b')",
  "a loop in a comparison": "[3, 1, 2].sort(() => { while (true) {} })",
  "a loop in a getter": "({ get endless() { while (true) {} } }).endless",
  "a flood of output": "while (true) console.log('x'.repeat(100));",
  "waiting for shared memory": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
  "waiting for a program": "require('node:child_process').execSync('sleep 30')",
  "waiting for a shell's programs": "require('node:child_process').execSync('sleep 30; sleep 30; echo')",
};

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when a cell has printed the word, a little later. */
function printed(word: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = kernel.client.onBroadcast((message) => {
      if (message.type !== "stream" || !message.content.text.startsWith(word)) return;
      stop();
      setTimeout(resolve, 30);
    });
  });
}

/** The best of five: other work on the machine may delay one. */
async function best(action: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  while (taken.length < 5) taken.push(await action());
  return Math.min(...taken);
}

/**
 * What an action took, without the time that threads of ours or the kernel's were ready and other work on the machine had
 * the processors: on a quiet machine that is nothing.
 */
async function milliseconds(action: () => Promise<unknown>): Promise<number> {
  const held = (): number => heldUp(process.pid) + heldUp(kernel.process.pid);
  const before = held();
  const start = performance.now();
  await action();
  return performance.now() - start - (held() - before);
}

/** How long threads of a process have waited for a processor so far, in ms: proc(5), /proc/pid/task/tid/schedstat. */
function heldUp(pid: number | undefined): number {
  try {
    const tasks = `/proc/${pid}/task`;
    const waits = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[1]);
    return waits.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e6;
  } catch {
    // Other systems don't tell.
    return 0;
  }
}

describe.each(["message", "signal"] as const)("an interrupt by %s", (mode) => {
  test.each(Object.entries(shapes))("stops %s, and the kernel goes on where it was", async (_, code) => {
    // The reply counts: the idle behind it has to wait for what a flood left on its way to the client.
    const started = printed("started");
    const content = { code: `console.log("started"); ${code}` };
    const running = kernel.client.request("shell", "execute_request", content, { timeout: 30_000 });
    await started;
    const info = (): Promise<unknown> =>
      kernel.client.request("control", "kernel_info_request", {}, { timeout: 10_000 });
    expect(await best(() => milliseconds(() => kernel.client.ping(10_000)))).toBeLessThan(answerWithin);
    expect(await best(() => milliseconds(info))).toBeLessThan(answerWithin);

    const took = await milliseconds(async () => {
      if (mode === "signal") kernel.process.kill("SIGINT");
      else await kernel.client.request("control", "interrupt_request", {}, { timeout: 10_000 });
      expect((await running).content).toMatchObject({ status: "error", ename: "Interrupted" });
    });
    expect(took).toBeLessThan(stopWithin);

    expect((await kernel.run("kept.by")).result).toBe("'earlier cells'");
    const before = (await kernel.run("await new Promise((done) => setTimeout(done, 20)); ticks")).result;
    const after = (await kernel.run("await new Promise((done) => setTimeout(done, 20)); ticks")).result;
    expect(Number(after)).toBeGreaterThan(Number(before));
  });
});

test("a loop that a finished cell left in a timer is stopped too", async () => {
  await kernel.run("setTimeout(() => { while (true) {} }, 1); 'ended'");
  await pause(50);
  const next = kernel.run("kept.by");
  await pause(50);
  await kernel.client.request("control", "interrupt_request", {}, { timeout: 2_000 });
  const { reply, result } = await next;
  // The cell that waited behind the loop is the one that is interrupted, unless it got to run.
  expect(reply.status === "error" ? reply.ename : result).toMatch(/^(Interrupted|'earlier cells')$/);
  expect((await kernel.run("kept.by")).result).toBe("'earlier cells'");
});

test("an interrupt of an idle kernel does nothing", async () => {
  for (let count = 0; count < 20; count++) {
    await kernel.client.request("control", "interrupt_request", {}, { timeout: 2_000 });
    expect((await kernel.run("1 + 1")).result).toBe("2");
  }
});

test("a cell that looks at the stop flag may end in its own words", async () => {
  const started = printed("started");
  const running = kernel.run(`
    console.log("started");
    const interruptRequested = (globalThis as any)[Symbol.for("virtlab.interruptRequested")];
    while (!interruptRequested()) { const until = Date.now() + 60; while (Date.now() < until); }
    console.log("stopped between two events");`);
  await started;
  await kernel.client.request("control", "interrupt_request", {}, { timeout: 2_000 });
  const ran = await running;
  expect([ran.reply.status, ran.stdout]).toEqual(["ok", "started\nstopped between two events\n"]);
});

test("output of a cut cell that comes later is shown at that cell", async () => {
  const heard = new Promise((resolve) => {
    kernel.client.onBroadcast((message) => {
      if (message.type === "stream") resolve([message.parent_header.msg_id, message.content.text]);
    });
  });
  const cut = kernel.run("setTimeout(() => console.log('from the cut cell'), 600); await new Promise(() => {});");
  await pause(100);
  await kernel.client.request("control", "interrupt_request", {}, { timeout: 2_000 });
  const parent = (await cut).broadcasts[0]?.parent_header.msg_id;
  const next = await kernel.run("await new Promise((done) => setTimeout(done, 700)); 'next'");
  expect([next.stdout, next.result]).toEqual(["", "'next'"]);
  expect(await heard).toEqual([parent, "from the cut cell\n"]);
});

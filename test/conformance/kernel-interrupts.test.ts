import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { undisturbed } from "./processor.js";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

/** What a stop may take, and what heartbeat and control may while a cell spins, in ms. */
const stopWithin = 500;
const answerWithin = 100;
/** When a request counts as lost: a busy machine may take its time, and with a flood this process has it to read first. */
const timeout = 60_000;

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

/** The best of five: other work on the machine may delay one. */
async function best(action: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  while (taken.length < 5) taken.push(await action());
  return Math.min(...taken);
}

describe.each(["message", "signal"] as const)("an interrupt by %s", (mode) => {
  test.each(Object.entries(shapes))("stops %s, and the kernel goes on where it was", async (_, code) => {
    // The reply counts: the idle behind it has to wait for what a flood left on its way to the client.
    const started = kernel.printed("started");
    const content = { code: `console.log("started"); ${code}` };
    const running = kernel.client.request("shell", "execute_request", content, { timeout });
    await started;
    const info = (): Promise<unknown> => kernel.client.request("control", "kernel_info_request", {}, { timeout });
    expect(await best(() => undisturbed(kernel, () => kernel.client.ping(timeout)))).toBeLessThan(answerWithin);
    expect(await best(() => undisturbed(kernel, info))).toBeLessThan(answerWithin);

    const took = await undisturbed(kernel, async () => {
      if (mode === "signal") kernel.process.kill("SIGINT");
      else await kernel.client.request("control", "interrupt_request", {}, { timeout });
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
  const spins = kernel.printed("spins");
  await kernel.run("setTimeout(() => { console.log('spins'); while (true) {} }, 1); 'ended'");
  await spins;
  const next = kernel.run("kept.by");
  await pause(50);
  await kernel.client.request("control", "interrupt_request", {}, { timeout });
  const { reply, result } = await next;
  // The cell that waited behind the loop is the one that is interrupted, unless it got to run.
  expect(reply.status === "error" ? reply.ename : result).toMatch(/^(Interrupted|'earlier cells')$/);
  expect((await kernel.run("kept.by")).result).toBe("'earlier cells'");
});

test("an interrupt of an idle kernel does nothing", async () => {
  for (let count = 0; count < 20; count++) {
    await kernel.client.request("control", "interrupt_request", {}, { timeout });
    expect((await kernel.run("1 + 1")).result).toBe("2");
  }
});

test("a cell that looks at the stop flag may end in its own words", async () => {
  const started = kernel.printed("started");
  const running = kernel.run(`
    console.log("started");
    const interruptRequested = (globalThis as any)[Symbol.for("virtlab.interruptRequested")];
    while (!interruptRequested()) { const until = Date.now() + 60; while (Date.now() < until); }
    console.log("stopped between two events");`);
  await started;
  await kernel.client.request("control", "interrupt_request", {}, { timeout });
  const ran = await running;
  expect([ran.reply.status, ran.stdout]).toEqual(["ok", "started\nstopped between two events\n"]);
});

test("output of a cut cell that comes later is shown at that cell", async () => {
  const heard = new Promise((resolve) => {
    kernel.client.onBroadcast((message) => {
      if (message.type === "stream" && message.content.text.startsWith("from")) {
        resolve([message.parent_header.msg_id, message.content.text]);
      }
    });
  });
  const started = kernel.printed("started");
  const cut = kernel.run(
    "console.log('started'); setTimeout(() => console.log('from the cut cell'), 600); await new Promise(() => {});",
  );
  await started;
  await kernel.client.request("control", "interrupt_request", {}, { timeout });
  const parent = (await cut).broadcasts[0]?.parent_header.msg_id;
  const next = await kernel.run("await new Promise((done) => setTimeout(done, 700)); 'next'");
  expect([next.stdout, next.result]).toEqual(["", "'next'"]);
  expect(await heard).toEqual([parent, "from the cut cell\n"]);
});

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Subscriber } from "zeromq";
import { afterEach, beforeEach, expect, test } from "vitest";
import { address } from "../../kernel/wire/index.js";
import { decode } from "../../kernel/wire/framing.js";
import { createSigner } from "../../kernel/wire/signing.js";
import { undisturbed, watchQueue } from "./processor.js";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
let slow: Subscriber;
beforeEach(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  // Takes as little as it can: what it doesn't read stays with the kernel.
  slow = new Subscriber({ linger: 0, receiveHighWaterMark: 1, receiveBufferSize: 4096 });
  slow.connect(address(kernel.connection, "iopub"));
  slow.subscribe("");
  await slow.receive();
});
afterEach(async () => {
  slow.close();
  await kernel.close();
});

/** Resident memory in MB, now and at its peak. */
function memory(): { now: number; peak: number } {
  const status = readFileSync(`/proc/${kernel.process.pid}/status`, "utf8");
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { now: of("VmRSS"), peak: of("VmHWM") };
}

/** In ms, of five. In a thread of its own: this one is busy with the flood. */
async function slowestHeartbeat(): Promise<number> {
  const pinger = new Worker(
    `const { Request } = require("zeromq");
    const { parentPort, workerData } = require("node:worker_threads");
    (async () => {
      const socket = new Request({ linger: 0, receiveTimeout: 60_000 });
      socket.connect(workerData);
      let slowest = 0;
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        await socket.send("ping");
        await socket.receive();
        slowest = Math.max(slowest, performance.now() - start);
      }
      socket.close();
      parentPort.postMessage(slowest);
    })();`,
    { eval: true, workerData: address(kernel.connection, "hb") },
  );
  const [slowest] = (await once(pinger, "message")) as [number];
  return slowest;
}

test("a client that reads nothing neither stops the others nor fills the memory", async () => {
  const before = memory().now;
  const flood = "for (let line = 0; line < 4_000; line++) console.log('x'.repeat(99_999));";
  const running = kernel.run(flood);
  // Control and heartbeat don't wait for it.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const waited = watchQueue(kernel);
  expect((await slowestHeartbeat()) - waited()).toBeLessThan(500);
  const { reply, stdout } = await running;
  expect(reply.status).toBe("ok");
  expect(stdout.length).toBe(400_000_000);
  await kernel.run(flood);
  // A flood takes some 300 with its garbage, and the next one takes no more; without the bound two take 900.
  expect(memory().peak - before).toBeLessThan(600);
  const next = async (): Promise<void> => {
    expect((await kernel.run("1 + 1")).result).toBe("2");
  };
  expect(await undisturbed(kernel, next)).toBeLessThan(500);
});

test("a client that reads slowly gets everything, and holds the cell up rather than fill the memory", async () => {
  const signer = createSigner("hmac-sha256", kernel.connection.key);
  const heard: number[] = [];
  const listening = (async () => {
    for await (const frames of slow) {
      const decoded = decode(frames, signer);
      if (decoded.ok && decoded.message.header.msg_type === "display_data") {
        heard.push(Number((decoded.message.content["data"] as Record<string, unknown>)["text/plain"]));
        if (heard.length % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  })();
  listening.catch(() => undefined);
  const code = `const show = (globalThis as any)[Symbol.for("virtlab.display")];
    for (let n = 0; n < 10_000; n++) show({ "text/plain": String(n), "text/html": "y".repeat(2_000) });`;
  expect((await kernel.run(code)).reply.status).toBe("ok");
  await until(() => heard.length === 10_000);
  expect(heard).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
});

test("an interrupt stops a flood that waits for a slow client", async () => {
  const running = kernel.client.request("shell", "execute_request", {
    code: "for (;;) console.log('x'.repeat(50_000))",
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  // This process has a flood to read too, which isn't what is measured.
  await kernel.client.request("control", "kernel_info_request", {}, { timeout: 60_000 });
  const waited = watchQueue(kernel);
  const start = Date.now();
  await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
  const { header, content } = await running;
  expect(content).toMatchObject({ status: "error", ename: "Interrupted" });
  // By the kernel's clock: this process may still have the flood before the reply.
  expect(Date.parse(header.date) - start - waited()).toBeLessThan(500);
});

test("when the stalled client goes, nothing is lost any more", async () => {
  await kernel.run("for (let line = 0; line < 1_000; line++) console.log('x'.repeat(99_999));");
  slow.close();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { stdout } = await kernel.run("for (let line = 0; line < 1_000; line++) console.log('x'.repeat(99_999));");
  expect(stdout.length).toBe(100_000_000);
});

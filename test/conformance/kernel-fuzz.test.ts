import { readFileSync } from "node:fs";
import { connect } from "node:net";
import fc from "fast-check";
import { Dealer, XSubscriber } from "zeromq";
import { expect, test } from "vitest";
import { address, channels, type Channel } from "../../kernel/wire/index.js";
import { encode } from "../../kernel/wire/framing.js";
import { createSigner } from "../../kernel/wire/signing.js";
import { heaps, probed } from "./heaps.js";
import { spawnKernel, until } from "./spawned-kernel.js";
import { wireCases } from "./wire-cases.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const cases = long ? 100_000 : 2_000;
const batch = 250;
/**
 * How much may live more in the main thread and the protocol worker than behind the first thousand cases, in MB. What
 * stays is bounded: 65,536 signatures against messages played again, 10,000 inputs of the history, 1,000 cells for late
 * outputs and the debugger.
 */
const growth = long ? 20 : 15;
/**
 * How much the process may have grown by, in MB: loosely, for deep and giant messages leave the allocator full of holes.
 * It levels off: from 60,000 cases to 300,000 it stood between 330 and 440 MB.
 */
const residentGrowth = long ? 300 : 150;

test(`${cases} broken, hostile and nonsensical messages on every channel leave the kernel as it was`, async () => {
  const kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off", ...probed } });
  const sockets = new Map<Channel, Dealer | XSubscriber>();
  const answered = new Set<string>();
  const signer = createSigner("hmac-sha256", kernel.connection.key);
  try {
    for (const channel of channels) {
      const socket = channel === "iopub" ? new XSubscriber({ linger: 0 }) : new Dealer({ linger: 0 });
      socket.connect(address(kernel.connection, channel));
      sockets.set(channel, socket);
      if (socket instanceof Dealer) void readAll(socket, answered);
    }
    await kernel.run("const kept = 'kept'");
    // Starts the type service, whose memory isn't what is measured here.
    await kernel.client.request("shell", "complete_request", { code: "kep", cursor_pos: 3 });
    const memory = (): number =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${kernel.process.pid}/status`, "utf8"))?.[1]) / 1024;
    const living = async (): Promise<number[]> =>
      (await heaps(kernel)).slice(0, 2).map(({ heapUsed, external }) => (heapUsed + external) / 2 ** 20);
    let before = 0;
    let livingBefore: readonly number[] = [];
    for (let done = 0; done < cases; done += batch) {
      if (done === 1_000) [before, livingBefore] = [memory(), await living()];
      // A seed for each batch: what fails is found again.
      for (const { channel, frames } of fc.sample(wireCases(kernel.connection.key), { seed: done, numRuns: batch })) {
        if (frames.length > 0) await sockets.get(channel)?.send([...frames]);
      }
      await garbage(kernel.connection.shell_port, done);
      // A batch asks for interrupts, too: what runs below comes behind them.
      const msg_id = `behind-${done}`;
      const header = { msg_id, session: "fence", username: "u", date: new Date().toISOString(), version: "5.5" };
      const full = { ...header, msg_type: "kernel_info_request" };
      const fence = { identities: [], header: full, parent_header: {}, metadata: {}, content: {}, buffers: [] };
      await sockets.get("control")?.send(encode(fence, signer));
      await until(() => answered.has(msg_id));
      const info = await kernel.client.request("control", "kernel_info_request", {}, { timeout: 60_000 });
      expect(info.content.status, `behind the batch of seed ${done}`).toBe("ok");
      expect((await kernel.run("1 + 1")).result, `behind the batch of seed ${done}`).toBe("2");
    }
    expect((await kernel.run("kept")).result).toBe("'kept'");
    expect(await kernel.client.ping(5_000)).toBeLessThan(5_000);
    expect(kernel.process.exitCode).toBeNull();
    const [after, livingAfter] = [memory(), await living()];
    const figures = [before, ...livingBefore, after, ...livingAfter].map((each) => each.toFixed(0));
    console.log(
      `${cases} cases: process, main and protocol heaps in MB, behind 1,000 and at the end: ${figures.join(", ")}`,
    );
    for (const thread of [0, 1]) expect(livingAfter[thread]! - livingBefore[thread]!).toBeLessThan(growth);
    expect(after - before).toBeLessThan(residentGrowth);
  } finally {
    for (const socket of sockets.values()) socket.close();
    await kernel.close();
  }
}, 3_600_000);

/** Reads to the end, and notes which of the test's own requests were answered. */
async function readAll(socket: Dealer, answered: Set<string>): Promise<void> {
  try {
    for await (const frames of socket) {
      for (const frame of frames) {
        const [, id] = /"msg_id":"(behind-\d+)"/.exec(frame.toString()) ?? [];
        if (id !== undefined) answered.add(id);
      }
    }
  } catch {
    // Closed.
  }
}

/** Bytes that aren't ZeroMQ's, from a stranger who hangs up. */
async function garbage(port: number, seed: number): Promise<void> {
  const [bytes = new Uint8Array()] = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 500 }), { seed, numRuns: 1 });
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.end(bytes);
    });
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.setTimeout(100, () => socket.destroy());
    socket.on("close", () => {
      resolve();
    });
  });
}

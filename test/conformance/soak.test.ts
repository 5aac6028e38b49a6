import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { heaps, probed } from "./heaps.js";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

const long = process.env["VIRTLAB_LONG"] === "1";
/** In each half every shape as often, so that an old kernel's cells can be laid beside a young one's. */
const cells = long ? 10_000 : 320;

/** What a notebook's cells do, with names of their own and names again. */
const shapes: readonly ((n: number) => string)[] = [
  (n) => `const fresh${n} = { n: ${n}, list: [1, 2, 3] };`,
  (n) => `let again = ${n}; function twice(x: number) { return 2 * x; } twice(again)`,
  (n) => `for (let i = 0; i < 20; i++) console.log("line", i, ${n});`,
  (n) => `import { display } from "tslab"; display.html("<b>${n}</b>");`,
  (n) => `throw new RangeError("wanted ${n}");`,
  (n) => `await new Promise((done) => setTimeout(done, 0)); class Again { n = ${n} } new Again()`,
  (n) => `let = ${n};`,
  () => `"x".repeat(5000)`,
];

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * What may stay of a cell in a thread from the half on, in bytes. What is known to: in the main thread 1.2 KB, of which
 * V8's cache of compiled scripts has 1, in the protocol worker 0.5. In a few cells V8's own counts for more: functions
 * that become hot and are compiled.
 */
const kept = long ? 3_000 : 8_000;

/** Runs the n-th cell of a kernel's life. @returns how long that took, in ms */
async function live(kernel: SpawnedKernel, n: number): Promise<number> {
  const start = performance.now();
  const shape = n % shapes.length;
  const { reply } = await kernel.run(shapes[shape]?.(n) ?? "");
  const taken = performance.now() - start;
  expect(reply.status).toBe(shape === 4 || shape === 6 ? "error" : "ok");
  return taken;
}

const environment = { VIRTLAB_TYPECHECK: "off", ...probed };

test(`${cells} cells: memory and latency stay`, async () => {
  const kernel = await spawnKernel({ environment });
  // It lives through the other's first half during its second: what the machine does meanwhile, it does to both.
  const young = await spawnKernel({ environment });
  try {
    const taken: { readonly old: number[]; readonly young: number[] } = { old: [], young: [] };
    const resident: number[] = [];
    /** By quarter: of the main thread and the protocol worker, in bytes. */
    const living: (readonly [number, number])[] = [];
    for (let n = 0; n < cells; n++) {
      taken.old.push(await live(kernel, n));
      if (n >= cells / 2) taken.young.push(await live(young, n - cells / 2));
      if ((n + 1) % (cells / 4) > 0) continue;
      const pages = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${kernel.process.pid ?? 0}/status`, "utf8"))?.[1];
      resident.push(Number(pages) / 1024);
      const [main, protocol] = (await heaps(kernel)).map(({ heapUsed, external }) => heapUsed + external);
      living.push([main!, protocol!]);
    }
    const inMebibytes = (bytes: number): number => Number((bytes / 2 ** 20).toFixed(2));
    const figures = living.map(([main, protocol], which) => ({
      "main heap": inMebibytes(main),
      "protocol heap": inMebibytes(protocol),
      RSS: Math.round(resident[which]!),
    }));
    console.info(`${cells} cells, MiB at the ends of their quarters: ${JSON.stringify(figures)}`);
    for (const thread of [0, 1] as const)
      expect((living[3]![thread] - living[1]![thread]) / (cells / 2)).toBeLessThan(kept);
    // Loosely: how soon V8 and malloc give back what nobody needs is their affair.
    expect(resident[3]! / resident[1]!).toBeLessThan(1.5);

    const [old, second] = [taken.old.slice(-cells / 4), taken.young.slice(-cells / 4)];
    const slower = median(old.map((each, index) => each / second[index]!));
    const times = [old, second].map((each) => `${median(each).toFixed(2)} ms`).join(", beside it in the second ");
    console.info(`a cell in the last quarter: ${times}; it takes ${slower.toFixed(2)} times as long`);
    expect(slower).toBeLessThan(1.3);
  } finally {
    await kernel.close();
    await young.close();
  }
});

test("what a client sends to a widget is let go when it has been heard", async () => {
  const kernel = await spawnKernel({ environment });
  try {
    const listening = `globalThis[Symbol.for("virtlab.comms")].onTarget("t", (comm) => { comm.onMessage(() => heard++); });`;
    await kernel.run(`let heard = 0; ${listening}`);
    kernel.client.notify("comm_open", { comm_id: "c", target_name: "t", data: {} });
    const outside = async (): Promise<number[]> => (await heaps(kernel)).map((each) => each.external / 2 ** 20);
    const before = await outside();
    for (let n = 0; n < 40; n++) {
      kernel.client.notify("comm_msg", { comm_id: "c", data: { n } }, { buffers: [new Uint8Array(2 ** 20)] });
      await kernel.run("");
    }
    expect((await kernel.run("heard")).result).toBe("40");
    const after = await outside();
    for (const thread of [0, 1])
      expect(after[thread]! - before[thread]!, `MiB of 40 in thread ${thread}`).toBeLessThan(10);
  } finally {
    await kernel.close();
  }
});

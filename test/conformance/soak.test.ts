import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { spawnKernel } from "./spawned-kernel.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const cells = long ? 10_000 : 300;

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

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

/**
 * The share of cells that other work on the machine can be trusted to leave alone. What grows from cell to cell slows
 * down every one, these too.
 */
const undisturbed = 0.25;

test(`${cells} cells: memory and latency stay`, async () => {
  const kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  try {
    const taken: number[] = [];
    const resident: number[] = [];
    for (let n = 0; n < cells; n++) {
      const start = performance.now();
      const shape = n % shapes.length;
      const { reply } = await kernel.run(shapes[shape]?.(n) ?? "");
      taken.push(performance.now() - start);
      expect(reply.status).toBe(shape === 4 || shape === 6 ? "error" : "ok");
      const pages = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${kernel.process.pid ?? 0}/status`, "utf8"))?.[1];
      resident.push(Number(pages) / 1024);
    }
    const quarter = (values: readonly number[], which: number, share = 0.5): number =>
      quantile(values.slice(Math.floor((which * cells) / 4), Math.floor(((which + 1) * cells) / 4)), share);
    const figures = [0, 1, 2, 3].map((which) => ({
      MiB: Math.round(quarter(resident, which)),
      ms: Number(quarter(taken, which).toFixed(2)),
      "undisturbed ms": Number(quarter(taken, which, undisturbed).toFixed(2)),
    }));
    console.info(`${cells} cells, medians of the quarters: ${JSON.stringify(figures)}`);
    expect(quarter(resident, 3) / quarter(resident, 1)).toBeLessThan(1.15);
    expect(quarter(taken, 3, undisturbed) / quarter(taken, 1, undisturbed)).toBeLessThan(1.3);
  } finally {
    await kernel.close();
  }
});

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SpawnedKernel } from "./spawned-kernel.js";

/** What lives in one thread behind a forced collection, in bytes. */
export interface ThreadHeap {
  /** 0 is the main thread, 1 the protocol worker, 2 the language worker. */
  readonly thread: number;
  readonly heapUsed: number;
  /** What objects hold outside of the heap, `arrayBuffers` among it. */
  readonly external: number;
  readonly arrayBuffers: number;
}

/** For a kernel whose threads shall tell. */
export const probed: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "heap-probe.mjs")).href}`,
};

/** Of every thread of a kernel with `probed` in its environment; a cell asks, and isn't stored. */
export async function heaps(kernel: SpawnedKernel): Promise<readonly ThreadHeap[]> {
  const code = `JSON.stringify(await globalThis[Symbol.for("virtlab.test.heaps")]())`;
  const { stdout, reply } = await kernel.run(`console.log(${code})`, { store_history: false });
  if (reply.status !== "ok") throw new Error(`the heaps can't be measured: ${JSON.stringify(reply)}`);
  // The probe writes this.
  return JSON.parse(stdout) as ThreadHeap[];
}

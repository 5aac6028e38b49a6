/**
 * Loaded into every thread of a kernel (NODE_OPTIONS=--import), so that a test sees what lives in each of them: what a
 * process holds of the system's memory tells as much of the allocator as of a leak. See heaps.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const channel = new BroadcastChannel("virtlab.test.heaps");

/** In bytes, behind collections between which finalizers ran. */
async function measure() {
  for (let times = 0; times < 3; times++) {
    collect();
    await pause(0);
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { thread: threadId, heapUsed, external, arrayBuffers };
}

/** How long a thread may say nothing before it counts as ended, in ms. */
const patience = 30_000;

if (isMainThread) {
  const others = new Map();
  let answered = () => undefined;
  channel.onmessage = ({ data: { thread, heap } }) => {
    others.set(thread, heap);
    answered();
  };
  /** For a cell to call: the heaps of all threads that have started and not ended. */
  globalThis[Symbol.for("virtlab.test.heaps")] = async () => {
    for (const thread of others.keys()) others.set(thread, undefined);
    channel.postMessage("measure");
    const own = await measure();
    const late = pause(patience, "late", { ref: false });
    const missing = () => [...others].filter(([, heap]) => heap === undefined).map(([thread]) => thread);
    while (missing().length > 0) {
      const heard = new Promise((resolve) => (answered = resolve));
      if ((await Promise.race([heard, late])) === "late") for (const thread of missing()) others.delete(thread);
    }
    return [own, ...others.values()].sort((a, b) => a.thread - b.thread);
  };
} else {
  const tell = (heap) => channel.postMessage({ thread: threadId, heap });
  tell();
  channel.onmessage = ({ data }) => {
    if (data === "measure") void measure().then(tell);
  };
}
channel.unref();

import { Session } from "node:inspector";
import { freemem, totalmem } from "node:os";
import { errorReport } from "./error-report.js";
import type { ErrorReport } from "./outcome.js";

/**
 * How often memory is looked at, in ms: while a cell runs, and in between, where a timer may fill it. A loop that only
 * allocates takes half a gigabyte a second, and smaller heaps than that are in use.
 */
const busyInterval = 20;
const idleInterval = 1000;
/**
 * Shares of the heap's limit: below which the main thread isn't asked, where the watch comes close, where the user is
 * told, where the heap counts as full. V8 counts young objects into the limit and aborts at less than all of it.
 */
const idle = 0.25;
const near = 0.5;
const told = 0.7;
const full = 0.85;
/** The danger is over. */
const over = 0.4;
/** A heap is full when it stays so that long, in ms: garbage is collected meanwhile. Near its limit V8 does little else. */
const settling = 1000;
/** The share of the machine's memory that the process may take, and that must be left of it to all. */
const largestShare = 0.9;
const leastFree = 0.03;
const mebibyte = 2 ** 20;

export interface MemoryWatchOptions {
  /** The main thread's, in bytes; 0 where it is not known yet. */
  readonly heapLimit: () => number;
  readonly isBusy: () => boolean;
  /** What to show while the heap is nearly full; nothing once that is over. */
  readonly warn: (words: string | undefined) => void;
  /** The main thread has to be stopped, now. Resolves when that is done and what can be dropped is. */
  readonly stop: (report: ErrorReport) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface HeapUsage {
  readonly usedSize: number;
}

/** A watch that has been set. */
export interface MemoryWatch {
  /** A cell begins: the next look is soon. */
  hurry(): void;
  end(): void;
}

/**
 * Watches the memory of the process from a worker of it, and has the main thread stopped before V8 or the system ends
 * the process without a word. V8 aborts where a heap reaches its limit; the debugger, once it is enabled, lets a heap
 * grow to four times that instead (v8/src/inspector/v8-debugger.cc), so it is enabled when the limit comes near.
 * Where V8 aborts all the same, for one allocation as large as the rest of the heap, fatal-watch says so.
 */
export function watchMemory({ heapLimit, isBusy, warn, stop, environment }: MemoryWatchOptions): MemoryWatch {
  const machine = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const given = memorySetting(environment["VIRTLAB_MEMORY"]);
  const processLimit = given ?? machine * largestShare;
  let session: Session | undefined;
  let armed = false;
  /** Since when the heap has been full. */
  let fullSince = Infinity;
  let warned = false;
  let ended = false;
  let timer: NodeJS.Timeout;
  /** The next look is at most `busyInterval` away, or happens now. */
  let soon = false;

  function ask<T>(
    command: "Runtime.getHeapUsage" | "HeapProfiler.collectGarbage" | "Debugger.enable" | "Debugger.disable",
  ): Promise<T> {
    const asked = (session ??= connect());
    return new Promise((resolve, reject) => {
      asked.post(command, (error: Error | null, result?: object) => {
        // The inspector's answer to this command.
        if (error === null) resolve(result as T);
        else reject(error);
      });
    });
  }

  /** What is full. */
  async function exhausted(): Promise<ErrorReport | undefined> {
    const limit = heapLimit();
    const resident = process.memoryUsage.rss();
    if (resident > processLimit) return processReport(resident, processLimit);
    if (given === undefined && resident > machine / 4 && freemem() < machine * leastFree) {
      return processReport(resident, resident + freemem());
    }
    if (limit === 0 || (resident < limit * idle && !armed)) return undefined;
    const { usedSize: used } = await ask<HeapUsage>("Runtime.getHeapUsage");
    if (used > limit * near && !armed) {
      armed = true;
      await ask("Debugger.enable");
    }
    if (armed && used < limit * over) {
      armed = false;
      await ask("Debugger.disable");
    }
    if (used > limit * told !== warned) {
      warned = !warned;
      warn(warned ? warning(used, limit) : undefined);
    }
    if (used < limit * full) fullSince = Infinity;
    else fullSince = Math.min(fullSince, performance.now());
    if (used < limit && performance.now() - fullSince < settling) return undefined;
    fullSince = Infinity;
    return heapReport(used, limit);
  }

  async function look(): Promise<void> {
    try {
      const report = await exhausted();
      if (report !== undefined) {
        // What is ended while the debugger looks on doesn't always end.
        if (armed) await ask("Debugger.disable");
        armed = false;
        warned = false;
        await stop(report);
        await ask("HeapProfiler.collectGarbage");
      }
    } catch {
      // The session has ended with the thread.
    }
    next();
  }

  function next(): void {
    if (ended) return;
    soon = isBusy();
    timer = setTimeout(
      () => {
        soon = true;
        void look();
      },
      soon ? busyInterval : idleInterval,
    ).unref();
  }

  next();
  return {
    hurry() {
      if (soon || ended) return;
      clearTimeout(timer);
      next();
    },
    end() {
      ended = true;
      clearTimeout(timer);
      session?.disconnect();
    },
  };
}

/** @returns bytes; undefined for what is no number of MiB */
function memorySetting(setting: string | undefined): number | undefined {
  const given = Number(setting ?? NaN) * mebibyte;
  return given > 0 ? given : undefined;
}

function connect(): Session {
  const session = new Session();
  session.connectToMainThread();
  // V8 stops at the limit, where it can, as if at a breakpoint. The watch sees by itself that the heap is full.
  session.on("Debugger.paused", () => {
    session.post("Debugger.resume");
  });
  return session;
}

const inMebibytes = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;

const warning = (used: number, limit: number): string =>
  `JavaScript's heap is nearly full (${inMebibytes(used)} of ${inMebibytes(limit)}). If the kernel ends now, this is why.`;

const kept = "What this cell's variables held is gone, what earlier cells' hold is kept.";

const enlarge = (limit: number): string =>
  `For a larger heap, start the client with NODE_OPTIONS=--max-old-space-size=${Math.round((2 * limit) / mebibyte)}.`;

function heapReport(used: number, limit: number): ErrorReport {
  return errorReport(
    "OutOfMemory",
    `the cell was stopped: JavaScript's heap is full (${inMebibytes(used)} of ${inMebibytes(limit)})`,
    `${kept} ${enlarge(limit)}`,
  );
}

/** Of a heap that one allocation overfilled, which ends the process. */
export function leapReport(limit: number): ErrorReport {
  return errorReport(
    "OutOfMemory",
    `the kernel ended: one object was to be larger than what JavaScript's heap of ${inMebibytes(limit)} had left`,
    `Restart it to go on; its variables are gone. ${enlarge(limit)}`,
  );
}

function processReport(used: number, limit: number): ErrorReport {
  return errorReport(
    "OutOfMemory",
    `the cell was stopped: the kernel's memory is full (${inMebibytes(used)} of ${inMebibytes(limit)})`,
    `${kept} The limit, in MiB, can be set by the environment variable VIRTLAB_MEMORY.`,
  );
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Completions, Diagnostic, Inspection, LanguageService } from "../types.js";
import type { CellRecord } from "./declared-cells.js";
import type { Question, Questions, Reply, Request, ThreadOptions } from "./messages.js";
import { packageRoot } from "./packages.js";

export interface LanguageServiceOptions {
  /** The notebook's folder: relative imports and packages are found from here. */
  readonly cwd: string;
  /** Declarations (as in a .d.ts file) of what the kernel adds to the global scope of cells. */
  readonly globals?: string;
  /** The most that the service's heap may take, in MiB; 512 if left out. When it is not enough, the service restarts. */
  readonly memory?: number;
}

/**
 * Starts the language service in a thread of its own, where it loads TypeScript and warms up; questions asked
 * meanwhile wait. It answers while user code spins, and it never rejects: should its thread die over a cell (out of
 * memory, a defect of TypeScript), that question is answered with nothing and, for a check, a warning; a new thread
 * takes over all declarations and the questions behind it. A cell that can't be declared leaves its names as `any`.
 * A thread that dies three times without answering anything is not started again.
 */
export function startLanguageService(options: LanguageServiceOptions): LanguageService {
  return new Client({ cwd: options.cwd, globals: options.globals ?? "", memory: options.memory ?? 512 });
}

interface Waiting {
  readonly request: Request;
  readonly answered: (answer: Questions[keyof Questions]["answer"]) => void;
  readonly failed: (reason: string) => void;
}

/** How many cells without errors are remembered, so that they needn't be asked about when they run again. */
const remembered = 50;

class Client implements LanguageService {
  readonly ready: Promise<void>;
  readonly #options: Required<LanguageServiceOptions>;
  readonly #records = new Map<number, CellRecord>();
  readonly #modules = new Map<string, string>();
  /** Cells whose check a thread died of: to declare them with their types would kill the next one too. */
  readonly #fatal = new Set<string>();
  /** Cells that are right and declare nothing. Any declaration puts another set in its place. */
  #settled = new Set<string>();
  readonly #busy = new Int32Array(new SharedArrayBuffer(4));
  #setReady = (): void => undefined;
  /** In the order of the questions: the thread works on the first. */
  readonly #waiting: Waiting[] = [];
  /** Undefined once it is given up or stopped. */
  #worker: Worker | undefined;
  #next = 0;
  #deaths = 0;
  #isReady = false;

  constructor(options: Required<LanguageServiceOptions>) {
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#setReady = resolve;
    });
    this.#start();
  }

  check(source: string): Promise<readonly Diagnostic[]> {
    const settled = this.#settled;
    if (settled.has(source)) {
      Atomics.store(this.#busy, 0, 1);
      return Promise.resolve([]);
    }
    return new Promise((resolve) => {
      this.#ask(
        { kind: "check", source },
        (checked) => {
          if (checked.settled) remember(settled, source);
          resolve(checked.found);
        },
        (reason) => {
          this.#fatal.add(source);
          resolve([unchecked(reason)]);
        },
      );
    });
  }

  defineModule(module: string, source: string): Promise<readonly Diagnostic[]> {
    this.#settled = new Set();
    return new Promise((resolve) => {
      this.#ask(
        { kind: "module", module, source },
        (found) => {
          this.#modules.set(module, source);
          resolve(found);
        },
        (reason) => {
          resolve([unchecked(reason)]);
        },
      );
    });
  }

  declare(source: string): void {
    if (this.#settled.has(source)) return;
    this.#settled = new Set();
    this.#declare(source, this.#fatal.has(source));
  }

  complete(source: string, offset: number): Promise<Completions> {
    return new Promise((resolve) => {
      this.#ask({ kind: "complete", source, offset }, resolve, () => {
        resolve({ start: offset, end: offset, matches: [] });
      });
    });
  }

  inspect(source: string, offset: number): Promise<Inspection | undefined> {
    return new Promise((resolve) => {
      this.#ask({ kind: "inspect", source, offset }, resolve, () => {
        resolve(undefined);
      });
    });
  }

  reset(): void {
    this.#settled = new Set();
    this.#ask(
      { kind: "reset" },
      () => {
        this.#records.clear();
        this.#modules.clear();
      },
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#giveUp("the language service was stopped");
    await worker?.terminate();
  }

  #declare(source: string, untyped: boolean, first = false): void {
    this.#ask(
      { kind: "declare", source, untyped },
      ({ record, forgotten }) => {
        if (record !== undefined) this.#records.set(record.id, record);
        for (const id of forgotten) this.#records.delete(id);
      },
      () => {
        // Later cells shall know the names at least; the thread that takes over asks this before all else.
        if (!untyped) this.#declare(source, true, true);
      },
      first,
    );
  }

  #ask<Q extends Question>(
    question: Q,
    answered: (answer: Questions[Q["kind"]]["answer"]) => void,
    failed: (reason: string) => void,
    first = false,
  ): void {
    const waiting: Waiting = {
      request: { ...question, id: this.#next++ },
      // The thread answers a question with an answer of its kind.
      answered: (answer) => {
        answered(answer);
      },
      failed,
    };
    if (first) this.#waiting.unshift(waiting);
    else this.#waiting.push(waiting);
    if (this.#worker === undefined && !first) this.#giveUp("the language service has stopped");
    else if (!first) {
      this.#worker?.ref();
      this.#worker?.postMessage(waiting.request);
    }
  }

  #start(): void {
    const { cwd, globals, memory } = this.#options;
    const workerData: ThreadOptions = {
      cwd,
      globals,
      records: [...this.#records.values()],
      modules: this.#modules,
      busy: this.#busy,
    };
    const worker = new Worker(threadFile(), {
      workerData,
      // A check leaves much garbage behind; V8 would let the young generation grow to three times this.
      resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16 },
    });
    let reason = "its thread ended";
    worker.on("message", (reply: Reply) => {
      this.#heard(worker, reply);
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      const full = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      reason = full ? `the type checker needed more than ${memory} MiB for it` : error.message;
    });
    worker.on("exit", () => {
      this.#died(worker, reason);
    });
    this.#worker = worker;
    this.#isReady = false;
    for (const { request } of this.#waiting) worker.postMessage(request);
  }

  #heard(worker: Worker, reply: Reply): void {
    if (worker !== this.#worker) return;
    if (reply.kind === "ready") {
      this.#setReady();
      this.#isReady = true;
      this.#rest(worker);
    } else if (reply.kind === "broken") {
      this.#died(worker, reply.reason);
      void worker.terminate();
    } else {
      this.#deaths = 0;
      this.#waiting.shift()?.answered(reply.answer);
      this.#rest(worker);
    }
  }

  /** A thread with nothing to do keeps no process alive. */
  #rest(worker: Worker): void {
    if (this.#isReady && this.#waiting.length === 0) worker.unref();
  }

  #died(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#waiting.shift()?.failed(reason);
    if (++this.#deaths < 3) this.#start();
    else this.#giveUp(reason);
  }

  #giveUp(reason: string): void {
    this.#worker = undefined;
    this.#settled = new Set();
    this.#setReady();
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift())
      waiting.failed(reason);
  }
}

/** Where this runs from its TypeScript, as in the tests, the thread is the built one all the same. */
function threadFile(): URL {
  const beside = new URL("./thread.js", import.meta.url);
  return existsSync(beside) ? beside : pathToFileURL(join(packageRoot, "dist/kernel/lang/service/thread.js"));
}

function remember(settled: Set<string>, source: string): void {
  settled.add(source);
  const [oldest] = settled;
  if (settled.size > remembered && oldest !== undefined) settled.delete(oldest);
}

function unchecked(reason: string): Diagnostic {
  return {
    severity: "warning",
    message: `The types of this cell were not checked: ${reason}`,
    line: 1,
    column: 1,
    endLine: 1,
    endColumn: 1,
  };
}

import type { Death, KernelClient, Publication, Reply } from "./client.js";
import type { CodeCell } from "./notebook.js";
import { CellOutputs, type Displays } from "./outputs.js";

/** Why a cell did not end well. */
export interface Failure {
  /** An error of the cell's; it ran too long; the kernel's process ended under it. */
  readonly kind: "error" | "timeout" | "death";
  /** The cell's index in the notebook's cells. */
  readonly index: number;
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** How one run of a cell ended. Without a reply the kernel is dead or stuck, and no further cell can run. */
export interface Ending {
  readonly reply: Reply | undefined;
  readonly failure: Failure | undefined;
}

/** Seconds that an interrupted cell has to answer before the kernel counts as stuck. */
const grace = 5;

function describeDeath({ code, signal, lastWords }: Death): string {
  const how = signal === null ? `ended with exit code ${code ?? "unknown"}` : `was ended by ${signal}`;
  // What V8 says on stderr before it aborts. An operating system that is out of memory kills without a word.
  const memory = /heap out of memory|Allocation failed/i.test(lastWords) ? " for want of memory" : "";
  return `the kernel ${how}${memory} while this cell ran`;
}

type Outcome = { readonly reply: Reply } | { readonly death: Death } | "late";

/** Resolves to "late" when the seconds are over; never without a limit. */
function deadline(seconds: number | undefined): { readonly passed: Promise<"late">; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<"late">((resolve) => {
    if (seconds !== undefined) timer = setTimeout(resolve, seconds * 1000, "late");
  });
  return {
    passed,
    cancel: (): void => {
      clearTimeout(timer);
    },
  };
}

/** One run of one cell. What it publishes, then and later, goes to `outputs`. */
export class CellRun {
  readonly index: number;
  readonly outputs: CellOutputs;
  readonly #cell: CodeCell;
  readonly #client: KernelClient;
  #error: Extract<Publication, { readonly type: "error" }> | undefined;
  /** The error that an interrupt causes becomes part of the time-out's, and no output of its own. */
  #interrupted = false;

  constructor(cell: CodeCell, index: number, client: KernelClient, displays: Displays) {
    this.index = index;
    this.outputs = new CellOutputs(displays);
    this.#cell = cell;
    this.#client = client;
  }

  /** @param timeout seconds, none where undefined */
  async run(timeout: number | undefined): Promise<Ending> {
    const { source, id } = this.#cell;
    const replied = this.#client.execute(
      { code: source, ...(id === undefined ? {} : { cellId: id }) },
      (publication) => {
        this.#receive(publication);
      },
    );
    const outcome = await this.#within(timeout, replied);
    if (outcome === "late") return this.#cutOff(replied, timeout ?? 0);
    if ("reply" in outcome) return { reply: outcome.reply, failure: this.#judge(outcome.reply) };
    return { reply: undefined, failure: this.#fail("death", "KernelDied", describeDeath(outcome.death)) };
  }

  #receive(publication: Publication): void {
    if (publication.type === "error") {
      this.#error = publication;
      if (this.#interrupted) return;
    }
    this.outputs.receive(publication);
  }

  /** Whichever comes first: the reply, the kernel's death or the end of the time. */
  async #within(seconds: number | undefined, replied: Promise<Reply>): Promise<Outcome> {
    const { passed, cancel } = deadline(seconds);
    try {
      return await Promise.race([
        replied.then((reply) => ({ reply })),
        this.#client.died.then((death) => ({ death })),
        passed,
      ]);
    } finally {
      cancel();
    }
  }

  async #cutOff(replied: Promise<Reply>, timeout: number): Promise<Ending> {
    this.#interrupted = true;
    const outcome = await this.#within(
      grace,
      this.#client.interrupt().then(() => replied),
    );
    const evalue = `the cell ran longer than ${timeout} s`;
    if (typeof outcome === "object" && "reply" in outcome) {
      return { reply: outcome.reply, failure: this.#fail("timeout", "TimeoutError", `${evalue} and was interrupted`) };
    }
    const stuck = `${evalue} and did not answer an interrupt within ${grace} s`;
    return { reply: undefined, failure: this.#fail("timeout", "TimeoutError", stuck) };
  }

  #judge(reply: Reply): Failure | undefined {
    switch (reply.status) {
      case "ok":
        return undefined;
      case "aborted":
        return this.#fail("error", "Aborted", "the kernel did not run the cell");
      case "error": {
        const { ename, evalue } = reply;
        const traceback = this.#error?.traceback ?? [`${ename}: ${evalue}`];
        return { kind: "error", index: this.index, ename, evalue, traceback };
      }
    }
  }

  /** A failure that the kernel doesn't publish itself: it becomes the cell's error output here. */
  #fail(kind: Failure["kind"], ename: string, evalue: string): Failure {
    const traceback = [`${ename}: ${evalue}`, ...(this.#error?.traceback ?? [])];
    this.outputs.receive({ type: "error", ename, evalue, traceback });
    return { kind, index: this.index, ename, evalue, traceback };
  }
}

import type { Death, ExecuteRequest, KernelClient, Publication, Reply } from "../../../kernel/runner/index.js";

type Publish = (publication: Publication) => void;
/** What the fake does with a cell; "hang" answers only an interrupt, "stick" not even that. */
type Behaviour = (publish: Publish, request: ExecuteRequest) => "ok" | "aborted" | "hang" | "stick" | "die" | Error;

/** A kernel that does with each source what its script says, and counts. A source outside the script prints itself. */
export class FakeKernel implements KernelClient {
  readonly languageInfo = { name: "typescript", file_extension: ".ts" };
  readonly died: Promise<Death>;
  readonly executed: string[] = [];
  interrupts = 0;
  #die: (death: Death) => void = () => undefined;
  #release: (() => void) | undefined;
  readonly #script: Readonly<Record<string, Behaviour>>;

  constructor(script: Readonly<Record<string, Behaviour>> = {}) {
    this.#script = script;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  async execute(request: ExecuteRequest, publish: Publish): Promise<Reply> {
    this.executed.push(request.code);
    const executionCount = this.executed.length;
    const fail = (error: Error): Reply => {
      const { name: ename, message: evalue } = error;
      publish({ type: "error", ename, evalue, traceback: [`${ename}: ${evalue}`, "    at cell"] });
      return { status: "error", executionCount, ename, evalue };
    };
    const behaviour = this.#script[request.code];
    const outcome = behaviour?.(publish, request) ?? "ok";
    if (behaviour === undefined) publish({ type: "stream", name: "stdout", text: request.code });
    if (outcome instanceof Error) return fail(outcome);
    switch (outcome) {
      case "ok":
        return { status: "ok", executionCount };
      case "aborted":
        return { status: "aborted" };
      case "die":
        this.#die({ code: null, signal: "SIGKILL", lastWords: "" });
        return new Promise(() => undefined);
      case "stick":
        return new Promise(() => undefined);
      case "hang":
        await new Promise<void>((resolve) => {
          this.#release = resolve;
        });
        return fail(Object.assign(new Error("interrupted"), { name: "Interrupted" }));
    }
  }

  interrupt(): Promise<void> {
    this.interrupts += 1;
    this.#release?.();
    return Promise.resolve();
  }
}

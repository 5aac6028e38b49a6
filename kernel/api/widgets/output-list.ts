import type { MimeBundle } from "../../display/index.js";

/** What the kernel says that code has shown. */
export type CellOutput =
  | { readonly type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "display";
      readonly data: MimeBundle;
      readonly metadata: MimeBundle;
      readonly displayId?: string;
      readonly update: boolean;
    }
  | { readonly type: "clear"; readonly wait: boolean }
  | { readonly type: "passing"; readonly id: string; readonly data?: MimeBundle }
  | { readonly type: "error"; readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] };

type Held = Extract<CellOutput, { type: "stream" | "display" | "error" }>;

/** One of an Output widget's outputs: Jupyter's notebook format. */
type WidgetOutput = Readonly<Record<string, unknown>>;

/** Outputs as a client would hold them: streams joined, displays updated in place, cleared where the code clears. */
export class OutputList {
  #held: Held[] = [];
  readonly #passing = new Map<string, MimeBundle>();
  #clearing = false;

  receive(output: CellOutput): void {
    switch (output.type) {
      case "passing":
        if (output.data === undefined) this.#passing.delete(output.id);
        else this.#passing.set(output.id, output.data);
        return;
      case "clear":
        if (output.wait) this.#clearing = true;
        else this.#held = [];
        return;
      case "display":
        if (output.update) {
          this.#held = this.#held.map((each) =>
            each.type === "display" && each.displayId === output.displayId ? output : each,
          );
          return;
        }
        break;
      case "stream":
      case "error":
    }
    if (this.#clearing) this.#held = [];
    this.#clearing = false;
    const last = this.#held.at(-1);
    if (output.type === "stream" && last?.type === "stream" && last.name === output.name) {
      this.#held[this.#held.length - 1] = { ...last, text: last.text + output.text };
    } else this.#held.push(output);
  }

  /** Adds what was thrown, as a cell's error. */
  fail(thrown: unknown): void {
    // Not `instanceof`: a cell may throw an error of another realm.
    const isError = typeof thrown === "object" && thrown !== null && "message" in thrown;
    const error = (isError ? thrown : new Error(String(thrown))) as Error & { readonly hint?: unknown };
    const { name: ename, message: evalue, stack = "", hint } = error;
    const frames = stack.split("\n").filter((line) => line.startsWith("    at "));
    const help = ename !== "UsageError" ? frames : typeof hint === "string" ? [hint] : [];
    this.receive({ type: "error", ename, evalue, traceback: [`${ename}: ${evalue}`, ...help] });
  }

  /** The work that it is of has ended, and with it what was only passing. */
  settle(): void {
    this.#passing.clear();
  }

  /** For an Output widget, with what only passes at the end. */
  outputs(): WidgetOutput[] {
    const passing = [...this.#passing.values()].map((data) => ({ output_type: "display_data", data, metadata: {} }));
    return [...this.#held.map(widgetOutput), ...passing];
  }

  /** For a place without widgets. */
  bundles(): MimeBundle[] {
    return this.#held.map((output) => {
      switch (output.type) {
        case "stream":
          return { "text/plain": output.text.replace(/\n$/, "") };
        case "display":
          return output.data;
        case "error":
          return { "text/plain": output.traceback.join("\n") };
      }
    });
  }
}

function widgetOutput(output: Held): WidgetOutput {
  switch (output.type) {
    case "stream":
      return { output_type: "stream", name: output.name, text: output.text };
    case "display":
      return { output_type: "display_data", data: output.data, metadata: output.metadata };
    case "error": {
      const { ename, evalue, traceback } = output;
      return { output_type: "error", ename, evalue, traceback };
    }
  }
}

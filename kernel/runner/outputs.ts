import type { Publication } from "./client.js";
import type { DisplayOutput, ErrorOutput, Output, ResultOutput, StreamOutput } from "./notebook.js";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Displayed = Writable<DisplayOutput> | Writable<ResultOutput>;
type Collected = Writable<StreamOutput> | Displayed | ErrorOutput;

/** One line as a terminal shows it: text behind a carriage return overwrites, a backspace steps back. */
function overwrite(line: string): string {
  if (!/[\r\b]/.test(line)) return line;
  const shown: string[] = [];
  let at = 0;
  for (const char of line) {
    if (char === "\r") at = 0;
    else if (char === "\b") at = Math.max(0, at - 1);
    else shown[at++] = char;
  }
  return shown.join("");
}

/** The text of a stream that still grows. Only its last line can change, so only that is looked at again. */
class StreamText {
  #settled = "";
  #open = "";

  /**
   * What a carriage return overwrites is settled when the text behind it is there: a progress bar leaves its last
   * state and not its whole history.
   * @returns the whole text
   */
  append(addition: string): string {
    const lines = (this.#open + addition).replaceAll("\r\n", "\n").split("\n");
    const last = lines.pop() ?? "";
    const waiting = /[\r\b]*$/.exec(last)?.[0] ?? "";
    for (const line of lines) this.#settled += `${overwrite(line)}\n`;
    this.#open = overwrite(last.slice(0, last.length - waiting.length)) + waiting;
    return this.#settled + this.#open;
  }
}

/** The displays that an `update_display_data` can still reach; one for the whole notebook. */
export type Displays = Map<string, Displayed[]>;

/** The outputs of one execution of a cell, put together from what the kernel publishes. */
export class CellOutputs {
  readonly #displays: Displays;
  #outputs: Collected[] = [];
  /** The text of the last output, where that is a stream. */
  #stream = new StreamText();
  #clearBeforeNext = false;

  constructor(displays: Displays) {
    this.#displays = displays;
  }

  /** A copy of what is there now; a display of nothing is what is left of a progress bar. */
  get outputs(): readonly Output[] {
    return this.#outputs
      .filter((output) => !("data" in output) || Object.keys(output.data).length > 0)
      .map((output) => ({ ...output }));
  }

  receive(publication: Publication): void {
    switch (publication.type) {
      case "clear_output":
        if (publication.wait) this.#clearBeforeNext = true;
        else this.#outputs = [];
        return;
      case "update_display_data": {
        const { data, metadata, displayId } = publication;
        for (const display of this.#displays.get(displayId ?? "") ?? []) Object.assign(display, { data, metadata });
        return;
      }
      case "stream":
        this.#clearIfDue();
        this.#write(publication.name, publication.text);
        return;
      case "error": {
        const { ename, evalue, traceback } = publication;
        this.#clearIfDue();
        this.#outputs.push({ output_type: "error", ename, evalue, traceback });
        return;
      }
      case "display_data": {
        const { data, metadata, displayId } = publication;
        this.#show({ output_type: "display_data", data, metadata }, displayId);
        return;
      }
      case "execute_result": {
        const { executionCount: execution_count, data, metadata, displayId } = publication;
        this.#show({ output_type: "execute_result", execution_count, data, metadata }, displayId);
        return;
      }
    }
  }

  /** `clear_output(wait)` spares the old outputs until there are new ones, so that an animation doesn't flicker. */
  #clearIfDue(): void {
    if (this.#clearBeforeNext) this.#outputs = [];
    this.#clearBeforeNext = false;
  }

  #write(name: "stdout" | "stderr", text: string): void {
    const last = this.#outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) {
      last.text = this.#stream.append(text);
      return;
    }
    this.#stream = new StreamText();
    this.#outputs.push({ output_type: "stream", name, text: this.#stream.append(text) });
  }

  #show(output: Displayed, displayId: string | undefined): void {
    this.#clearIfDue();
    this.#outputs.push(output);
    if (displayId === undefined) return;
    const same = this.#displays.get(displayId) ?? [];
    this.#displays.set(displayId, [...same, output]);
  }
}

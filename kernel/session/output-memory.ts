import type { Output } from "../exec/index.js";

type ShownOutput = Extract<Output, { type: "stream" | "error" | "display" }>;
type Display = Extract<Output, { type: "display" }>;

/** What a cell has shown, as far as that isn't too much. */
export interface OutputMemory {
  readonly add: (output: ShownOutput) => void;
  /** A display of this cell, or of another, has changed. */
  readonly update: (output: Display) => void;
  readonly forget: () => void;
  /** All of it, in order and as it is now; nothing where it was too much. */
  readonly recall: () => readonly ShownOutput[];
  /** Remembers nothing more. */
  readonly stop: () => void;
}

/** Outputs, text of one stream in a row being one; and characters of what they hold. A picture has some 10,000. */
const most = { outputs: 100, size: 2_000_000 };

export function outputMemory(): OutputMemory {
  let outputs: ShownOutput[] = [];
  let size = 0;
  let state: "remembering" | "too much" | "stopped" = "remembering";

  function grow(by: number): void {
    size += by;
    if (size <= most.size && outputs.length <= most.outputs) return;
    outputs = [];
    if (state === "remembering") state = "too much";
  }

  return {
    add(output) {
      if (state !== "remembering") return;
      const last = outputs.at(-1);
      if (output.type === "stream" && last?.type === "stream" && last.name === output.name) {
        outputs[outputs.length - 1] = { ...last, text: last.text + output.text };
      } else outputs.push(output);
      grow(sizeOf(output));
    },
    update({ displayId, data, metadata }) {
      if (displayId === undefined) return;
      const before = outputs;
      outputs = before.map((each) =>
        each.type === "display" && each.displayId === displayId ? { ...each, data, metadata } : each,
      );
      grow(total(outputs) - total(before));
    },
    forget() {
      outputs = [];
      size = 0;
      if (state === "too much") state = "remembering";
    },
    recall: () => outputs,
    stop() {
      outputs = [];
      state = "stopped";
    },
  };
}

const total = (outputs: readonly ShownOutput[]): number => outputs.reduce((sum, each) => sum + sizeOf(each), 0);

/** Roughly: a figure comes with its picture and its summary, which are texts as long. */
function sizeOf(output: ShownOutput): number {
  if (output.type === "stream") return output.text.length;
  if (output.type === "error") return output.traceback.join("").length;
  return Object.values(output.data).reduce<number>(
    (sum, form) => sum + (typeof form === "string" ? form.length : 0),
    0,
  );
}

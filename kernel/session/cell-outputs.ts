import type { Output } from "../exec/index.js";
import { outputMemory } from "./output-memory.js";

/** What a client is told of. */
export type LastingOutput = Exclude<Output, { type: "passing" }>;

/** The outputs of one cell, on their way to the clients. */
export interface CellOutputs {
  readonly show: (output: Output) => void;
  /** The cell has ended: what was only passing goes, also where the cell was cut and could not take it away. */
  readonly end: () => void;
}

/**
 * Makes displays and updates of what is only passing. Jupyter has no message that removes one output, and a page must
 * not tell a quick machine from a slow one. So where the cell has shown nothing else, all of its output is cleared, at
 * the latest when it shows something; it then comes again below that. Else what passed becomes a display of nothing, and
 * when the cell ends, its output is cleared and shown again without: once, where that isn't too much of it.
 */
export function cellOutputs(publish: (output: LastingOutput) => void): CellOutputs {
  /** Ids of what is seen now. */
  const seen = new Set<string>();
  /** How much of the cell the clients hold beside that. */
  let lasting = 0;
  /** The next output clears what is there. */
  let clearing = false;
  /** The clients hold displays of nothing. */
  let traces = false;
  const memory = outputMemory();

  function cleared(): void {
    seen.clear();
    lasting = 0;
    clearing = traces = false;
    memory.forget();
  }

  function pass(id: string, data: Readonly<Record<string, unknown>>): void {
    const update = seen.has(id);
    if (!update && clearing) cleared();
    seen.add(id);
    publish({ type: "display", data, metadata: {}, displayId: id, update });
  }

  function remove(id: string): void {
    if (!seen.delete(id)) return;
    if (lasting > 0 || seen.size > 0) {
      publish({ type: "display", data: {}, metadata: {}, displayId: id, update: true });
      traces = true;
    } else {
      publish({ type: "clear", wait: false });
      cleared();
    }
  }

  return {
    show(output) {
      switch (output.type) {
        case "passing":
          if (output.data === undefined) remove(output.id);
          else pass(output.id, output.data);
          return;
        case "clear":
          if (output.wait) clearing = true;
          else cleared();
          break;
        case "stream":
        case "error":
        case "display":
          if (output.type === "display" && output.update) {
            memory.update(output);
            break;
          }
          if (lasting === 0 && seen.size > 0 && !clearing) publish({ type: "clear", wait: true });
          if (lasting === 0 || clearing) cleared();
          lasting++;
          memory.add(output);
          break;
        case "comm":
        case "magic":
      }
      publish(output);
    },
    end() {
      for (const id of [...seen]) remove(id);
      const again = memory.recall();
      memory.stop();
      // What the cell itself wants cleared goes with its next output, as it would have without a bar.
      if (!traces || clearing || again.length === 0) return;
      publish({ type: "clear", wait: true });
      for (const output of again) publish(output);
      traces = false;
    },
  };
}

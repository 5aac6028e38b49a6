import { nearest, UsageError } from "../../sim/core/index.js";
import type { Magic } from "./magic.js";

/** `%typecheck`. `on` is what the strictest setting is called in other tools. */
export const typecheck: Magic = {
  name: "typecheck",
  kind: "line",
  usage: "[on|warn|off]",
  help: "Says what happens to a cell with type errors: on (or error), it does not run; warn, they are printed; off, nothing is checked. Shows the setting where none is given.",
  run(context, [word, ...more]) {
    const { typecheck: setting } = context;
    const { meanings } = setting;
    if (word !== undefined) {
      const mode = word === "on" ? "error" : word;
      if (!Object.hasOwn(meanings, mode) || more.length > 0) {
        const words = ["on", ...Object.keys(meanings)];
        throw new UsageError(
          `%typecheck can't be set to "${[word, ...more].join(" ")}"`,
          `Did you mean "${nearest(word, words) ?? ""}"? It takes: ${words.join(", ")}.`,
        );
      }
      setting.set(mode);
    }
    const mode = setting.get();
    const text = `typecheck ${mode}: a cell with type errors ${meanings[mode] ?? ""}\n`;
    context.show({ type: "stream", name: "stdout", text });
    return Promise.resolve(undefined);
  },
};

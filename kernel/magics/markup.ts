import { UsageError } from "../../sim/core/index.js";
import type { Magic } from "./magic.js";

function markup(name: string, language: string, type: string): Magic {
  return {
    name,
    kind: "cell",
    usage: "",
    help: `Shows the cell as ${language}.`,
    language,
    run(context, args, body) {
      if (args.length > 0) {
        throw new UsageError(`%%${name} takes nothing behind its name`, `Put the ${language} on the lines below.`);
      }
      const text = body.trim();
      const data = { [type]: text, "text/plain": text };
      context.show({ type: "display", data, metadata: {}, update: false });
      return Promise.resolve(undefined);
    },
  };
}

export const html: Magic = markup("html", "HTML", "text/html");
export const markdown: Magic = markup("markdown", "Markdown", "text/markdown");
export const md: Magic = markup("md", "Markdown", "text/markdown");
export const svg: Magic = markup("svg", "SVG", "image/svg+xml");

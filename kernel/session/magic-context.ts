import type { Output } from "../exec/index.js";
import type { Ending, MagicContext } from "../magics/index.js";
import { inspect } from "./introspection.js";
import type { LanguageTools } from "./language-tools.js";
import { isTypecheckMode, typecheckMeanings, type TypecheckMode } from "./type-check.js";

export interface MagicContextOptions extends Pick<MagicContext, "run" | "page"> {
  /** Runs a line of the kernel's own. `declaration` is what the language service learns of it. */
  readonly runOwn: (source: string, declaration: string) => Promise<Ending>;
  readonly show: (output: Output) => void;
  readonly tools: LanguageTools;
  readonly typecheck: { readonly get: () => TypecheckMode; readonly set: (mode: TypecheckMode) => void };
}

/** What one cell's magics can do to the session. */
export function createMagicContext({ run, runOwn, show, page, tools, typecheck }: MagicContextOptions): MagicContext {
  return {
    run,
    show,
    page,
    // Views are drawn where cells run: what draws them is loaded there already, and takes its time and memory.
    async present(view) {
      const ended = await runOwn(literal(view), "");
      if (ended.status === "error") show({ type: "stream", name: "stdout", text: `${ended.evalue}\n` });
      else show({ type: "display", data: ended.result ?? {}, metadata: {}, update: false });
    },
    perform: (spelled, args, body) =>
      runOwn(`await globalThis[Symbol.for("virtlab.magics")].run(...${literal([spelled, args, body])})`, ""),
    // Whatever comes of it: the magics that it brings are there, or not.
    loadApi: () => runOwn('void await __virtlab.import("virtlab");', ""),
    assign: (name, value, type) =>
      runOwn(`const ${name} = ${literal(value)};`, `const ${name} = undefined as never as ${type};`),
    async document(name, source) {
      const content = { code: name, cursor_pos: Array.from(name).length, detail_level: source ? 1 : 0 } as const;
      const reply = await inspect(content, tools);
      return reply.status === "ok" && reply.found ? reply.data : undefined;
    },
    typecheck: {
      meanings: typecheckMeanings,
      get: typecheck.get,
      set(word) {
        if (isTypecheckMode(word)) typecheck.set(word);
      },
    },
  };
}

/** An expression for a JSON value, whatever names the cells took and however a literal would read its keys. */
function literal(value: unknown): string {
  return `globalThis.JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
}

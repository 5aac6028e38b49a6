import { createContext, Script } from "node:vm";
import { createTransform, type Transform, type TransformedCell } from "../../../kernel/lang/index.js";

/** A notebook's cells, transformed and run one after another in a context of their own. */
export interface Notebook {
  /** @returns the cell's value, or undefined; rejects with what the cell throws or the words of its syntax errors */
  readonly run: (source: string) => Promise<unknown>;
  readonly global: Record<string, unknown>;
  readonly last: TransformedCell | undefined;
}

const modules: Record<string, Record<string, unknown>> = {
  numbers: { default: 1, two: 2, "a-b": 3 },
  "node:process": { default: { pid: 42 } },
};

export function notebook(transform: Transform = createTransform()): Notebook {
  const loaded: string[] = [];
  const context = createContext({
    loaded,
    process: { pid: 1 },
    __virtlab: {
      import: (specifier: string) => {
        loaded.push(specifier);
        const module = modules[specifier];
        return module === undefined ? Promise.reject(new Error(`no module ${specifier}`)) : Promise.resolve(module);
      },
    },
  }) as Record<string, unknown>;
  let last: TransformedCell | undefined;
  return {
    async run(source) {
      const result = transform(source, "cell");
      if (!result.ok) throw new SyntaxError(result.diagnostics.map(({ message }) => message).join("; "));
      last = result.cell;
      const outcome = (await new Script(last.code, { filename: "cell" }).runInContext(context)) as { value?: unknown };
      return outcome.value;
    },
    global: context,
    get last() {
      return last;
    },
  };
}

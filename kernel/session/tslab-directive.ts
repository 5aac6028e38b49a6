import { errorReport, type ErrorReport } from "../exec/index.js";

/** What stands before a cell's first code. */
const leading = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*/;

/**
 * tslab's directives in the comments before a cell's code (tslab's README): `@module name` saves the cell as a module,
 * `@browser` bundles it for the page. Neither is known here, and as plain comments they would let the cell run in the wrong
 * place, and the import of the module fail later.
 */
export function tslabDirective(source: string): ErrorReport | undefined {
  const comments = [...(leading.exec(source)?.[0] ?? "").matchAll(/\/\*\*[^]*?\*\//g)].join("\n");
  const [, name] = /^[\s/*]*@module[ \t]+([\w-]+)[ \t]*(?:\*\/)?$/m.exec(comments) ?? [];
  if (name !== undefined) {
    const mend = `Write the code to ${name}.ts beside the notebook and import "./${name}": a changed file is run anew.`;
    return errorReport("UsageError", `tslab's "@module ${name}" is not known here: a module is a file`, mend);
  }
  if (!/^[\s/*]*@browser\b/m.test(comments)) return undefined;
  const mend = "Show HTML with a <script> instead: %%html on the cell's first line, or tslab's display.html.";
  return errorReport("UsageError", `tslab's "@browser" is not known here: cells run in Node alone`, mend);
}

import { errorReport, type ErrorReport } from "../exec/index.js";

/** What a cell is that tslab's directives speak of: a module by this name, or nothing that can be done here. */
type TslabDirective = { readonly module: string } | { readonly refusal: ErrorReport };

/** What stands before a cell's first code. */
const leading = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*/;

/**
 * tslab's directives in the comments before a cell's code (tslab's README): `@module name` makes the cell a module that
 * later cells import, `@jsx` lets it hold JSX, `@browser` bundles it for the page. The last two are not known here; as
 * plain comments they would let the cell fail for another reason, or run in the wrong place.
 */
export function tslabDirective(source: string): TslabDirective | undefined {
  const comments = [...(leading.exec(source)?.[0] ?? "").matchAll(/\/\*\*[^]*?\*\//g)].join("\n");
  const says = (tag: string): boolean => new RegExp(`^[\\s/*]*@${tag}\\b`, "m").test(comments);
  if (says("browser")) {
    const mend = "Show HTML with a <script> instead: %%html on the cell's first line, or tslab's display.html.";
    return {
      refusal: errorReport("UsageError", `tslab's "@browser" is not known here: cells run in Node alone`, mend),
    };
  }
  const [, name] = /^[\s/*]*@module[ \t]+(\w+)[ \t]*(?:\*\/)?$/m.exec(comments) ?? [];
  if (name === undefined) return undefined;
  if (says("jsx")) {
    const mend = "Leave the tag out and call what the JSX stands for, such as React.createElement.";
    return { refusal: errorReport("UsageError", `tslab's "@jsx" is not known here: modules hold TypeScript`, mend) };
  }
  return { module: name };
}

import { parseSync, type Node } from "oxc-parser";
import { LineIndex } from "./line-index.js";
import { children, isFunction } from "./nodes.js";

/** Whether the function that stands at a place of a script catches there what is thrown. Line and column from 1. */
export type Guards = (line: number, column: number) => boolean;

interface Span {
  readonly start: number;
  readonly end: number;
  readonly catches: boolean;
}

/**
 * Finds the `try` blocks with a `catch` of a script in JavaScript. A handler of a promise is none of them. In what
 * doesn't parse, nothing is caught.
 */
export function findGuards(script: string): Guards {
  const spans: Span[] = [];
  const visit = (node: Node): void => {
    if (isFunction(node)) spans.push({ start: node.start, end: node.end, catches: false });
    if (node.type === "TryStatement" && node.handler !== null) {
      spans.push({ start: node.block.start, end: node.block.end, catches: true });
    }
    children(node).forEach(visit);
  };
  // Node's own modules are bodies of functions, as CommonJS ones are.
  visit(parseSync("script.js", script, { lang: "js", sourceType: "commonjs" }).program);
  const lines = new LineIndex(script);
  return (line, column) => {
    const offset = lines.offset({ line, column });
    const around = spans.filter(({ start, end }) => start <= offset && offset < end);
    // Spans were found from the outside in: the last is the innermost.
    return around.at(-1)?.catches ?? false;
  };
}

import type { Node } from "oxc-parser";
import type { EarlierCells } from "./earlier-cells.js";
import type { Edits } from "./edits.js";
import { children, isFunction } from "./nodes.js";
import type { Reference } from "./references.js";

/** Names that no cell has: that of the function that writes a loop's locals back, and those of its parameters. */
const KEEP = "keep\u200c";
const kept = (index: number): string => `kept${index}\u200c`;

/**
 * Gives a loop at the top level its variables as locals. A variable of a script is a property of the global object;
 * V8 boxes a fraction at each assignment to one, which makes `for (…) sum += x` ten times slower than in a module. So
 * the loop runs in a function whose parameters have the same names, and its assignments are written back when it ends,
 * however it ends. No other code can tell, since only variables that no function mentions are treated so. A loop that
 * is stopped by force leaves the values from before it; so loops without a condition, which are the ones that need to
 * be stopped, stay as they are.
 *
 * @returns whether it was done; if not, an inner loop may still be
 */
export function localize(loop: Node, references: readonly Reference[], earlier: EarlierCells, edits: Edits): boolean {
  if (isEndless(loop) || leaves(loop)) return false;
  const inside = references.filter(({ start, end }) => start >= loop.start && end <= loop.end);
  const names = [...new Set(inside.map(({ name }) => name))].filter((name) => earlier.isUnshared(name));
  if (names.length === 0) return false;
  const written = names.filter((name) => inside.some((reference) => reference.written && reference.name === name));
  const list = names.map((name) => earlier.spelling(name)).join(", ");
  if (written.length === 0) {
    edits.insert(loop.start, `((${list}) => { `);
    edits.insertHidden(loop.end, ` })(${list});`);
    return true;
  }
  const values = written.map((name) => earlier.spelling(name));
  edits.insert(loop.start, `((${list}, ${KEEP}) => { try { `);
  edits.insertHidden(
    loop.end,
    ` } finally { ${KEEP}(${values.join(", ")}); } })(${list}, (${values.map((_, index) => kept(index)).join(", ")}) => { ` +
      `${values.map((value, index) => `${value} = ${kept(index)};`).join(" ")} });`,
  );
  return true;
}

function isEndless(node: Node): boolean {
  if (node.type === "LabeledStatement") return isEndless(node.body);
  if (node.type === "ForStatement") return node.test === null || node.test.type === "Literal";
  return (node.type === "WhileStatement" || node.type === "DoWhileStatement") && node.test.type === "Literal";
}

/** Whether control may leave the loop other than by its end: to a label outside, or while something is awaited. */
function leaves(loop: Node): boolean {
  const visit = (node: Node, labels: readonly string[]): boolean => {
    if (isFunction(node)) return false;
    if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await)) return true;
    if (node.type === "BreakStatement" || node.type === "ContinueStatement")
      return node.label !== null && !labels.includes(node.label.name);
    const known = node.type === "LabeledStatement" ? [...labels, node.label.name] : labels;
    return children(node).some((child) => visit(child, known));
  };
  return visit(loop, []);
}

import { parseSync, type Node } from "oxc-parser";
import { LineIndex, type Position } from "./line-index.js";
import { children, isFunction } from "./nodes.js";

/**
 * What is done with the promise that a call gives: `awaited` where it stands, its rejection `handled` by a function,
 * `returned` to whoever called this one, `dropped`, or `kept` for later.
 */
type PromiseUse = "awaited" | "handled" | "returned" | "dropped" | "kept";

/** What becomes of something thrown at a place of a script. */
export interface ErrorFlow {
  /** A `try` with a `catch` is around it, in the same function. */
  readonly catches: boolean;
  /** The function around it: where it starts, and whether it makes a rejected promise of what is thrown. */
  readonly within: { readonly start: Position; readonly isAsync: boolean } | undefined;
  /** Of the call that stands at the place. */
  readonly promise: PromiseUse;
  /** That call is `new Promise(…)` or `Promise.reject(…)`: what goes wrong in it is its promise's. */
  readonly makesPromise: boolean;
  /** What is awaited there is a promise whose rejection a function handles: `await p.catch(f)`. */
  readonly awaitsHandled: boolean;
}

/** Line and column from 1. */
export type ErrorFlows = (line: number, column: number) => ErrorFlow;

/** Reads a script in JavaScript. In what doesn't parse, nothing is caught. */
export function findErrorFlows(script: string): ErrorFlows {
  const lines = new LineIndex(script);
  // Node's own modules are bodies of functions, as CommonJS ones are.
  const { program } = parseSync("script.js", script, { lang: "js", sourceType: "commonjs" });
  return (line, column) => {
    const path = pathTo(program, lines.offset({ line, column }));
    const function_ = path.findLast(isFunction);
    return {
      catches: isCaught(path),
      within: function_ && {
        start: lines.position(function_.start),
        isAsync: "async" in function_ && function_.async,
      },
      promise: useOf(path),
      makesPromise: makesPromise(path.findLast(isCall)),
      awaitsHandled: path.some((node) => node.type === "AwaitExpression" && isHandled(node.argument)),
    };
  };
}

/** The nodes around a place, the outermost first. */
function pathTo(program: Node, offset: number): readonly Node[] {
  const path: Node[] = [];
  for (let node: Node | undefined = program; node !== undefined;) {
    path.push(node);
    node = children(node).find(({ start, end }) => start <= offset && offset < end);
  }
  return path;
}

function isCaught(path: readonly Node[]): boolean {
  for (let at = path.length - 1; at > 0; at--) {
    const [around, node] = [path[at - 1], path[at]];
    if (node === undefined || isFunction(node)) return false;
    if (around?.type === "TryStatement" && around.handler !== null && node === around.block) return true;
  }
  return false;
}

/** Follows the value of the innermost call outwards, as far as it stays a promise of the same. */
function useOf(path: readonly Node[]): PromiseUse {
  for (let at = path.findLastIndex(isCall); at > 0; at--) {
    const [around, node] = [path[at - 1], path[at]];
    if (around === undefined) break;
    const end = ends.get(around.type);
    if (end !== undefined) return end;
    if (around.type === "MemberExpression") {
      const call = path[at - 2];
      const name = around.property.type === "Identifier" ? around.property.name : "";
      const handlers = handlersOf.get(name);
      const called = around.object === node && call?.type === "CallExpression" && call.callee === around;
      if (!called || handlers === undefined) return "kept";
      if (call.arguments.length >= handlers) return "handled";
      at--;
    } else if (around.type === "CallExpression") {
      // `await Promise.all([f(), g()])`.
      if (around.callee.type !== "MemberExpression" || !isPromise(around.callee.object)) return "kept";
    } else if (!passesOn.has(around.type)) return "kept";
  }
  return "kept";
}

const ends: ReadonlyMap<Node["type"], PromiseUse> = new Map([
  ["AwaitExpression", "awaited"],
  ["ReturnStatement", "returned"],
  ["ArrowFunctionExpression", "returned"],
  ["ExpressionStatement", "dropped"],
  ["UnaryExpression", "dropped"],
]);

const passesOn: ReadonlySet<Node["type"]> = new Set<Node["type"]>([
  "ArrayExpression",
  "SpreadElement",
  "ParenthesizedExpression",
  "ConditionalExpression",
  "LogicalExpression",
  "SequenceExpression",
]);

/** A promise's methods, and with how many functions they handle its rejection. */
const handlersOf: ReadonlyMap<string, number> = new Map([
  ["catch", 1],
  ["then", 2],
  ["finally", Infinity],
]);

/** Whether a value comes out of a handler that its expression shows. */
function isHandled(node: Node): boolean {
  if (node.type === "ParenthesizedExpression") return isHandled(node.expression);
  if (node.type === "ArrayExpression") return node.elements.some((each) => each !== null && isHandled(each));
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return false;
  const { object, property } = node.callee;
  const name = property.type === "Identifier" ? property.name : "";
  if (isPromise(object)) return name === "allSettled" || name === "any" || node.arguments.some(isHandled);
  return node.arguments.length >= (handlersOf.get(name) ?? Infinity) || isHandled(object);
}

const isCall = ({ type }: Node): boolean => type === "CallExpression" || type === "NewExpression";

function makesPromise(call: Node | undefined): boolean {
  if (call?.type === "NewExpression") return isPromise(call.callee);
  if (call?.type !== "CallExpression" || call.callee.type !== "MemberExpression") return false;
  const { object, property } = call.callee;
  return isPromise(object) && property.type === "Identifier" && property.name === "reject";
}

const isPromise = (node: Node): boolean => node.type === "Identifier" && node.name === "Promise";

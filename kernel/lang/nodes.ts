import { visitorKeys, type Node } from "oxc-parser";

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The direct child nodes in source order, whatever the node's kind. */
export function children(node: Node): readonly Node[] {
  const found: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const child: unknown = Reflect.get(node, key);
    if (Array.isArray(child)) found.push(...child.filter(isNode));
    else if (isNode(child)) found.push(child);
  }
  return found;
}

/** The identifiers that a declaration's pattern binds. */
export function boundNames(pattern: Node): readonly string[] {
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "TSTypeAnnotation") return [];
  if (pattern.type === "Property") return boundNames(pattern.value);
  if (pattern.type === "AssignmentPattern") return boundNames(pattern.left);
  return children(pattern).flatMap(boundNames);
}

/** Whether the node runs later than where it stands, and `await` or `break` in it is not that place's. */
export function isFunction(node: Node): boolean {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/** Whether something in it awaits that is no function's own. */
export function awaitsInside(node: Node): boolean {
  if (isFunction(node)) return false;
  if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await)) return true;
  return children(node).some(awaitsInside);
}

const compound = new Set([
  "BlockStatement",
  "IfStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
  "TryStatement",
  "CatchClause",
  "SwitchStatement",
  "SwitchCase",
  "LabeledStatement",
]);

/** Whether statements stand in it that belong to the same function: a `var` in there is the function's. */
export function isCompound(node: Node): boolean {
  return compound.has(node.type);
}

import type { Node, Program } from "oxc-parser";
import { boundNames, children, isCompound } from "./nodes.js";

/** What a cell declares at its top level, read from its TypeScript: values and types, in source order. */
export function declaredNames(program: Program): readonly string[] {
  return [...new Set(program.body.flatMap((statement) => declared(statement, true)))];
}

const named = new Set([
  "FunctionDeclaration",
  "TSDeclareFunction",
  "ClassDeclaration",
  "TSEnumDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSImportEqualsDeclaration",
  "TSModuleDeclaration",
]);

function declared(node: Node, top: boolean): readonly string[] {
  if (node.type === "VariableDeclaration")
    return top || node.kind === "var" ? node.declarations.flatMap(({ id }) => boundNames(id)) : [];
  if (node.type === "ImportDeclaration") return node.specifiers.map(({ local }) => local.name);
  if (node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration")
    return node.declaration === null ? [] : declared(node.declaration, true);
  if (named.has(node.type))
    return top && "id" in node && node.id?.type === "Identifier" && !("global" in node && node.global)
      ? [node.id.name]
      : [];
  return isCompound(node) ? children(node).flatMap((child) => declared(child, false)) : [];
}

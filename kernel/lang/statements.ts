import type {
  BlockStatement,
  CallExpression,
  ExportDefaultDeclaration,
  ImportDeclaration,
  ModuleExportName,
  Node,
  Program,
  VariableDeclaration,
} from "oxc-parser";
import type { EarlierCells } from "./earlier-cells.js";
import type { Edits } from "./edits.js";
import { localize } from "./loops.js";
import { boundNames, children, isCompound } from "./nodes.js";
import type { Reference } from "./references.js";

/** The object in the kernel's context through which cells load modules. */
export const LOADER = "__virtlab";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What of a cell stands before its body. */
export interface Lifted {
  /** Import declarations, rewritten to awaits: they run first. */
  readonly imports: readonly Span[];
  /** Functions of a cell with `await`, which would otherwise be locals of the function around its body. */
  readonly functions: readonly Span[];
  /** Variables that the cell's author declared with `var`: they start undefined, whatever an earlier cell left. */
  readonly fresh: readonly string[];
  /** Whether the cell ends in an expression. */
  readonly hasValue: boolean;
}

export interface Cell {
  readonly program: Program;
  readonly declared: ReadonlySet<string>;
  readonly references: readonly Reference[];
  readonly earlier: EarlierCells;
  readonly edits: Edits;
  /** It awaits something at the top level. */
  readonly awaits: boolean;
  /** The block that the type stripper puts around a cell with `using`; what it holds is the cell's top level. */
  readonly usingBlock: BlockStatement | undefined;
  /** Loops stay as they are. */
  readonly asWritten: boolean;
}

/** Turns a module's statements into a script's: see `transform` for what comes out. */
export function rewriteStatements(cell: Cell): Lifted {
  const rewriter = new Rewriter(cell);
  cell.program.body.forEach((statement) => {
    rewriter.topLevel(statement);
  });
  rewriter.finish();
  return rewriter;
}

/** What stands around an import's `await`. */
interface Target {
  readonly before: string;
  readonly after: string;
}

const nowhere: Target = { before: "", after: "" };

const loops = new Set([
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
  "LabeledStatement",
]);

class Rewriter implements Lifted {
  readonly imports: Span[] = [];
  readonly functions: Span[] = [];
  readonly fresh: string[] = [];
  hasValue = false;
  readonly #cell: Cell;
  readonly #edits: Edits;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.#edits = cell.edits;
  }

  finish(): void {
    this.hasValue = this.#result(this.#cell.program.body);
  }

  /** A statement of the cell itself. */
  topLevel(node: Node): void {
    const edits = this.#edits;
    if (node.type === "ImportDeclaration") this.#import(node, this.#targets(node), node.source);
    else if (node.type === "ExportAllDeclaration") this.#import(node, nowhere, node.source);
    else if (node.type === "ExportNamedDeclaration") {
      if (node.source !== null) this.#import(node, nowhere, node.source);
      else if (node.declaration === null) edits.remove(node.start, node.end);
      else {
        edits.remove(node.start, node.declaration.start);
        this.topLevel(node.declaration);
      }
    } else if (node.type === "ExportDefaultDeclaration") {
      const { declaration } = node;
      edits.remove(node.start, declaration.start);
      if (isExpression(declaration)) return;
      if ("id" in declaration && declaration.id !== null) this.topLevel(declaration);
      else {
        edits.insert(declaration.start, "(");
        edits.insert(declaration.end, ");");
      }
    } else if (node.type === "VariableDeclaration") this.#variables(node, true);
    else if (node.type === "FunctionDeclaration") {
      if (this.#cell.awaits) this.functions.push(node);
    } else if (node.type === "ClassDeclaration" && node.id !== null) {
      const name = this.#spelling(node.id.name);
      edits.insert(node.start, this.#cell.awaits ? `${name} = ` : `var ${name} = `);
      edits.insert(node.end, ";");
    } else if (node.type === "TryStatement" && node.block === this.#cell.usingBlock)
      node.block.body.forEach((statement) => {
        this.topLevel(statement);
      });
    else this.#nested(node);
  }

  /**
   * Hands over the value of a cell that ends in an expression: a script's completion value is its last statement's.
   *
   * @returns whether it ends so; what exports, and so does nothing, doesn't count
   */
  #result(body: readonly Node[]): boolean {
    const give = this.#cell.awaits ? "return { value: (" : "({ value: (";
    const done = this.#cell.awaits ? ") };" : ") });";
    const last = body.findLast(
      (node) =>
        node.type !== "EmptyStatement" && !(node.type === "ExportNamedDeclaration" && node.declaration === null),
    );
    if (last?.type === "ExpressionStatement") {
      // The type stripper's own, behind a class with decorators.
      if (last.expression.type === "CallExpression" && callsHelper(last.expression)) return false;
      this.#edits.insert(last.start, give);
      this.#edits.replace(last.expression.end, last.end, done);
      return true;
    }
    if (last?.type === "ExportDefaultDeclaration" && isExpression(last.declaration)) {
      this.#edits.insert(last.declaration.start, give);
      this.#edits.replace(last.declaration.end, last.end, done);
      return true;
    }
    return last?.type === "TryStatement" && last.block === this.#cell.usingBlock && this.#result(last.block.body);
  }

  /** Inside blocks only `var` reaches the top level, and only loops are worth a function. */
  #nested(node: Node): void {
    if (node.type === "VariableDeclaration") {
      if (node.kind === "var") this.#variables(node, false);
    } else if (loops.has(node.type) && this.#localize(node)) this.#variablesWithin(node);
    else this.#descend(node);
  }

  #localize(loop: Node): boolean {
    const { asWritten, references, earlier, edits } = this.#cell;
    return !asWritten && localize(loop, references, earlier, edits);
  }

  #descend(node: Node): void {
    if (!isCompound(node)) return;
    children(node).forEach((child) => {
      this.#nested(child);
    });
  }

  #variablesWithin(node: Node): void {
    if (node.type === "VariableDeclaration") this.#nested(node);
    else if (isCompound(node))
      children(node).forEach((child) => {
        this.#variablesWithin(child);
      });
  }

  #variables(node: VariableDeclaration, top: boolean): void {
    const { edits, awaits, declared } = this.#cell;
    const names = node.declarations.flatMap(({ id }) => boundNames(id));
    // The type stripper's own temporaries stay where they are.
    if (!names.some((name) => declared.has(name))) return;
    if (node.kind === "var") this.fresh.push(...names);
    const [first] = node.declarations;
    if (first === undefined) return;
    if (awaits) edits.remove(node.start, first.start);
    else if (node.kind !== "var") edits.replace(node.start, node.start + node.kind.length, "var");
    for (const { id, init, end } of node.declarations) {
      if (init === null) {
        if (top && node.kind !== "var") edits.insert(end, " = void 0");
      } else if (awaits && id.type !== "Identifier") {
        edits.insert(id.start, "(");
        edits.insert(end, ")");
      }
    }
  }

  #import(node: Span, target: Target, source: Span): void {
    this.#edits.replace(node.start, source.start, `${target.before}await ${LOADER}.import(`);
    this.#edits.replace(source.end, node.end, `)${target.after};\n`);
    this.imports.push(node);
  }

  /** The assignment that an import declaration becomes. */
  #targets({ specifiers }: ImportDeclaration): Target {
    const namespace = specifiers.find(({ type }) => type === "ImportNamespaceSpecifier");
    const members = specifiers.flatMap((specifier) => {
      if (specifier.type === "ImportNamespaceSpecifier") return [];
      const name = specifier.type === "ImportDefaultSpecifier" ? "default" : exportName(specifier.imported);
      return [`${JSON.stringify(name)}: ${this.#spelling(specifier.local.name)}`];
    });
    const pattern = `{ ${members.join(", ")} }`;
    if (namespace === undefined) return members.length === 0 ? nowhere : { before: `(${pattern} = `, after: ")" };
    const local = this.#spelling(namespace.local.name);
    return { before: `${local} = `, after: members.length === 0 ? "" : `; (${pattern} = ${local})` };
  }

  #spelling(name: string): string {
    return this.#cell.earlier.spelling(name);
  }
}

function callsHelper({ callee }: CallExpression): boolean {
  return (
    callee.type === "MemberExpression" && callee.object.type === "Identifier" && callee.object.name === "babelHelpers"
  );
}

function exportName(name: ModuleExportName): string {
  return name.type === "Literal" ? name.value : name.name;
}

function isExpression(declaration: ExportDefaultDeclaration["declaration"]): boolean {
  return declaration.type !== "FunctionDeclaration" && declaration.type !== "ClassDeclaration";
}

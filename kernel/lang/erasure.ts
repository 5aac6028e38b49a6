import type {
  ArrowFunctionExpression,
  Class,
  Directive,
  Function as FunctionNode,
  Node,
  Program,
  PropertyDefinition,
  Statement,
} from "oxc-parser";
import { children } from "./nodes.js";

/** What has to go from a text in TypeScript for it to be JavaScript, in offsets of the text. */
export interface Erasure {
  readonly spans: readonly { readonly start: number; readonly end: number; readonly text: string }[];
  /**
   * Ends of statements and fields that no semicolon ends. Without their types, or with other text behind, they could
   * run into what follows (ECMA-262 §12.10), so each shall get one.
   */
  readonly unterminated: readonly number[];
}

/**
 * Takes the types out of a tree and says what to take out of its text: a cell that is JavaScript but for types needs no
 * printing and no second parsing, which is half of what a transform costs. An `as`, a `satisfies` and a `!` stay in
 * the tree, around what they are about.
 *
 * @param program parsed without errors, as TypeScript; changed, and of no use where nothing is returned
 * @returns undefined where taking away isn't enough: for enums, decorators, parameter properties, syntax that Node 20
 * lacks, and what is too rare to be worth its rules
 */
export function eraseTypes(source: string, program: Program): Erasure | undefined {
  // In a script these begin comments, in a module they don't (ECMA-262 §B.1.1).
  if (source.includes("<!--") || source.includes("-->")) return undefined;
  const eraser = new Eraser(source);
  eraser.visit(program);
  return eraser.suffices ? eraser : undefined;
}

/** Statements that need no semicolon, whatever follows. */
const closed = new Set(["FunctionDeclaration", "ClassDeclaration", "BlockStatement", "EmptyStatement"]);

/** Of regular expressions, what Node 20 lacks: modifiers, `(?i:…)`. */
const recent = /\(\?[a-z-]+:/;

class Eraser implements Erasure {
  readonly spans: { start: number; end: number; text: string }[] = [];
  readonly unterminated: number[] = [];
  suffices = true;
  readonly #source: string;
  /** How many expressions stand in a type operator so far. */
  #wrapped = 0;

  constructor(source: string) {
    this.#source = source;
  }

  visit(node: Node): void {
    if (node.type === "Identifier") this.#identifier(node);
    else if (node.type === "Program" || node.type === "BlockStatement" || node.type === "StaticBlock")
      node.body = this.#list(node.body);
    else if (node.type === "SwitchCase") {
      if (node.test !== null) this.visit(node.test);
      node.consequent = this.#list(node.consequent);
    } else if (node.type === "ImportDeclaration" || node.type === "ExportAllDeclaration") this.#module(node);
    else if (node.type === "ExportNamedDeclaration") {
      if (node.source !== null) this.#module(node);
      else if (node.declaration !== null) this.visit(node.declaration);
    } else {
      this.#own(node);
      for (const child of children(node)) this.visit(child);
    }
  }

  /** What a node has of types itself, its children apart. */
  #own(node: Node): void {
    if (node.type === "ObjectPattern" || node.type === "ArrayPattern" || node.type === "RestElement") {
      this.#need(node.optional !== true && !hasAny(node.decorators));
      if (node.typeAnnotation) node.end = node.typeAnnotation.start;
      this.#drop(node, "typeAnnotation");
    } else if (
      node.type === "FunctionDeclaration" ||
      node.type === "FunctionExpression" ||
      node.type === "ArrowFunctionExpression"
    )
      this.#function(node);
    else if (node.type === "ClassDeclaration" || node.type === "ClassExpression") this.#class(node);
    else if (node.type === "PropertyDefinition") this.#field(node);
    else if (node.type === "MethodDefinition") {
      const { override, optional, accessibility, decorators } = node;
      this.#need(!override && optional !== true && (accessibility ?? null) === null && !hasAny(decorators));
    } else if (
      node.type === "CallExpression" ||
      node.type === "NewExpression" ||
      node.type === "TaggedTemplateExpression"
    )
      this.#drop(node, "typeArguments");
    else if (
      node.type === "TSAsExpression" ||
      node.type === "TSSatisfiesExpression" ||
      node.type === "TSNonNullExpression"
    ) {
      this.#wrapped++;
      this.#erase(node.expression.end, node.end);
      Reflect.set(node, "typeAnnotation", null);
    } else if (node.type === "AssignmentExpression" || node.type === "ForInStatement" || node.type === "ForOfStatement")
      this.#target(node.left);
    else if (node.type === "UpdateExpression") this.#target(node.argument);
    else if (node.type === "VariableDeclaration")
      this.#need(node.kind === "const" || node.kind === "let" || node.kind === "var");
    else if (node.type === "AssignmentPattern") this.#need(!hasAny(node.decorators));
    else if (node.type === "Literal") this.#need(!("regex" in node && recent.test(node.raw ?? "")));
    else this.#need(!node.type.startsWith("TS") && !recentNodes.has(node.type));
  }

  #need(condition: boolean): void {
    if (!condition) this.suffices = false;
  }

  #erase(start: number, end: number, text = /[\w$.]/.test(this.#source.charAt(end)) ? " " : ""): void {
    this.spans.push({ start, end, text });
  }

  /** Erases what hangs on a node. */
  #drop(node: Node, key: "typeAnnotation" | "typeArguments" | "typeParameters" | "superTypeArguments"): void {
    const type: unknown = Reflect.get(node, key);
    if (!isSpan(type)) return;
    this.#erase(type.start, type.end);
    Reflect.set(node, key, null);
  }

  #list<T extends Statement | Directive>(statements: readonly T[]): T[] {
    return statements.filter((statement) => {
      const { start, end } = statement;
      if (isOnlyType(statement)) {
        this.#erase(start, end, ";");
        return false;
      }
      this.visit(statement);
      if (!closed.has(statement.type) && this.#source[end - 1] !== ";") this.unterminated.push(end);
      return true;
    });
  }

  #identifier(node: Node & { type: "Identifier" }): void {
    const end = node.start + node.name.length;
    this.#need(node.name !== "this");
    if (node.end === end) return;
    // What is spelled with escapes has no end that could be told from its name.
    const { typeAnnotation = null, optional = false, decorators = [] } = node as TypedName;
    this.#need(typeAnnotation !== null || optional);
    this.#need(decorators.length === 0 && this.#source.startsWith(node.name, node.start));
    this.#erase(end, node.end);
    Reflect.set(node, "typeAnnotation", null);
    node.end = end;
  }

  #function(node: FunctionNode | ArrowFunctionExpression): void {
    if (node.type === "ArrowFunctionExpression") {
      // Line ends are forbidden before `=>` and behind `async`: types may hide some.
      const { returnType, typeParameters, start } = node;
      if (returnType) this.#need(this.#source[returnType.start - 1] === ")");
      if (typeParameters) {
        const before = this.#source.slice(start, typeParameters.start);
        this.#need(this.#source[typeParameters.end] === "(" && /^(?:async[ \t]*)?$/.test(before));
      }
    }
    this.#drop(node, "typeParameters");
    if (node.returnType) this.#erase(node.returnType.start, node.returnType.end);
    Reflect.set(node, "returnType", null);
  }

  #class(node: Class): void {
    const { abstract, declare, decorators } = node;
    this.#need(abstract !== true && declare !== true && !hasAny(decorators) && !hasAny(node.implements));
    this.#drop(node, "typeParameters");
    this.#drop(node, "superTypeArguments");
  }

  #field(node: PropertyDefinition): void {
    const { key, typeAnnotation, computed, optional, definite, end } = node;
    this.#need(node.declare !== true && !node.override && node.readonly !== true && !hasAny(node.decorators));
    this.#need((node.accessibility ?? null) === null);
    if (typeAnnotation) {
      const marked = optional === true || definite === true;
      this.#need(!(computed && marked));
      this.#erase(computed ? typeAnnotation.start : key.end, typeAnnotation.end);
      Reflect.set(node, "typeAnnotation", null);
    } else this.#need(optional !== true);
    if (this.#source[end - 1] !== ";") this.unterminated.push(end);
  }

  /** What is assigned to: in a type operator it is none that is looked for there. */
  #target(node: Node): void {
    if (node.type === "Identifier" || node.type === "MemberExpression" || node.type === "VariableDeclaration") return;
    const probe = new Eraser(this.#source);
    probe.visit(structuredClone(node));
    this.#need(probe.#wrapped === 0);
  }

  /** What is rewritten as a whole, to its semicolon. */
  #module(node: Node & { type: "ImportDeclaration" | "ExportAllDeclaration" | "ExportNamedDeclaration" }): void {
    this.#need(this.#source[node.end - 1] === ";");
    if (node.type === "ExportAllDeclaration") return;
    for (const specifier of node.specifiers) {
      const kind: unknown = Reflect.get(specifier, "importKind") ?? Reflect.get(specifier, "exportKind");
      this.#need(kind !== "type");
    }
    if (node.type === "ImportDeclaration") this.#need(node.phase === null);
  }
}

interface TypedName {
  readonly typeAnnotation?: object | null;
  readonly optional?: boolean;
  readonly decorators?: readonly object[];
}

const recentNodes = new Set(["AccessorProperty", "Decorator", "V8IntrinsicExpression"]);

const onlyTypes = new Set(["TSInterfaceDeclaration", "TSTypeAliasDeclaration", "TSDeclareFunction"]);

/** Statements that are gone once types are. */
function isOnlyType(node: Node): boolean {
  if (node.type === "ImportDeclaration") return node.importKind === "type";
  if (node.type === "ExportAllDeclaration") return node.exportKind === "type";
  if (node.type === "ExportNamedDeclaration")
    return node.exportKind === "type" || (node.declaration !== null && isOnlyType(node.declaration));
  return onlyTypes.has(node.type) || ("declare" in node && node.declare);
}

const hasAny = (list: readonly object[] | undefined): boolean => list !== undefined && list.length > 0;

function isSpan(value: unknown): value is { readonly start: number; readonly end: number } {
  return typeof value === "object" && value !== null && "start" in value && "end" in value;
}

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
    switch (node.type) {
      case "Program":
        node.body = this.#list(node.body);
        return;
      case "BlockStatement":
      case "StaticBlock":
        node.body = this.#list(node.body);
        return;
      case "SwitchCase":
        if (node.test !== null) this.visit(node.test);
        node.consequent = this.#list(node.consequent);
        return;
      case "Identifier":
        this.#identifier(node);
        return;
      case "ObjectPattern":
      case "ArrayPattern":
      case "RestElement":
        this.#need(node.optional !== true && !hasAny(node.decorators));
        if (node.typeAnnotation) node.end = node.typeAnnotation.start;
        this.#drop(node, "typeAnnotation");
        break;
      case "AssignmentPattern":
        this.#need(!hasAny(node.decorators));
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#function(node);
        break;
      case "ClassDeclaration":
      case "ClassExpression":
        this.#class(node);
        break;
      case "PropertyDefinition":
        this.#field(node);
        break;
      case "MethodDefinition": {
        const { override, optional, accessibility, decorators } = node;
        this.#need(!override && optional !== true && (accessibility ?? null) === null && !hasAny(decorators));
        break;
      }
      case "CallExpression":
      case "NewExpression":
      case "TaggedTemplateExpression":
        this.#drop(node, "typeArguments");
        break;
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
        this.#wrapped++;
        this.#erase(node.expression.end, node.end);
        Reflect.set(node, "typeAnnotation", null);
        break;
      case "AssignmentExpression":
      case "ForInStatement":
      case "ForOfStatement":
        this.#target(node.left);
        break;
      case "UpdateExpression":
        this.#target(node.argument);
        break;
      case "VariableDeclaration":
        this.#need(node.kind === "const" || node.kind === "let" || node.kind === "var");
        break;
      case "ImportDeclaration":
      case "ExportAllDeclaration":
        this.#module(node);
        return;
      case "ExportNamedDeclaration":
        if (node.source !== null) this.#module(node);
        else if (node.declaration !== null) this.visit(node.declaration);
        return;
      case "Literal":
        this.#need(!("regex" in node && recent.test(node.raw ?? "")));
        return;
      default:
        this.#need(!node.type.startsWith("TS") && !recentNodes.has(node.type));
    }
    for (const child of children(node)) this.visit(child);
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

/** Statements that are gone once types are. */
function isOnlyType(node: Node): boolean {
  switch (node.type) {
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSDeclareFunction":
      return true;
    case "ImportDeclaration":
      return node.importKind === "type";
    case "ExportAllDeclaration":
      return node.exportKind === "type";
    case "ExportNamedDeclaration":
      return node.exportKind === "type" || (node.declaration !== null && isOnlyType(node.declaration));
    default:
      return "declare" in node && node.declare === true;
  }
}

const hasAny = (list: readonly object[] | undefined): boolean => list !== undefined && list.length > 0;

function isSpan(value: unknown): value is { readonly start: number; readonly end: number } {
  return typeof value === "object" && value !== null && "start" in value && "end" in value;
}

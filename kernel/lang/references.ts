import type { Node, Program } from "oxc-parser";
import { children } from "./nodes.js";

/**
 * A place that names something of the cell's top level or from outside the cell; the names in import and class
 * declarations are no such places.
 */
export interface Reference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** It is declared or assigned there. */
  readonly written: boolean;
  /** It is a property too: `{ name }`. */
  readonly shorthand: boolean;
  /** It stands in a function or a class and so may run at any later time. */
  readonly deferred: boolean;
}

interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Set<string>;
  /** `var` stops here. */
  readonly closed: boolean;
}

/**
 * Resolves every identifier of a module without types (ECMA-262 §8.2, Scope Analysis) and gives those that no inner
 * scope binds, in source order. Parameters and body of a function count as one scope: a default value that names a
 * variable of the body resolves to it, where the standard looks outside.
 *
 * @param usingBlock a block that counts as top level
 */
export function topLevelReferences(program: Program, usingBlock?: Node): readonly Reference[] {
  const resolver = new Resolver(usingBlock);
  resolver.visit(program);
  return resolver.outer();
}

const blocks = new Set(["BlockStatement", "ForStatement", "SwitchStatement"]);

/** Their identifiers are labels, keywords or names of exports. */
const nameless = new Set(["BreakStatement", "ContinueStatement", "MetaProperty", "ExportAllDeclaration"]);

class Resolver {
  readonly #top: Scope = { parent: undefined, names: new Set(), closed: true };
  readonly #found: (Reference & { readonly scope: Scope })[] = [];
  readonly #usingBlock: Node | undefined;
  #scope: Scope = this.#top;
  #deferred = 0;

  constructor(usingBlock: Node | undefined) {
    this.#usingBlock = usingBlock;
  }

  outer(): readonly Reference[] {
    return this.#found.filter(({ name, scope }) => {
      for (let at: Scope = scope; at.parent !== undefined; at = at.parent) if (at.names.has(name)) return false;
      return true;
    });
  }

  visit(node: Node | null): void {
    if (node === null) return;
    if (node.type === "Identifier") this.#record(node, false, false);
    else if (node.type === "MemberExpression") {
      this.visit(node.object);
      if (node.computed) this.visit(node.property);
    } else if (node.type === "Property") {
      if (node.computed) this.visit(node.key);
      if (node.shorthand && node.value.type === "Identifier") this.#record(node.value, false, true);
      else this.visit(node.value);
    } else if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        this.#bind(id, node.kind === "var", init !== null);
        this.visit(init);
      }
    } else if (node.type === "AssignmentExpression") {
      this.#assign(node.left);
      this.visit(node.right);
    } else if (node.type === "UpdateExpression") this.#assign(node.argument);
    else if (node.type === "LabeledStatement") this.visit(node.body);
    else if (node.type === "ImportDeclaration")
      node.specifiers.forEach(({ local }) => {
        this.#scope.names.add(local.name);
      });
    else if (node.type === "ExportNamedDeclaration")
      // `export { a }` is dropped from the cell; only what it declares stays.
      this.visit(node.declaration);
    else if (!nameless.has(node.type) && !this.#visitScope(node)) this.#visitAll(node);
  }

  /** @returns whether the node opens a scope and is done */
  #visitScope(node: Node): boolean {
    if (node.type === "FunctionDeclaration" || node.type === "FunctionExpression") {
      if (node.type === "FunctionDeclaration" && node.id !== null) this.#bind(node.id, false, true);
      this.#function(node.params, () => {
        if (node.type === "FunctionExpression" && node.id !== null) this.#scope.names.add(node.id.name);
        node.body?.body.forEach((child) => {
          this.visit(child);
        });
      });
    } else if (node.type === "ArrowFunctionExpression")
      this.#function(node.params, () => {
        this.visit(node.body);
      });
    else if (node.type === "ClassDeclaration" || node.type === "ClassExpression") {
      if (node.type === "ClassDeclaration" && node.id !== null) this.#scope.names.add(node.id.name);
      this.#within(false, () => {
        // Inside the class its name is a binding of its own, which no assignment reaches.
        if (node.id !== null) this.#scope.names.add(node.id.name);
        this.visit(node.superClass);
        this.visit(node.body);
      });
    } else if (node.type === "MethodDefinition") {
      if (node.computed) this.visit(node.key);
      this.visit(node.value);
    } else if (node.type === "PropertyDefinition") {
      if (node.computed) this.visit(node.key);
      this.#function([], () => {
        this.visit(node.value);
      });
    } else if (node.type === "StaticBlock")
      this.#function([], () => {
        this.#visitAll(node);
      });
    else if (node.type === "ForInStatement" || node.type === "ForOfStatement")
      this.#within(false, () => {
        const { left } = node;
        if (left.type !== "VariableDeclaration") this.#assign(left);
        else for (const { id } of left.declarations) this.#bind(id, left.kind === "var", true);
        this.visit(node.right);
        this.visit(node.body);
      });
    else if (node.type === "CatchClause")
      this.#within(false, () => {
        if (node.param !== null) this.#bind(node.param, false, true);
        this.visit(node.body);
      });
    else if (blocks.has(node.type) && node !== this.#usingBlock)
      this.#within(false, () => {
        this.#visitAll(node);
      });
    else return false;
    return true;
  }

  #function(parameters: readonly Node[], body: () => void): void {
    this.#deferred++;
    this.#within(true, () => {
      parameters.forEach((parameter) => {
        this.#bind(parameter, false, true);
      });
      body();
    });
    this.#deferred--;
  }

  #visitAll(node: Node): void {
    for (const child of children(node)) this.visit(child);
  }

  #within(closed: boolean, body: () => void): void {
    const outside = this.#scope;
    this.#scope = { parent: outside, names: new Set(), closed };
    body();
    this.#scope = outside;
  }

  #record(node: Node & { type: "Identifier" }, written: boolean, shorthand: boolean): void {
    const { name, start, end } = node;
    this.#found.push({ name, start, end, written, shorthand, deferred: this.#deferred > 0, scope: this.#scope });
  }

  /** A declaration's pattern; `hoisted` for `var`. */
  #bind(pattern: Node, hoisted: boolean, written: boolean): void {
    this.#pattern(pattern, (target, shorthand) => {
      let scope = this.#scope;
      while (hoisted && !scope.closed && scope.parent !== undefined) scope = scope.parent;
      scope.names.add(target.name);
      this.#record(target, written, shorthand);
    });
  }

  #assign(pattern: Node): void {
    this.#pattern(pattern, (target, shorthand) => {
      this.#record(target, true, shorthand);
    });
  }

  #pattern(pattern: Node, leaf: (target: Node & { type: "Identifier" }, shorthand: boolean) => void): void {
    const visit = (node: Node, shorthand: boolean): void => {
      if (node.type === "Identifier") leaf(node, shorthand);
      else if (node.type === "ObjectPattern" || node.type === "ArrayPattern")
        children(node).forEach((child) => {
          visit(child, false);
        });
      else if (node.type === "Property") {
        if (node.computed) this.visit(node.key);
        visit(node.value, node.shorthand);
      } else if (node.type === "AssignmentPattern") {
        visit(node.left, shorthand);
        this.visit(node.right);
      } else if (node.type === "RestElement") visit(node.argument, false);
      else if (node.type === "ParenthesizedExpression") visit(node.expression, false);
      else this.visit(node);
    };
    visit(pattern, false);
  }
}

import ts from "typescript";
import { EARLIER_NAME, namespaceOf, type CellRecord, type DeclaredName, type NameKind } from "./earlier-types.js";
import { importedNames, isGlobalAugmentation, type OwnNames } from "./own-names.js";

/** FNV-1a in two lanes: 64 bits, so that different texts get different names. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x811c9dc5);
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36);
}

export interface CellOutput {
  readonly id: number;
  /** The cell's statements, without its prelude's. */
  readonly statements: readonly ts.Statement[];
  /** The symbol of the cell's module. */
  readonly module: ts.Symbol | undefined;
  readonly own: OwnNames;
  readonly checker: ts.TypeChecker;
  /** What the declaration emit wrote for it. */
  readonly declarations: string;
}

/** Makes of a cell's emitted declarations what later cells are checked against. */
export function cellRecord({ id, statements, module, own, checker, declarations }: CellOutput): CellRecord {
  const imports = new Set<string>();
  const body: string[] = [];
  // The same import has the same name in every record, whichever thread made it.
  const pin = (declaration: string): string => {
    const name = `m${hash(declaration)}`;
    imports.add(declaration.replace("$", name));
    return name;
  };
  const imported = new Map(statements.flatMap(importsOf));
  // TypeScript takes a lone name behind the `=` for a namespace's.
  for (const [name, { pinned }] of imported) body.push(`export import ${name} = ${EARLIER_NAME}.${pin(pinned)};`);

  const ambient: string[] = [];
  const comments = new Map<string, string>();
  const emitted = ts.createSourceFile("cell.d.ts", declarations, ts.ScriptTarget.ES2023);
  for (const statement of emitted.statements) {
    const text = withoutImportTypes(statement, emitted, (specifier) => pin(`import $ = require(${specifier});`));
    if (ts.isModuleDeclaration(statement) && (ts.isStringLiteral(statement.name) || isGlobalAugmentation(statement)))
      ambient.push(text);
    else if (ts.isImportEqualsDeclaration(statement)) {
      // An import of the cell's own is in `imports` already.
      if (ts.isExternalModuleReference(statement.moduleReference)) continue;
      body.push(own.all.has(statement.name.text) ? `export ${text.trim()}` : text);
    } else if (
      !ts.isImportDeclaration(statement) &&
      !ts.isExportDeclaration(statement) &&
      !ts.isExportAssignment(statement)
    ) {
      body.push(text);
      if (ts.isVariableStatement(statement)) {
        const comment = leadingComment(statement, emitted);
        for (const { name } of statement.declarationList.declarations)
          if (comment !== "" && ts.isIdentifier(name)) comments.set(name.text, comment);
      }
    }
  }
  const text = body.join("\n");
  const mentioned = Array.from(
    text.matchAll(new RegExp(`\\b${EARLIER_NAME}\\.${namespaceOf("(\\d+)")}\\b`, "g")),
    ([, digits]) => Number(digits),
  );
  return {
    id,
    names: declaredNames(module, own, checker, imported, comments),
    body: text,
    uses: [...new Set(mentioned)],
    imports: [...imports],
    ambient: ambient.join("\n"),
  };
}

/** A record of names alone. */
export function untypedRecord(id: number, own: OwnNames): CellRecord {
  const names = [...own.all].map((name): DeclaredName => ({
    name,
    kind: "let",
    value: own.values.has(name),
    type: own.types.has(name),
    generic: false,
    comment: "",
  }));
  const body = names.flatMap(({ name, value, type }) => [
    ...(value ? [`let ${name}: any;`] : []),
    ...(type ? [`type ${name} = any;`] : []),
  ]);
  return { id, names, body: body.join("\n"), uses: [], imports: [], ambient: "" };
}

interface Imported {
  /** An export declaration of that name alone, with "$" for the name under which the file of declarations has it. */
  readonly pinned: string;
  /** The import declaration, where it is of types only. */
  readonly typeImport?: string;
}

/** The local names that a statement imports. */
function importsOf(statement: ts.Statement): readonly (readonly [name: string, imported: Imported])[] {
  if (ts.isImportEqualsDeclaration(statement)) {
    const { moduleReference } = statement;
    if (!ts.isExternalModuleReference(moduleReference)) return [];
    return [[statement.name.text, { pinned: `export import $ = require(${moduleReference.expression.getText()});` }]];
  }
  if (!ts.isImportDeclaration(statement)) return [];
  const { importClause, moduleSpecifier, attributes } = statement;
  if (importClause === undefined) return [];
  const allTypes = importClause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const from = `from ${moduleSpecifier.getText()}${attributes === undefined ? "" : ` ${attributes.getText()}`};`;
  return importedNames(statement).map((name) => {
    const { parent } = name;
    const local = name.text;
    const type = allTypes || (ts.isImportSpecifier(parent) && parent.isTypeOnly);
    const what = ts.isNamespaceImport(parent)
      ? "* as $"
      : `{ ${ts.isImportSpecifier(parent) ? (parent.propertyName ?? parent.name).getText() : "default"} as $ }`;
    const pinned = `export ${type ? "type " : ""}${what} ${from}`;
    return [local, type ? { pinned, typeImport: `import type ${what.replace("$", local)} ${from}` } : { pinned }];
  });
}

/** A statement's text with its comments, `import("x")` in types replaced by a name for the module. */
function withoutImportTypes(statement: ts.Statement, file: ts.SourceFile, name: (specifier: string) => string): string {
  const full = statement.getFullText(file);
  const offset = statement.getFullStart();
  const found: { readonly start: number; readonly end: number; readonly name: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node)) {
      const start = file.text.indexOf("import", node.getStart(file));
      const end = file.text.indexOf(")", (node.attributes ?? node.argument).end) + 1;
      found.push({ start: start - offset, end: end - offset, name: name(node.argument.getText(file)) });
      node.typeArguments?.forEach(visit);
    } else ts.forEachChild(node, visit);
  };
  visit(statement);
  let text = "";
  let done = 0;
  for (const each of found.sort((a, b) => a.start - b.start)) {
    text += full.slice(done, each.start) + each.name;
    done = each.end;
  }
  return text + full.slice(done);
}

function leadingComment(statement: ts.Statement, file: ts.SourceFile): string {
  const comment = ts.getLeadingCommentRanges(file.text, statement.getFullStart())?.at(-1);
  if (comment === undefined) return "";
  const text = file.text.slice(comment.pos, comment.end);
  return text.startsWith("/**") ? `${text}\n` : "";
}

function declaredNames(
  module: ts.Symbol | undefined,
  own: OwnNames,
  checker: ts.TypeChecker,
  imported: ReadonlyMap<string, Imported>,
  comments: ReadonlyMap<string, string>,
): readonly DeclaredName[] {
  return (module === undefined ? [] : checker.getExportsOfModule(module)).flatMap((symbol) => {
    const { name } = symbol;
    if (!own.all.has(name)) return [];
    const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
    const has = (meaning: ts.SymbolFlags): boolean => (target.flags & (meaning | ts.SymbolFlags.Namespace)) !== 0;
    const unknown = !has(ts.SymbolFlags.Value | ts.SymbolFlags.Type);
    const found = imported.get(name);
    const typeImport = found?.typeImport;
    return [
      {
        name,
        kind: found === undefined ? kindOf(target) : "import",
        value: (unknown || has(ts.SymbolFlags.Value)) && typeImport === undefined,
        type: unknown || has(ts.SymbolFlags.Type),
        generic: target.declarations?.some(hasTypeParameters) ?? false,
        comment: comments.get(name) ?? "",
        ...(typeImport === undefined ? {} : { typeImport }),
      },
    ];
  });
}

function hasTypeParameters(node: ts.Declaration): boolean {
  return (
    (ts.isClassLike(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) &&
    node.typeParameters !== undefined
  );
}

function kindOf({ flags, valueDeclaration }: ts.Symbol): NameKind {
  if ((flags & ts.SymbolFlags.Class) !== 0) return "class";
  if ((flags & ts.SymbolFlags.Enum) !== 0) return "enum";
  if ((flags & ts.SymbolFlags.Function) !== 0) return "function";
  if ((flags & ts.SymbolFlags.Variable) !== 0) {
    const constant =
      valueDeclaration !== undefined && (ts.getCombinedNodeFlags(valueDeclaration) & ts.NodeFlags.Constant) !== 0;
    return constant ? "const" : "let";
  }
  if ((flags & ts.SymbolFlags.Namespace) !== 0) return "namespace";
  return (flags & ts.SymbolFlags.Interface) !== 0 ? "interface" : "type";
}

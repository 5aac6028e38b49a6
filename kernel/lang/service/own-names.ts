import ts from "typescript";

/** What a cell itself declares at its top level, by meaning: a name can be a value, a type, or both. */
export interface OwnNames {
  readonly values: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  /** In source order. */
  readonly all: ReadonlySet<string>;
  /** Those that the cell exports under their own name already. */
  readonly exported: ReadonlySet<string>;
}

/** Reads them off a cell's tree, which may be that of an unfinished cell. */
export function ownNames(file: ts.SourceFile): OwnNames {
  const values = new Set<string>();
  const types = new Set<string>();
  const all = new Set<string>();
  const exported = new Set<string>();
  const add = ({ text }: ts.Identifier, ...meanings: Set<string>[]): void => {
    if (text === "") return;
    all.add(text);
    meanings.forEach((meaning) => meaning.add(text));
  };
  const bind = (name: ts.BindingName, ...meanings: Set<string>[]): void => {
    if (ts.isIdentifier(name)) add(name, ...meanings);
    else for (const element of name.elements) if (!ts.isOmittedExpression(element)) bind(element.name, ...meanings);
  };
  const variables = (list: ts.VariableDeclarationList, ...meanings: Set<string>[]): void => {
    for (const { name } of list.declarations) bind(name, ...meanings);
  };
  const nested = (node: ts.Node): void => {
    if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0) variables(node, values);
    else if (ts.isStatement(node) || ts.isCatchClause(node) || ts.isCaseBlock(node) || ts.isCaseOrDefaultClause(node))
      if (!ts.isFunctionDeclaration(node) && !ts.isClassDeclaration(node)) ts.forEachChild(node, nested);
  };
  for (const statement of file.statements) {
    const also = isExported(statement) ? [exported] : [];
    if (ts.isVariableStatement(statement)) variables(statement.declarationList, values, ...also);
    else if (ts.isFunctionDeclaration(statement)) {
      if (statement.name !== undefined) add(statement.name, values, ...also);
    } else if (ts.isClassDeclaration(statement)) {
      if (statement.name !== undefined) add(statement.name, values, types, ...also);
    } else if (ts.isEnumDeclaration(statement)) add(statement.name, values, types, ...also);
    else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
      add(statement.name, types, ...also);
    else if (ts.isModuleDeclaration(statement)) {
      if (ts.isIdentifier(statement.name) && !isGlobalAugmentation(statement))
        add(statement.name, values, types, ...also);
    } else if (ts.isImportEqualsDeclaration(statement)) add(statement.name, values, types, ...also);
    else if (ts.isImportDeclaration(statement))
      importedNames(statement).forEach((name) => {
        add(name, values, types);
      });
    else if (ts.isExportDeclaration(statement)) {
      if (
        statement.moduleSpecifier === undefined &&
        statement.exportClause !== undefined &&
        ts.isNamedExports(statement.exportClause)
      )
        for (const { name } of statement.exportClause.elements) exported.add(name.text);
    } else nested(statement);
  }
  return { values, types, all, exported };
}

export function importedNames({ importClause }: ts.ImportDeclaration): readonly ts.Identifier[] {
  if (importClause === undefined) return [];
  const names = importClause.name === undefined ? [] : [importClause.name];
  const { namedBindings } = importClause;
  if (namedBindings === undefined) return names;
  if (ts.isNamespaceImport(namedBindings)) return [...names, namedBindings.name];
  return [...names, ...namedBindings.elements.map(({ name }) => name)];
}

export function isGlobalAugmentation(statement: ts.ModuleDeclaration): boolean {
  return (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0;
}

/** `export default` exports under the name "default". */
function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const has = (kind: ts.SyntaxKind): boolean => modifiers.some((modifier) => modifier.kind === kind);
  return has(ts.SyntaxKind.ExportKeyword) && !has(ts.SyntaxKind.DefaultKeyword);
}

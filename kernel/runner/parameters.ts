import { parseSync } from "oxc-parser";
import { UsageError } from "../../sim/core/index.js";
import { hasTag, type Cell, type CodeCell, type Notebook } from "./notebook.js";

/** Parameter name → any JSON value. */
export type Parameters = Readonly<Record<string, unknown>>;

/** A top-level variable of the cell tagged `parameters`. */
interface Declared {
  readonly name: string;
  readonly kind: string;
  /** ": number" as written, or nothing. */
  readonly annotation: string;
}

/** @throws UsageError where the cell doesn't parse */
function declarations(source: string, where: string): readonly Declared[] {
  const { program, errors } = parseSync("parameters.ts", source, { sourceType: "module" });
  const error = errors[0];
  if (error !== undefined)
    throw new UsageError(`${where} does not parse: ${error.message}`, "Mend it in the notebook.");
  return program.body.flatMap((statement) => {
    if (statement.type !== "VariableDeclaration") return [];
    return statement.declarations.flatMap(({ id }) => {
      if (id.type !== "Identifier") return [];
      const type = id.typeAnnotation;
      const annotation = type ? source.slice(type.start, type.end) : "";
      return [{ name: id.name, kind: statement.kind, annotation }];
    });
  });
}

function freshId(cells: readonly Cell[]): string {
  const taken = new Set(cells.map(({ id }) => id));
  let id = "injected-parameters";
  for (let n = 2; taken.has(id); n++) id = `injected-parameters-${n}`;
  return id;
}

/**
 * Papermill's convention: the cell tagged `parameters` holds the defaults, and a cell tagged `injected-parameters`
 * behind it declares anew those that are given, as the same kind of variable with the same type. An injected cell of an
 * earlier run is replaced.
 * @param name what complaints call the notebook
 * @throws UsageError for a parameter that the notebook doesn't have, naming those that it has
 */
export function injectParameters(notebook: Notebook, parameters: Parameters, name: string): Notebook {
  const given = Object.entries(parameters);
  if (given.length === 0) return notebook;
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  const at = cells.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, "parameters"));
  const defaults = cells[at];
  if (defaults === undefined) {
    throw new UsageError(
      `${name} takes no parameters (${given.map(([key]) => key).join(", ")})`,
      'Tag the cell that declares their defaults "parameters".',
    );
  }
  const known = declarations(defaults.source, `${name}, cell ${at + 1}`);
  const lines = given.map(([key, value]) => {
    const declared = known.find((declaration) => declaration.name === key);
    if (declared !== undefined) return `${declared.kind} ${key}${declared.annotation} = ${JSON.stringify(value)};`;
    const names = known.map((declaration) => declaration.name).join(", ");
    throw new UsageError(`${name} has no parameter "${key}"`, names === "" ? "It declares none." : `It has: ${names}.`);
  });
  const injected: CodeCell = {
    cell_type: "code",
    execution_count: null,
    ...(notebook.nbformat_minor >= 5 ? { id: freshId(cells) } : {}),
    metadata: { tags: ["injected-parameters"] },
    outputs: [],
    source: ["// Parameters", ...lines].join("\n"),
  };
  return { ...notebook, cells: cells.toSpliced(at + 1, 0, injected) };
}

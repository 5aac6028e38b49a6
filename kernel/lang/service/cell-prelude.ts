import type { EarlierTypes, Owner } from "./earlier-types.js";
import { EARLIER, EARLIER_NAME, namespaceOf } from "./earlier-types.js";
import type { OwnNames } from "./own-names.js";

export interface CellPrelude {
  /** What stands in front of the cell in its file. */
  readonly text: string;
  /** The records that it leans on. */
  readonly uses: ReadonlySet<number>;
}

/** Identifiers (ECMA-262 §12.7), those in strings and comments as well: one too many only costs time. */
const identifiers = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu;

/**
 * Makes a module of a cell: the names that it mentions and earlier cells declare become aliases of those
 * declarations, its own names become exports, so that the declaration emit writes all of them. A `let` becomes an
 * ambient variable of the same type instead, because an alias can't be assigned to.
 *
 * @param extra names to make visible besides
 */
export function cellPrelude(
  source: string,
  own: OwnNames,
  earlier: EarlierTypes,
  extra: Iterable<string> = [],
): CellPrelude {
  const uses = new Set<number>();
  const lines = [`import * as ${EARLIER_NAME} from "${EARLIER}";`];
  const path = (owner: Owner): string => {
    uses.add(owner.record);
    return `${EARLIER_NAME}.${namespaceOf(owner.record)}.${owner.declared.name}`;
  };
  for (const name of new Set([...extra, ...Array.from(source.matchAll(identifiers), ([found]) => found)])) {
    const owners = earlier.owners(name);
    const value = own.values.has(name) ? undefined : owners?.value;
    const type = own.types.has(name) ? undefined : owners?.type;
    const isAlias = value?.declared.kind !== "let" && (value === type || (type === undefined && !own.types.has(name)));
    if (value !== undefined && isAlias) lines.push(`import ${name} = ${path(value)};`);
    else {
      if (value !== undefined) {
        const word = value.declared.kind === "let" ? "let" : "const";
        lines.push(`${value.declared.comment}declare ${word} ${name}: typeof ${path(value)};`);
      }
      if (type !== undefined) {
        const { typeImport, value: isValue, generic } = type.declared;
        if (typeImport !== undefined) lines.push(typeImport);
        // Beside a value of the same name an alias may only be of what is a type alone.
        else if (!isValue) lines.push(`import ${name} = ${path(type)};`);
        else if (!generic) lines.push(`type ${name} = ${path(type)};`);
      }
    }
  }
  const exports = [...own.all].filter((name) => !own.exported.has(name));
  if (exports.length > 0) lines.push(`export { ${exports.join(", ")} };`);
  // The pragma counts only in front of everything.
  const pragma = /^\s*\/\/\s*@ts-nocheck\b/.test(source) ? "// @ts-nocheck\n" : "";
  return { text: `${pragma}${lines.join("\n")}\n`, uses };
}

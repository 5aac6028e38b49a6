import { transformSync } from "oxc-transform";

/**
 * An expression, or statements, as JavaScript: for what a debugger's user types. What doesn't parse comes back as it is,
 * so that whoever evaluates it says what is wrong.
 */
export function stripExpression(source: string): string {
  const options = { lang: "ts", sourceType: "script", typescript: { onlyRemoveTypeImports: true } } as const;
  // In brackets `{ a: 1 }` is an object.
  for (const text of [`(${source}\n)`, source]) {
    const { code, errors } = transformSync("expression.ts", text, options);
    if (errors.length === 0) return code.trim().replace(/;$/, "");
  }
  return source;
}

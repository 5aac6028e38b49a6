import { cleanPath, pathExpression } from "./patterns.js";

/**
 * What a .dockerignore leaves out (Dockerfile reference, ".dockerignore file"): the last pattern that fits a path, or a
 * directory above it, decides; `!` takes back.
 * @returns whether a path of the context is left out
 * @throws UsageError for brackets without an end
 */
export function ignoring(text: string): (path: string) => boolean {
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    // Only at a line's beginning a number sign begins a comment.
    .filter((row) => !row.startsWith("#"))
    .map((row) => row.trim())
    .filter((row) => row !== "")
    .map((row) => {
      const keeps = row.startsWith("!");
      const pattern = cleanPath((keeps ? row.slice(1) : row).trim());
      return { keeps, expression: new RegExp(`^(?:${pathExpression(pattern)})(?:/.*)?$`) };
    });
  return (path) => {
    let ignored = false;
    for (const { keeps, expression } of rules) if (expression.test(path)) ignored = !keeps;
    return ignored;
  };
}

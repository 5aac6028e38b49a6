import { UsageError } from "../../core/index.js";

const special = /[.*+?^${}()|[\]\\/]/g;
const literally = (text: string): string => text.replace(special, "\\$&");

/** A shell's pattern as a regular expression's source; `*` takes as few or as many letters as it can. */
export function globExpression(pattern: string, which: "shortest" | "longest"): string {
  const lazy = which === "shortest" ? "?" : "";
  return pattern.replace(/[^*?]+|\*|\?/g, (part) =>
    part === "*" ? `[^]*${lazy}` : part === "?" ? "[^]" : literally(part),
  );
}

/**
 * A pattern of paths, as Go's filepath.Match has it, and `**` for any number of directories (.dockerignore): the source of a
 * regular expression.
 * @throws UsageError for brackets without an end
 */
export function pathExpression(pattern: string): string {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern.charAt(at);
    if (letter === "*" && pattern.charAt(at + 1) === "*") {
      at++;
      if (pattern.charAt(at + 1) === "/") {
        at++;
        source += "(?:.*/)?";
      } else source += ".*";
    } else if (letter === "*") source += "[^/]*";
    else if (letter === "?") source += "[^/]";
    else if (letter === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) throw new UsageError(`syntax error in pattern "${pattern}"`, "Close the bracket, or escape it.");
      const body = pattern.slice(at + 1, end);
      source += `[${body.replaceAll("\\", "\\\\").replace(/\[/g, "\\[")}]`;
      at = end;
    } else if (letter === "\\" && at + 1 < pattern.length) source += literally(pattern.charAt(++at));
    else source += literally(letter);
  }
  return source;
}

/** Whether a path is meant as a pattern. */
export const isPattern = (path: string): boolean => /[*?[\\]/.test(path);

/** A path without dots, doubled and outer slashes; ".." at the top is the top. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

import { isArray, isObject, type Json } from "../objects/value.js";

/** Columns with three blanks between, none narrower than six characters, as kubectl's tab writer has them. */
export function columns(rows: readonly (readonly string[])[], least = 6, between = 3): string {
  const widths: number[] = [];
  for (const row of rows)
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? least, Array.from(cell).length + between);
    });
  return rows
    .map((row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join("")}\n`)
    .join("");
}

/**
 * Aligns cells that tabs end (Go's `text/tabwriter`): those of lines that follow one another and have a cell there make a column, as wide as
 * its widest cell and the padding. What stands behind a line's last tab is in no column.
 */
export function tabbed(text: string, padding = 2): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const out: string[] = [];
  const widths: number[] = [];
  const write = (from: number, to: number): void => {
    for (const cells of lines.slice(from, to))
      out.push(
        cells
          .map((cell, i) => (i < widths.length && i < cells.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell))
          .join(""),
      );
  };
  const format = (from: number, to: number): void => {
    const column = widths.length;
    const has = (at: number): boolean => column < (lines[at]?.length ?? 0) - 1;
    let begin = from;
    for (let at = from; at < to; at++) {
      if (!has(at)) continue;
      write(begin, at);
      begin = at;
      let width = 0;
      while (at < to && has(at)) width = Math.max(width, Array.from(lines[at++]?.[column] ?? "").length + padding);
      widths.push(width);
      format(begin, at);
      widths.pop();
      begin = at--;
    }
    write(begin, to);
  };
  format(0, lines.length);
  return out.join("\n");
}

/** Keys in order, as Go writes maps. */
function ordered(value: Json): Json {
  if (isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return Object.fromEntries(keys.sort().map((key) => [key, ordered(value[key] ?? null)]));
}

const escapes: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };

export const jsonText = (value: Json, indent = 4): string =>
  JSON.stringify(ordered(value), undefined, indent).replace(/[<>&]/g, (mark) => escapes[mark] ?? mark);

/** As go-yaml 2 writes it: keys in order, lists not indented, quotes where a plain scalar would be read as something else. */
export const yamlText = (value: Json): string => `${block(ordered(value), "")}\n`;

function block(value: Json, indent: string): string {
  if (isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `${indent}- ${nested(item, `${indent}  `).trimStart()}`).join("\n");
  }
  if (isObject(value)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return "{}";
    return keys
      .map((key) => {
        const item = value[key] ?? null;
        const name = `${indent}${scalar(key, indent)}:`;
        if (isArray(item) && item.length > 0) return `${name}\n${block(item, indent)}`;
        if (isObject(item) && Object.keys(item).length > 0) return `${name}\n${block(item, `${indent}  `)}`;
        return `${name} ${nested(item, `${indent}  `)}`;
      })
      .join("\n");
  }
  return scalar(value, indent);
}

const nested = (value: Json, indent: string): string =>
  typeof value === "object" && value !== null ? block(value, indent) : scalar(value, indent);

/** What YAML 1.1 would take for no text. */
const ambiguous =
  /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|<<|=|[-+]?(?:0x[\da-fA-F_]+|0b[01_]+|0o?[0-7_]+|\.?\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?)|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|\d{4}-\d\d?-\d\d?.*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function scalar(value: Json, indent: string): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (value === "" || ambiguous.test(value)) return `"${value}"`;
  if (value.includes("\n") && !/[^\n\t\x20-\x7e\u00a0-\ud7ff\ue000-\uffef]/.test(value)) return literal(value, indent);
  if (/[^\t\x20-\x7e\u00a0-\ud7ff\ue000-\uffef]/.test(value)) return JSON.stringify(value);
  // Where a plain scalar would end, be a comment or an indicator.
  if (/^[\s&*!|>%@`"'#,[\]{}]|^[-?:](?:\s|$)|:(?:\s|$)|\s#|\s$|^---|^\.\.\./.test(value))
    return `'${value.replaceAll("'", "''")}'`;
  return value;
}

function literal(value: string, indent: string): string {
  const mark = value.endsWith("\n\n") || value === "\n" ? "+" : value.endsWith("\n") ? "" : "-";
  const hint = /^[ \n]/.test(value) ? "2" : "";
  const inner = indent === "" ? "  " : indent;
  const lines = value.replace(/\n$/, "").split("\n");
  return `|${hint}${mark}\n${lines.map((line) => (line === "" ? "" : inner + line)).join("\n")}`;
}

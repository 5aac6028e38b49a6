import { formatQuantity, parseQuantity } from "../../objects/quantity.js";
import { parseTime } from "../../objects/time.js";
import { listAt, show, stringAt, type Json, type JsonObject, type KubeObject } from "../../objects/value.js";

/** A row: a name and what stands behind it; more lines of it below one another. */
export type Row = readonly [name: string, ...values: string[]];

/** Rows as lines with tabs. */
export const rowsText = (rows: readonly Row[]): string =>
  rows
    .map(([name, first = "", ...more]) => `${name}:\t${first}\n${more.map((each) => `\t${each}\n`).join("")}`)
    .join("");

/** `a=b`, one a line. */
export const pairsOf = (pairs: JsonObject, sign = "=", none = "<none>"): string[] => {
  const keys = Object.keys(pairs)
    .filter((key) => key !== "kubectl.kubernetes.io/last-applied-configuration")
    .sort();
  return keys.length === 0 ? [none] : keys.map((key) => `${key}${sign}${show(pairs[key])}`);
};

/** RFC 1123 with a zone, as Go's RFC1123Z. */
export function longTime(text: string | undefined): string {
  const time = text === undefined ? undefined : parseTime(text);
  if (time === undefined || text === undefined) return "<unset>";
  const days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const day = days[Math.floor(time / 86_400) % 7] ?? "";
  return `${day}, ${text.slice(8, 10)} ${months[Number(text.slice(5, 7)) - 1] ?? ""} ${text.slice(0, 4)} ${text.slice(11, 19)} +0000`;
}

export const listed = (all: readonly string[], none = "<none>"): string => (all.length === 0 ? none : all.join(","));

/** @param keys what of each condition is shown, behind its type */
export function conditionsText(
  object: KubeObject,
  titles: readonly string[],
  keys: readonly string[],
  mark = "",
): string {
  const all = listAt(object, "status", "conditions");
  if (all.length === 0) return "";
  const row = (cells: readonly string[]): string => `  ${cells.join("\t")}\n`;
  const shown = (condition: Json, key: string): string =>
    key.endsWith("Time") ? longTime(stringAt(condition, key)) : (stringAt(condition, key) ?? "");
  const rows = all.map((each) =>
    row([
      `${stringAt(each, "type") ?? ""} `,
      ...keys.map(
        (key, i) => shown(each, key) + (i < keys.length - 2 || keys.length === 1 ? mark : key === "reason" ? mark : ""),
      ),
    ]),
  );
  // A pod's have no rule.
  const rule = titles.length === 1 ? "" : row(["----", ...titles.map((title) => "-".repeat(title.length))]);
  return `Conditions:\n${row(["Type", ...titles])}${rule}${rows.join("")}`;
}

/** A quantity in its canonical form. */
export function quantityText(value: Json | undefined): string {
  const text = show(value);
  const amount = parseQuantity(text);
  return amount === undefined ? text : formatQuantity(amount, text.replace(/^[^A-Za-z]*/, ""));
}

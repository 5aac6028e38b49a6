import type { TableView } from "../../../sim/core/index.js";
import { formatValue, withUnit } from "./number.js";
import { captionLines, clip, oneLine, paragraph, textWidth } from "./width.js";

/** Rows that a terminal shows of a long table: these many of its start and its end. */
const head = 30;
const tail = 10;
/** No column is wider than this many characters. */
const widest = 48;

/** A column is numeric when it holds numbers and nothing else but gaps: it is then aligned at the right. */
export function isNumeric(view: TableView, key: string): boolean {
  let numbers = 0;
  for (const row of view.rows) {
    const value = row[key];
    if (typeof value === "number") numbers++;
    else if (value !== null && value !== undefined) return false;
  }
  return numbers > 0;
}

/** What a reader is told in place of the rows left out. */
export const omitted = (count: number): string => `… ${count} more row${count === 1 ? "" : "s"} …`;

/** The rows shown of a table, in two parts where its middle is left out. */
export function excerpt<T>(rows: readonly T[], start: number, end: number): [readonly T[], readonly T[]] {
  return rows.length <= start + end ? [rows, []] : [rows.slice(0, start), rows.slice(-end)];
}

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - textWidth(text)));
  return right ? space + text : text + space;
}

/** A table in aligned columns for a terminal, its title above and its caption below. */
export function tableText(view: TableView): string {
  const above = view.title === undefined ? [] : [...paragraph(view.title), ""];
  const below = captionLines(view.caption);
  if (view.columns.length === 0) return [...above, "(no columns)", ...below].join("\n");

  const [first, last] = excerpt(view.rows, head, tail);
  const columns = view.columns.map(({ key, label, unit }) => {
    const cells = [...first, ...last].map((row) => clip(oneLine(formatValue(row[key])), widest));
    const heading = clip(oneLine(withUnit(label ?? key, unit)), widest);
    const width = Math.max(textWidth(heading), ...cells.map(textWidth));
    return { heading, cells, width, right: isNumeric(view, key) };
  });
  const line = (cell: (column: (typeof columns)[number]) => string): string =>
    columns
      .map((column) => pad(cell(column), column.width, column.right))
      .join("  ")
      .trimEnd();

  const body = Array.from({ length: first.length + last.length }, (_, i) => line(({ cells }) => cells[i] ?? ""));
  if (last.length > 0) body.splice(first.length, 0, omitted(view.rows.length - first.length - last.length));
  if (view.rows.length === 0) body.push("(no rows)");
  return [
    ...above,
    line(({ heading }) => heading),
    columns.map(({ width }) => "─".repeat(width)).join("  "),
    ...body,
    ...below,
  ].join("\n");
}

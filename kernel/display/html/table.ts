import type { TableView } from "../../../sim/core/index.js";
import { excerpt, isNumeric, omitted } from "../text/columns.js";
import { formatValue, withUnit } from "../text/number.js";
import { escape } from "./escape.js";

/** Rows that a page shows of a long table: these many of its start and its end. */
const head = 200;
const tail = 50;

/**
 * Borders and padding are given in place, for a stylesheet of ours would leak into the page around it; they take the
 * page's own text colour, so that light and dark themes both read.
 */
const edge = "border:0;border-bottom:1px solid rgba(128,128,128,0.35);padding:0.25em 0.8em;vertical-align:top;";
const left = `${edge}text-align:left;white-space:pre-wrap;`;
const right = `${edge}text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;`;

/** A table for a browser: its caption, a header for each column, numbers at the right. */
export function tableHtml(view: TableView): string {
  const columns = view.columns.map((column) => ({ ...column, style: isNumeric(view, column.key) ? right : left }));
  const rowHtml = (row: TableView["rows"][number]): string =>
    `<tr>${columns.map(({ key, style }) => `<td style="${style}">${escape(formatValue(row[key]))}</td>`).join("")}</tr>`;
  const [first, last] = excerpt(view.rows, head, tail);
  const span = `<tr><td colspan="${columns.length}" style="${left}font-style:italic;">`;
  const gap = `${span}${omitted(view.rows.length - first.length - last.length)}</td></tr>`;
  const body = [
    ...first.map(rowHtml),
    ...(last.length > 0 ? [gap, ...last.map(rowHtml)] : []),
    ...(view.rows.length === 0 ? [`${span}no rows</td></tr>`] : []),
  ];
  const titled = view.title === undefined ? "" : `<strong>${escape(view.title)}</strong>`;
  const noted = view.caption === undefined ? "" : `<span style="opacity:0.8;">${escape(view.caption)}</span>`;
  const caption = [titled, noted].filter((part) => part !== "").join("<br>");
  return [
    `<table style="border-collapse:collapse;border:0;margin:0.5em 0;">`,
    ...(caption === ""
      ? []
      : [`<caption style="caption-side:top;text-align:left;padding:0.25em 0;">${caption}</caption>`]),
    `<thead><tr>${columns.map(({ key, label, unit, style }) => `<th scope="col" style="${style}">${escape(withUnit(label ?? key, unit))}</th>`).join("")}</tr></thead>`,
    `<tbody>`,
    ...body,
    `</tbody></table>`,
  ].join("\n");
}

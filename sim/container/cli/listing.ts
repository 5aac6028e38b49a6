import type { Activity } from "../../core/index.js";
import { CliError } from "./client.js";
import type { Context } from "./command.js";
import { template, type Method } from "./template/execute.js";
import { TemplateError } from "./template/parse.js";
import { goText } from "./template/values.js";

/** A row's texts by the names that a template has for them; `Label` is asked with a label's name. */
export type Row = Readonly<Record<string, string | Method>>;

/** What a list shows: rows of texts, by the names that a template has for them. */
export interface Listing {
  /** Of the table where no format is given, in their order. */
  readonly columns: readonly string[];
  /** Headers by names. */
  readonly titles: Row;
  readonly rows: readonly Row[];
  /** What Go calls a row, for its message of a field that there isn't. */
  readonly type: string;
}

/** Go counts code points. */
const columnsOf = (text: string): number => Array.from(text).length;

/** text/tabwriter with a cell of at least ten columns and three blanks behind it; of a line's last cell nothing follows. */
export function tabulate(lines: readonly (readonly string[])[], least = 10, gap = 3): string {
  const widths: number[] = [];
  for (const cells of lines)
    for (const [place, cell] of cells.slice(0, -1).entries())
      widths[place] = Math.max(widths[place] ?? least, columnsOf(cell) + gap);
  return lines
    .map((cells) => {
      const last = cells.at(-1) ?? "";
      const before = cells.slice(0, -1).map((cell, place) => cell + " ".repeat((widths[place] ?? 0) - columnsOf(cell)));
      return `${before.join("")}${last}\n`;
    })
    .join("");
}

/** `\t` and `\n` typed as two characters each. */
const unescaped = (format: string): string => format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");

/** @throws CliError for a template that can't be read or executed */
export function formatListing({ columns, titles, rows, type }: Listing, format: string): string {
  if (format === "" || format === "table")
    return tabulate([
      columns.map((key) => goText(titles[key] ?? key.toUpperCase())),
      ...rows.map((row) => columns.map((key) => goText(row[key] ?? ""))),
    ]);
  const isTable = format.startsWith("table ");
  const source = unescaped(isTable ? format.slice("table ".length) : format);
  const before = isTable ? "table ".length : 0;
  const render = parsed(source, before, `can't evaluate field %s in type ${type}`);
  // Rows come first: Go says of them what their type lacks.
  const lines = rows.map((row) => render(sorted(row)));
  if (!isTable) return lines.map((line) => `${line}\n`).join("");
  const header = parsed(source, before, "map has no entry for key %s")(titles);
  return tabulate([header, ...lines].map((line) => line.split("\t")));
}

/** Fields by their names' order, as `{{json .}}` shows them. */
const sorted = (row: Row): Row => Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Tries a template on the titles, before there are rows. @throws CliError for a field that rows won't have */
export function demandTemplate(format: string, { titles, type }: Pick<Listing, "titles" | "type">): void {
  formatListing({ columns: [], titles, rows: [titles], type }, format);
}

function parsed(source: string, before: number, missing: string): (data: unknown) => string {
  const execute = guarded("failed to parse template", () =>
    template(source, {
      before,
      row: true,
      missing: (field) => missing.replace("%s", missing.startsWith("map") ? `"${field}"` : field),
    }),
  );
  return (data) => guarded("failed to execute template", () => execute(data));
}

function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`${what}: ${error.message}`);
    throw error;
  }
}

/** Shows a list as `--format` and `--quiet` have it. @param key what is left of a row where it is to be quiet */
export function* showListing(it: Context, listing: Listing, key = "ID"): Activity<undefined> {
  const format = it.flags.text("format") ?? "";
  if (it.flags.flag("quiet") && format === "")
    for (const row of listing.rows) it.out.put(`${goText(row[key] ?? "")}\n`);
  else it.out.put(formatListing(listing, format));
  yield* it.out.drain();
  return undefined;
}

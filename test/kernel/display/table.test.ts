import fc from "fast-check";
import { expect, test } from "vitest";
import { present } from "../../../kernel/display/index.js";
import { textWidth } from "../../../kernel/display/text/width.js";
import type { TableView, Value } from "../../../sim/core/index.js";
import { table } from "./views.js";
import { elements } from "./xml.js";

const html = (view: TableView): string => present(view)["text/html"] as string;
const text = (view: TableView): string => present(view)["text/plain"] as string;

/** The HTML uses no void elements but `<br>`, so that XML's rules read it. */
const parsed = (view: TableView): ReturnType<typeof elements> => elements(html(view).replaceAll("<br>", "<br/>"));

test("a table has a caption, a header for each column with its unit, and a cell for each value", () => {
  const all = parsed(table);
  expect(all.find(({ name }) => name === "caption")!.text).toContain("Why the guest left");
  const headers = all.filter(({ name }) => name === "th");
  expect(headers.map(({ text }) => text)).toEqual(["exit reason", "exits", "time (µs)", "emulated"]);
  expect(headers.every(({ attributes }) => attributes["scope"] === "col")).toBe(true);
  expect(
    all
      .filter(({ name }) => name === "td")
      .map(({ text }) => text)
      .slice(0, 5),
  ).toEqual(["csrw satp <page table>", "1200", "1830.12", "true", "ecall & sret"]);
});

test("columns of numbers stand at the right, also with gaps; others at the left", () => {
  const sides = parsed(table)
    .filter(({ name }) => name === "th")
    .map(({ attributes }) => /text-align:(\w+)/.exec(attributes["style"]!)![1]);
  expect(sides).toEqual(["left", "right", "right", "left"]);
});

test("the text aligns its columns by what a terminal shows, wide characters included", () => {
  const lines = text(table).split("\n");
  expect(lines[0]).toBe("Why the guest left");
  const rows = lines.slice(2, 7);
  const starts = rows
    .filter((line) => /true|false|emulated|─{8}$/.test(line))
    .map((line) => textWidth(line.replace(/(true|false|emulated|─+)$/, "")));
  expect(starts).toHaveLength(5);
  expect(new Set(starts).size).toBe(1);
});

test("a long table keeps its start and its end and says how much is left out", () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ n: i }));
  const long: TableView = { as: "table", columns: [{ key: "n" }], rows };
  expect(text(long)).toContain("… 960 more rows …");
  expect(text(long)).toMatch(/999$/);
  expect(html(long)).toContain("… 750 more rows …");
  expect(parsed(long).filter(({ name }) => name === "tr")).toHaveLength(1 + 250 + 1);
});

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "<script>",
    "</td>",
    "&amp;",
    '"',
    "'",
    "\n",
    "\u0000",
    "\uD800",
    "\u202E",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "日本",
    "\u001B[31m",
    "__proto__",
  ),
);
const value: fc.Arbitrary<Value> = fc.oneof(nasty, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const tables: fc.Arbitrary<TableView> = fc.uniqueArray(nasty, { minLength: 1, maxLength: 4 }).chain((keys) =>
  fc.record({
    as: fc.constant("table" as const),
    title: nasty,
    caption: nasty,
    columns: fc.constant(keys.map((key) => ({ key }))),
    rows: fc.array(
      fc.tuple(...keys.map(() => value)).map((values) => Object.fromEntries(keys.map((key, i) => [key, values[i]!]))),
      { maxLength: 5 },
    ),
  }),
);

test("whatever a table holds, its HTML is well formed, holds only a table's elements, and no row disturbs another", () => {
  fc.assert(
    fc.property(tables, (view) => {
      const all = parsed(view);
      const allowed = ["table", "caption", "strong", "br", "span", "thead", "tbody", "tr", "th", "td"];
      expect(all.filter(({ name }) => !allowed.includes(name))).toEqual([]);
      const cells = view.rows.length === 0 ? 1 : view.rows.length * view.columns.length;
      expect(all.filter(({ name }) => name === "td")).toHaveLength(cells);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("whatever a table holds, its text has one line to a row, each as wide as the others, without control characters", () => {
  fc.assert(
    fc.property(tables, ({ columns, rows }) => {
      const marked = {
        as: "table" as const,
        columns: [...columns, { key: "\u0001end", label: "end" }],
        rows: rows.map((row) => ({ ...row, "\u0001end": "|" })),
      };
      const lines = text(marked).split("\n");
      expect(lines).toHaveLength(2 + Math.max(1, rows.length));
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      const ends = rows.map((_, i) => textWidth(lines[i + 2]!));
      expect(new Set(ends).size).toBeLessThanOrEqual(1);
    }),
    { seed: 2, numRuns: 300 },
  );
});

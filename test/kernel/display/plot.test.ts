import { expect, test } from "vitest";
import { present } from "../../../kernel/display/index.js";
import { roleColours } from "../../../kernel/display/picture/palette.js";
import type { PlotView } from "../../../sim/core/index.js";
import { bars, dense, lines, many } from "./views.js";
import { elements, texts } from "./xml.js";

/** A figure as a client reads it from the wire. */
interface Figure {
  readonly data: readonly {
    readonly name: string;
    readonly type: string;
    readonly mode?: string;
    readonly x: readonly (number | string | null)[];
    readonly y: readonly (number | null)[];
    readonly fill?: string;
    readonly line?: { readonly dash?: string; readonly shape?: string; readonly color?: string };
    readonly marker?: {
      readonly color?: string;
      readonly symbol?: string;
      readonly size?: number;
      readonly pattern?: object;
    };
    readonly error_y?: { readonly array: readonly number[]; readonly arrayminus: readonly number[] };
    readonly legendgroup: string;
    readonly showlegend?: boolean;
  }[];
  readonly layout: {
    readonly title: { readonly text: string };
    readonly xaxis: {
      readonly title: { readonly text: string };
      readonly type: string;
      readonly categoryarray?: string[];
      readonly dtick?: number;
    };
    readonly yaxis: { readonly title: { readonly text: string }; readonly type: string; readonly rangemode?: string };
    readonly margin: { readonly t: number };
    readonly showlegend: boolean;
  };
}

/** As it arrives: through JSON. */
const figure = (view: PlotView): Figure =>
  JSON.parse(JSON.stringify(present(view)["application/vnd.plotly.v1+json"])) as Figure;
const svg = (view: PlotView): string => present(view)["image/svg+xml"] as string;
const text = (view: PlotView): string => present(view)["text/plain"] as string;
/** A text without the line breaks between its words. */
const unbroken = (view: PlotView): string => text(view).replace(/\s+/g, " ");

const simple = (y: readonly (number | null)[], change: Partial<PlotView> = {}): PlotView => ({
  as: "plot",
  title: "Does it grow?",
  caption: "Seed 1.",
  x: { label: "load", unit: "1/s" },
  y: { label: "latency", unit: "ms" },
  series: [{ name: "measured", mark: "line", x: y.map((_, i) => i + 1), y }],
  ...change,
});

test("one view gives a figure, a picture and a text", () => {
  expect(Object.keys(present(lines)).sort()).toEqual(["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
});

test("axes carry their names and units, the title its question, the caption its parameters, in all three forms", () => {
  const { layout } = figure(lines);
  expect(layout.title.text).toContain(lines.title);
  expect(layout.xaxis.title.text).toMatch(/^block size \(KiB\)<br>/);
  expect(layout.xaxis.title.text).toContain("Seed 12");
  expect(layout.yaxis.title.text).toBe("latency (ms)");
  expect(texts(svg(lines))).toEqual(
    expect.arrayContaining([lines.title, "block size (KiB)", "latency (ms)", lines.caption]),
  );
  for (const part of [lines.title, "x: block size (KiB), logarithmic", "y: latency (ms)", lines.caption]) {
    expect(unbroken(lines)).toContain(part);
  }
});

test("each series is one trace; a band is a filled trace in its series' group and not in the legend", () => {
  const { data } = figure(lines);
  const bands = data.filter(({ fill }) => fill === "toself");
  expect(data.filter(({ fill }) => fill === undefined).map(({ name }) => name)).toEqual([
    "sequential",
    "random",
    "random (published: Ruemmler and Wilkes 1994, table 2)",
  ]);
  expect(bands.map(({ legendgroup, showlegend, x }) => [legendgroup, showlegend, x.length])).toEqual([
    ["0", false, 24],
    ["1", false, 24],
  ]);
  expect(text(lines)).toContain("Shaded: 95 % confidence interval of 10 runs.");
});

test("a band is drawn in the picture too, as a translucent fill of its series' colour", () => {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(roleColours.disk.slice(i, i + 2), 16));
  const fills = elements(svg(lines)).filter(
    ({ attributes }) => attributes["fill"] === `rgb(${r},${g},${b})` && attributes["fill-opacity"] === "0.2",
  );
  expect(fills).toHaveLength(1);
  const without = { ...lines, series: lines.series.map(({ name, mark, x, y }) => ({ name, mark, x, y })) };
  expect(svg(without).includes("fill-opacity")).toBe(false);
});

test("what was published is dashed and hollow and names its source; what was measured is neither", () => {
  const [sequential, random, published] = figure(lines).data.filter(({ fill }) => fill === undefined);
  expect([sequential!.line!.dash, random!.line!.dash, published!.line!.dash]).toEqual(["solid", "solid", "dash"]);
  expect(published!.marker!.symbol).toMatch(/-open$/);
  expect(random!.marker!.symbol).not.toMatch(/-open$/);
  expect(published!.line!.color).toBe(random!.line!.color);
  expect(texts(svg(lines))).toContain("random (published: Ruemmler and Wilkes 1994, table 2)");
  expect(figure(bars).data[1]!.marker!.pattern).toBeDefined();
});

test("no two measured series share both colour and line, nor colour and marker", () => {
  const { data } = figure(many);
  expect(new Set(data.map(({ line, marker }) => `${line!.color!} ${line!.dash!} ${marker?.symbol ?? ""}`)).size).toBe(
    8,
  );
});

test("a series that lies on another takes another pattern and smaller markers, so that both are seen", () => {
  const x = [1, 2, 3];
  const series = [
    [1, 2, 3],
    [1, 2.01, 3],
    [2, 4, 6],
  ].map((y, i) => ({ name: String(i), mark: "line" as const, x, y }));
  const { data } = figure(simple([], { series }));
  expect(data.map(({ line, marker }) => [line!.dash, marker!.size])).toEqual([
    ["solid", 7],
    ["dashdot", 4],
    ["solid", 7],
  ]);
});

test("roles decide colours, the same in figure and picture", () => {
  const [measured] = figure(bars).data;
  expect(measured!.marker!.color).toBe(roleColours.guest);
  expect(svg(bars).includes(roleColours.guest)).toBe(true);
});

test("bars stand on their categories, in order, with error bars measured from the bar's end", () => {
  const { data, layout } = figure(bars);
  expect(layout.xaxis.type).toBe("category");
  expect(layout.xaxis.categoryarray).toEqual(bars.series[0]!.x);
  expect(data.map(({ type }) => type)).toEqual(["bar", "bar"]);
  expect(data[0]!.error_y!.array).toEqual([6, 80, 30, 40, 5]);
  expect(data[0]!.error_y!.arrayminus).toEqual([5, 80, 30, 30, 4]);
  for (const name of ["bare", "paravirtual", "hardware assist"]) expect(texts(svg(bars)).join(" ")).toContain(name);
});

test("many long category names are all there, slanted", () => {
  const names = Array.from({ length: 15 }, (_, i) => `policy number ${i}`);
  const view = simple([], { series: [{ name: "gain", mark: "bars", x: names, y: names.map((_, i) => i) }] });
  expect(texts(svg(view))).toEqual(expect.arrayContaining(names));
});

test("steps hold their value until the next one; points are markers alone", () => {
  const { data } = figure(dense);
  expect(data[2]!.line!.shape).toBe("hv");
  expect(data[3]!.mode).toBe("markers");
});

test("gaps stay gaps, and so does what is not finite", () => {
  expect(figure(simple([1, null, NaN, 4, Infinity])).data[0]!.y).toEqual([1, null, null, 4, null]);
  expect(svg(simple([1, null, NaN, 4, Infinity]))).not.toMatch(/NaN|Infinity/);
});

test("a logarithmic axis shows only what is positive, and the text says what it hides", () => {
  const view = simple([0, 10, -5, 1000], { y: { label: "latency", unit: "ms", scale: "log" } });
  expect(figure(view).layout.yaxis.type).toBe("log");
  expect(figure(view).data[0]!.y).toEqual([null, 10, null, 1000]);
  expect(text(view)).toContain("2 values at or below zero cannot be shown on a logarithmic axis");
  expect(texts(svg(view))).toEqual(expect.arrayContaining(["10", "100", "1,000"]));
});

test("sizes on a logarithmic axis have their ticks at powers of two", () => {
  const shown = texts(svg(lines));
  for (const tick of ["0.5", "1", "64", "1,024"]) expect(shown).toContain(tick);
  expect(figure(lines).layout.xaxis.dtick).toBeCloseTo(Math.log10(2));
});

test("the text tells each series' first, last, least and greatest value and where they are", () => {
  const summary = text(simple([3, 9, 2, 5]));
  expect(summary).toContain(
    "\n  measured: 4 values; first 3 ms at 1 1/s, last 5 ms at 4 1/s;" +
      "\n    least 2 ms at 3 1/s, most 9 ms at 2 1/s\n",
  );
  expect(summary).toMatch(/▂█▁▄ {2}measured/);
});

test("the text ends in the plot's table, with units, and says when it is a sample", () => {
  const short = text(simple([3, 9.25]));
  expect(short).toMatch(/load \(1\/s\) {2}measured \(ms\)\n─+ {2}─+\n +1 {2,}3\n +2 {2,}9\.25/);
  expect(short).not.toContain("rows of");
  expect(text(simple(Array.from({ length: 500 }, (_, i) => i)))).toContain("(the rows of 12 of 500 x)");
});

test("measurements repeated at one x all stand in the table", () => {
  const view = simple([], { series: [{ name: "runs", mark: "points", x: [4, 4, 4], y: [71, 72, 73] }] });
  for (const value of ["71", "72", "73"]) expect(text(view)).toMatch(new RegExp(`^ +4 +${value}$`, "m"));
});

test("a picture names and describes itself to a screen reader", () => {
  const all = elements(svg(lines));
  const root = all[0]!;
  const [title, desc] = root.attributes["aria-labelledby"]!.split(" ");
  expect(root.attributes["role"]).toBe("img");
  expect(all.find(({ attributes }) => attributes["id"] === title)!.text).toBe(lines.title);
  expect(all.find(({ attributes }) => attributes["id"] === desc)!.text).toContain("most 6.877 ms at 1024 KiB");
});

test("two pictures on one page share no name", () => {
  const ids = [svg(lines), svg(dense)].map((one) => [...one.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  expect(ids[0]!.length).toBeGreaterThan(2);
  expect(ids[0]!.filter((id) => ids[1]!.includes(id))).toEqual([]);
  expect(svg(lines).includes("\u0001")).toBe(false);
});

test("a label that looks like a drawing's own name stays as it is", () => {
  const label = "zr0-c0 \u0001 url(#zr1-c2)";
  const view = simple([1, 2], { title: label, series: [{ name: "n", mark: "bars", x: [label, "b"], y: [1, 2] }] });
  const shown = "zr0-c0 \\u0001 url(#zr1-c2)";
  expect(texts(svg(view)).filter((text) => text === shown)).toHaveLength(2);
});

test("the same view gives the same bytes", () => {
  expect(JSON.stringify(present(lines))).toBe(JSON.stringify(present(structuredClone(lines))));
});

test("nasty names reach neither plotly's HTML nor the picture's markup", () => {
  const nasty = `</text><script>alert("1")</script> & $x$ \u0000 \u202E`;
  const view = simple([1, 2], {
    title: nasty,
    x: { label: nasty, unit: nasty },
    series: [{ name: nasty, mark: "line", x: [1, 2], y: [1, 2], source: nasty }],
  });
  expect(elements(svg(view)).filter(({ name }) => name === "script")).toEqual([]);
  const { data, layout } = figure(view);
  for (const shown of [layout.title.text, layout.xaxis.title.text, data[0]!.name]) {
    expect(shown).toContain("&lt;script&gt;");
    expect(shown).not.toMatch(/<script|\$|\u0000/);
  }
});

test("a hundred thousand points give a picture of less than a megabyte", () => {
  const n = 100_000;
  const x = Array.from({ length: n }, (_, i) => i);
  const y = x.map((i) => (i * 7919) % 1009);
  const picture = svg(
    simple([], {
      series: [
        { name: "p", mark: "points", x, y },
        { name: "l", mark: "line", x, y },
      ],
    }),
  );
  expect(picture.length).toBeLessThan(1_000_000);
  expect(elements(picture).length).toBeGreaterThan(10);
});

test("a plot without values is still a plot", () => {
  for (const series of [
    [],
    [{ name: "none", mark: "line" as const, x: [], y: [] }],
    [{ name: "gaps", mark: "bars" as const, x: [1, 2], y: [null, null] }],
  ]) {
    const bundle = present(simple([], { series }));
    expect(Object.keys(bundle)).toHaveLength(3);
    expect(bundle["text/plain"]).toMatch(/no series|no values/);
  }
});

test("series whose arrays don't fit together are refused with the numbers that differ", () => {
  const short = present(simple([], { series: [{ name: "a", mark: "line", x: [1, 2, 3], y: [1] }] }));
  expect(Object.keys(short)).toEqual(["text/plain"]);
  expect(short["text/plain"]).toContain(`This plot cannot be shown: series "a" has 3 x and 1 y.`);
  const band = { low: [1], high: [1, 2], meaning: "σ" };
  const loose = present(simple([], { series: [{ name: "b", mark: "line", x: [1, 2], y: [1, 2], band }] }));
  expect(loose["text/plain"]).toContain(`the band of series "b" has 1 lower and 2 upper bounds for 2 x`);
});

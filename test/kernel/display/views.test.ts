import { expect, test } from "vitest";
import { present, presentAll } from "../../../kernel/display/index.js";
import { roleColours } from "../../../kernel/display/picture/palette.js";
import { coarse } from "../../../kernel/display/picture/heat.js";
import { layered } from "../../../kernel/display/picture/layered.js";
import type { GraphView, HeatView, LanesView, View } from "../../../sim/core/index.js";
import { bars, graph, heat, lanes, lines, sequence, table } from "./views.js";
import { elements, texts } from "./xml.js";

const svg = (view: View): string => present(view)["image/svg+xml"] as string;
const text = (view: View): string => present(view)["text/plain"] as string;
/** A text without the line breaks between its words. */
const unbroken = (view: View): string => text(view).replace(/\s+/g, " ");
const mermaid = (view: View): string => present(view)["text/vnd.mermaid"] as string;
/** A figure as a client reads it from the wire; the caller says what it looks at. */
const figure = (view: View): unknown => JSON.parse(JSON.stringify(present(view)["application/vnd.plotly.v1+json"]));

interface Lanes {
  readonly data: readonly {
    readonly name: string;
    readonly base: number[];
    readonly x: number[];
    readonly y: number[];
    readonly marker: { readonly color: string };
  }[];
  readonly layout: {
    readonly yaxis: { readonly ticktext: string[] };
    readonly xaxis: { readonly title: { readonly text: string } };
  };
}

interface Heat {
  readonly data: readonly {
    readonly z: (number | null)[][];
    readonly colorbar: { readonly title: { readonly text: string } };
  }[];
  readonly layout: { readonly yaxis: object };
}

test("lanes: each span is a floating bar in its lane, coloured by role", () => {
  const { data, layout } = figure(lanes) as Lanes;
  expect(data.map(({ name }) => name)).toEqual([
    "vm a",
    "switch",
    "vm b",
    "idle",
    "page fault &lt;handler&gt;",
    "disk request",
  ]);
  expect(data[0]).toMatchObject({ base: [0, 92], x: [30, 30], y: [0, 0], marker: { color: roleColours.guest } });
  expect(layout.yaxis.ticktext).toEqual(["pCPU 0", "pCPU 1", "dom0"]);
  expect(layout.xaxis.title.text).toContain("virtual time (ms)");
});

test("lanes: the picture labels what has room and names the rest in its legend", () => {
  const shown = texts(svg(lanes));
  expect(shown.filter((label) => label === "vm b")).toHaveLength(4);
  expect(shown).toEqual(expect.arrayContaining(["page fault <handler>", "pCPU 1", "virtual time (ms)"]));
});

test("lanes: the text adds up who had how much", () => {
  expect(unbroken(lanes)).toContain("pCPU 0: 5 spans; vm a 60 ms (49.2 %), vm b 60 ms (49.2 %), switch 2 ms (1.64 %)");
  expect(text(lanes)).toContain("0–30 vm a; 30–31 switch; 31–91 vm b");
});

test("lanes: the legend names spans by their kind, where they have one", () => {
  const [lane] = lanes.lanes;
  const spans = ["leader, term 1", "leader, term 2"].map((label, i) => {
    return { from: i, to: i + 1, label, kind: "leader", role: "host" as const };
  });
  const { data } = figure({ ...lanes, lanes: [{ ...lane!, spans }] }) as Lanes;
  expect(data.map(({ name }) => name)).toEqual(["leader"]);
});

test("lanes: lanes of one name stay two, spans without length draw nothing", () => {
  const twice: LanesView = {
    ...lanes,
    lanes: [
      {
        name: "cpu",
        spans: [
          { from: 0, to: 9, label: "a" },
          { from: 9, to: 9, label: "b" },
        ],
      },
      { name: "cpu", spans: [{ from: 3, to: 4, label: "a" }] },
    ],
  };
  expect((figure(twice) as Lanes).data.map(({ y }) => y)).toEqual([[0, 1]]);
  expect(texts(svg(twice)).filter((label) => label.startsWith("cpu"))).toHaveLength(2);
});

test("lanes: a hundred thousand slices give a picture of a few hundred kilobytes", () => {
  const spans = Array.from({ length: 50_000 }, (_, i) => ({ from: i, to: i + 1, label: `task ${i % 5}` }));
  const view = {
    ...lanes,
    lanes: [
      { name: "cpu 0", spans },
      { name: "cpu 1", spans },
    ],
  };
  expect(svg(view).length).toBeLessThan(300_000);
});

test("heat: the figure holds the values, gaps as null, row 0 at the top, the colour bar named with its unit", () => {
  const { data, layout } = figure(heat) as Heat;
  expect(data[0]!.z).toEqual(heat.values);
  expect(data[0]!.colorbar.title.text).toBe("writes (1/s)");
  expect(layout.yaxis).toMatchObject({ autorange: "reversed", title: { text: "row (4 MiB)" } });
});

test("heat: the picture draws each value once and no gap", () => {
  const view: HeatView = {
    ...heat,
    values: [
      [0, 0, 5],
      [null, 10, 5],
    ],
  };
  const cells = elements(svg(view)).filter(({ attributes }) => /^M\d+ \d+h\d+v1h-\d+z/.test(attributes["d"] ?? ""));
  const drawn = cells.flatMap(({ attributes }) =>
    [...attributes["d"]!.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, run]) => [Number(x), Number(y), Number(run)]),
  );
  expect(drawn.sort()).toEqual([
    [0, 0, 2],
    [1, 1, 1],
    [2, 0, 1],
    [2, 1, 1],
  ]);
  expect(cells).toHaveLength(3);
});

test("heat: names of columns and rows are shown, logarithmic colours have their own ticks", () => {
  const named: HeatView = {
    ...heat,
    columns: ["0x0", "0x1000"],
    rows: ["node a"],
    values: [[1, 1000]],
    value: { label: "age", unit: "s", scale: "log" },
  };
  expect(texts(svg(named))).toEqual(
    expect.arrayContaining(["0x0", "0x1000", "node a", "age (s)", "1", "10", "100", "1,000"]),
  );
  const { data } = figure(named) as Heat;
  expect(data[0]).toMatchObject({ z: [[0, 3]], x: ["0x0", "0x1000"], y: ["node a"], customdata: [[1, 1000]] });
});

test("heat: the text finds the least and the greatest and shades the grid", () => {
  expect(text(heat)).toContain("most 936 1/s at row 8, region within the row 20");
  expect(text(heat)).toContain("1497 values");
  expect(text(heat)).toMatch(/│ {3}░+▒+▓+█+▓+▒+░+ +│/);
});

test("graph: the picture holds every node and every edge", () => {
  const all = elements(svg(graph));
  expect(all.filter(({ attributes }) => attributes["marker-end"] !== undefined)).toHaveLength(graph.edges.length);
  const shown = texts(svg(graph)).join(" ");
  for (const { label } of graph.nodes) expect(shown).toContain(label);
  expect(shown).toContain("runs on");
});

test("graph: the text is an outline that follows edges and repeats nothing", () => {
  expect(text(graph)).toContain(
    "  Deployment web\n    owns → ReplicaSet web-5d4f\n      Pod web-5d4f-a\n        runs on → Node one\n",
  );
  expect(text(graph)).toContain("  Service web\n    Pod web-5d4f-a (above)\n");
});

test("graph: an edge to no node is refused by name", () => {
  const loose: GraphView = { ...graph, edges: [{ from: "d", to: "nowhere" }] };
  expect(text(loose)).toContain(`This graph cannot be shown: the edge from "d" to "nowhere" ends at no node.`);
});

test("graph: cycles and loops come out in all forms", () => {
  const cycle: GraphView = {
    as: "graph",
    title: "A cycle",
    caption: "",
    nodes: [
      { id: "a", label: "A" },
      { id: "b", label: "B" },
    ],
    edges: [
      { from: "a", to: "b" },
      { from: "b", to: "a", label: "back" },
      { from: "b", to: "b" },
    ],
  };
  expect(elements(svg(cycle)).filter(({ attributes }) => attributes["marker-end"] !== undefined)).toHaveLength(3);
  expect(text(cycle)).toContain("  A\n    B\n      back → A (above)\n      B (above)");
});

const box = (id: string): { id: string; depth: number; breadth: number } => ({ id, depth: 20, breadth: 10 });

test("layout: what an edge points to lies in a deeper layer, and no two nodes of a layer touch", () => {
  const ids = Array.from({ length: 30 }, (_, i) => String(i));
  const links = ids.slice(1).map((id) => ({ from: String(Math.floor((Number(id) - 1) / 3)), to: id, room: 0 }));
  const { places, routes } = layered(ids.map(box), links);
  for (const { from, to } of links) expect(places.get(to)![0]).toBeGreaterThan(places.get(from)![0] + 20);
  for (const a of ids) {
    for (const b of ids) {
      const [p, q] = [places.get(a)!, places.get(b)!];
      if (a !== b && p[0] === q[0]) expect(Math.abs(p[1] - q[1])).toBeGreaterThanOrEqual(10);
    }
  }
  expect(routes).toHaveLength(29);
});

test("layout: a tree is drawn without crossings", () => {
  const ids = Array.from({ length: 40 }, (_, i) => String(i));
  const links = ids.slice(1).map((id) => ({ from: String(Math.floor((Number(id) - 1) / 3)), to: id, room: 0 }));
  const { places } = layered([...ids].reverse().map(box), links);
  const ends = links.map(({ from, to }) => [places.get(from)!, places.get(to)!] as const);
  const crossing = ends.flatMap(([a, b], i) =>
    ends.slice(i + 1).filter(([c, d]) => a[0] === c[0] && (a[1] - c[1]) * (b[1] - d[1]) < 0),
  );
  expect(crossing).toEqual([]);
});

test("sequence: every message is an arrow between its lifelines, replies dashed", () => {
  const arrows = elements(svg(sequence)).filter(({ attributes }) => attributes["marker-end"] !== undefined);
  expect(arrows).toHaveLength(sequence.messages.length);
  expect(arrows.filter(({ attributes }) => "stroke-dasharray" in attributes)).toHaveLength(2);
  const shown = texts(svg(sequence));
  for (const name of sequence.participants) expect(shown).toContain(name);
});

test("sequence: the text numbers the messages", () => {
  expect(text(sequence)).toContain(
    "  2. API server: authenticate, admit\n  3. API server → etcd: put /registry/pods/default/web\n  4. etcd replies to API server: revision 41\n",
  );
});

test("mermaid: labels can't leave their quotes", () => {
  expect(mermaid(sequence)).toContain("participant p1 as API server");
  expect(mermaid(sequence)).toContain("p2-->>p1: revision 41");
  expect(mermaid(sequence)).toContain("p1->>p4: watch event#58; MODIFIED #60;pod#62;#59; node-2");
  const nasty: GraphView = {
    as: "graph",
    title: "",
    caption: "",
    nodes: [{ id: "a", label: `"]; click #quot; {x}`, role: "guest" }],
    edges: [],
  };
  expect(mermaid(nasty)).toBe(
    `flowchart LR\n  n0["#34;#93;#59; click #35;quot#59; #123;x#125;"]:::guest\n  classDef guest fill:#0072B229,stroke:#0072B2`,
  );
});

test("mermaid: the title stands above, and a screen reader gets title and caption", () => {
  const view: GraphView = {
    as: "graph",
    title: 'Who "runs"; #1?',
    caption: "Seed 1; after 12 s.",
    nodes: [],
    edges: [],
  };
  expect(mermaid(view).split("\n")).toEqual([
    "---",
    String.raw`title: "Who \"runs\"; #1?"`,
    "---",
    "flowchart LR",
    '  accTitle: Who "runs", ,1?',
    "  accDescr: Seed 1, after 12 s.",
  ]);
});

test("a group is one bundle of text and HTML, its plots and tables inside", () => {
  const group: View = { as: "group", views: [lines, { as: "group", views: [table, { as: "text", text: "a < b" }] }] };
  const { "text/html": html, "text/plain": plain, ...rest } = present(group) as Record<string, string>;
  expect(rest).toEqual({});
  expect(html).toMatch(/<figure[^>]*><svg/);
  expect(html).toContain("<caption");
  expect(html).toContain("a &lt; b");
  expect(plain).toContain(lines.title);
  expect(plain).toContain("csrw satp <page table>");
});

test("a group of one is that one; `presentAll` keeps every part apart and interactive", () => {
  expect(present({ as: "group", views: [table] })).toEqual(present(table));
  const all = presentAll({ view: () => ({ as: "group", views: [lines, { as: "group", views: [bars, table] }] }) });
  expect(all).toEqual([present(lines), present(bars), present(table)]);
  expect(presentAll(lines)).toEqual([present(lines)]);
  expect(presentAll(42)).toEqual([{ "text/plain": "42" }]);
});

test("an empty view of each kind is shown as empty and not as an error", () => {
  const axis = { label: "t", unit: "s" };
  const head = { title: "none", caption: "" };
  const empty: View[] = [
    { as: "lanes", ...head, x: axis, lanes: [] },
    { as: "heat", ...head, x: axis, y: axis, value: axis, values: [] },
    { as: "graph", ...head, nodes: [], edges: [] },
    { as: "sequence", ...head, participants: [], messages: [] },
    { as: "table", columns: [], rows: [] },
    { as: "group", views: [] },
    { as: "text", text: "" },
  ];
  for (const view of empty) {
    const bundle = present(view);
    expect(bundle["text/plain"]).not.toMatch(/cannot|failed|\(no (?:image|application|text)/);
    if ("image/svg+xml" in bundle) expect(elements(svg(view)).length).toBeGreaterThan(3);
  }
});

test("what one picture cannot hold is cut, and its caption says so", () => {
  const cut: [View, string][] = [
    [
      {
        ...lanes,
        lanes: Array.from({ length: 5000 }, (_, i) => ({
          name: `cpu ${i}`,
          spans: [{ from: 0, to: i + 1, label: "a" }],
        })),
      },
      "Shown: the first 200 of 5000 lanes.",
    ],
    [
      { ...sequence, messages: Array.from({ length: 5000 }, () => sequence.messages[0]!) },
      "Shown: the first 300 of 5000 messages.",
    ],
    [
      {
        ...graph,
        nodes: Array.from({ length: 5000 }, (_, i) => ({ id: String(i), label: "n" })),
        edges: Array.from({ length: 4999 }, (_, i) => ({ from: String(i), to: String(i + 1) })),
      },
      "Shown: the first 300 of 5000 nodes.",
    ],
  ];
  for (const [view, note] of cut) {
    const started = performance.now();
    expect(unbroken(view)).toContain(note);
    expect(texts(svg(view)).join(" ")).toContain(note);
    expect(performance.now() - started).toBeLessThan(5000);
  }
});

test("heat: a grid finer than the picture shows means, the figure all values", () => {
  const values = Array.from({ length: 600 }, (_, r) =>
    Array.from({ length: 300 }, (_, c) => (c < 2 && r < 3 ? [1, 2, 3, 4, 5, null][r * 2 + c]! : 9)),
  );
  const view: HeatView = { ...heat, values };
  expect(coarse(view, 200).values[0]!.slice(0, 2)).toEqual([3, 9]);
  expect(texts(svg(view)).join(" ")).toContain("Each cell is the mean of 2 × 3.");
  expect((figure(view) as Heat).data[0]!.z).toEqual(values);
});

test("lanes: labels beyond what colours can tell apart share one kind", () => {
  const spans = Array.from({ length: 100 }, (_, i) => ({ from: i, to: i + 1, label: `task ${i}` }));
  const { data } = figure({ ...lanes, lanes: [{ name: "cpu", spans }] }) as Lanes;
  expect(data).toHaveLength(25);
  expect(data.at(-1)!.name).toBe("other");
  expect(data.at(-1)!.x).toHaveLength(76);
});

test("an array of views is a group", () => {
  expect(presentAll([lines, table])).toEqual([present(lines), present(table)]);
  expect(present([lines, table])).toEqual(present({ as: "group", views: [lines, table] }));
});

const words = "a queue of requests, each with its own deadline; ".repeat(8).trim();

test.each<[string, View]>([
  ["plot", { ...lines, title: words, caption: words }],
  ["lanes", { ...lanes, caption: words, lanes: lanes.lanes.map((lane) => ({ ...lane, name: words })) }],
  ["heat", { ...heat, caption: words, x: { ...heat.x, label: words } }],
  ["graph", { ...graph, title: words, caption: words }],
  ["sequence", { ...sequence, caption: words, participants: words.split(" ") }],
  ["table", { ...table, title: words, caption: words }],
])("%s: lines of words take at most 80 columns", (_, view) => {
  // Columns are as wide as what they hold.
  const broken = text(view)
    .split("\n")
    .filter((line) => !/\S {2,}\S|─/.test(line.trim()));
  expect(broken.length).toBeGreaterThan(5);
  expect(broken.filter((line) => line.length > 80)).toEqual([]);
});

test("a text view is HTML too, which breaks between words; colours of a terminal stay text", () => {
  const view: View = { as: "text", text: "a <disk>\n  and its heads" };
  const bundle = present(view);
  expect(bundle["text/plain"]).toBe(view.text);
  expect(bundle["text/html"]).toMatch(
    /^<pre style="white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;[^"]*">a &lt;disk&gt;\n  and its heads<\/pre>$/,
  );
  expect(present({ as: "text", text: "\u001b[31mred\u001b[0m" })).toEqual({ "text/plain": "\u001b[31mred\u001b[0m" });
});

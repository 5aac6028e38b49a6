import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { page } from "../../../kernel/display/index.js";
import { UsageError } from "../../../sim/core/index.js";
import { notebook } from "./notebook.js";

const bundle = `/* stands for plotly.js */ const tag = "</script>";`;
const html = page(notebook, { plotly: bundle });

/** A notebook of one code cell with these outputs. */
const ran = (...outputs: object[]): object => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [{ cell_type: "code", metadata: {}, execution_count: 1, source: "1", outputs }],
});

const shown = (...outputs: object[]): string => page(ran(...outputs)).split("<main>")[1]!;
const data = (forms: object): object => ({ output_type: "display_data", metadata: {}, data: forms });
const stream = (name: string, text: string | string[]): object => ({ output_type: "stream", name, text });

test("the page is titled by its first heading, or as asked", () => {
  expect(html).toContain("<title>The virtual disk</title>");
  expect(page(notebook, { title: "A & B" })).toContain("<title>A &amp; B</title>");
});

test("the contents list the headings, and every link of theirs arrives", () => {
  const links = [...html.matchAll(/<li class="level-(\d)"><a href="#([^"]+)">/g)].map(([, level, id]) => [
    level,
    decodeURIComponent(id!),
  ]);
  expect(links).toEqual([
    ["1", "The-virtual-disk"],
    ["2", "Measure-it"],
    ["2", "Compare"],
    ["3", "Techniques"],
    ["3", "Structure"],
  ]);
  for (const [, id] of links) expect(html).toContain(` id="${id!}"`);
});

test("headings of one name have anchors of their own", () => {
  const cells = [1, 2].map(() => ({ cell_type: "markdown", metadata: {}, source: "## Again" }));
  const twice = page({ nbformat: 4, metadata: {}, cells });
  expect(twice).toContain(`<h2 id="Again">`);
  expect(twice).toContain(`<h2 id="Again-1">`);
});

test("Markdown keeps formulas as they are, shows tables, details and attached pictures", () => {
  expect(html).toContain(`<span class="tex">$a_1 + b_2\\sqrt{d}$</span> and not 3 $ or 5 $ of anything`);
  expect(html).toContain(`<p class="tex">$$t = t_{seek} + \\frac{1}{2}t_{rev}$$</p>`);
  expect(html).toContain("<th>where</th>");
  expect(html).toMatch(/<details><summary>Hint<\/summary>\s*<p>Sectors count <strong>from 1<\/strong>/);
  expect(html).toMatch(/<img src="data:image\/png;base64,iVBOR[^"]+" alt="dot">/);
});

test("code is highlighted in the notebook's language, after a magic in the magic's", () => {
  expect(html).toContain(`<span class="hljs-keyword">const</span>`);
  expect(html).toContain(
    `<span class="hljs-meta">%%sh</span>\ndocker ps --all | grep web &amp;&amp; <span class="hljs-built_in">echo</span>`,
  );
  expect(html).toContain(`<p class="prompt">[1]</p>`);
});

test("the plotly bundle and the page's script stand on it once, and the policy allows just them", () => {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text!);
  expect(scripts).toHaveLength(2);
  expect(scripts[0]).toContain(`"<\\/script>"`);
  const hashes = scripts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  expect(html).toContain(`script-src ${hashes.join(" ")};`);
  expect(html).toContain("default-src 'none'");
});

test("each plot carries its figure, its static picture and its numbers; tables and diagrams are themselves", () => {
  const figures = [...html.matchAll(/<script type="application\/json">([\s\S]*?)<\/script>/g)].map(
    ([, json]) => JSON.parse(json!) as { data: object[] },
  );
  expect(figures).toHaveLength(5);
  expect(figures[0]!.data).toHaveLength(5);
  expect(html.match(/<figure class="still"><svg/g)).toHaveLength(5);
  expect(html.match(/<details class="numbers">/g)).toHaveLength(5);
  expect(html.match(/<svg /g)).toHaveLength(7);
  expect(html).toContain("<caption");
});

test("without a bundle, or without plots, the page has no script at all", () => {
  const still = page(notebook);
  expect(still).not.toMatch(/<script/);
  expect(still).toContain("script-src 'none'");
  expect(still.match(/<svg /g)).toHaveLength(7);
  expect(page(ran(), { plotly: bundle })).not.toMatch(/<script/);
});

test("a figure's JSON can't leave its element", () => {
  const figure = { data: [{ name: "</script><script>alert(1)</script>" }], layout: {} };
  const one = page(ran(data({ "application/vnd.plotly.v1+json": figure, "text/plain": "t" })), { plotly: bundle });
  expect(one.match(/<script/g)).toHaveLength(3);
  const json = /<script type="application\/json">([\s\S]*?)<\/script>/.exec(one)![1]!;
  expect(JSON.parse(json)).toEqual(figure);
});

test("streams: pieces joined, colours as spans, progress as it stood last, markup escaped", () => {
  expect(html).toContain(`<pre class="stream stdout">4 KiB 8.2 ms\n64 KiB 8.6 ms\n</pre>`);
  expect(html).toContain(
    `<pre class="stream stderr"><span style="color:var(--ansi-3)">warning</span>: the cache is <span style="font-weight:bold">off</span> &lt;really&gt;\n100 %\n</pre>`,
  );
  expect(shown(stream("stdout", "a"), stream("stdout", ["b\n", "c"]), stream("stderr", "d"))).toMatch(
    /stdout">ab\nc<\/pre>\n<pre class="stream stderr">d</,
  );
});

test("256 and true colours, resets and foreign escapes", () => {
  const esc = "\u001B";
  expect(
    shown(
      stream(
        "stdout",
        `${esc}[38;5;196mred${esc}[0m ${esc}[48;2;1;2;3;4mx${esc}[m${esc}]8;;http://a${esc}\\link${esc}[2K`,
      ),
    ),
  ).toContain(
    `<span style="color:rgb(255,0,0)">red</span> <span style="background:rgb(1,2,3);text-decoration:underline">x</span>link`,
  );
});

test("errors show their traceback in colours, or name and message where there is none", () => {
  expect(html).toMatch(
    /<pre class="error" role="alert"><span style="color:var\(--ansi-1\)">UsageError<\/span>: disk has no option/,
  );
  expect(html).toContain("&lt;b&gt;not bold&lt;/b&gt;");
  expect(shown({ output_type: "error", ename: "E", evalue: "why", traceback: [] })).toContain(">E: why</pre>");
});

test("an output is shown in its richest form", () => {
  const forms = {
    "text/html": "<i>html</i>",
    "text/markdown": "*markdown*",
    "image/svg+xml": ["<svg>", "</svg>"],
    "image/png": "AAAA\n",
    "text/plain": "plain",
    "application/json": { a: 1 },
  };
  const expected: [string, string][] = [
    ["text/html", `<div class="html"><i>html</i></div>`],
    ["text/markdown", "<em>markdown</em>"],
    ["image/svg+xml", "<figure><svg></svg></figure>"],
    ["image/png", `<img src="data:image/png;base64,AAAA" alt="plain">`],
    ["text/plain", `<pre class="text">plain</pre>`],
    ["application/json", "&quot;a&quot;: 1"],
  ];
  const left: Record<string, unknown> = { ...forms };
  for (const [type, part] of expected) {
    expect(shown(data(left))).toContain(part);
    Reflect.deleteProperty(left, type);
  }
  expect(shown(data({ "application/x-odd": 1 }))).toContain("An output that a page cannot show: application/x-odd.");
});

test("the page loads nothing from anywhere", () => {
  expect([...page(notebook).matchAll(/(?:src|href)="(?!#|data:)([^"]*)"/g)]).toEqual([]);
});

test("what is no notebook is refused with the way out", () => {
  for (const wrong of [null, 3, [], {}, { cells: [] }, { nbformat: 3, cells: [] }, { nbformat: 4, cells: {} }]) {
    expect(() => page(wrong)).toThrow(UsageError);
  }
  expect(() => page({ nbformat: 3, cells: [] })).toThrow("no notebook of format 4 but of format 3");
});

test("a notebook with odd parts still becomes a page", () => {
  const odd = {
    nbformat: 4,
    cells: [
      null,
      7,
      { cell_type: "code" },
      { cell_type: "markdown", source: 3 },
      { cell_type: "code", source: ["a", 1], outputs: [null, { output_type: "display_data", data: [] }] },
    ],
  };
  expect(page(odd)).toContain("</html>");
});

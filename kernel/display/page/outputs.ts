import { mime } from "../bundle.js";
import { escape } from "../html/escape.js";
import { ansiHtml } from "./ansi.js";
import type { Markdown } from "./markdown.js";
import { joined, type Output } from "./notebook.js";

type Data = Readonly<Record<string, unknown>>;

interface Context {
  readonly markdown: Markdown;
  /** Whether the page carries plotly.js. */
  readonly interactive: boolean;
}

/** JSON that can stand inside a `<script>` element. */
const inlineJson = (value: unknown): string => JSON.stringify(value).replace(/</g, "\\u003c");

/** One output of a cell as HTML. */
export function outputHtml(output: Output, context: Context): string {
  switch (output.kind) {
    case "stream":
      return `<pre class="stream ${output.name === "stderr" ? "stderr" : "stdout"}">${ansiHtml(output.text)}</pre>`;
    case "error":
      return `<pre class="error" role="alert">${ansiHtml(output.traceback)}</pre>`;
    case "data":
      return dataHtml(output.data, context);
  }
}

export const isFigure = (output: Output): boolean => output.kind === "data" && mime.plotly in output.data;

/** The richest form that a page can show. */
function dataHtml(data: Data, context: Context): string {
  if (mime.plotly in data) return figureHtml(data, context);
  const html = data[mime.html];
  if (html !== undefined) return `<div class="html">${joined(html)}</div>`;
  const markdown = data["text/markdown"];
  if (markdown !== undefined) return `<div class="prose">${context.markdown.html(joined(markdown))}</div>`;
  return still(data);
}

/** A picture that does not move, or text. */
function still(data: Data): string {
  const text = joined(data[mime.text]);
  const svg = data[mime.svg];
  if (svg !== undefined) return `<figure>${joined(svg)}</figure>`;
  for (const type of ["image/png", "image/jpeg", "image/gif", "image/webp"]) {
    const content = data[type];
    if (content === undefined) continue;
    return `<figure><img src="data:${type};base64,${joined(content).replace(/\s/g, "")}" alt="${escape(text)}"></figure>`;
  }
  if (mime.text in data) return `<pre class="text">${ansiHtml(text)}</pre>`;
  const latex = data["text/latex"];
  if (latex !== undefined) return `<p class="tex">${escape(joined(latex))}</p>`;
  const json = data["application/json"];
  if (json !== undefined) return `<pre class="text">${escape(JSON.stringify(json, null, 2))}</pre>`;
  return `<p class="note">An output that a page cannot show: ${escape(Object.keys(data).join(", ") || "empty")}.</p>`;
}

/**
 * A plot: the static picture first, so that the page reads without scripts and prints; the page's script draws the
 * interactive one over it. Its numbers are there to be opened, for those who cannot see either.
 */
function figureHtml(data: Data, { interactive }: Context): string {
  const text = joined(data[mime.text]);
  const title = text.split("\n")[0] ?? "";
  const numbers =
    text === ""
      ? ""
      : `<details class="numbers"><summary>Data</summary><pre class="text">${escape(text)}</pre></details>`;
  const svg = data[mime.svg];
  const picture = svg === undefined ? "" : `<figure class="still">${joined(svg)}</figure>`;
  if (!interactive) return `<div class="plot">${picture}${numbers}</div>`;
  const figure = `<script type="application/json">${inlineJson(data[mime.plotly])}</script>`;
  return `<div class="plot">${picture}<div class="live" role="img" aria-label="${escape(title)}"></div>${figure}${numbers}</div>`;
}

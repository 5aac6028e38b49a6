import { createHash } from "node:crypto";
import { escape } from "../html/escape.js";
import { cellHtml } from "./code.js";
import { Markdown, type Heading } from "./markdown.js";
import { readNotebook, type Cell } from "./notebook.js";
import { isFigure, outputHtml } from "./outputs.js";
import { script } from "./script.js";
import { style } from "./style.js";

interface PageOptions {
  /** The page's title; the notebook's first heading where absent. */
  readonly title?: string;
  /** The text of a plotly.js bundle. It is carried once, by pages with plots; without it plots are static pictures. */
  readonly plotly?: string;
}

/**
 * An executed notebook as one HTML page that needs nothing else: no network, no other file. Code highlighted, outputs in
 * their richest form, plots interactive (static where scripts are off, and on paper), contents, light and dark.
 *
 * What the notebook's outputs and its Markdown hold as HTML is put on the page as it is, for the reader ran the notebook.
 * Yet the page's content security policy lets no script run but the page's own two, and loads nothing from anywhere: a
 * script, an event handler or a remote picture inside a notebook does nothing. Formulas stay as TeX.
 *
 * @param notebook the parsed JSON of an .ipynb file, nbformat 4
 * @throws UsageError for what is no such notebook
 */
export function page(notebook: unknown, options: PageOptions = {}): string {
  const { cells, language } = readNotebook(notebook);
  const markdown = new Markdown(language);
  const plotted = cells.some(({ outputs }) => outputs.some(isFigure));
  const scripts = plotted && options.plotly !== undefined ? [options.plotly, script] : [];
  const context = { markdown, interactive: scripts.length > 0 };
  const body = cells.map((cell) => cellSection(cell, language, context)).join("\n");
  const title = options.title ?? plain(markdown.headings[0]?.text ?? "Notebook");
  return [
    `<!DOCTYPE html>`,
    `<html lang="en">`,
    `<head>`,
    `<meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy(scripts)}">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    `</head>`,
    `<body>`,
    contents(markdown.headings),
    `<main>`,
    body,
    `</main>`,
    ...scripts.map((text) => `<script>${closed(text)}</script>`),
    `</body>`,
    `</html>`,
    ``,
  ].join("\n");
}

/** A script as it stands in the page: no string of its ends its element, and line ends as the browser hashes them. */
const closed = (text: string): string => text.replace(/<\/script/gi, "<\\/script").replace(/\r\n?/g, "\n");

function policy(scripts: readonly string[]): string {
  const hashes = scripts.map((text) => `'sha256-${createHash("sha256").update(closed(text)).digest("base64")}'`);
  const allowed = hashes.length > 0 ? hashes.join(" ") : "'none'";
  return `default-src 'none'; script-src ${allowed}; style-src 'unsafe-inline'; img-src data: blob:; media-src data:; font-src data:; base-uri 'none'; form-action 'none'`;
}

const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&");

function contents(headings: readonly Heading[]): string {
  const listed = headings.filter(({ level }) => level <= 3);
  if (listed.length < 2) return "";
  const items = listed.map(
    ({ id, text, level }) =>
      `<li class="level-${level}"><a href="#${escape(encodeURIComponent(id))}">${text.replace(/<\/?a\b[^>]*>/g, "")}</a></li>`,
  );
  return `<nav aria-label="Contents"><details open><summary>Contents</summary><ol>${items.join("")}</ol></details></nav>`;
}

function cellSection(cell: Cell, language: string, context: Parameters<typeof outputHtml>[1]): string {
  if (cell.type === "markdown") {
    return `<section class="cell prose">${context.markdown.html(cell.source, cell.attachments)}</section>`;
  }
  if (cell.type === "raw") return `<section class="cell"><pre>${escape(cell.source)}</pre></section>`;
  const outputs = cell.outputs.map((output) => outputHtml(output, context));
  return [
    `<section class="cell code">`,
    `<p class="prompt">[${cell.count ?? " "}]</p>`,
    ...(cell.source === "" ? [] : [`<pre class="source"><code>${cellHtml(cell.source, language)}</code></pre>`]),
    ...(outputs.length > 0 ? [`<div class="outputs">`, ...outputs, `</div>`] : []),
    `</section>`,
  ].join("\n");
}

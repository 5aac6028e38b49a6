import { createRequire } from "node:module";
import type { HLJSApi, LanguageFn } from "highlight.js";
import { escape } from "../html/escape.js";

const require = createRequire(import.meta.url);

const languages = [
  "typescript",
  "javascript",
  "python",
  "bash",
  "yaml",
  "json",
  "dockerfile",
  "ini",
  "xml",
  "css",
  "diff",
  "c",
  "go",
];

/** What the first line of a cell says of the rest. */
const magics: Readonly<Record<string, string>> = {
  sh: "bash",
  bash: "bash",
  docker: "bash",
  kubectl: "bash",
  html: "xml",
  markdown: "plaintext",
  asm: "plaintext",
};

let library: HLJSApi | undefined;

/** highlight.js with the languages of the course, loaded by the first page. */
function highlighter(): HLJSApi {
  if (library !== undefined) return library;
  library = require("highlight.js/lib/core") as HLJSApi;
  for (const name of languages) {
    library.registerLanguage(name, require(`highlight.js/lib/languages/${name}`) as LanguageFn);
  }
  return library;
}

/** Source as HTML with spans of highlight.js' classes; plain where the language is unknown. */
export function codeHtml(source: string, language: string): string {
  const highlight = highlighter();
  if (highlight.getLanguage(language) === undefined) return escape(source);
  return highlight.highlight(source, { language, ignoreIllegals: true }).value;
}

/** A cell's source: after a magic such as `%%sh` in that magic's language. */
export function cellHtml(source: string, language: string): string {
  const magic = /^(%%(\w+)[^\n]*)(\n|$)/.exec(source);
  if (magic === null) return codeHtml(source, language);
  const [, line = "", name = "", end = ""] = magic;
  const rest = source.slice(line.length + end.length);
  return `<span class="hljs-meta">${escape(line)}</span>${end}${codeHtml(rest, magics[name] ?? language)}`;
}

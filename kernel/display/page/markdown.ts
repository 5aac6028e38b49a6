import { createRequire } from "node:module";
import type * as MarkedLibrary from "marked";
import type { Marked, TokenizerAndRendererExtension } from "marked";
import { escape } from "../html/escape.js";
import type { Cell } from "./notebook.js";
import { codeHtml } from "./code.js";

const require = createRequire(import.meta.url);

export interface Heading {
  readonly id: string;
  /** As HTML. */
  readonly text: string;
  readonly level: number;
}

/** TeX between dollars stays as it is written: kept from Markdown, which would read its underscores as emphasis. */
const tex = (name: string, level: "block" | "inline", rule: RegExp): TokenizerAndRendererExtension => ({
  name,
  level,
  start: (source) => {
    const at = source.search(level === "block" ? /^\$\$/m : /\$/);
    return at < 0 ? undefined : at;
  },
  tokenizer: (source) => {
    const match = rule.exec(source);
    return match === null ? undefined : { type: name, raw: match[0], text: match[0].trim() };
  },
  renderer: ({ raw }) =>
    `<${level === "block" ? "p" : "span"} class="tex">${escape(raw.trim())}</${level === "block" ? "p" : "span"}>`,
});

/**
 * One page's Markdown: it collects the headings and gives each an anchor that is unique on the page, written as Jupyter
 * writes it, so that a notebook's own links arrive. Raw HTML passes through.
 */
export class Markdown {
  readonly headings: Heading[] = [];
  private readonly ids = new Map<string, number>();
  private readonly parser: Marked;
  private attachments: Cell["attachments"] = {};

  constructor(language: string) {
    const { Marked: Parser } = require("marked") as typeof MarkedLibrary;
    this.parser = new Parser({
      extensions: [
        tex("texBlock", "block", /^\$\$[\s\S]+?\$\$[ \t]*(?:\n|$)/),
        tex("texLine", "inline", /^\$\$[\s\S]+?\$\$|^\$(?![\s$])[^$\n]*[^$\s\\]\$(?!\d)/),
      ],
      renderer: {
        heading: ({ tokens, depth }) => {
          const text = this.parser.Parser.parseInline(tokens);
          const id = this.anchor(text.replace(/<[^>]*>/g, ""));
          this.headings.push({ id, text, level: depth });
          return `<h${depth} id="${id}">${text}</h${depth}>\n`;
        },
        code: ({ text, lang }) => `<pre class="source"><code>${codeHtml(text, lang ?? language)}</code></pre>\n`,
        image: ({ href, title, text }) => {
          const name = title === null ? "" : ` title="${escape(title)}"`;
          return `<img src="${escape(this.source(href))}" alt="${escape(text)}"${name}>`;
        },
      },
    });
  }

  html(source: string, attachments: Cell["attachments"] = {}): string {
    this.attachments = attachments;
    return this.parser.parse(source, { async: false });
  }

  private anchor(text: string): string {
    const id = text.trim().replace(/\s+/g, "-");
    const seen = this.ids.get(id) ?? 0;
    this.ids.set(id, seen + 1);
    return seen === 0 ? id : `${id}-${seen}`;
  }

  /** A file attached to the cell becomes part of the page. */
  private source(href: string): string {
    if (!href.startsWith("attachment:")) return href;
    const [type, content] = Object.entries(this.attachments[decodeURIComponent(href.slice(11))] ?? {})[0] ?? [];
    return type === undefined || content === undefined ? href : `data:${type};base64,${content.replace(/\s/g, "")}`;
  }
}

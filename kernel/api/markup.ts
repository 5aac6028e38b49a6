import type { MimeBundle } from "../display/index.js";

/** Text in a markup language, shown as what it means. */
export interface Markup {
  toString(): string;
}

class MarkupText implements Markup {
  readonly #text: string;

  constructor(type: string, text: string) {
    this.#text = text;
    const bundle: MimeBundle = { [type]: text, "text/plain": text };
    // Deno's convention for objects that show themselves in a notebook.
    Object.defineProperty(this, Symbol.for("Jupyter.display"), { value: () => bundle });
  }

  toString(): string {
    return this.#text;
  }
}

type Tag = (strings: TemplateStringsArray, ...values: readonly unknown[]) => Markup;

const tag =
  (type: string): Tag =>
  (strings, ...values) =>
    new MarkupText(type, String.raw({ raw: strings }, ...values));

/** HTML as a template: `html`<b>${name}</b>``, as Deno has it. Values stand in it as they are, unescaped. */
export const html: Tag = tag("text/html");
/** Markdown as a template. */
export const md: Tag = tag("text/markdown");
/** An SVG picture as a template. */
export const svg: Tag = tag("image/svg+xml");

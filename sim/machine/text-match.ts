/** How much text a pattern may span, in characters. */
const window = 4096;

/** Waits for a text, or what a pattern matches, in text that comes in pieces. */
export class TextMatch {
  readonly #wanted: string | RegExp;
  #heard = "";

  constructor(wanted: string | RegExp) {
    // A pattern that remembers where it was would miss what comes before.
    this.#wanted = typeof wanted === "string" ? wanted : new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ""));
  }

  /** @returns what was waited for, as soon as it is there */
  add(text: string): string | undefined {
    const wanted = this.#wanted;
    const heard = this.#heard + text;
    if (typeof wanted === "string") {
      this.#heard = heard.slice(Math.max(0, heard.length - wanted.length + 1));
      return heard.includes(wanted) ? wanted : undefined;
    }
    this.#heard = heard.slice(-window);
    return wanted.exec(heard)?.[0];
  }
}

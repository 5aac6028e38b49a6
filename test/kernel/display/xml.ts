/** Reads markup as XML and complains as a strict parser would: what is not well-formed is not shown by `<img>`. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/gu;

/** @throws Error where tags don't match, an attribute is unquoted or `&` and `<` stand for themselves */
export function elements(xml: string): Element[] {
  const open: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const all: Element[] = [];
  for (const [, closing, name = "", attributes = "", empty, text, stray] of xml.matchAll(token)) {
    if (stray !== undefined) throw new Error(`a stray < in ${xml.slice(0, 80)}`);
    if (text !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot|#\d+);)/.test(text)) throw new Error(`a bare & in "${text}"`);
      for (const element of open) element.text += decoded(text);
    } else if (closing === "/") {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name ?? "nothing"}>`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
      const element = { name, attributes: Object.fromEntries(pairs) as Record<string, string>, text: "" };
      all.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name ?? ""}> is not closed`);
  return all;
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

const decoded = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (_, code?: string, name?: string) =>
    code === undefined ? named[name ?? ""]! : String.fromCodePoint(Number(code)),
  );

/** The texts that a reader of the picture sees. */
export const texts = (svg: string): string[] =>
  elements(svg)
    .filter(({ name }) => name === "text")
    .map(({ text }) => text);

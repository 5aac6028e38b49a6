import { UsageError } from "../../core/index.js";

/** An element: what stands between its tags is text, or elements. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const decoded = (text: string): string => text.replaceAll(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole);
const encoded = (text: string): string =>
  text.replaceAll(/[<>&"']/g, (one) => `&${Object.entries(entities).find(([, sign]) => sign === one)?.[0] ?? ""};`);

/** Reads a document of XML without DTD: elements, attributes, comments. @throws UsageError that names the line */
export function parseXml(text: string): Element {
  const pattern =
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)|</g;
  interface Open {
    readonly name: string;
    readonly attributes: Record<string, string>;
    readonly children: Element[];
    text: string;
  }
  const open: Open[] = [{ name: "", attributes: {}, children: [], text: "" }];
  let line = 1;
  const wrong = (what: string): UsageError =>
    new UsageError(`XML, line ${line}: ${what}`, "Close every element that is opened, and quote attributes.");
  for (const match of text.matchAll(pattern)) {
    const [whole, closing, name, attributes = "", single, between] = match;
    const at = open.at(-1);
    if (at === undefined) throw wrong("more is closed than was opened");
    if (between !== undefined) at.text += decoded(between);
    else if (whole === "<") throw wrong("a < that begins no element");
    else if (closing === "/") {
      if (at.name !== name)
        throw wrong(`</${name ?? ""}> where ${at.name === "" ? "nothing" : `<${at.name}>`} is open`);
      open.pop();
      open.at(-1)?.children.push({ ...at, text: at.text.trim() });
    } else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
        ([, key = "", double, single_]): [string, string] => [key, decoded(double ?? single_ ?? "")],
      );
      const made = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
      if (single === "/") at.children.push(made);
      else open.push(made);
    }
    line += whole.split("\n").length - 1;
  }
  const [top] = open;
  if (open.length > 1 || top === undefined) throw wrong(`<${open.at(-1)?.name ?? ""}> isn't closed`);
  const [root] = top.children;
  if (root === undefined || top.children.length > 1) throw wrong("a document has one element");
  return root;
}

/** Writes an element as libvirt does: two blanks a level, attributes in single quotes. */
export function formatXml({ name, attributes, children, text }: Element, depth = 0): string {
  const indent = "  ".repeat(depth);
  const head = `${indent}<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}='${encoded(value)}'`)
    .join("")}`;
  if (children.length > 0)
    return `${head}>\n${children.map((one) => formatXml(one, depth + 1)).join("")}${indent}</${name}>\n`;
  return text === "" ? `${head}/>\n` : `${head}>${encoded(text)}</${name}>\n`;
}

import type { Runtime } from "node:inspector";

/** How many UTF-16 units of a value are shown in a line. */
const widest = 200;

/** A value in one line, as JavaScript would write it where that is possible; no code of the value's runs. */
export function valueText(value: Runtime.RemoteObject): string {
  if (value.type === "string") return short(JSON.stringify(value.value));
  if (value.type === "undefined") return "undefined";
  if (value.subtype === "null") return "null";
  const description = value.unserializableValue ?? value.description ?? String(value.value);
  if (value.type === "function") return short(heading(description));
  if (value.subtype === "error") return short(description.split("\n")[0] ?? "");
  return short(value.preview === undefined ? description : previewText(value.preview));
}

/** What TypeScript's reader would call it: `number`, `string`, `Array(3)`, `Map(2)`, `Point`. */
export function valueType({ type, subtype, className, description }: Runtime.RemoteObject): string {
  if (type !== "object") return type;
  if (subtype === "null") return "null";
  const sized = description !== undefined && /^[\w$]+\(\d+\)$/.test(description);
  return sized ? description : (className ?? "object");
}

/** How many elements an array or the like has; undefined for other objects. */
export function elementCount({ subtype, description = "" }: Runtime.RemoteObject): number | undefined {
  if (subtype !== "array" && subtype !== "typedarray") return undefined;
  const count = /\((\d+)\)$/.exec(description)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Objects whose description says more than their properties. */
const inWords: ReadonlySet<string> = new Set(["regexp", "date", "error", "promise", "proxy", "weakmap", "weakset"]);

function previewText({ description = "", subtype, properties, entries, overflow }: Runtime.ObjectPreview): string {
  const more = overflow ? ["…"] : [];
  if (entries !== undefined) {
    const shown = entries.map(({ key, value }) => (key === undefined ? "" : `${inner(key)} => `) + inner(value));
    return `${description} {${[...shown, ...more].join(", ")}}`;
  }
  if (subtype === "array" || subtype === "typedarray") {
    const shown = properties.map((each) => (/^\d+$/.test(each.name) ? "" : `${each.name}: `) + property(each));
    return `${description} [${[...shown, ...more].join(", ")}]`;
  }
  if (subtype !== undefined && inWords.has(subtype)) return description;
  const shown = properties.map((each) => `${each.name}: ${property(each)}`);
  const name = description === "Object" ? "" : `${description} `;
  return `${name}{${[...shown, ...more].join(", ")}}`;
}

function property({ type, subtype, value = "", valuePreview }: Runtime.PropertyPreview): string {
  if (type === "accessor") return "(…)";
  if (type === "string") return JSON.stringify(value);
  if (type === "function") return "function";
  if (valuePreview !== undefined) return previewText(valuePreview);
  return subtype === "null" ? "null" : value;
}

function inner(preview: Runtime.ObjectPreview): string {
  if (preview.type === "string") return JSON.stringify(preview.description ?? "");
  return previewTextOrWord(preview);
}

/** A primitive's preview has no properties. */
function previewTextOrWord(preview: Runtime.ObjectPreview): string {
  return preview.type === "object" ? previewText(preview) : (preview.description ?? preview.type);
}

/** A function without its body. */
function heading(source: string): string {
  const line = source.replace(/\s+/g, " ");
  const body = /\s*(?:=>|\{)/.exec(line);
  return body === null ? line : line.slice(0, body.index);
}

function short(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest - 1)}…`;
}

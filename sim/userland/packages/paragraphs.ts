/** A paragraph of a control file: fields by their names, in order. */
export type Paragraph = ReadonlyMap<string, string>;

/** Reads paragraphs of `Field: value` lines; a line that begins with a blank goes on with the field above (deb822(5)). */
export function readParagraphs(text: string): Paragraph[] {
  const all: Map<string, string>[] = [];
  for (const block of text.split(/\n[ \t]*\n+/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of block.split("\n")) {
      if (/^[ \t]/.test(line)) fields.set(last, `${fields.get(last) ?? ""}\n${line}`);
      else {
        const [, name, value = ""] = /^([^:\s]+):[ \t]*(.*)$/.exec(line) ?? [];
        if (name === undefined) continue;
        fields.set((last = name), value.trimEnd());
      }
    }
    if (fields.size > 0) all.push(fields);
  }
  return all;
}

/** The same as text; fields without a value are left out. */
export const paragraphText = (fields: Iterable<readonly [string, string | number | undefined]>): string =>
  [...fields]
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}:${String(value).startsWith("\n") ? "" : " "}${value}\n`)
    .join("");

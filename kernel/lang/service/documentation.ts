import type ts from "typescript";
import type { Inspection, Remark } from "../types.js";

type Documentation = Pick<Inspection, "documentation" | "sections">;

/** What the tags of a doc comment are about, in the order in which a reader wants it; all others come behind. */
const headings: Readonly<Record<string, string>> = {
  deprecated: "Deprecated",
  param: "Parameters",
  typeParam: "Type parameters",
  template: "Type parameters",
  returns: "Returns",
  return: "Returns",
  throws: "Throws",
  exception: "Throws",
  default: "Default",
  defaultValue: "Default",
  example: "Example",
  see: "See",
};
const order = [...new Set(Object.values(headings))];

/** A doc comment's words, and a section for each kind of tag that it has. */
export function documentationOf(
  words: readonly ts.SymbolDisplayPart[] | undefined,
  tags: readonly ts.JSDocTagInfo[] | undefined,
): Documentation {
  const sections = new Map<string, Remark[]>(order.map((heading) => [heading, []]));
  for (const tag of tags ?? []) {
    const heading = headings[tag.name] ?? `@${tag.name}`;
    const remarks = sections.get(heading) ?? [];
    remarks.push(remark(tag));
    sections.set(heading, remarks);
  }
  const kept = Array.from(sections, ([heading, remarks]) => ({ heading, remarks })).filter(
    ({ remarks }) => remarks.length > 0,
  );
  return { documentation: plainWords(words), ...(kept.length === 0 ? {} : { sections: kept }) };
}

/** Without the marks around a link. */
function plainWords(parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  return (parts ?? [])
    .filter(({ kind }) => kind !== "link")
    .map(({ text }) => text)
    .join("")
    .trim();
}

function remark({ text = [] }: ts.JSDocTagInfo): Remark {
  const [first, ...rest] = text;
  const named = first?.kind === "parameterName" || first?.kind === "typeParameterName";
  if (!named) return { words: plainWords(text) };
  return { of: first.text, words: plainWords(rest).replace(/^-\s+/, "") };
}

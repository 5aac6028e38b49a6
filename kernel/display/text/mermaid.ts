import type { GraphView, SequenceView } from "../../../sim/core/index.js";
import { roleColours } from "../picture/palette.js";
import { participantsOf } from "./sequence.js";
import { oneLine } from "./width.js";

/** Text that Mermaid shows as it is: what its grammar or its HTML labels would read is written as numbered entities. */
function quoted(label: string): string {
  return oneLine(label).replace(/[#;&<>"`{}[\]|\\%:]/g, (c) => `#${c.charCodeAt(0)};`);
}

/**
 * The kind of diagram under its title, with what a screen reader says: Mermaid's front matter, `accTitle` and `accDescr`.
 * A `;` or `#` would end the latter two.
 */
function heading(kind: string, { title, caption }: { readonly title: string; readonly caption: string }): string[] {
  const said = (key: string, text: string): string[] =>
    text === "" ? [] : [`  ${key}: ${oneLine(text).replace(/[;#]/g, ",")}`];
  const front = title === "" ? [] : ["---", `title: ${JSON.stringify(oneLine(title))}`, "---"];
  return [...front, kind, ...said("accTitle", title), ...said("accDescr", caption)];
}

/** A graph as a Mermaid flowchart, coloured by role. */
export function graphMermaid(view: GraphView): string {
  const ids = new Map(view.nodes.map(({ id }, i) => [id, `n${i}`]));
  const roles = [...new Set(view.nodes.flatMap(({ role }) => role ?? []))];
  const nodes = view.nodes.map(({ id, label, role }) => {
    return `  ${ids.get(id) ?? ""}["${quoted(label)}"]${role === undefined ? "" : `:::${role}`}`;
  });
  const edges = view.edges.flatMap(({ from, to, label }) => {
    const [a, b] = [ids.get(from), ids.get(to)];
    if (a === undefined || b === undefined) return [];
    return [`  ${a} -->${label === undefined || label === "" ? "" : `|"${quoted(label)}"|`} ${b}`];
  });
  const classes = roles.map((role) => `  classDef ${role} fill:${roleColours[role]}29,stroke:${roleColours[role]}`);
  return [...heading("flowchart LR", view), ...nodes, ...edges, ...classes].join("\n");
}

/** A sequence as a Mermaid sequence diagram. */
export function sequenceMermaid(view: SequenceView): string {
  const ids = new Map(participantsOf(view).map((name, i) => [name, `p${i}`]));
  return [
    ...heading("sequenceDiagram", view),
    ...[...ids].map(([name, id]) => `  participant ${id} as ${quoted(name)}`),
    ...view.messages.map(({ from, to, label, reply }) => {
      return `  ${ids.get(from) ?? ""}${reply === true ? "-->>" : "->>"}${ids.get(to) ?? ""}: ${quoted(label)}`;
    }),
  ].join("\n");
}

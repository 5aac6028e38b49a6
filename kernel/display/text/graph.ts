import type { GraphView } from "../../../sim/core/index.js";
import { captionLines, oneLine, paragraph } from "./width.js";

/** Lines that a text takes of a graph. */
const listed = 200;

type Edges = GraphView["edges"];

/** A node's own edges, by its id. */
function leads(view: GraphView): Map<string, Edges> {
  const from = new Map<string, Edges[number][]>();
  for (const edge of view.edges) from.set(edge.from, [...(from.get(edge.from) ?? []), edge]);
  return from;
}

/** The graph as an indented outline: each node below what points to it; one met before is named and not repeated. */
function outline(view: GraphView): string[] {
  const label = new Map(view.nodes.map((node) => [node.id, node.label]));
  const edges = leads(view);
  const entered = new Set(view.edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  const seen = new Set<string>();
  const shown: string[] = [];
  const visit = (id: string, depth: number, via: string): void => {
    if (shown.length >= listed) return;
    const again = seen.has(id);
    const below = edges.get(id) ?? [];
    shown.push(
      `${"  ".repeat(depth)}${via}${oneLine(label.get(id) ?? id)}${again && below.length > 0 ? " (above)" : ""}`,
    );
    seen.add(id);
    if (again) return;
    for (const edge of below) visit(edge.to, depth + 1, edge.label === undefined ? "" : `${oneLine(edge.label)} → `);
  };
  // What nothing points to comes first; then what only cycles lead to.
  for (const { id } of view.nodes) if (!entered.has(id)) visit(id, 0, "");
  for (const { id } of view.nodes) if (!seen.has(id)) visit(id, 0, "");
  return shown.length < listed ? shown : [...shown, "…"];
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** A graph in sentences: its size, then each node with what it points to. */
export function graphSummary(view: GraphView): string[] {
  const label = new Map(view.nodes.map((node) => [node.id, node.label]));
  const edges = leads(view);
  const targets = view.nodes.flatMap(({ id, label: name }) => {
    const ends = (edges.get(id) ?? []).map((edge) => {
      return `${edge.label === undefined ? "" : `${edge.label}: `}${label.get(edge.to) ?? edge.to}`;
    });
    return ends.length === 0 ? [] : [`${name} → ${ends.join(", ")}`];
  });
  return [`${count(view.nodes.length, "node")}, ${count(view.edges.length, "edge")}`, ...targets].map(oneLine);
}

/** A graph for a terminal. */
export function graphText(view: GraphView): string {
  return [
    ...paragraph(view.title),
    `  ${count(view.nodes.length, "node")}, ${count(view.edges.length, "edge")}`,
    "",
    ...outline(view).map((line) => `  ${line}`),
    ...captionLines(view.caption),
  ].join("\n");
}

import type { GraphView } from "../../../sim/core/index.js";
import { oneLine } from "./width.js";

const arrow = (label: string | undefined): string => (label === undefined || label === "" ? "" : `${label} → `);

/** Nodes that nothing points to; in a graph of cycles only, its first. */
function roots(view: GraphView): GraphView["nodes"] {
  const entered = new Set(view.edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  const free = view.nodes.filter(({ id }) => !entered.has(id));
  return free.length > 0 ? free : view.nodes.slice(0, 1);
}

/** The graph as an indented outline: each node below what points to it; one met before is named and not repeated. */
function outline(view: GraphView): string[] {
  const label = new Map(view.nodes.map((node) => [node.id, node.label]));
  const seen = new Set<string>();
  const shown: string[] = [];
  const visit = (id: string, depth: number, via: string): void => {
    const again = seen.has(id);
    const leads = view.edges.filter(({ from }) => from === id);
    const mark = again && leads.length > 0 ? " (above)" : "";
    shown.push(`${"  ".repeat(depth)}${via}${oneLine(label.get(id) ?? id)}${mark}`);
    seen.add(id);
    if (!again) for (const edge of leads) visit(edge.to, depth + 1, arrow(edge.label));
  };
  for (const { id } of roots(view)) visit(id, 0, "");
  for (const { id } of view.nodes) if (!seen.has(id)) visit(id, 0, "");
  return shown;
}

/** A graph in sentences: its size, then each node with what it points to. */
export function graphSummary(view: GraphView): string[] {
  const label = new Map(view.nodes.map((node) => [node.id, node.label]));
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
  const targets = view.nodes.flatMap(({ id, label: name }) => {
    const leads = view.edges
      .filter(({ from }) => from === id)
      .map((edge) => `${edge.label === undefined ? "" : `${edge.label}: `}${label.get(edge.to) ?? edge.to}`);
    return leads.length === 0 ? [] : [`${name} → ${leads.join(", ")}`];
  });
  return [`${count(view.nodes.length, "node")}, ${count(view.edges.length, "edge")}`, ...targets].map(oneLine);
}

/** A graph for a terminal. */
export function graphText(view: GraphView): string {
  return [
    oneLine(view.title),
    `  ${graphSummary(view)[0] ?? ""}`,
    "",
    ...outline(view).map((line) => `  ${line}`),
    ...(view.caption === "" ? [] : ["", oneLine(view.caption)]),
  ].join("\n");
}

import type { GraphView } from "../../../sim/core/index.js";
import { layered, type Layout, type Link, type Point } from "../picture/layered.js";
import { lines, measure } from "../picture/measure.js";
import { ink, roleColours, textOn } from "../picture/palette.js";
import { graphSummary } from "../text/graph.js";
import { oneLine } from "../text/width.js";
import { own, pictureWidth, svgDocument, text, type Key } from "./document.js";

/** Pixels: a label's line, the space around it, the widest that a node's label may be. */
const line = 16;
const padding = { x: 12, y: 8 };
const labelWidth = 150;
const margin = 10;

interface Node {
  readonly id: string;
  readonly label: readonly string[];
  readonly colour: string;
  readonly filled: boolean;
  readonly width: number;
  readonly height: number;
}

/**
 * A graph as a static picture: layers from left to right, or from top to bottom where the layers are too many for the
 * picture's width; scaled down where neither fits.
 */
export function graphSvg(view: GraphView): string {
  const nodes = view.nodes.map(({ id, label, role }): Node => {
    const broken = lines(oneLine(label), 12, labelWidth);
    return {
      id,
      label: broken,
      colour: role === undefined ? ink : roleColours[role],
      filled: role !== undefined,
      width: Math.ceil(Math.max(30, ...broken.map((part) => measure(part, 12)))) + 2 * padding.x,
      height: broken.length * line + 2 * padding.y,
    };
  });
  const known = new Set(nodes.map(({ id }) => id));
  const edges = view.edges.filter(({ from, to }) => known.has(from) && known.has(to));
  const arrange = (sideways: boolean): Layout =>
    layered(
      nodes.map(({ id, width, height }) => ({
        id,
        depth: sideways ? width : height,
        breadth: sideways ? height : width,
      })),
      edges.map(({ from, to, label }): Link => {
        const room = label === undefined ? 0 : sideways ? measure(label, 11) + 64 : 66;
        return { from, to, room };
      }),
    );
  const across = arrange(true);
  const sideways = across.depth <= pictureWidth - 2 * margin;
  const layout = sideways ? across : arrange(false);
  const [width, height] = sideways ? [layout.depth, layout.breadth] : [layout.breadth, layout.depth];
  const scale = Math.min(1, (pictureWidth - 2 * margin) / Math.max(1, width));
  const left = Math.max(margin, (pictureWidth - width * scale) / 2);
  const at = ([depth, breadth]: Point): Point => (sideways ? [depth, breadth] : [breadth, depth]);

  const drawn = edges.map((edge, i) => drawEdge(edge, layout.routes[i] ?? [], nodes, at, sideways));
  const boxes = nodes.map((node) => drawNode(node, at(layout.places.get(node.id) ?? [0, 0])));
  const body = `<g transform="translate(${left} ${margin}) scale(${scale})">${arrow}${drawn.join("")}${boxes.join("")}</g>`;
  return svgDocument({
    title: view.title,
    caption: view.caption,
    legend: legend(view),
    description: graphSummary(view),
    height: Math.ceil(height * scale) + 2 * margin,
    body,
  });
}

function legend(view: GraphView): Key[] {
  const roles = [...new Set(view.nodes.flatMap(({ role }) => role ?? []))];
  return roles.length < 2 ? [] : roles.map((name) => ({ name, colour: roleColours[name], shape: "box" }));
}

/** The arrowhead that `arrowEnd` names. */
export const arrow: string = `<defs><marker id="${own}-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path d="M0 1L9 5L0 9Z" fill="${ink}"/></marker></defs>`;

/** The attribute of a line that ends in the arrowhead. */
export const arrowEnd: string = `marker-end="url(#${own}-arrow)"`;

const round = (pixels: number): number => Math.round(pixels * 10) / 10;

function drawNode({ label, colour, filled, width, height }: Node, [x, y]: Point): string {
  const box = `<rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${width}" height="${height}" rx="6" fill="${filled ? colour : "none"}" stroke="${colour}" stroke-width="1.5"/>`;
  const first = y - ((label.length - 1) * line) / 2 + 4;
  return (
    box +
    label
      .map((part, i) =>
        text(round(x), round(first + i * line), part, { anchor: "middle", fill: filled ? textOn(colour) : ink }),
      )
      .join("")
  );
}

function drawEdge(
  { from, to, label }: GraphView["edges"][number],
  route: readonly Point[],
  nodes: readonly Node[],
  at: (point: Point) => Point,
  sideways: boolean,
): string {
  const [source, target] = [nodes.find(({ id }) => id === from), nodes.find(({ id }) => id === to)];
  const points = route.map(at);
  const [start, end] = [points[0], points.at(-1)];
  if (source === undefined || target === undefined || start === undefined || end === undefined) return "";
  if (from === to) return loop(start, source, label);
  const ahead = sideways ? end[0] >= start[0] : end[1] >= start[1];
  const direction = ahead ? 1 : -1;
  const out = (node: Node): number => ((sideways ? node.width : node.height) / 2) * direction;
  const move = ([x, y]: Point, by: number): Point => (sideways ? [x + by, y] : [x, y + by]);
  const tip = move(end, -out(target) - 2 * direction);
  // The last stretch runs straight, so that the label has a line to stand on.
  const straight = label === undefined ? 8 : sideways ? measure(label, 11) + 16 : 30;
  const path = [move(start, out(source)), ...points.slice(1, -1), move(tip, -straight * direction)];
  let d = `M${path[0]?.map(round).join(" ") ?? ""}`;
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1], path[i]];
    if (a === undefined || b === undefined) continue;
    const half = (sideways ? b[0] - a[0] : b[1] - a[1]) / 2;
    d += `C${[...move(a, half), ...move(b, -half), ...b].map(round).join(" ")}`;
  }
  d += `L${tip.map(round).join(" ")}`;
  const [tipX, tipY] = tip;
  const place = sideways ? { x: tipX - 12 * direction, y: tipY - 5 } : { x: tipX + 6, y: tipY - 12 * direction };
  const anchor = sideways ? (ahead ? "end" : "start") : "start";
  const name = label === undefined ? "" : text(round(place.x), round(place.y), oneLine(label), { size: 11, anchor });
  return `<path d="${d}" fill="none" stroke="${ink}" stroke-width="1.3" ${arrowEnd}/>${name}`;
}

/** An edge from a node to itself: a loop at its lower right corner. */
function loop([x, y]: Point, { width, height }: Node, label: string | undefined): string {
  const [right, low] = [x + width / 2, y + height / 2];
  const d = `M${round(right)} ${round(low - 12)}h10v20h-24v-7`;
  const name = label === undefined ? "" : text(round(right + 13), round(low + 4), oneLine(label), { size: 11 });
  return `<path d="${d}" fill="none" stroke="${ink}" stroke-width="1.3" ${arrowEnd}/>${name}`;
}

import type { View } from "../../sim/core/index.js";

/** What a picture of one page holds; beyond it nothing could be read, and a drawing would take its time. */
const most = { lanes: 200, messages: 300, nodes: 300, edges: 1000 };

/** What the caption says of parts left out. */
function note(caption: string, shown: number, all: number, noun: string): string {
  if (shown === all) return caption;
  return [caption, `Shown: the first ${shown} of ${all} ${noun}.`].filter((line) => line !== "").join(" ");
}

/** A view cut to what one picture can hold, the cut named in its caption; most views are returned as they are. */
export function bounded(view: View): View {
  switch (view.as) {
    case "lanes": {
      const lanes = view.lanes.slice(0, most.lanes);
      return { ...view, lanes, caption: note(view.caption, lanes.length, view.lanes.length, "lanes") };
    }
    case "sequence": {
      const messages = view.messages.slice(0, most.messages);
      return { ...view, messages, caption: note(view.caption, messages.length, view.messages.length, "messages") };
    }
    case "graph": {
      const nodes = view.nodes.slice(0, most.nodes);
      const kept = new Set(nodes.map(({ id }) => id));
      const between = view.edges.filter(({ from, to }) => kept.has(from) && kept.has(to));
      const edges = between.slice(0, most.edges);
      const caption = note(view.caption, nodes.length, view.nodes.length, "nodes");
      return { ...view, nodes, edges, caption: note(caption, edges.length, between.length, "edges between them") };
    }
    case "text":
    case "table":
    case "plot":
    case "heat":
    case "group":
      return view;
  }
}

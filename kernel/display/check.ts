import type { Series, View } from "../../sim/core/index.js";

function seriesProblem({ name, x, y, band }: Series): string | undefined {
  if (x.length !== y.length) return `series "${name}" has ${x.length} x and ${y.length} y`;
  if (band === undefined || (band.low.length === x.length && band.high.length === x.length)) return undefined;
  return `the band of series "${name}" has ${band.low.length} lower and ${band.high.length} upper bounds for ${x.length} x`;
}

/** Why a view can't be shown as it is, where its rows don't fit together; a student may have built it. */
export function problem(view: View): string | undefined {
  switch (view.as) {
    case "text":
      return typeof view.text === "string" ? undefined : "its text is no string";
    case "plot":
      return view.series.map(seriesProblem).find((found) => found !== undefined);
    case "graph": {
      const ids = new Set(view.nodes.map(({ id }) => id));
      const loose = view.edges.find(({ from, to }) => !ids.has(from) || !ids.has(to));
      if (loose === undefined) return undefined;
      return `the edge from "${loose.from}" to "${loose.to}" ends at no node`;
    }
    case "table":
    case "lanes":
    case "heat":
    case "sequence":
    case "group":
      return undefined;
  }
}

import type { PlotView, Series } from "../../../sim/core/index.js";
import { assignColours } from "./palette.js";

export type Dash = "solid" | "dash" | "dot" | "dashdot";
export type Marker = "circle" | "square" | "triangle" | "diamond" | "inverted";

/** How one series is drawn, beside its mark; the same in the interactive and in the static picture. */
export interface Style {
  readonly colour: string;
  readonly dash: Dash;
  readonly marker: Marker;
  /** Published, not measured. */
  readonly hollow: boolean;
}

const markers: readonly Marker[] = ["circle", "square", "triangle", "diamond", "inverted"];

/**
 * Nothing is told by colour alone: each series has a marker of its own; where colours repeat, and for steps, which have
 * no markers, the line's pattern differs too. Long dashes mean published and nothing else.
 */
export function styles(view: PlotView): Style[] {
  const colours = assignColours(view.series.map(({ name, role }) => ({ key: name, ...(role && { role }) })));
  const patterns: readonly Dash[] = ["solid", "dot", "dashdot"];
  const seen = new Map<string, number>();
  let steps = 0;
  return view.series.map((series, i) => {
    const colour = colours[i] ?? "";
    const hollow = series.source !== undefined;
    const repeat = seen.get(colour) ?? 0;
    if (!hollow) seen.set(colour, repeat + 1);
    const turn = series.mark === "steps" && !hollow ? steps++ : repeat;
    return {
      colour,
      dash: hollow ? "dash" : (patterns[turn % patterns.length] ?? "solid"),
      marker: markers[i % markers.length] ?? "circle",
      hollow,
    };
  });
}

/** A series' name in a legend; a published one names its source. */
export function legendName({ name, source }: Series): string {
  return source === undefined ? name : `${name} (published: ${source})`;
}

/** The caption, and below it what bands and error bars mean. */
export function captionOf(view: PlotView): string {
  const meanings = new Map<string, string>();
  for (const { band, mark } of view.series) {
    if (band === undefined) continue;
    const shape = mark === "points" || mark === "bars" ? "Error bars" : "Shaded";
    meanings.set(`${shape}: ${band.meaning}.`, shape);
  }
  return [view.caption, ...meanings.keys()].filter((line) => line !== "").join("\n");
}

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

/** Long dashes are kept for what was published. */
const patterns: readonly Dash[] = ["solid", "dot", "dashdot"];

/**
 * Nothing is told by colour alone: each series has a marker of its own. Where a colour repeats, the line's pattern
 * differs too, and steps, which have no markers, change their pattern from one to the next.
 */
export function styles(view: PlotView): Style[] {
  const colours = assignColours(view.series.map(({ name, role }) => ({ key: name, ...(role && { role }) })));
  const used = new Set<string>();
  let steps = 0;
  return view.series.map(({ mark, source }, i): Style => {
    const colour = colours[i] ?? "";
    const marker = markers[i % markers.length] ?? "circle";
    if (source !== undefined) return { colour, marker, dash: "dash", hollow: true };
    const turn = mark === "steps" ? steps++ : 0;
    const ordered = patterns.map((_, k) => patterns[(turn + k) % patterns.length] ?? "solid");
    const dash = ordered.find((pattern) => !used.has(colour + pattern)) ?? ordered[0] ?? "solid";
    used.add(colour + dash);
    return { colour, marker, dash, hollow: false };
  });
}

/** A series' name in a legend; a published one names its source. */
export function legendName({ name, source }: Series): string {
  return source === undefined ? name : `${name} (published: ${source})`;
}

/** The caption, and below it what bands and error bars mean. */
export function captionOf(view: PlotView): string {
  const meanings = view.series.flatMap(({ band, mark }) => {
    if (band === undefined) return [];
    return [`${mark === "points" || mark === "bars" ? "Error bars" : "Shaded"}: ${band.meaning}.`];
  });
  return [view.caption, ...new Set(meanings)].filter((line) => line !== "").join("\n");
}

/** Whether a legend says more than the title and the y axis do. */
export function needsLegend(view: PlotView): boolean {
  return view.series.length > 1 || view.series.some(({ source }) => source !== undefined);
}

import type { PlotView, Series } from "../../../sim/core/index.js";
import { assignColours } from "./palette.js";

export type Dash = "solid" | "dash" | "dot" | "dashdot";
export type Marker = "circle" | "square" | "triangle" | "diamond" | "inverted";

/** How one series is drawn, beside its mark; the same in the interactive and in the static picture. */
export interface Style {
  readonly colour: string;
  readonly dash: Dash;
  readonly marker: Marker;
  /** Pixels across a marker. */
  readonly size: number;
  /** Published, not measured. */
  readonly hollow: boolean;
}

const markers: readonly Marker[] = ["circle", "square", "triangle", "diamond", "inverted"];

/** Long dashes are kept for what was published. */
const patterns: readonly Dash[] = ["solid", "dot", "dashdot"];

/** Whether two series would be drawn on one another: the same x, and everywhere y within a fiftieth. */
function coincide(a: Series, b: Series): boolean {
  if (a.x.length !== b.x.length) return false;
  return a.y.every((value, i) => {
    const other = b.y[i] ?? null;
    if (a.x[i] !== b.x[i] || (value === null) !== (other === null)) return false;
    return (
      value === null || other === null || Math.abs(value - other) <= 0.02 * Math.max(Math.abs(value), Math.abs(other))
    );
  });
}

/**
 * Nothing is told by colour alone: each series has a marker of its own. Where a colour repeats, the line's pattern
 * differs too; steps, which have no markers, change their pattern from one to the next; and so does a series that lies
 * on an earlier one, with smaller markers, so that both are seen.
 */
export function styles(view: PlotView): Style[] {
  const colours = assignColours(view.series.map(({ name, role }) => ({ key: name, ...(role && { role }) })));
  const used = new Set<string>();
  let steps = 0;
  return view.series.map((series, i): Style => {
    const { mark, source } = series;
    const below = view.series
      .slice(0, i)
      .filter((earlier) => earlier.mark === mark && coincide(earlier, series)).length;
    const size = Math.max(3, 8 - 3 * below);
    const colour = colours[i] ?? "";
    const marker = markers[i % markers.length] ?? "circle";
    if (source !== undefined) return { colour, marker, size, dash: "dash", hollow: true };
    const turn = mark === "steps" ? steps++ : 2 * below;
    const ordered = patterns.map((_, k) => patterns[(turn + k) % patterns.length] ?? "solid");
    const dash = ordered.find((pattern) => !used.has(colour + pattern)) ?? ordered[0] ?? "solid";
    used.add(colour + dash);
    return { colour, marker, size, dash, hollow: false };
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

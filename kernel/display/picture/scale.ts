import type { Axis, PlotView } from "../../../sim/core/index.js";

/** The least and the greatest value drawn along an axis. */
export type Extent = readonly [low: number, high: number];

/** What both pictures of a plot need to know of its axes. */
export interface PlotScale {
  /** The names along x; absent where x is a number line. */
  readonly categories: readonly string[] | undefined;
  readonly x: Extent;
  /** Bands included. */
  readonly y: Extent;
  /** 2 where x holds nothing but powers of two (sizes): a logarithmic axis then has its ticks at those. */
  readonly base: 2 | 10;
  /** How many values a logarithmic axis can't show. */
  readonly hidden: number;
  /** Where a band ends that would reach zero on a logarithmic axis: at the least value shown. */
  readonly floor: number;
  /** Whether y begins at zero: under bars always, elsewhere when the values come near it. */
  readonly fromZero: boolean;
}

const drawable = (axis: Axis, value: number | null | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value) && !(axis.scale === "log" && value <= 0);

/**
 * x is a row of names when any x is a string. So it is, too, under bars that need a width of their own: on a logarithmic
 * axis, side by side, or with error bars.
 */
function categoriesOf(view: PlotView): string[] | undefined {
  const bars = view.series.filter(({ mark }) => mark === "bars");
  const wide = bars.length > 1 || bars.some(({ band }) => band !== undefined) || view.x.scale === "log";
  const all = view.series.flatMap(({ x }) => x);
  const numbers = all.filter((value) => typeof value === "number");
  if (numbers.length === all.length && !(bars.length > 0 && wide)) return undefined;
  const ordered = numbers.length === all.length ? numbers.sort((a, b) => a - b) : all;
  return [...new Set(ordered.map(String))];
}

function extent(values: Iterable<number>): Extent | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

export function plotScale(view: PlotView): PlotScale {
  const categories = categoriesOf(view);
  const values: number[] = [];
  const bounds: number[] = [];
  const across: number[] = [];
  let hidden = 0;
  for (const { x, y, band } of view.series) {
    y.forEach((value, i) => {
      if (value === null) return;
      const at = x[i];
      const placed = categories !== undefined || (typeof at === "number" && drawable(view.x, at));
      if (!placed || !drawable(view.y, value)) {
        hidden++;
        return;
      }
      values.push(value);
      if (typeof at === "number") across.push(at);
      for (const edge of [band?.low[i], band?.high[i]]) if (drawable(view.y, edge)) bounds.push(edge);
    });
  }
  const [low, high] = extent(values) ?? [view.y.scale === "log" ? 0.1 : 0, 1];
  const all = extent([low, high, ...(extent(bounds) ?? [])]) ?? [low, high];
  const bars = view.series.some(({ mark }) => mark === "bars");
  return {
    categories,
    x: extent(across) ?? [view.x.scale === "log" ? 0.1 : 0, 1],
    y: all,
    base: across.length > 0 && across.every((value) => Number.isInteger(Math.log2(value))) ? 2 : 10,
    hidden,
    floor: low,
    fromZero: view.y.scale !== "log" && (bars || (all[0] >= 0 && low < high / 2)),
  };
}

/** A coordinate as it is drawn: a name, a number, or null for a gap. */
export function position(axis: Axis, scale: PlotScale, value: number | string | undefined): number | string | null {
  if (value === undefined) return null;
  if (scale.categories !== undefined) return String(value);
  return typeof value === "number" && drawable(axis, value) ? value : null;
}

/** A value as it is drawn: null for a gap and for what a logarithmic axis can't show. */
export function height(axis: Axis, value: number | null | undefined): number | null {
  return drawable(axis, value) ? value : null;
}

/** A band's bound as it is drawn. */
export function bound(axis: Axis, scale: PlotScale, value: number | undefined): number | null {
  if (value === undefined || !Number.isFinite(value)) return null;
  return axis.scale === "log" && value <= 0 ? scale.floor : value;
}

import type { Axis, PlotView } from "../../../sim/core/index.js";

/** What both pictures of a plot need to know of its axes. */
export interface PlotScale {
  /** The names along x; absent where x is a number line. */
  readonly categories: readonly string[] | undefined;
  /** 2 where a logarithmic x holds nothing but powers of two (sizes): its ticks then stand at those. */
  readonly base: 2 | 10;
  /** Values that a logarithmic axis can't show. */
  readonly hidden: number;
  /** The least positive number on y, for bands that would reach zero on a logarithmic axis. */
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

export function plotScale(view: PlotView): PlotScale {
  const categories = categoriesOf(view);
  const shown: number[] = [];
  const across: number[] = [];
  let hidden = 0;
  for (const { x, y } of view.series) {
    y.forEach((value, i) => {
      if (value === null) return;
      const at = x[i];
      const placed = categories !== undefined || (typeof at === "number" && drawable(view.x, at));
      if (!placed || !drawable(view.y, value)) hidden++;
      else {
        shown.push(value);
        if (typeof at === "number") across.push(at);
      }
    });
  }
  const least = shown.reduce((a, b) => Math.min(a, b), Infinity);
  const most = shown.reduce((a, b) => Math.max(a, b), -Infinity);
  const bars = view.series.some(({ mark }) => mark === "bars");
  return {
    categories,
    base: across.length > 0 && across.every((value) => Number.isInteger(Math.log2(value))) ? 2 : 10,
    hidden,
    floor: shown.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), most > 0 ? most : 1),
    fromZero: view.y.scale !== "log" && (bars || (least >= 0 && least < most / 2)),
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

/** A band's bound as it is drawn: on a logarithmic axis a bound at or below zero stops at the least value shown. */
export function bound(axis: Axis, scale: PlotScale, value: number | undefined): number | null {
  if (value === undefined || !Number.isFinite(value)) return null;
  return axis.scale === "log" && value <= 0 ? scale.floor : value;
}

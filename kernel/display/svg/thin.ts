import type { Axis, PlotView } from "../../../sim/core/index.js";

type Point = readonly (number | string | null)[];

/** More points than this are worth looking at for ones that lie on one another. */
const many = 2000;
/** Cells across and down: about a marker's radius each. */
const cells = 300;

/** Leaves out points that another covers to within a few pixels, so that a picture of a million stays a picture. */
export function thin(points: (number | string | null)[][], { x, y }: PlotView): (number | string | null)[][] {
  if (points.length <= many) return points;
  const across = cell(x, points, 0);
  const down = cell(y, points, 1);
  const kept = new Map(points.map((point) => [`${across(point)} ${down(point)}`, point]));
  return [...kept.values()];
}

function cell(axis: Axis, points: readonly Point[], at: 0 | 1): (point: Point) => number | string {
  const value = (point: Point): number => {
    const v = point[at];
    return typeof v !== "number" ? NaN : axis.scale === "log" ? Math.log(v) : v;
  };
  let least = Infinity;
  let most = -Infinity;
  for (const point of points) {
    const v = value(point);
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const size = (most - least) / cells || 1;
  return (point) => (typeof point[at] === "string" ? point[at] : Math.round((value(point) - least) / size));
}

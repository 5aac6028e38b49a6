import type { HeatView } from "../../../sim/core/index.js";
import { coarse, heatColour, heatScale, viridis, type HeatScale } from "../picture/heat.js";
import { ink } from "../picture/palette.js";
import { logTicks, ticks } from "../picture/ticks.js";
import { heatSummary } from "../text/heat.js";
import { axisTitle, tickLabel } from "../text/number.js";
import { chart, nameAxis, type ToPixel } from "./chart.js";
import { own, pictureWidth, svgDocument, text } from "./document.js";

/** Colours told apart: cells of one colour become one path, which keeps a picture of a large memory small. */
const levels = 64;

/** Cells across and down; of a larger grid each cell shows the mean of several. */
const finest = 256;

/** Pixels at the right for the colour bar, its labels and its name. */
const aside = 96;

/** A heat map as a static picture. */
export function heatSvg(whole: HeatView): string {
  const view = coarse(whole, finest);
  const scale = heatScale(view);
  const height = Math.min(560, Math.max(240, scale.rows.length * 18 + 80));
  const body = chart(
    {
      grid: { left: 12, right: aside + 10, top: 14, bottom: 10, outerBoundsMode: "same", outerBoundsContain: "all" },
      xAxis: nameAxis(axisTitle(view.x), "x", scale.columns, pictureWidth - aside - 90),
      yAxis: nameAxis(axisTitle(view.y), "y", scale.rows, height - 70),
    },
    height,
    (toPixel) => cells(view, scale, toPixel) + bar(view, scale, height),
  );
  return svgDocument({
    title: view.title,
    caption: view.caption,
    legend: [],
    description: heatSummary(view),
    height,
    body,
  });
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10;

/** The grid in units of cells, one path for each colour, moved to its place as a whole. */
function cells(view: HeatView, scale: HeatScale, toPixel: ToPixel): string {
  const [left, top] = toPixel(0, 0);
  const [right, bottom] = toPixel(1, 1);
  const [width, tall] = [right - left, bottom - top];
  const paths = new Map<number, string>();
  view.values.forEach((row, r) => {
    const level = (column: number): number | undefined => {
      const place = scale.place(row[column]);
      return place === null ? undefined : Math.round(place * (levels - 1));
    };
    for (let c = 0, end = 0; c < row.length; c = end) {
      const colour = level(c);
      for (end = c + 1; end < row.length && level(end) === colour;) end++;
      if (colour === undefined) continue;
      paths.set(colour, `${paths.get(colour) ?? ""}M${c} ${r}h${end - c}v1h${c - end}z`);
    }
  });
  const drawn = [...paths].map(([level, d]) => `<path d="${d}" fill="${heatColour(level / (levels - 1))}"/>`);
  const place = `translate(${round(left - width / 2)} ${round(top - tall / 2)}) scale(${width} ${tall})`;
  return drawn.length === 0 ? "" : `<g transform="${place}" shape-rendering="crispEdges">${drawn.join("")}</g>`;
}

/** The colours from the least value at the bottom to the greatest at the top. */
function bar(view: HeatView, { low, high, log, place }: HeatScale, height: number): string {
  if (!(low <= high)) return "";
  const [x, top, tall] = [pictureWidth - aside + 8, 24, height - 90];
  const stops = viridis.map((colour, i) => `<stop offset="${i / (viridis.length - 1)}" stop-color="${colour}"/>`);
  const gradient = `<linearGradient id="${own}-scale" x1="0" y1="1" x2="0" y2="0">${stops.join("")}</linearGradient>`;
  const marks = (low < high ? (log ? logTicks(low, high, 10) : ticks(low, high)) : [low]).map((value) => {
    const y = round(top + tall * (1 - (place(value) ?? 0)));
    return `<path d="M${x + 16} ${y}h5" stroke="${ink}"/>${text(x + 25, y + 4, tickLabel(value))}`;
  });
  const [nameX, nameY] = [pictureWidth - 12, top + tall / 2];
  const name = `<g transform="rotate(-90 ${nameX} ${nameY})">${text(nameX, nameY, axisTitle(view.value), { size: 13, anchor: "middle" })}</g>`;
  return `<defs>${gradient}</defs><rect x="${x}" y="${top}" width="16" height="${tall}" fill="url(#${own}-scale)"/>${marks.join("")}${name}`;
}

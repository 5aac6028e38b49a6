import type { LanesView } from "../../../sim/core/index.js";
import { kindsOf, type Kind } from "../picture/lanes.js";
import { textOn } from "../picture/palette.js";
import { lanesSummary } from "../text/lanes.js";
import { oneLine } from "../text/width.js";
import { chart, nameAxis, numberAxis, type ToPixel } from "./chart.js";
import { svgDocument, text } from "./document.js";
import { fit } from "../picture/measure.js";

/** Pixels: a lane, the bar inside it, and what the axis below takes. */
const lane = 38;
const bar = 26;
const below = 66;

/** Things that the legend names; further ones are told by the labels inside. */
const named = 16;

/** Lanes of spans as a static picture. */
export function lanesSvg(view: LanesView): string {
  const kinds = kindsOf(view);
  const ends = kinds.flatMap(({ spans }) => spans.flatMap(({ span }) => [span.from, span.to]));
  const shown = view.x.scale === "log" ? ends.filter((end) => end > 0) : ends;
  const low = shown.reduce((a, b) => Math.min(a, b), Infinity);
  const high = shown.reduce((a, b) => Math.max(a, b), -Infinity);
  const [min, max] = low < high ? [low, high] : [1, 10];
  const height = lane * Math.max(1, view.lanes.length) + below;
  const body = chart(
    {
      xAxis: numberAxis(view.x, "x", { extent: [min, max], room: 0 }),
      yAxis: nameAxis(
        "",
        "y",
        view.lanes.map(({ name }) => name),
        height,
      ),
    },
    height,
    (toPixel) => view.lanes.map((_, i) => drawLane(kinds, i, min, toPixel)).join(""),
  );
  return svgDocument({
    title: view.title,
    caption: view.caption,
    legend: kinds.slice(0, named).map(({ name, colour }) => ({ name, colour, shape: "box" })),
    description: lanesSummary(view),
    height,
    body,
  });
}

/** Spans slimmer than this many pixels share their pixel. */
const slim = 1.5;

/**
 * One lane: each span as a box, its label inside where it fits. Of spans too slim to be told apart each pixel shows the
 * colour that takes most of it, so that a schedule of a million slices stays a picture.
 */
function drawLane(kinds: readonly Kind[], index: number, min: number, toPixel: ToPixel): string {
  const top = toPixel(min, index)[1] - bar / 2;
  const pixels = new Map<number, Map<string, number>>();
  const paths = new Map<string, string>();
  const box = (colour: string, left: number, right: number): void => {
    paths.set(colour, `${paths.get(colour) ?? ""}M${round(left)} ${round(top)}H${round(right)}v${bar}H${round(left)}Z`);
  };
  let labels = "";
  for (const { colour, spans } of kinds) {
    for (const { lane: at, span } of spans) {
      if (at !== index) continue;
      const [left, right] = [span.from, span.to].map((x) => toPixel(Math.max(x, min), index)[0]) as [number, number];
      if (right - left < slim) {
        const pixel = pixels.get(Math.floor(left)) ?? new Map<string, number>();
        pixels.set(Math.floor(left), pixel.set(colour, (pixel.get(colour) ?? 0) + right - left));
        continue;
      }
      const inset = right - left > 3 ? 0.5 : 0;
      box(colour, left + inset, right - inset);
      const shown = fit(oneLine(span.label), 11, right - left - 6);
      if (shown.length < Math.min(6, span.label.length)) continue;
      const place = { size: 11, anchor: "middle", fill: textOn(colour) } as const;
      labels += text(round((left + right) / 2), round(top + bar / 2 + 4), shown, place);
    }
  }
  for (const [pixel, shares] of pixels) {
    const [colour] = [...shares].reduce((most, share) => (share[1] > most[1] ? share : most));
    box(colour, pixel, pixel + 1);
  }
  return [...paths].map(([colour, d]) => `<path d="${d}" fill="${colour}"/>`).join("") + labels;
}

const round = (pixels: number): number => Math.round(pixels * 100) / 100;

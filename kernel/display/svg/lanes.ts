import type { LanesView } from "../../../sim/core/index.js";
import { kindsOf } from "../picture/lanes.js";
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
      xAxis: { ...numberAxis(view.x, "x", { extent: [min, max] }), min, max },
      yAxis: nameAxis(
        "",
        "y",
        view.lanes.map(({ name }, i) => uniqueName(oneLine(name), i)),
      ),
    },
    height,
    (toPixel) => kinds.map((kind) => drawKind(kind, min, toPixel)).join(""),
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

/** Two lanes may share a name; an axis of names would then draw them as one. */
const uniqueName = (name: string, index: number): string => name + "\u200B".repeat(index);

/**
 * The spans of one colour. Neighbours that would touch within half a pixel become one path, so that a schedule of a
 * million slices stays a picture.
 */
function drawKind({ colour, spans }: ReturnType<typeof kindsOf>[number], min: number, toPixel: ToPixel): string {
  const boxes = new Map<number, { left: number; right: number; label: string }[]>();
  for (const { lane: index, span } of [...spans].sort((a, b) => a.span.from - b.span.from)) {
    const left = toPixel(Math.max(span.from, min), index)[0];
    const right = toPixel(Math.max(span.to, min), index)[0];
    const row = boxes.get(index) ?? [];
    boxes.set(index, row);
    const before = row.at(-1);
    const slim = right - left < 2 && before !== undefined && left - before.right < 0.5 && before.right >= before.left;
    if (slim) row[row.length - 1] = { left: before.left, right: Math.max(before.right, right), label: "" };
    else row.push({ left, right, label: span.label });
  }
  let path = "";
  let labels = "";
  for (const [index, row] of boxes) {
    const top = toPixel(min, index)[1] - bar / 2;
    for (const { left, right, label } of row) {
      const inset = right - left > 3 ? 0.5 : 0;
      path += `M${round(left + inset)} ${round(top)}H${round(Math.max(right - inset, left + 0.75))}V${round(top + bar)}H${round(left + inset)}Z`;
      const shown = fit(oneLine(label), 11, right - left - 6);
      if (shown.length < Math.min(6, label.length)) continue;
      labels += text(round((left + right) / 2), round(top + bar / 2 + 4), shown, {
        size: 11,
        anchor: "middle",
        fill: textOn(colour),
      });
    }
  }
  return `<path d="${path}" fill="${colour}"/>${labels}`;
}

const round = (pixels: number): number => Math.round(pixels * 100) / 100;

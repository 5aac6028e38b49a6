import { createRequire } from "node:module";
import type * as ECharts from "echarts";
import type { Axis } from "../../../sim/core/index.js";
import { measure } from "../picture/measure.js";
import { faint, ink } from "../picture/palette.js";
import type { Extent } from "../picture/scale.js";
import { logTicks, ticks } from "../picture/ticks.js";
import { axisTitle, tickLabel } from "../text/number.js";
import { oneLine } from "../text/width.js";
import { fontFamily, own, pictureWidth } from "./document.js";

const require = createRequire(import.meta.url);

/**
 * ECharts draws what has axes. It is loaded at the first picture, so that a kernel that draws nothing pays nothing, and
 * from its one-file build, which loads several times faster than the hundred modules that this room needs of it.
 */
let echarts: typeof ECharts | undefined;

/** From values along the axes to pixels. */
export type ToPixel = (x: number | string, y: number | string) => readonly [number, number];

/**
 * A chart drawn to SVG elements in a box `pictureWidth` × `height`, without its `<svg>`.
 * @param overlay elements of our own, drawn over the grid and placed by the chart's axes
 */
export function chart(
  option: ECharts.EChartsCoreOption,
  height: number,
  overlay?: (toPixel: ToPixel) => string,
): string {
  if (echarts === undefined) {
    echarts = require("echarts") as typeof ECharts;
    // One measure for its labels and for ours.
    echarts.setPlatformAPI({
      measureText: (text, font) => ({ width: measure(text, Number(/([\d.]+)px/.exec(font ?? "")?.[1] ?? 12)) }),
    });
  }
  const instance = echarts.init(null, null, { renderer: "svg", ssr: true, width: pictureWidth, height });
  try {
    instance.setOption({ animation: false, textStyle: { fontFamily, color: ink }, grid, ...option });
    const body = tidy(instance.renderToSVGString());
    const toPixel: ToPixel = (x, y) => instance.convertToPixel({ gridIndex: 0 }, [x, y]) as [number, number];
    return overlay === undefined ? body : body + overlay(toPixel);
  } finally {
    // An instance left behind keeps a timer, and with it the process.
    instance.dispose();
  }
}

/**
 * Takes away what only ECharts' own hydration in a browser reads, and makes names unique: inside a page several
 * pictures share one name space. A hundredth of a pixel is exact enough.
 */
function tidy(svg: string): string {
  return svg
    .replace(/^<svg[^>]*>\s*/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/^<rect [^>]*fill="none"[^>]*><\/rect>$/m, "")
    .replace(/<[^>]*>/g, tidyTag);
}

const tidyTag = (tag: string): string =>
  tag
    .replace(/ (?:ecmeta_[a-z_]+|class|pointer-events)="[^"]*"/g, "")
    .replace(/font-family:[^;"]*;/g, "")
    .replace(/zr\d+-/g, `${own}-`)
    .replace(/-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100));

/** The plot area, as large as labels and names leave room for. */
const grid = { left: 12, right: 20, top: 14, bottom: 10, outerBoundsMode: "same", outerBoundsContain: "all" };

const axisLabel = { color: ink, fontSize: 12, hideOverlap: true };

function axisOption(title: string, which: "x" | "y"): ECharts.EChartsCoreOption {
  return {
    name: oneLine(title),
    nameLocation: "middle",
    nameGap: which === "x" ? 10 : 12,
    nameTextStyle: { color: ink, fontSize: 13 },
    axisLine: { show: true, lineStyle: { color: ink } },
    axisTick: { show: true, lineStyle: { color: ink } },
    axisLabel,
    splitLine: { show: true, lineStyle: { color: faint } },
  };
}

interface Range {
  /** What must be seen. */
  readonly extent: Extent;
  /** The powers at which a logarithmic axis has its ticks. */
  readonly base?: 2 | 10;
  readonly fromZero?: boolean;
  /**
   * The share of the extent left free at both ends, for marks that stick out; the axis then ends there, and not at round
   * numbers beyond.
   */
  readonly room?: number;
}

/** A number line. */
export function numberAxis(
  axis: Axis,
  which: "x" | "y",
  { extent, base = 10, fromZero = false, room }: Range,
): ECharts.EChartsCoreOption {
  const shared = axisOption(axisTitle(axis), which);
  const label = { ...axisLabel, formatter: tickLabel };
  const at = (customValues: number[]): ECharts.EChartsCoreOption => ({
    axisTick: { show: true, lineStyle: { color: ink }, customValues },
    axisLabel: { ...label, customValues },
  });
  if (axis.scale === "log") {
    const margin = room === 0 ? 1 : (extent[1] / extent[0]) ** 0.04 * 1.02;
    const [min, max] = [extent[0] / margin, extent[1] * margin];
    return { ...shared, type: "log", min, max, ...at(logTicks(min, max, base)) };
  }
  if (room === undefined) return { ...shared, type: "value", scale: !fromZero, axisLabel: label };
  const [low, high] = extent;
  const margin = high > low ? (high - low) * room : Math.abs(low) * 0.05 || 1;
  const [min, max] = [low - margin, high + margin];
  return { ...shared, type: "value", min, max, ...at(ticks(min, max, 7)) };
}

/**
 * A row of names; down a y axis they are read from the top.
 * @param space pixels along the axis, about
 */
export function nameAxis(
  title: string,
  which: "x" | "y",
  names: readonly string[],
  space: number,
): ECharts.EChartsCoreOption {
  const slot = space / Math.max(1, names.length);
  const labels =
    which === "x" ? acrossLabels(names, slot) : { ...everyNth(16, slot), width: 160, overflow: "truncate" };
  return {
    ...axisOption(title, which),
    type: "category",
    data: [...names],
    inverse: which === "y",
    axisTick: { show: slot > 6, alignWithLabel: true, lineStyle: { color: ink } },
    axisLabel: { ...axisLabel, hideOverlap: false, formatter: oneLine, ...labels },
    splitLine: { show: false },
  };
}

/** Names along x: upright while they fit, in lines or slanted when they don't; of numbers, and of too many, every nth. */
function acrossLabels(names: readonly string[], slot: number): object {
  const widest = Math.max(0, ...names.map((name) => measure(name, 12)));
  const numbers = names.every((name) => name !== "" && Number.isFinite(Number(name)));
  if (widest + 8 <= slot || numbers || slot < 16) return everyNth(Math.min(widest, 120) + 8, slot);
  if (slot >= 72) return { interval: 0, width: Math.floor(slot - 8), overflow: "break" };
  return { interval: 0, rotate: 35, width: 150, overflow: "truncate" };
}

/** Each label, or each nth with a round n where a label needs more than its slot. */
function everyNth(needed: number, slot: number): object {
  const steps = [1, 2, 5].flatMap((factor) => [1, 10, 100, 1000, 1e4, 1e5].map((power) => factor * power));
  const step = steps.sort((a, b) => a - b).find((n) => n * slot >= needed) ?? 1e6;
  return { interval: (index: number) => index % step === 0 };
}

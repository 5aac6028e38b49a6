import { createRequire } from "node:module";
import type { EChartsCoreOption } from "echarts";
import { faint, ink } from "../picture/palette.js";
import type { Axis } from "../../../sim/core/index.js";
import { axisTitle, formatNumber } from "../text/number.js";
import { fontFamily, pictureWidth } from "./document.js";

const require = createRequire(import.meta.url);

/**
 * ECharts draws what has axes. It is loaded at the first picture and from its one-file build: 60–130 ms where the
 * hundred modules that this room needs take three times as long, and a kernel that draws nothing pays nothing.
 */
let echarts: typeof import("echarts") | undefined;

/** A chart drawn to SVG elements in a box `pictureWidth` × `height`, without its `<svg>`. */
export function chart(option: EChartsCoreOption, height: number): string {
  echarts ??= require("echarts") as typeof import("echarts");
  const instance = echarts.init(null, null, { renderer: "svg", ssr: true, width: pictureWidth, height });
  try {
    instance.setOption({ animation: false, textStyle: { fontFamily, color: ink }, ...option });
    return tidy(instance.renderToSVGString());
  } finally {
    // An instance left behind keeps a timer, and with it the process.
    instance.dispose();
  }
}

/**
 * Takes away what only ECharts' own hydration in a browser reads, and makes names unique: inside a page several
 * pictures share one name space, and `$id` becomes the document's.
 */
function tidy(svg: string): string {
  return svg
    .replace(/^<svg[^>]*>\s*/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/^<rect [^>]*fill="none"[^>]*><\/rect>$/m, "")
    .replace(/ (?:ecmeta_[a-z_]+|class|pointer-events)="[^"]*"/g, "")
    .replace(/font-family:[^;"]*;/g, "")
    .replace(/zr\d+-/g, "$id-");
}

const superscripts: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/** A tick's label: 20,000 in full, 2×10⁶ beyond. */
export function tickLabel(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) {
    const [whole = "", rest] = formatNumber(value).split(".");
    const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
    return rest === undefined ? grouped : `${grouped}.${rest}`;
  }
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const power = [...exponent.replace("+", "")].map((c) => superscripts[c] ?? c).join("");
  return mantissa === "1" ? `10${power}` : `${formatNumber(Number(mantissa), 4)}×10${power}`;
}

/** What every axis shares. */
export function axisOption(axis: Axis, which: "x" | "y"): EChartsCoreOption {
  return {
    type: axis.scale === "log" ? "log" : "value",
    name: axisTitle(axis),
    nameLocation: "middle",
    nameGap: which === "x" ? 10 : 12,
    nameTextStyle: { color: ink, fontSize: 13 },
    axisLine: { show: true, lineStyle: { color: ink } },
    axisTick: { show: true, lineStyle: { color: ink } },
    axisLabel: { color: ink, fontSize: 12, hideOverlap: true, formatter: tickLabel },
    splitLine: { show: true, lineStyle: { color: faint } },
    minorSplitLine: { show: false },
    scale: which === "x",
  };
}

/** The plot area, as large as labels and names leave room for. */
export const grid = { left: 12, right: 20, top: 14, bottom: 10, outerBoundsMode: "same", outerBoundsContain: "all" };

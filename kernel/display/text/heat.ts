import type { HeatView } from "../../../sim/core/index.js";
import { heatScale } from "../picture/heat.js";
import { axisTitle, formatNumber } from "./number.js";
import { captionLines, oneLine, paragraph, sentence } from "./width.js";

/** A terminal's picture is at most this many characters across and down. */
const across = 64;
const down = 24;
const shades = [" ", "░", "▒", "▓", "█"];

/** What a reader learns of a grid: its size, its axes, and where it is least and greatest. */
export function heatSummary(view: HeatView): string[] {
  const { columns, rows } = heatScale(view);
  const unit = view.value.unit === "" ? "" : ` ${view.value.unit}`;
  let count = 0;
  let sum = 0;
  let least: { value: number; at: string } | undefined;
  let most: { value: number; at: string } | undefined;
  view.values.forEach((row, r) => {
    row.forEach((value, c) => {
      if (value === null || !Number.isFinite(value)) return;
      count++;
      sum += value;
      const at = `${view.y.label} ${rows[r] ?? ""}, ${view.x.label} ${columns[c] ?? ""}`;
      if (least === undefined || value < least.value) least = { value, at };
      if (most === undefined || value > most.value) most = { value, at };
    });
  });
  const say = (found: typeof least): string =>
    found === undefined ? "none" : `${formatNumber(found.value, 4)}${unit} at ${found.at}`;
  return [
    `x: ${axisTitle(view.x)}, ${columns.length} columns`,
    `y: ${axisTitle(view.y)}, ${rows.length} rows`,
    count === 0
      ? `${axisTitle(view.value)}: no values`
      : `${axisTitle(view.value)}: ${count} values, mean ${formatNumber(sum / count, 4)}${unit}; least ${say(least)}; most ${say(most)}`,
  ].map(oneLine);
}

/** The grid in shades of block characters, each the greatest value of the cells that it covers. */
function shaded(view: HeatView): string[] {
  const { columns, rows, place } = heatScale(view);
  const [wide, tall] = [Math.ceil(columns.length / across), Math.ceil(rows.length / down)];
  const lines: string[] = [];
  for (let r = 0; r < rows.length; r += tall) {
    let line = "";
    for (let c = 0; c < columns.length; c += wide) {
      const covered = view.values.slice(r, r + tall).flatMap((row) => row.slice(c, c + wide).map(place));
      const most = covered.reduce((a, b) => (b === null ? a : Math.max(a ?? 0, b)), null);
      line += most === null ? "·" : (shades[Math.min(4, Math.floor(most * 5))] ?? "");
    }
    lines.push(`  │${line}│`);
  }
  return lines;
}

/** A heat map for a terminal. */
export function heatText(view: HeatView): string {
  return [
    ...paragraph(view.title),
    ...heatSummary(view).flatMap(sentence),
    ...(view.values.length > 0 ? ["", ...shaded(view)] : []),
    ...captionLines(view.caption),
  ].join("\n");
}

import type { LanesView } from "../../../sim/core/index.js";
import { axisTitle, formatNumber } from "./number.js";
import { captionLines, oneLine, paragraph, sentence } from "./width.js";

/** Spans that the text lists of one lane. */
const listed = 12;

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Each lane in a sentence: how many spans, and how much of the axis each label takes. */
export function lanesSummary(view: LanesView): string[] {
  const unit = view.x.unit === "" ? "" : ` ${view.x.unit}`;
  const spans = view.lanes.flatMap((lane) => lane.spans);
  const low = spans.reduce((least, { from }) => Math.min(least, from), Infinity);
  const high = spans.reduce((most, { to }) => Math.max(most, to), -Infinity);
  const range = spans.length === 0 ? "" : `, ${formatNumber(low)} to ${formatNumber(high)}`;
  const lanes = view.lanes.map((lane) => {
    const totals = new Map<string, number>();
    for (const { from, to, label } of lane.spans) totals.set(label, (totals.get(label) ?? 0) + (to - from));
    const shares = [...totals]
      .sort((a, b) => b[1] - a[1])
      .map(([label, total]) => {
        const share = high > low ? ` (${formatNumber((100 * total) / (high - low), 3)} %)` : "";
        return `${label} ${formatNumber(total, 4)}${unit}${share}`;
      });
    const rest = shares.length > listed ? [`${shares.length - listed} more`] : [];
    return `${lane.name}: ${plural(lane.spans.length, "span")}${shares.length > 0 ? "; " : ""}${[...shares.slice(0, listed), ...rest].join(", ")}`;
  });
  return [`x: ${axisTitle(view.x)}${range}`, ...lanes].map(oneLine);
}

/** Lanes for a terminal: the summary, then each lane's spans in order. */
export function lanesText(view: LanesView): string {
  const orders = view.lanes.flatMap((lane) => {
    const ordered = [...lane.spans].sort((a, b) => a.from - b.from);
    const shown = ordered
      .slice(0, listed)
      .map(({ from, to, label }) => `${formatNumber(from)}–${formatNumber(to)} ${label}`);
    if (ordered.length > listed) shown.push(`… ${ordered.length - listed} more`);
    return shown.length === 0 ? [] : [...paragraph(lane.name), ...paragraph(shown.join("; "), "  ")];
  });
  return [
    ...paragraph(view.title),
    ...lanesSummary(view).flatMap(sentence),
    ...(orders.length > 0 ? ["", ...orders] : []),
    ...captionLines(view.caption),
  ].join("\n");
}

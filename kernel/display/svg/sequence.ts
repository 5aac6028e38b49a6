import type { SequenceView } from "../../../sim/core/index.js";
import { lines, measure } from "../picture/measure.js";
import { ink } from "../picture/palette.js";
import { participantsOf, sequenceSummary } from "../text/sequence.js";
import { oneLine } from "../text/width.js";
import { pictureWidth, svgDocument, text } from "./document.js";
import { arrow, arrowEnd } from "./graph.js";

/** Pixels. */
const line = 15;
const margin = 10;
const widestHead = 150;
const widestLabel = 260;
/** Messages beyond which the participants are named again at the bottom. */
const tall = 12;

interface Message {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly reply: boolean;
}

/** A sequence diagram as a static picture: a lifeline for each participant, time downwards, replies dashed. */
export function sequenceSvg(view: SequenceView): string {
  const names = participantsOf(view);
  const messages = view.messages.map(({ from, to, label, reply = false }) => {
    return { from: names.indexOf(from), to: names.indexOf(to), label: oneLine(label), reply };
  });
  const heads = names.map((name) => lines(oneLine(name), 12, widestHead - 20));
  const headWidth = heads.map((head) => Math.max(50, ...head.map((part) => measure(part, 12))) + 20);
  const headHeight = Math.max(1, ...heads.map((head) => head.length)) * line + 14;
  const x = columns(headWidth, messages);

  let y = headHeight + 8;
  const drawn = messages.map((message) => {
    const one = drawMessage(message, x, y);
    y += one.height;
    return one;
  });
  const bottom = y + 8;
  const box = (i: number, top: number): string => {
    const [width, head] = [headWidth[i] ?? 0, heads[i] ?? []];
    const first = top + (headHeight - head.length * line) / 2 + 11;
    const rect = `<rect x="${round((x[i] ?? 0) - width / 2)}" y="${top}" width="${round(width)}" height="${headHeight}" rx="5" fill="none" stroke="${ink}"/>`;
    return rect + head.map((part, k) => text(round(x[i] ?? 0), first + k * line, part, { anchor: "middle" })).join("");
  };
  const lifelines = x.map((at) =>
    lifeline(
      at,
      headHeight,
      bottom,
      drawn.flatMap(({ labels }) => labels),
    ),
  );
  const again = messages.length > tall;
  const height = bottom + (again ? headHeight : 0) + margin;
  const scale = Math.min(1, pictureWidth / ((x.at(-1) ?? 0) + (headWidth.at(-1) ?? 0) / 2 + margin));
  const parts = [
    arrow,
    ...lifelines,
    ...names.map((_, i) => box(i, 0)),
    ...(again ? names.map((_, i) => box(i, bottom)) : []),
    ...drawn.map(({ svg }) => svg),
  ];
  return svgDocument({
    title: view.title,
    caption: view.caption,
    legend: [],
    description: sequenceSummary(view),
    height: Math.ceil(height * scale) + margin,
    body: `<g transform="translate(0 ${margin}) scale(${scale})">${parts.join("")}</g>`,
  });
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10;

/** Where each lifeline stands: apart enough for the heads and the labels, closer where the picture would be too wide. */
function columns(heads: readonly number[], messages: readonly Message[]): number[] {
  const needed = heads.slice(1).map((head, i) => (head + (heads[i] ?? 0)) / 2 + 16);
  const wished = [...needed];
  const spans = messages.map((message) => ({
    ...message,
    low: Math.min(message.from, message.to),
    high: Math.max(message.from, message.to),
  }));
  for (const { low, high, label } of spans.sort((a, b) => a.high - a.low - (b.high - b.low))) {
    const width = Math.min(widestLabel, measure(label, 11)) + 30;
    if (low === high) {
      if (low < wished.length) wished[low] = Math.max(wished[low] ?? 0, width + 24);
      continue;
    }
    const have = wished.slice(low, high).reduce((a, b) => a + b, 0);
    for (let i = low; i < high; i++) wished[i] = (wished[i] ?? 0) + Math.max(0, width - have) / (high - low);
  }
  const free = pictureWidth - 2 * margin - (heads[0] ?? 0) / 2 - (heads.at(-1) ?? 0) / 2;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const extra = sum(wished) - sum(needed);
  const share = extra > 0 ? Math.min(1, Math.max(0, (free - sum(needed)) / extra)) : 0;
  const gaps = needed.map((least, i) => least + ((wished[i] ?? least) - least) * share);
  const x = [margin + (heads[0] ?? 0) / 2];
  for (const gap of gaps) x.push((x.at(-1) ?? 0) + gap);
  return x;
}

/** Where a line of a label lies, in pixels. */
interface Label {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A lifeline, interrupted where a label crosses it. */
function lifeline(at: number, top: number, bottom: number, labels: readonly Label[]): string {
  const crossing = labels.filter(({ left, right }) => left - 3 < at && at < right + 3).sort((a, b) => a.top - b.top);
  let d = `M${round(at)} ${top}`;
  for (const label of crossing) d += `V${round(label.top)}M${round(at)} ${round(label.bottom)}`;
  return `<path d="${d}V${round(bottom)}" stroke="${ink}" stroke-width="1" stroke-opacity=".6"/>`;
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
  readonly labels: readonly Label[];
}

function drawMessage({ from, to, label, reply }: Message, x: readonly number[], top: number): Drawn {
  const [start, end] = [x[from] ?? 0, x[to] ?? 0];
  const self = from === to;
  const room = self ? Math.max(60, (x[from + 1] ?? start + widestLabel + 40) - start - 40) : Math.abs(end - start) - 16;
  const parts = lines(label, 11, room);
  const [left, anchor] = self ? [start + 32, "start" as const] : [(start + end) / 2, "middle" as const];
  const labels = parts.map((part, i): Label => {
    const width = measure(part, 11);
    const from = self ? left : left - width / 2;
    return { left: from, right: from + width, top: top + 2 + i * 14, bottom: top + 16 + i * 14 };
  });
  const name = parts.map((part, i) => text(round(left), top + 12 + i * 14, part, { size: 11, anchor }));
  const y = top + parts.length * 14 + 4;
  const low = Math.max(y, top + 22);
  const path = self ? `M${round(start)} ${top + 6}h24V${low - 2}h-22` : `M${round(start)} ${y}H${round(end)}`;
  const dash = reply ? ` stroke-dasharray="5,4"` : "";
  const line = `<path d="${path}" fill="none" stroke="${ink}" stroke-width="1.4"${dash} ${arrowEnd}/>`;
  return { svg: line + name.join(""), height: (self ? low : y) - top + 12, labels };
}

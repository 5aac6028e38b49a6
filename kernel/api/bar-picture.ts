import { escapeHtml, type MimeBundle } from "../display/index.js";
import { formatDuration } from "../../sim/core/index.js";

/** How far something is. */
export interface State {
  /** From 0 to 1; undefined where the end isn't known. */
  readonly fraction: number | undefined;
  /** What there is to say beside: "3.1 s of 10 s, 120,000 events". */
  readonly words: string;
  /** Wall time that the fraction took, in ms, where that isn't all of it. */
  readonly span?: number;
}

/** Characters of the bar in a text. */
const width = 12;

/** Wall time to a tenth of a second: more digits only flicker. */
function seconds(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100) / 10;
  return tenths < 60 ? `${tenths.toFixed(1)} s` : formatDuration(Math.round(tenths) * 1e9);
}

/** Time gone, and time to go where that can be told from the part that is done. */
function times({ fraction, span }: State, elapsed: number): string {
  const gone = `${seconds(elapsed)} so far`;
  if (fraction === undefined || fraction <= 0) return gone;
  return `${gone}, ${seconds(((span ?? elapsed) * (1 - fraction)) / fraction)} left`;
}

/** @param elapsed wall time since it began, in ms */
export function barText(label: string, state: State, elapsed: number): string {
  const { fraction, words } = state;
  const filled = Math.round((fraction ?? 0) * width);
  const bar =
    fraction === undefined
      ? ""
      : `${"█".repeat(filled)}${"░".repeat(width - filled)} ${Math.floor(fraction * 100)} %: `;
  return `${label} ${bar}${words}; ${times(state, elapsed)}`;
}

/** A bar for a page, for a screen reader, and for a terminal. */
export function barBundle(label: string, state: State, elapsed: number): MimeBundle {
  const { fraction, words } = state;
  const percent = fraction === undefined ? undefined : Math.floor(fraction * 100);
  const line = `${words}; ${times(state, elapsed)}`;
  const value = percent === undefined ? "" : ` aria-valuenow="${percent}"`;
  const track = "height:0.5em;max-width:36em;border-radius:0.25em;overflow:hidden;background:rgba(128,128,128,0.3);";
  const bar =
    percent === undefined
      ? ""
      : `<div style="${track}"><div style="height:100%;width:${percent}%;background:#0072B2;"></div></div>`;
  const html =
    `<div role="progressbar" aria-label="${escapeHtml(label)}" aria-valuemin="0" aria-valuemax="100"${value} ` +
    `aria-valuetext="${escapeHtml(line)}" style="padding:0.25em 0;font-variant-numeric:tabular-nums;">${bar}` +
    `<div>${escapeHtml(`${label}${percent === undefined ? "" : ` ${percent} %`}: ${line}`)}</div></div>`;
  return { "text/plain": barText(label, state, elapsed), "text/html": html };
}

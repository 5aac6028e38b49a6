import { stripVTControlCharacters } from "node:util";
import { escape } from "../html/escape.js";

/** What a terminal's SGR codes (ECMA-48, 8.3.117) have set so far; colours as CSS. */
interface Style {
  colour?: string;
  background?: string;
  bold?: boolean;
  faint?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

/** The 16 named colours are the page's own, so that they read on light and dark. */
const named = (index: number): string => `var(--ansi-${index})`;

/** xterm's 256 colours: 16 named, a cube of 6 × 6 × 6, 24 greys. */
function indexed(index: number): string {
  if (index < 16) return named(index);
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + 10 * (index - 232))
      .join(",")})`;
  const level = (value: number): number => (value === 0 ? 0 : 55 + 40 * value);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}

/** The colour behind a 38 or 48, and how many codes it took: `5;n` or `2;r;g;b`. */
function extended(codes: readonly number[]): { colour?: string; used: number } {
  const [kind, a = 0, b = 0, c = 0] = codes;
  if (kind === 5) return { colour: indexed(a & 255), used: 2 };
  if (kind === 2) return { colour: `rgb(${a & 255},${b & 255},${c & 255})`, used: 4 };
  return { used: 0 };
}

function apply(style: Style, codes: readonly number[]): Style {
  let next = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.faint = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 7) next.inverse = true;
    else if (code === 22) next = { ...next, bold: false, faint: false };
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.inverse = false;
    else if (code === 39) delete next.colour;
    else if (code === 49) delete next.background;
    else if (code >= 30 && code <= 37) next.colour = named(code - 30);
    else if (code >= 90 && code <= 97) next.colour = named(code - 82);
    else if (code >= 40 && code <= 47) next.background = named(code - 40);
    else if (code >= 100 && code <= 107) next.background = named(code - 92);
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(i + 1));
      if (colour !== undefined) next[code === 38 ? "colour" : "background"] = colour;
      i += used;
    }
  }
  return next;
}

function css({ colour, background, bold, faint, italic, underline, inverse }: Style): string {
  const [front, back] = inverse === true ? [background ?? "var(--page)", colour ?? "var(--ink)"] : [colour, background];
  return [
    front === undefined ? "" : `color:${front}`,
    back === undefined ? "" : `background:${back}`,
    bold === true ? "font-weight:bold" : "",
    faint === true ? "opacity:0.7" : "",
    italic === true ? "font-style:italic" : "",
    underline === true ? "text-decoration:underline" : "",
  ]
    .filter((rule) => rule !== "")
    .join(";");
}

/** A terminal's line after a carriage return is written over: only what was written last is kept. */
const overwritten = (line: string): string => {
  const parts = line.replace(/\r+$/, "").split("\r");
  return parts.at(-1) ?? "";
};

/** Terminal output as HTML: colours and styles as spans, other escapes left out, progress lines as they stood last. */
export function ansiHtml(text: string): string {
  const lines = text.split("\n").map(overwritten).join("\n");
  let style: Style = {};
  let html = "";
  for (const [i, part] of lines.split(/\u001B\[([\d;]*)m/).entries()) {
    if (i % 2 === 1) {
      style = apply(style, part.split(";").map(Number));
      continue;
    }
    const shown = escape(stripVTControlCharacters(part));
    const rules = css(style);
    html += shown === "" || rules === "" ? shown : `<span style="${rules}">${shown}</span>`;
  }
  return html;
}

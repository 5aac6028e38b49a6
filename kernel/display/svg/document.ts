import { createHash } from "node:crypto";
import { escape } from "../html/escape.js";
import { ink } from "../picture/palette.js";
import type { Dash, Marker } from "../picture/style.js";
import { oneLine } from "../text/width.js";
import { bold, fit, lines, measure } from "../picture/measure.js";

/** Pixels across; a page scales the picture down where it is narrower. */
export const pictureWidth = 760;

export const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** One thing that the legend explains. */
export interface Key {
  readonly name: string;
  readonly colour: string;
  /** A line with its pattern and marker, a marker alone, or a filled box. */
  readonly shape: "line" | "marker" | "box";
  readonly dash?: Dash;
  readonly marker?: Marker;
  readonly hollow?: boolean;
}

/** Stands for the document's own name in what is drawn; no text of a view can hold it, for `escape` takes it out. */
export const own = "\u0001";

export interface Drawing {
  readonly title: string;
  readonly caption: string;
  readonly legend: readonly Key[];
  /** The picture in sentences, for those who don't see it. */
  readonly description: readonly string[];
  readonly height: number;
  /** SVG elements in a box `pictureWidth` × `height`. */
  readonly body: string;
}

export const dashes: Readonly<Record<Dash, readonly number[]>> = {
  solid: [],
  dash: [8, 5],
  dot: [2, 4],
  dashdot: [9, 4, 2, 4],
};

/** Marker outlines in a box from −1 to 1. */
const outlines: Readonly<Record<Marker, string>> = {
  circle: "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z",
  square: "M-.9 -.9H.9V.9H-.9Z",
  triangle: "M0 -1.1L1.05 .85H-1.05Z",
  diamond: "M0 -1.25L1.15 0L0 1.25L-1.15 0Z",
  inverted: "M0 1.1L1.05 -.85H-1.05Z",
};

/** The outline of a marker as ECharts takes a symbol of one's own. */
export const symbolPath = (marker: Marker): string => `path://${outlines[marker]}`;

/** A line of text, its baseline at `y`. */
export const text = (
  x: number,
  y: number,
  content: string,
  {
    size = 12,
    anchor = "start",
    fill = ink,
    weight = "normal",
  }: { size?: number; anchor?: "start" | "middle" | "end"; fill?: string; weight?: string } = {},
): string =>
  `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${weight === "normal" ? "" : ` font-weight="${weight}"`}>${escape(content)}</text>`;

function sample({ shape, colour, dash = "solid", marker, hollow = false }: Key, x: number, y: number): string {
  if (shape === "box")
    return `<rect x="${x + 6}" y="${y - 6}" width="14" height="12" rx="2" fill="${hollow ? "none" : colour}" stroke="${colour}"${hollow ? ` stroke-dasharray="4,2"` : ""}/>`;
  const pattern = dashes[dash].length > 0 ? ` stroke-dasharray="${dashes[dash].join(",")}"` : "";
  const line =
    shape === "line"
      ? `<path d="M${x} ${y}H${x + 26}" stroke="${colour}" stroke-width="2" fill="none"${pattern}/>`
      : "";
  const point =
    marker === undefined
      ? ""
      : `<path transform="translate(${x + 13} ${y}) scale(4)" d="${outlines[marker]}" fill="${hollow ? "none" : colour}" stroke="${colour}" stroke-width=".4"/>`;
  return line + point;
}

const gap = { title: 26, legend: 20, caption: 16 };

/** The legend's rows, wrapped to the picture's width, and the space that they take. */
function legend(keys: readonly Key[], top: number): { svg: string; height: number } {
  if (keys.length === 0) return { svg: "", height: 0 };
  let x = 8;
  let y = top + 10;
  let svg = "";
  for (const key of keys) {
    const name = fit(oneLine(key.name), 12, pictureWidth - 60);
    const width = 34 + measure(name, 12) + 18;
    if (x > 8 && x + width > pictureWidth) {
      x = 8;
      y += gap.legend;
    }
    svg += sample(key, x, y) + text(x + 32, y + 4, name);
    x = Math.round(x + width);
  }
  return { svg, height: y + 12 - top };
}

/**
 * A picture as one SVG document: title, legend, the drawing, the caption below. It is transparent; its text is the grey
 * that reads on light and dark, and where a Jupyter page surrounds it takes that page's own text colour. Name and
 * description are there for a screen reader.
 */
export function svgDocument(drawing: Drawing): string {
  const title = lines(oneLine(drawing.title), 16 * bold, pictureWidth - 16).map((line, i) =>
    text(8, 22 + 21 * i, line, { size: 16, weight: "600" }),
  );
  const top = 5 + gap.title + 21 * (title.length - 1);
  const keys = legend(drawing.legend, top);
  const body = top + keys.height;
  const caption = drawing.caption === "" ? [] : lines(drawing.caption, 12, pictureWidth - 16);
  const below = body + drawing.height;
  const height = Math.ceil(below + gap.caption * caption.length + 8);
  const notes = caption.map((line, i) => text(8, below + 13 + gap.caption * i, oneLine(line)));

  const description = escape(drawing.description.join(". "));
  const id = `vl-${createHash("sha256").update(drawing.title).update(drawing.body).update(description).digest("hex").slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="virtlab" role="img" aria-labelledby="${id}-title ${id}-desc" width="${pictureWidth}" height="${height}" viewBox="0 0 ${pictureWidth} ${height}" style="max-width:100%;height:auto" font-family="${fontFamily}">`,
    `<title id="${id}-title">${escape(oneLine(drawing.title))}</title>`,
    `<desc id="${id}-desc">${description}</desc>`,
    `<style>svg.virtlab text[fill="${ink}"]{fill:var(--jp-content-font-color1,${ink})}</style>`,
    ...title,
    keys.svg,
    `<g transform="translate(0 ${body})">`,
    drawing.body.replaceAll(own, id),
    `</g>`,
    ...notes,
    `</svg>`,
  ].join("\n");
}

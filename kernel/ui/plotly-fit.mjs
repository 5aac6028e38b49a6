/** A figure's texts in the width that there is: plotly breaks no line, and lets a legend grow into the title. */

const pen = document.createElement("canvas").getContext("2d");

/** Pixels from line to line, in sizes of the font (plotly.js, src/constants/alignment: LINE_SPACING). */
const spacing = 1.3;

/**
 * Breaks the lines of a text that are wider than the room, at spaces. What marks up a whole line marks up its pieces; a line
 * with other markup stays.
 * @returns the text, and by how many pixels it became higher
 */
function broken(text, { size = 12, family = "sans-serif" }, room) {
  let grown = 0;
  const lines = text.split("<br>").flatMap((line) => {
    const [, open, words, close] = /^(<[^>]+>)(.*)(<\/[^>]+>)$/.exec(line) ?? [line, "", line, ""];
    if (words.includes("<")) return line;
    const own = Number(/font-size:([\d.]+)px/.exec(open)?.[1] ?? size);
    pen.font = `${open === "<b>" ? "bold " : ""}${own}px ${family}`;
    const pieces = [];
    for (const word of words.split(" ")) {
      const longer = `${pieces.at(-1) ?? ""} ${word}`.trimStart();
      if (pieces.length > 0 && pen.measureText(longer).width > room) pieces.push(word);
      else pieces.splice(-1, 1, longer);
    }
    grown += (pieces.length - 1) * own * spacing;
    return pieces.map((piece) => open + piece + close);
  });
  return { text: lines.join("<br>"), grown };
}

/** A title that hangs from the figure's upper edge stays where it is in a figure of another height. */
const hanging = ({ y }, height, whole) => (typeof y === "number" ? { "title.y": 1 - ((1 - y) * height) / whole } : {});

/**
 * What of a layout changes in a figure so wide: texts are broken further, and the figure is higher by their new lines.
 * @returns undefined for a layout that leaves its height, its margins or a text to plotly
 */
export function fitted({ title = {}, xaxis = {}, margin = {}, height, font }, width) {
  const { l, r, t, b } = margin;
  const below = xaxis.title?.text;
  if ([height, l, r, t, b].some((each) => typeof each !== "number")) return undefined;
  if (typeof title.text !== "string" || typeof below !== "string") return undefined;
  const heading = broken(title.text, { ...font, ...title.font }, width - l - 8);
  const caption = broken(below, { ...font, ...xaxis.title.font }, width - l - r - 16);
  const whole = height + heading.grown + caption.grown;
  return {
    width,
    height: whole,
    "title.text": heading.text,
    ...hanging(title, height, whole),
    "xaxis.title.text": caption.text,
    "margin.t": t + heading.grown,
    "margin.b": b + caption.grown,
  };
}

/** What of a drawn layout changes so that a legend above the plot is clear of the title; undefined where it is. */
export function unhidden(node, { title, margin, height }) {
  const [heading, legend] = [".gtitle", ".legend"].map((part) => node.querySelector(part)?.getBoundingClientRect());
  if (heading === undefined || legend === undefined || heading.bottom <= legend.top || legend.bottom <= heading.top)
    return undefined;
  const above = heading.bottom - node.getBoundingClientRect().top + legend.height + 8;
  const whole = height + above - margin.t;
  return { height: whole, "margin.t": above, ...hanging(title, height, whole) };
}

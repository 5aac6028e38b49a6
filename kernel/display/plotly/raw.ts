import { mime, type MimeBundle } from "../bundle.js";
import { isPlain, toJson } from "../json.js";
import { plotSvg } from "../svg/plot.js";
import { oneLine } from "../text/width.js";
import { simplePlot, textOf } from "./simple.js";

/** A figure that a user built for plotly.js. */
interface RawFigure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

/** Whether a value looks like a Plotly figure: an array of traces and a layout. */
export function isFigure(value: unknown): value is RawFigure {
  return (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    "layout" in value &&
    Array.isArray(value.data) &&
    value.data.every(isPlain) &&
    isPlain(value.layout)
  );
}

const lengthOf = (value: unknown): number | undefined =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value) ? Number(value.length) : undefined;

/** A user's own figure: drawn by clients that have Plotly, told in words to all others, and drawn here where it is simple. */
export function presentFigure({ data, layout, ...rest }: RawFigure): MimeBundle {
  const axis = (name: string): string[] => {
    const title = isPlain(layout[`${name}axis`])
      ? textOf((layout[`${name}axis`] as RawFigure["layout"])["title"])
      : undefined;
    return title === undefined ? [] : [`  ${name}: ${title}`];
  };
  const traces = data.map((trace, i) => {
    const count = [trace["y"], trace["x"], trace["z"], trace["values"]].map(lengthOf).find((n) => n !== undefined);
    const name = typeof trace["name"] === "string" ? trace["name"] : `trace ${i + 1}`;
    const type = typeof trace["type"] === "string" ? trace["type"] : "scatter";
    return `  ${name}: ${type}${count === undefined ? "" : `, ${count} values`}`;
  });
  const text = [textOf(layout["title"]) ?? "Plotly figure", ...axis("x"), ...axis("y"), ...traces];
  const simple = simplePlot(data, layout);
  return {
    [mime.plotly]: toJson({ data, layout, ...rest }),
    ...(simple === undefined ? {} : { [mime.svg]: plotSvg(simple) }),
    [mime.text]: text.map(oneLine).join("\n"),
  };
}

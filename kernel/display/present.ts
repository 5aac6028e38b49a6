import { isView, isViewable, type View } from "../../sim/core/index.js";
import { mime, type MimeBundle } from "./bundle.js";
import { tableHtml } from "./html/table.js";
import { plotFigure } from "./plotly/plot.js";
import { plotSvg } from "./svg/plot.js";
import { tableText } from "./text/columns.js";
import { inspectText, reason } from "./text/inspect.js";
import { plotText } from "./text/plot.js";

export function present(value: unknown): MimeBundle {
  try {
    if (isView(value)) return presentView(value);
    if (isViewable(value)) return presentView(value.view());
  } catch (error) {
    return { [mime.text]: `This view cannot be shown: ${reason(error)}` };
  }
  return { [mime.text]: inspectText(value) };
}

function presentView(view: View): MimeBundle {
  switch (view.as) {
    case "text":
      return { [mime.text]: view.text };
    case "table":
      return { [mime.text]: tableText(view), [mime.html]: tableHtml(view) };
    case "plot":
      return { [mime.plotly]: plotFigure(view), [mime.svg]: plotSvg(view), [mime.text]: plotText(view) };
    default:
      return { [mime.text]: inspectText(view) };
  }
}

import type { MimeData } from "../exec/index.js";
import type { LastingOutput } from "./cell-outputs.js";

const view = "application/vnd.jupyter.widget-view+json";

/**
 * A bundle as it reads where nobody sits at the client: without the view of a widget, beside what else it holds. nbconvert
 * takes the view before anything else, and draws it from the network or not at all.
 */
export function withoutWidgetView(data: MimeData): MimeData {
  const rest = Object.entries(data).filter(([type]) => type !== view);
  return rest.length === 0 ? data : Object.fromEntries(rest);
}

/** The same for what a cell shows. */
export const withoutWidgetViews = (output: LastingOutput): LastingOutput =>
  output.type === "display" ? { ...output, data: withoutWidgetView(output.data) } : output;

/**
 * display: what a cell returned, in every form that a client may show.
 *
 * bundle       one output in several forms, by MIME type
 * view         what the simulator gives to be looked at (sim/core)
 * figure       a plot as plotly.js takes it: interactive
 * picture      a plot as SVG: static, drawn here without a browser
 * summary      a view in sentences and a table: for a terminal and for a screen reader
 *
 * present.ts   any value → bundle; the rest is what it calls:
 *   check.ts   whether a view's rows fit together · bounded.ts what of it one picture holds
 *   hook.ts    objects that show themselves · json.ts values fit for the wire
 *   picture/   what all drawings share: colours, styles, scales, ticks, layout of graphs, widths of texts
 *   plotly/    views → figures
 *   svg/       views → SVG; axes by ECharts, the rest by hand
 *   text/      views and values → text, Mermaid
 *   html/      texts, tables and groups → HTML
 * page/        an executed notebook → one HTML page
 */
export type { MimeBundle } from "./bundle.js";
export { escape as escapeHtml } from "./html/escape.js";
export { page } from "./page/page.js";
export { joined, present, presentAll, presentSoon } from "./present.js";

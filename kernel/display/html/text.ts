import { escape } from "./escape.js";

/**
 * Text for a browser, aligned as it is and broken at spaces where a line doesn't fit. Clients' own styles for text break
 * inside words (JupyterLab), hide what is too wide or put it into a box; here the page's colours are left alone.
 */
export const textHtml = (text: string): string => `<pre style="${style}">${escape(text)}</pre>`;

const style =
  "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;" +
  "margin:0;padding:0;border:0;background:none;color:inherit;";

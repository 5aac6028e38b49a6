import { mime, type MimeBundle } from "../bundle.js";
import { textHtml } from "./text.js";

/** Several outputs below one another in one HTML fragment: tables as such, pictures inline, the rest as text. */
export function groupHtml(parts: readonly MimeBundle[]): string {
  return parts.map((part) => `<div style="margin:0 0 1em 0;">${partHtml(part)}</div>`).join("\n");
}

function partHtml(part: MimeBundle): string {
  const { [mime.html]: html, [mime.svg]: svg, [mime.text]: text } = part;
  if (typeof html === "string") return html;
  if (typeof svg === "string") return `<figure style="margin:0;">${svg}</figure>`;
  return textHtml(typeof text === "string" ? text : "");
}

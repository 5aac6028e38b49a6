/**
 * One output in every form a client may want, by MIME type; the client takes the richest it can show. Values are JSON:
 * strings for text, SVG and HTML, base64 for binary types, objects for JSON types.
 * Source: Jupyter messaging specification, `display_data`.
 */
export type MimeBundle = Readonly<Record<string, unknown>>;

export const mime = {
  text: "text/plain",
  html: "text/html",
  svg: "image/svg+xml",
  mermaid: "text/vnd.mermaid",
  plotly: "application/vnd.plotly.v1+json",
} as const;

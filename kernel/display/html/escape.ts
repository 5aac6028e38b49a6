const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What XML forbids even as an entity: control characters except tab and newlines, lone surrogates, two non-characters. */
const forbidden = /[^\P{Cc}\t\n\r]|\p{Cs}|[\uFFFE\uFFFF]/gu;

/** Text made safe inside an element or a quoted attribute of HTML or SVG. */
export function escape(text: string): string {
  return text.replace(forbidden, "\uFFFD").replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

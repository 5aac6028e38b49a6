/** What a replacement stands for: & and \1, \n, and GNU's changes of case. */
export function replace(template: string, found: RegExpExecArray): string {
  let out = "";
  let once: "u" | "l" | undefined;
  let lasting: "U" | "L" | undefined;
  const add = (text: string): void => {
    if (text === "") return;
    let shown = lasting === "U" ? text.toUpperCase() : lasting === "L" ? text.toLowerCase() : text;
    if (once !== undefined)
      shown = (once === "u" ? shown.slice(0, 1).toUpperCase() : shown.slice(0, 1).toLowerCase()) + shown.slice(1);
    once = undefined;
    out += shown;
  };
  for (let at = 0; at < template.length; at++) {
    const character = template[at] ?? "";
    if (character === "&") add(found[0]);
    else if (character !== "\\") add(character);
    else {
      const next = template[++at] ?? "";
      if (/\d/.test(next)) add((found as (string | undefined)[])[Number(next)] ?? "");
      else if (next === "n") add("\n");
      else if (next === "t") add("\t");
      else if (next === "U" || next === "L") lasting = next;
      else if (next === "E") lasting = undefined;
      else if (next === "u" || next === "l") once = next;
      else add(next);
    }
  }
  return out;
}

/** As `l` shows a line. */
export function visible(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
    "\x07": "\\a",
  };
  return text.replace(
    /[\\\n\t\r\b\f\v\x07]|[^\x20-\x7e]/g,
    (one) => names[one] ?? `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

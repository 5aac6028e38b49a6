/** Made when it is first needed: it costs 10 ms and 3 MB that a session of numbers and plain words never needs. */
let segmenter: Intl.Segmenter | undefined;

/** The text in grapheme clusters, which is what a reader calls characters. */
function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/**
 * Two columns wide in a terminal: the wide and full-width ranges of Unicode's East Asian Width (UAX #11), and characters
 * shown as emoji by default (UTS #51).
 */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\uFE0F/u;

/** Nothing but marks and invisible characters. */
const empty = /^[\p{M}\p{Cf}]+$/u;

const ascii = /^[\x20-\x7e]*$/;

/** The columns that a text without control characters takes in a terminal, by grapheme cluster. */
export function textWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const segment of graphemes(text)) width += wide.test(segment) ? 2 : empty.test(segment) ? 0 : 1;
  return width;
}

/** The longest start of a text, in whole grapheme clusters, that fits `width` columns; cut texts end in an ellipsis. */
export function clip(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const segment of graphemes(text)) {
    used += textWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Words in lines, one space between two, as many to a line as fit; a word that doesn't fit has a line of its own. */
export function fill(words: readonly string[], fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || fits(longer)) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A text broken at spaces into lines of at most `width` columns; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const fits = (line: string): boolean => textWidth(line) <= width;
  return text.split("\n").flatMap((paragraph) => fill(paragraph.split(" "), fits));
}

/** Columns that lines of words take in a text; tables and pictures are as wide as they are. */
const lineWidth = 80;

/** Words that belong together, in lines of at most 80 columns, all indented alike. */
export const paragraph = (text: string, indent = ""): string[] =>
  wrap(oneLine(text), lineWidth - indent.length).map((line) => indent + line);

/** One of several sentences below a title: broken between its clauses where that does, further lines standing deeper. */
export function sentence(text: string): string[] {
  const [first, others] = ["  ", "    "];
  const width = lineWidth - others.length;
  const clauses = fill(oneLine(text).split(/(?<=[,;:]) /), (line) => textWidth(line) <= width);
  return clauses.flatMap((line) => wrap(line, width)).map((line, i) => (i === 0 ? first : others) + line);
}

/** What stands below a text, if there is something. */
export const captionLines = (caption: string | undefined): string[] =>
  caption === undefined || caption === "" ? [] : ["", ...caption.split("\n").flatMap((line) => paragraph(line))];

const unsafe = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/**
 * One line of text that can't disturb its surroundings: control characters, lone surrogates and direction overrides are
 * written as escapes.
 */
export function oneLine(text: string): string {
  return text.replace(unsafe, (c) => escapes[c] ?? `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

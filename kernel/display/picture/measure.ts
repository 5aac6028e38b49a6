import { fill, textWidth } from "../text/width.js";

/** Advance widths in hundredths of the font size, of Helvetica and its like (Adobe's font metrics), by class of character. */
const narrow = /[ijl.,:;'|!()[\]ftr/\\ I-]/;
const broad = /[mwMW@%—…]/;
const capital = /[A-Z&]/;

/** How much wider bold letters are. */
export const bold = 1.1;

/**
 * The width in pixels of a text in a sans-serif font, a little on the large side: nothing is drawn here, and the font
 * that the reader's machine takes is not known.
 */
export function measure(text: string, size: number): number {
  let hundredths = 0;
  for (const c of text) {
    hundredths += narrow.test(c)
      ? 34
      : broad.test(c)
        ? 92
        : capital.test(c)
          ? 72
          : c.charCodeAt(0) < 0x80
            ? 57
            : 58 * textWidth(c);
  }
  return (hundredths / 100) * size * 1.02;
}

/** A text cut to a width in pixels, with an ellipsis. */
export function fit(text: string, size: number, width: number): string {
  if (measure(text, size) <= width) return text;
  let kept = "";
  for (const c of text) {
    if (measure(`${kept}${c}…`, size) > width) break;
    kept += c;
  }
  return kept === "" ? "" : `${kept}…`;
}

/** A text broken into lines no wider than `width` pixels: at spaces, and inside a word that is longer than a line. */
export function lines(text: string, size: number, width: number): string[] {
  const fits = (line: string): boolean => measure(line, size) <= width;
  return text.split("\n").flatMap((paragraph) => {
    const words = paragraph.split(" ").flatMap((word) => pieces(word, size, width));
    return fill(words, fits);
  });
}

/** A long word in pieces that fit: cut behind punctuation where there is some, else where the line ends. */
function pieces(word: string, size: number, width: number): string[] {
  if (measure(word, size) <= width) return [word];
  const done: string[] = [];
  let piece = "";
  for (const c of word) {
    if (piece !== "" && measure(piece + c, size) > width) {
      const [, head = piece, tail = ""] = /^(.*[-./_:@,(])([^-./_:@,(]+)$/.exec(piece) ?? [];
      done.push(head);
      piece = tail;
    }
    piece += c;
  }
  return [...done, piece];
}

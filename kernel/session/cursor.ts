/** Jupyter counts a cursor in code points, JavaScript in UTF-16 units; they differ behind an astral character. */

/** @returns the offset in UTF-16 units; the text's end where the cursor is behind it */
export function offsetAt(text: string, codePoints: number): number {
  let offset = 0;
  for (let left = codePoints; left > 0 && offset < text.length; left--) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

/** @returns the cursor in code points */
export function codePointsBefore(text: string, offset: number): number {
  let count = 0;
  for (let at = 0; at < Math.min(offset, text.length); count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

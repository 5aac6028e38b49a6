import { createTransform } from "./transform.js";
import { warmUpCell } from "./warm-up-cell.js";

/** How often each cell is transformed: V8 compiles what has run some ten times. */
const rounds = 20;

/**
 * Transforms cells of its own, one in each step, so that what a transform needs is loaded and compiled when the user's
 * come. @yields after a millisecond at most, but for the first steps
 */
export function* practise(): Generator<void> {
  const transform = createTransform();
  // The class has what can't just be erased.
  const plain = warmUpCell.replace(/^class .*$/m, "").replaceAll(/^.*\bRack\b.*$/gm, "");
  for (let round = 0; round < rounds; round++) {
    for (const cell of [plain, "1 + 1", warmUpCell]) {
      transform(cell, "practice");
      yield;
    }
  }
}

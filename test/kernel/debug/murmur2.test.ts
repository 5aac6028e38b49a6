import { expect, test } from "vitest";
import { murmur2 } from "../../../kernel/debug/murmur2.js";

/** IPython's seed, and what its and JupyterLab's hash give. */
const seed = 0xc70f6907;

test.each([
  ["", 3990065800],
  ["a", 2167009006],
  ["ab", 2805137849],
  ["abc", 3350977461],
  ["abcd", 804720481],
  ["const x = 1;\nx", 552911769],
  ["ü€😀", 2439479321],
  ["x".repeat(1000), 2976633443],
])("the hash of %j", (text, hash) => {
  expect(murmur2(text, seed)).toBe(hash);
});

test("a seed of 0 and no text is 0", () => {
  expect(murmur2("", 0)).toBe(0);
});

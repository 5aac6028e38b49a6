import { expect, test } from "vitest";
import { stripExpression } from "../../../kernel/lang/index.js";

test.each([
  ["a as number", "a"],
  ["{ a: 1 as const }", "({ a: 1 })"],
  ["f<string>(x!)", "f(x)"],
  ["let y: number = 1; y", "let y = 1;\ny"],
  ["a // a remark", "a"],
  ["1 +", "1 +"],
])("%s", (typed, plain) => {
  expect(stripExpression(typed)).toBe(plain);
});

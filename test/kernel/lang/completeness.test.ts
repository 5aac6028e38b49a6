import { expect, test } from "vitest";
import { isComplete } from "../../../kernel/lang/index.js";

const complete = [
  "",
  "1",
  "let x = 1",
  "if (a) { b() }",
  "f(1)",
  "`a${b}c`",
  "/* a */",
  "const s = '😀'",
  "await f()",
  "a // b",
  "type A = { b: 1 }",
  "@d class A {}",
  "import a from 'b'",
  "f(\n\n\n",
];
const incomplete: readonly (readonly [source: string, indent: string])[] = [
  ["f(1", ""],
  ["if (x) {", "  "],
  ["  if (x) { // why", "    "],
  ["if (x) {\n  y()", "  "],
  ["[1,\n 2,", " "],
  ["`abc", ""],
  ["`abc ${x", ""],
  ["`abc ${x} d", ""],
  ["/* abc", ""],
  ["a +", ""],
  ["a &&\n", ""],
  ["x =>", "  "],
  ["const f = (a: number): number =>", "  "],
  ["class A { x: ", ""],
  ["interface A", ""],
  ["type A =", ""],
  ["if (a)", ""],
  ["try {}", ""],
  ["do x", ""],
  ["function f", ""],
  ["import {a} from", ""],
  ["const x: Map<string,", ""],
  ["@d", ""],
  ["'a\\", ""],
  ["a ? b :", ""],
];
const invalid = [
  "}",
  "1 1",
  "let x = ;",
  "'abc",
  "/abc",
  "else",
  "f(1]",
  "let a b",
  "const s = 'x\nlet y = (",
  "if (a) }",
];

test.each(complete)("complete: %j", (source) => {
  expect(isComplete(source)).toEqual({ status: "complete" });
});
test.each(incomplete)("incomplete: %j", (source, indent) => {
  expect(isComplete(source)).toEqual({ status: "incomplete", indent });
});
test.each(invalid)("invalid: %j", (source) => {
  expect(isComplete(source)).toEqual({ status: "invalid" });
});

import { expect, test } from "vitest";
import { tslabDirective } from "../../../kernel/session/tslab-directive.js";

test.each([
  ["/** @module mylib */\nexport const a = 1;", 'import "./mylib"'],
  ["// first\n/**\n * Words.\n * @module my-lib\n */\nexport const a = 1;", "my-lib.ts"],
  ["/** @browser */\ndocument.title;", "%%html"],
  ["/**\n * @browser\n * @jsx\n */\nx;", "<script>"],
])("%j is refused, with the mend", (source, mend) => {
  const report = tslabDirective(source);
  expect(report?.ename).toBe("UsageError");
  expect(report?.traceback.join("\n")).toContain(mend);
});

test.each([
  "const a = 1; /** @module later */",
  "/* @module plain */ 1",
  "/** A @module of the lecture. */ 1",
  "// @browser\n1",
  "'/** @browser */'",
  "",
])("%j is a cell as any other", (source) => {
  expect(tslabDirective(source)).toBeUndefined();
});

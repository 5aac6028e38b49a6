import { expect, test } from "vitest";
import { tslabDirective } from "../../../kernel/session/tslab-directive.js";

test.each([
  ["/** @module mylib */\nexport const a = 1;", "mylib"],
  ["// first\n/**\n * Words.\n * @module my_lib2\n */\nexport const a = 1;", "my_lib2"],
])("%j is a module", (source, module) => {
  expect(tslabDirective(source)).toEqual({ module });
});

test.each([
  ["/** @module mylib */\n/** @jsx */\nexport const a = <b/>;", "createElement"],
  ["/**\n * @browser\n * @module mylib\n */\nx;", "<script>"],
  ["/** @browser */\ndocument.title;", "%%html"],
  ["/**\n * @browser\n * @jsx\n */\nx;", "<script>"],
])("%j is refused, with the mend", (source, mend) => {
  const directive = tslabDirective(source);
  const refusal = directive !== undefined && "refusal" in directive ? directive.refusal : undefined;
  expect(refusal?.ename).toBe("UsageError");
  expect(refusal?.traceback.join("\n")).toContain(mend);
});

test.each([
  "const a = 1; /** @module later */",
  "/* @module plain */ 1",
  "/** @module my-lib */ 1",
  "/** @jsx */ 1",
  "/** A @module of the lecture. */ 1",
  "// @browser\n1",
  "'/** @browser */'",
  "",
])("%j is a cell as any other", (source) => {
  expect(tslabDirective(source)).toBeUndefined();
});

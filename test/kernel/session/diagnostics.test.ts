import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Diagnostic } from "../../../kernel/lang/index.js";
import { printDiagnostics, reportDiagnostics } from "../../../kernel/session/diagnostics.js";

const base: Diagnostic = {
  severity: "error",
  code: "TS2322",
  message: "Type 'string' is not assignable to type 'number'.",
  line: 2,
  column: 7,
  endLine: 2,
  endColumn: 11,
};

test("the span is marked below its line, tabs kept", () => {
  const cell = { name: "In[3]", source: "let a;\n\tlet size: number = 's';" };
  const report = reportDiagnostics([{ ...base, column: 6, endColumn: 10 }], cell);
  expect([report.ename, report.evalue]).toEqual(["TypeScriptError", base.message]);
  expect(report.traceback.map((line) => stripVTControlCharacters(line))).toEqual([
    "In[3]:2:6 - error TS2322: Type 'string' is not assignable to type 'number'.",
    "",
    "2 | \tlet size: number = 's';",
    "  | \t    ~~~~",
    "",
  ]);
});

test("a span of many lines is marked on the first four, a message of many keeps its lines", () => {
  const source = Array.from({ length: 12 }, (_, index) => `  line ${index + 1};`).join("\n");
  const many = { ...base, message: "No overload\n  Overload 1", line: 8, column: 3, endLine: 12, endColumn: 4 };
  expect(stripVTControlCharacters(printDiagnostics([many], { name: "In[1]", source }))).toBe(
    [
      "In[1]:8:3 - error TS2322: No overload",
      "  Overload 1",
      "",
      " 8 |   line 8;",
      "   |   ~~~~~~~",
      " 9 |   line 9;",
      "   |   ~~~~~~~",
      "10 |   line 10;",
      "   |   ~~~~~~~~",
      "11 |   line 11;",
      "   |   ~~~~~~~~",
      "",
      "",
    ].join("\n"),
  );
});

test("an empty span at the cell's end, and a parser's remark", () => {
  const end: Diagnostic = {
    severity: "error",
    message: "Unexpected end",
    line: 1,
    column: 4,
    endLine: 1,
    endColumn: 4,
  };
  const report = reportDiagnostics([end], { name: "In[1]", source: "f(1" });
  expect(report.ename).toBe("SyntaxError");
  expect(report.traceback.map((line) => stripVTControlCharacters(line))).toContain("  |    ~");
});

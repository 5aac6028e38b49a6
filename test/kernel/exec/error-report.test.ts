import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { interruptedReport, reportError } from "../../../kernel/exec/error-report.js";
import { createCellSources, type CellSources } from "../../../kernel/exec/stack.js";

/** Cells whose scripts have one line in front. */
function sources(): CellSources {
  const made = createCellSources("/kernel/", (_, line, column) =>
    line === 1 ? undefined : { line: line - 1, column },
  );
  const source = "const a = 1;\n\tthrow new Error();\nlast";
  made.add({ name: "In[1]", source, positions: "" });
  return made;
}

const frames = [
  "    at fail (In[1]:3:8)",
  "    at async Object.<anonymous> (In[1]:2:1)",
  "    at In[1]:1:5",
  "    at Array.map (<anonymous>)",
  "    at run (/kernel/exec/cell-runner.js:5:6)",
  "    at node:internal/timers:5:6",
  "    at new Widget (/home/me/node_modules/widget/index.js:7:8)",
  "    at <anonymous>:1:2",
];

test("frames: cells' own places, packages, nothing of Node or the kernel", () => {
  expect(sources().translate(frames)).toEqual([
    "    at fail (In[1]:2:8)",
    "    at async Object.<anonymous> (In[1]:1:1)",
    "    at Array.map (<anonymous>)",
    "    at new Widget (/home/me/node_modules/widget/index.js:7:8)",
  ]);
});

test("frames: Promise.all only where a cell called it", () => {
  const all = "    at async Promise.all (index 0)";
  const [cell, kernel] = ["    at async In[1]:2:1", "    at async hear (/kernel/api/comm.js:5:6)"];
  expect(sources().translate([cell, all, all, cell, all, kernel, all])).toEqual([
    "    at async In[1]:1:1",
    all,
    all,
    "    at async In[1]:1:1",
  ]);
});

describe("a report", () => {
  const report = (thrown: unknown): string =>
    stripVTControlCharacters(reportError(thrown, sources()).traceback.join("\n"));
  const withStack = (error: Error): Error =>
    Object.assign(error, { stack: [String(error), ...sources().translate(frames)].join("\n") });

  test("shows the line, with tabs kept so that the mark stands below its column", () => {
    expect(report(withStack(new TypeError("first\nsecond")))).toBe(
      [
        "TypeError: first",
        "second",
        "In[1], line 2",
        "  1 | const a = 1;",
        "> 2 | \tthrow new Error();",
        "    | \t      ^",
        "  3 | last",
        "    at fail (In[1]:2:8)",
        "    at async Object.<anonymous> (In[1]:1:1)",
        "    at Array.map (<anonymous>)",
        "    at new Widget (/home/me/node_modules/widget/index.js:7:8)",
      ].join("\n"),
    );
  });

  test("ends a circle of causes", () => {
    const error = new Error("round");
    error.stack = "Error: round";
    error.cause = error;
    expect(report(error).split("caused by:").length).toBe(6);
  });

  test.each<[string, unknown, string]>([
    ["a string", "text", "Uncaught 'text'"],
    ["undefined", undefined, "Uncaught undefined"],
    ["an object", { code: 5 }, "Uncaught { code: 5 }"],
    ["an odd name and message", Object.assign(new Error(), { name: 5, message: {}, stack: 7 }), "5: {}"],
    [
      "a usage error without a hint",
      Object.assign(new Error("two\nlines"), { name: "UsageError" }),
      "UsageError: two\nlines",
    ],
    [
      "something that throws when looked at",
      new Proxy(new Error(), {
        get() {
          throw new Error("no");
        },
      }),
      "Error: what was thrown can't be shown: no",
    ],
  ])("of %s", (_, thrown, expected) => {
    expect(report(thrown)).toBe(expected);
  });

  test("of an interrupt", () => {
    expect(interruptedReport()).toMatchObject({ ename: "Interrupted", evalue: "the cell was interrupted" });
  });
});

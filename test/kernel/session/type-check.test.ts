import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { ErrorReport } from "../../../kernel/exec/index.js";
import type { Diagnostic } from "../../../kernel/lang/index.js";
import { explainError, refusal, typecheckMode } from "../../../kernel/session/type-check.js";

test("the setting is a mode, or the default with a word in the log", () => {
  const logged: string[] = [];
  const mode = (setting: string | undefined): string => typecheckMode(setting, (reason) => logged.push(reason));
  expect([mode("off"), mode("warn"), mode("error"), mode(undefined)]).toEqual(["off", "warn", "error", "error"]);
  expect(logged).toEqual([]);
  expect(mode("of")).toBe("error");
  expect(logged).toEqual(['VIRTLAB_TYPECHECK is "of"; set it to off, warn, error']);
});

describe("a missing cell", () => {
  const cell = { name: "In[1]", source: "use(disk, floppy)" };
  const found = { notebook: "n.ipynb", index: 4, firstLine: "const floppy = …" };
  const find = (name: string): typeof found | undefined => (name === "floppy" ? found : undefined);
  const advice = "`floppy` is declared by cell 4 of n.ipynb (`const floppy = …`), which has not run. Run it first.";
  const place = { line: 1, column: 5, endLine: 1, endColumn: 9 };
  const error = (message: string, unknownName?: string): Diagnostic => ({
    severity: "error",
    code: "TS2304",
    message,
    ...place,
    ...(unknownName === undefined ? {} : { unknownName }),
  });
  const plain = ({ traceback }: ErrorReport): string => stripVTControlCharacters(traceback.join("\n"));

  test("is named in place of the type errors, whichever of the unknown names it declares", () => {
    const errors = [error("some other"), error("no disk", "disk"), error("no floppy", "floppy")];
    const report = refusal(errors, cell, find);
    expect([report.ename, report.evalue, plain(report)]).toEqual(["UsageError", advice, `UsageError: ${advice}`]);
  });

  test("that no notebook has leaves the type errors as they are", () => {
    const report = refusal([error("no disk", "disk"), error("second")], cell, find);
    expect([report.ename, report.evalue]).toEqual(["TypeScriptError", "no disk"]);
    expect(plain(report)).toContain("second");
  });

  test("is named in place of V8's own error for an unknown name, and of no other", () => {
    const thrown = (ename: string, evalue: string): ErrorReport => ({ ename, evalue, traceback: [] });
    const unknown = thrown("ReferenceError", "floppy is not defined");
    expect(explainError(unknown, cell, find).evalue).toBe(advice);
    for (const other of [
      thrown("ReferenceError", "disk is not defined"),
      thrown("ReferenceError", "Cannot access 'floppy' before initialization"),
      thrown("Error", "floppy is not defined"),
    ]) {
      expect(explainError(other, cell, find)).toBe(other);
    }
  });
});

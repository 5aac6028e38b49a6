import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { ClaimError, workbook, type Solutions, type ThinLocate } from "../../../sim/lab/index.js";
import type { Problem } from "../../../sim/lab/exercises/problem.js";
import { problems } from "../../../sim/lab/exercises/problems.js";

/** The words of a report: its table's rows and its advice. */
function words(book: ReturnType<typeof workbook>, solution: ThinLocate): string {
  return JSON.stringify(book.check("12-thin", solution).view());
}

describe("predict and reveal", () => {
  test("a right prediction", () => {
    const book = workbook();
    book.predict("x", 1_612_800);
    expect(book.reveal("x", 1_612_800, { unit: "B" }).text).toBe("You predicted 1,612,800 B: right.");
  });

  test("within the tolerance", () => {
    const book = workbook();
    book.predict("x", 9);
    expect(book.reveal("x", 10, { tolerance: 0.1 }).text).toContain("close enough");
    expect(book.reveal("x", 10).text).toContain("1.1 times too small");
  });

  test("a prediction that stops a step early is told the next one", () => {
    const book = workbook();
    book.predict("x", 3150);
    const steps = [
      { what: "virtual sector", value: 3150 },
      { what: "byte of the disk", value: 1_612_800 },
      { what: "sector of the host", value: 3151 },
    ];
    expect(book.reveal("x", 1_612_800, { steps }).text).toContain(
      "Yours is the virtual sector; the step from there to the byte of the disk is missing.",
    );
  });

  test("a known slip is named", () => {
    const book = workbook();
    book.predict("x", 1_613_312);
    const slips = { "sectors are counted from 0": 1_613_312 };
    expect(book.reveal("x", 1_612_800, { slips }).text).toContain("when sectors are counted from 0");
  });

  test("nothing predicted names the cell to run", () => {
    const reveal = () => workbook().reveal("12-chs", 1);
    expect(reveal).toThrow(UsageError);
    expect(reveal).toThrow('nothing is predicted for "12-chs" yet');
  });
});

describe("check", () => {
  const book = workbook();

  /** The course's function passes; each slip fails, and the report says which step went wrong. */
  function expectSound<K extends keyof Solutions>(id: K, problem: Problem<Solutions[K]>): void {
    const { reference, examples, slips } = problem;
    const checked = book.check(id, reference);
    expect(checked).toMatchObject({ passed: examples.length });
    expect(JSON.stringify(checked.view())).toContain("Public checks passed.");
    for (const { step, solution } of slips) {
      const report = book.check(id, solution);
      expect(report.passed).toBeLessThan(examples.length);
      expect(JSON.stringify(report.view())).toContain(step);
    }
  }

  test.each(Object.keys(problems) as (keyof Solutions)[])(
    "%s: the reference passes, every slip fails and is recognised",
    (id) => {
      expectSound(id, problems[id]);
    },
  );

  test("a skeleton that throws is reported, not thrown", () => {
    const skeleton: ThinLocate = () => {
      throw new Error("not implemented");
    };
    expect(words(book, skeleton)).toContain('your function threw \\"not implemented\\"');
  });

  test("a solution that changes its arguments spoils no other example", () => {
    const greedy: ThinLocate = (table, size, offset) => {
      const answer = problems["12-thin"].reference(table, size, offset);
      (table as (number | null)[]).length = 0;
      return answer;
    };
    expect(book.check("12-thin", greedy).passed).toBe(problems["12-thin"].examples.length);
  });

  test("an unknown problem names the nearest", () => {
    expect(() => book.problem("12-thni" as "12-thin")).toThrow('there is no problem "12-thni"');
  });
});

test("checkpoint gives back what works", () => {
  const book = workbook();
  const mine: ThinLocate = (t, c, o) => problems["12-thin"].reference(t, c, o);
  expect(book.checkpoint("12-thin", mine).solution).toBe(mine);
  expect(book.checkpoint("12-thin", () => 0).solution).toBe(problems["12-thin"].reference);
});

test("hints run out with a word", () => {
  const book = workbook();
  expect(book.hint("12-thin").text).toContain("Hint 1 of 3");
  expect(() => book.hint("12-thin", 4)).toThrow(UsageError);
});

test("a claim throws the statements that fail", () => {
  const book = workbook();
  expect(book.claim("V3", { "reads are mapped": true }).rows).toHaveLength(1);
  expect(() => book.claim("V3", { "reads are mapped": true, "writes are": false })).toThrow(ClaimError);
  expect(() => book.claim("V3", { "writes are": false })).toThrow("V3 does not hold: writes are");
});

import { describe, expect, test, vi } from "vitest";
import { renderBar, reportProgress } from "../../../kernel/cli/progress.js";

describe("renderBar", () => {
  test("fills with what is done, and names the cell that runs", () => {
    expect(renderBar("a.ipynb", 0, 4, 0, 80)).toBe(`a.ipynb ${"░".repeat(24)} cell 1/4  0.0 s`);
    expect(renderBar("a.ipynb", 2, 4, 1550, 80)).toBe(`a.ipynb ${"█".repeat(12)}${"░".repeat(12)} cell 3/4  1.6 s`);
    expect(renderBar("a.ipynb", 4, 4, 9000, 80)).toBe(`a.ipynb ${"█".repeat(24)} cell 4/4  9.0 s`);
    expect(renderBar("empty.ipynb", 0, 0, 0, 80)).toContain("cell 0/0");
  });

  test("never wraps", () => {
    expect(renderBar("a-rather-long-name.ipynb", 1, 2, 0, 30)).toHaveLength(29);
  });
});

describe("reportProgress", () => {
  test("on a terminal it redraws one line and takes it away", () => {
    let shown = "";
    const screen = { isTTY: true, columns: 80, write: (text: string) => (shown += text) };
    const report = reportProgress(screen, "a", 1);
    report.update({ state: "finished", index: 0, nth: 1, total: 1 });
    report.end();
    expect(shown).not.toContain("\n");
    expect(shown).toContain("█".repeat(24));
    expect(shown.endsWith("\r\u001b[2K")).toBe(true);
  });

  test("elsewhere it writes a line at the start and one for each long wait", () => {
    vi.useFakeTimers();
    try {
      let shown = "";
      const report = reportProgress({ write: (text: string) => (shown += text) }, "a", 2);
      report.update({ state: "started", index: 0, nth: 1, total: 2 });
      vi.advanceTimersByTime(10_000);
      report.end();
      vi.advanceTimersByTime(60_000);
      expect(shown).toBe("a: running 2 cells\na: cell 1/2 has been running for 10 s\n");
    } finally {
      vi.useRealTimers();
    }
  });
});

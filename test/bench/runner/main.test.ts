import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { measure, type Contender, type Outcome } from "./measure.js";
import { bars, table } from "./table.js";

const scratch = mkdtempSync(join(tmpdir(), "bench-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const main = join(import.meta.dirname, "../../../dist/test/bench/main.js");
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}

/** A contender that measures given numbers, and notes when it ran. */
function scripted(name: string, values: readonly number[], log: string[] = []): Contender {
  let round = 0;
  return {
    name,
    run() {
      log.push(name);
      return values[round++] ?? NaN;
    },
  };
}

describe("measure", () => {
  test("runs the contenders by turns and leaves the first round out", async () => {
    const log: string[] = [];
    const contenders = [scripted("ours", [1, 20, 60, 40], log), scripted("peer", [1, 10, 10, 10], log)] as const;
    const outcome = await measure({ name: "b", unit: "x/s", contenders, goal: { median: 30, ratio: 4 } }, 3);
    expect(log.join(" ")).toBe("ours peer ours peer ours peer ours peer");
    expect(outcome.results.map((result) => result.spread)).toEqual([
      { median: 40, least: 20, greatest: 60 },
      { median: 10, least: 10, greatest: 10 },
    ]);
    expect(outcome.results[1]?.ratio).toEqual({ median: 4, least: 2, greatest: 6 });
    expect(outcome.met).toBe(true);
  });

  test("turns ratios and goals round where less is better", async () => {
    const contenders = [scripted("ours", [0, 2, 4]), scripted("peer", [0, 8, 8])] as const;
    const outcome = await measure({ name: "b", unit: "ms", better: "lower", contenders, goal: { median: 2.5 } }, 2);
    expect(outcome.results[0]?.spread?.median).toBe(3);
    expect(outcome.results[1]?.ratio?.median).toBe(3);
    expect(outcome.met).toBe(false);
  });

  test("leaves out the rounds without an end, and draws a dash where none came to one", async () => {
    const contenders = [
      scripted("ours", [0, 2, 4, 6]),
      scripted("late", [0, NaN, 8, 8]),
      scripted("never", [0, NaN, NaN, NaN]),
    ] as const;
    const outcome = await measure({ name: "b", unit: "ms", better: "lower", contenders }, 3);
    expect(outcome.results[1]?.spread).toEqual({ median: 8, least: 8, greatest: 8 });
    expect(outcome.results[1]?.ratio?.greatest).toBe(2);
    expect(outcome.results[2]).toEqual({ contender: "never", samples: [NaN, NaN, NaN] });
    expect(table([outcome])).toMatch(/never +– +ms$/m);
  });

  test("draws a line for each bar", async () => {
    const goals = [{ median: 2 }, { ratio: 1 }, { ratio: 1.5 }, undefined];
    const outcomes: Outcome[] = [];
    for (const [index, goal] of goals.entries()) {
      const contenders = [scripted("ours", [0, 3]), scripted("peer", [0, 4])] as const;
      const bench = { name: `b${index}`, unit: "ms", better: "lower", contenders } as const;
      outcomes.push(await measure({ ...bench, ...(goal === undefined ? {} : { goal }) }, 1));
    }
    expect(bars(outcomes).split("\n")).toEqual([
      "MISSED        b0: 3 ms; bar: 2 ms",
      "reached       b1: 3 ms; bar: peer (4 ms)",
      "MISSED        b2: 3 ms; bar: 1.5× better than peer (4 ms)",
    ]);
  });

  test("leaves out a peer that is missing, and says so", async () => {
    const missing: Contender = { ...scripted("peer", []), missing: "no peer here" };
    const contenders = [scripted("ours", [0, 2e6]), missing] as const;
    const outcome = await measure({ name: "b", unit: "x/s", contenders, goal: { ratio: 4 } }, 1);
    expect(outcome.met).toBeUndefined();
    const text = table([outcome]);
    expect(text).toContain("2 M");
    expect(text).toContain("missing: no peer here");
    expect(text).toContain("4×: not compared");
  });
});

describe("the command", () => {
  test.each([
    [["nowhere"], /^bench: no room "nowhere"; rooms: .*core.*\n$/],
    [[], /^bench: name one room; rooms: .*core.*\n$/],
    [["core", "--rounds", "0"], /^bench: --rounds 0: give a whole number from 1 on\n$/],
    [
      ["core", "--only", "nothing"],
      /^bench: no bench of core has "nothing" in its name; all: .*M\/M\/1 customers.*\n$/,
    ],
    [["core", "--jsn"], /^bench: Unknown option '--jsn'.*\n$/],
  ])("refuses %j with one line", (args, line) => {
    const { status, stdout, stderr } = bench(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(line);
  });

  test("measures core, prints a table and writes it as JSON", () => {
    const json = join(scratch, "core.json");
    const { status, stdout, stderr } = bench(
      "core",
      "--rounds",
      "1",
      "--json",
      json,
      "--only",
      "pending",
      "--only",
      "M/M/1",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("callbacks, 100,000 pending");
    const report = JSON.parse(readFileSync(json, "utf8")) as { outcomes: Outcome[] };
    const names = report.outcomes.map((outcome) => outcome.bench);
    expect(names).toContain("M/M/1 customers");
    for (const name of names) expect(name).toMatch(/pending|M\/M\/1/);
    for (const { results } of report.outcomes) expect(results[0]?.spread?.median).toBeGreaterThan(0);
  });
});

import { describe, expect, test } from "vitest";
import { claimsOf, verdict } from "./claims.js";
import { course, reference, runCells, straight } from "./course.js";
import { offences } from "./orders.js";
import { shuffled } from "./shuffled.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const seeds = Array.from({ length: long ? 20 : 1 }, (_, i) => i + 1);
/** Milliseconds: the runs of all notebooks wait for one another. */
const patience = long ? 3_600_000 : 600_000;

test("the course has notebooks", () => {
  expect(course.length).toBeGreaterThan(0);
});

describe.concurrent.each(course)("$name", { timeout: patience }, (lesson) => {
  const { notebook } = lesson;
  const order = straight(notebook);

  test("is kept without outputs", ({ expect }) => {
    const ran = notebook.cells.filter(
      (cell) => cell.cell_type === "code" && (cell.outputs.length > 0 || cell.execution_count !== null),
    );
    expect(ran.map(({ source }) => source)).toEqual([]);
  });

  test("has no cell over 15 lines", ({ expect }) => {
    const lengthy = notebook.cells.filter(
      ({ cell_type, source }) => cell_type === "code" && source.split("\n").length > 15,
    );
    expect(lengthy.map(({ source }) => source)).toEqual([]);
  });

  test("runs clean within a minute", async ({ expect }) => {
    const { failure, executions, milliseconds } = await reference(lesson);
    expect(failure).toBeUndefined();
    expect(executions.map(({ index }) => index)).toEqual(order);
    expect(milliseconds).toBeLessThan(60_000);
  });

  test("its claims hold", async ({ expect }) => {
    const run = await reference(lesson);
    const verdicts = claimsOf(notebook).map((claim) => `${claim.id} ${verdict(run, claim)}`);
    expect(verdicts).toEqual(claimsOf(notebook).map(({ id }) => `${id} holds`));
  });

  test("gives the same results when all is run again in any order", async ({ expect }) => {
    const { executions, again } = await reference(lesson);
    expect(again).toHaveLength(order.length);
    expect(offences(notebook, executions, again, false)).toEqual([]);
  });

  if (long)
    test("gives the same results when each cell is run twice, then all again in many orders", async ({ expect }) => {
      const twice = order.flatMap((index) => [index, index]);
      const again = [...twice, ...seeds.flatMap((seed) => shuffled(order, seed))];
      const { executions } = await runCells(lesson, again);
      expect(executions).toHaveLength(again.length);
      expect(offences(notebook, (await reference(lesson)).executions, executions, false)).toEqual([]);
    });

  test.for(seeds)("gives the same results or names the missing cell in random order %i", async (seed, { expect }) => {
    const mixed = shuffled(order, seed);
    const { executions } = await runCells(lesson, mixed);
    expect(executions).toHaveLength(mixed.length);
    expect(offences(notebook, (await reference(lesson)).executions, executions, true)).toEqual([]);
  });
});

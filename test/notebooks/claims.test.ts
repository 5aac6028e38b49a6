import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatNotebook } from "../../kernel/runner/index.js";
import { code, notebookOf } from "../kernel/runner/notebooks.js";
import { claimsOf, mutationsIn, unpaired, verdict } from "./claims.js";
import { course, runCells, straight, type Lesson } from "./course.js";

const mutations = mutationsIn(join(import.meta.dirname, "mutations"));
const claims = course.flatMap((lesson) => claimsOf(lesson.notebook).map((claim) => ({ lesson, ...claim })));

/** What a mutation changes is behaviour: without the type checker's start a run takes a third of the time. */
const unchecked = { env: { VIRTLAB_TYPECHECK: "off" } };

test("the course makes claims, each with a mutation, and no mutation is left over", () => {
  expect(claims.length).toBeGreaterThan(0);
  expect(unpaired(claims, mutations)).toEqual([]);
});

/** Each notebook's first claim stands for its others where time is short. */
const judged =
  process.env["VIRTLAB_LONG"] === "1"
    ? claims
    : claims.filter(({ lesson, id }) => claims.find((other) => other.lesson === lesson)?.id === id);

/** That each claim holds where nothing was changed is the clean run's to show: notebooks.test.ts. */
describe.concurrent.each(judged)("claim $id of $lesson.name", ({ lesson, ...claim }) => {
  const own = mutations.filter(({ id }) => id === claim.id);
  test.for(own)("is refuted under $name", async ({ nodeOptions }, { expect }) => {
    // What stands below the claim has no part in it.
    const above = straight(lesson.notebook).filter((index) => index <= Math.max(...claim.indices));
    expect(verdict(await runCells(lesson, above, { nodeOptions, ...unchecked }), claim)).toBe("refuted");
  });
});

describe("the harness itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-mutations-"));
  const path = join(folder, "fixture.ipynb");
  const notebook = notebookOf(
    code("const length = Math.hypot(3, 4);", "a", ["claim:F1"]),
    code('import { claim } from "virtlab";\nclaim("F1", { "it is 5": length === 5 })', "b", ["claim:F1"]),
    code('claim("F2", { "1 is 1": Math.min(1, 1) === 1 })', "c", ["other", "claim:F2"]),
  );
  const fixture: Lesson = { name: "fixture.ipynb", path, notebook };
  const [first, second] = claimsOf(notebook);
  if (first === undefined || second === undefined) throw new Error("the fixture lost its claims");

  beforeAll(() => {
    writeFileSync(path, formatNotebook(notebook));
    writeFileSync(join(folder, "F1.longer.mjs"), "Math.hypot = () => 6;\n");
    writeFileSync(join(folder, "F1.nothing.mjs"), "export {};\n");
    writeFileSync(join(folder, "F9.mjs"), "export {};\n");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("finds claims by their tag", () => {
    expect([first, second]).toEqual([
      { id: "F1", indices: [0, 1] },
      { id: "F2", indices: [2] },
    ]);
  });

  test("a claim without a mutation is an offence, and so is a mutation without a claim", () => {
    expect(unpaired([first, second], mutationsIn(folder))).toEqual([
      "claim F2 has no mutation",
      "mutation F9.mjs has no claim",
    ]);
  });

  test("a mutation reaches the kernel; one that changes nothing refutes nothing", async () => {
    const under = async (name: string): Promise<string> => {
      const { nodeOptions } = mutationsIn(folder).find((mutation) => mutation.name === name)!;
      return verdict(await runCells(fixture, straight(notebook), { nodeOptions, ...unchecked }), first);
    };
    expect(verdict(await runCells(fixture, straight(notebook), unchecked), first)).toBe("holds");
    expect(await under("F1.longer.mjs")).toBe("refuted");
    expect(await under("F1.nothing.mjs")).toBe("holds");
  });

  test("an error of another kind, or a cell that did not run, refutes nothing", async () => {
    expect(verdict(await runCells(fixture, [1, 0], unchecked), first)).toMatch(/^failed by UsageError/);
    expect(verdict(await runCells(fixture, [0], unchecked), first)).toBe("failed by not running");
  });
});

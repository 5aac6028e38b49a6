import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "../../../kernel/cli/arguments.js";
import { run, runSpec, type Runner } from "../../../kernel/cli/run.js";
import { executeNotebook, formatNotebook, type Cell, type RunOptions } from "../../../kernel/runner/index.js";
import { FakeKernel } from "../runner/fake-kernel.js";
import { code, markdown, notebookOf } from "../runner/notebooks.js";
import { fakeTerminal, temporaryFolder } from "./terminal.js";

const bad = "const x = 1;\nthrow new TypeError('no')";
let folder = "";
let options: RunOptions[] = [];
const home = process.cwd();

beforeEach(() => {
  folder = temporaryFolder();
  options = [];
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(home);
});

/** The real runner over a fake kernel. */
const runner: Runner = (notebook, given) => {
  options.push(given);
  return executeNotebook(notebook, new FakeKernel({ [bad]: () => new TypeError("no") }), given);
};

const save = (path: string, ...cells: Cell[]): void => {
  writeFileSync(path, formatNotebook(notebookOf(...cells)));
};

async function call(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const exit = await run(parse(runSpec, args), terminal, runner);
  return { exit, ...terminal.shown };
}

const outputsIn = (path: string): unknown[] =>
  (JSON.parse(readFileSync(path, "utf8")) as { cells: { outputs?: unknown[] }[] }).cells.flatMap(
    ({ outputs }) => outputs ?? [],
  );

describe("virtlab run", () => {
  test("runs, leaves the notebook as it was, and writes the outputs elsewhere", async () => {
    save("a.ipynb", markdown("# A", "m"), code("1", "c"));
    const before = readFileSync("a.ipynb");
    const { exit, out, err } = await call("a.ipynb", "--output", "out/deep/b.ipynb");
    expect(exit).toBe(0);
    expect(out).toMatch(/^a\.ipynb: 1 cell ran in .* → out\/deep\/b\.ipynb\n$/);
    expect(err).toBe("a.ipynb: running 1 cell\n");
    expect(outputsIn("out/deep/b.ipynb")).toEqual([{ output_type: "stream", name: "stdout", text: ["1"] }]);
    expect(readFileSync("a.ipynb")).toEqual(before);
    expect(readdirSync("out/deep")).toEqual(["b.ipynb"]);
  });

  test("a folder stands for its notebooks by name; a folder as output takes them all", async () => {
    mkdirSync("in/.ipynb_checkpoints", { recursive: true });
    save("in/2.ipynb", code("2", "c"));
    save("in/1.ipynb", code("1", "c"));
    save("in/.ipynb_checkpoints/1-checkpoint.ipynb", code("3", "c"));
    writeFileSync("in/notes.txt", "");
    const { exit, out } = await call("in", "--output", "out");
    expect(exit).toBe(0);
    expect(options.map(({ path }) => basename(path ?? ""))).toEqual(["1.ipynb", "2.ipynb"]);
    expect(readdirSync("out")).toEqual(["1.ipynb", "2.ipynb"]);
    expect(out).toMatch(/2 of 2 notebooks ran/);
  });

  test("a failing cell is shown with its lines, its notebook written all the same, and the others still run", async () => {
    save("a.ipynb", markdown("# A", "m"), code(bad, "c"), code("3", "d"));
    save("b.ipynb", code("1", "c"));
    const { exit, out, err } = await call("a.ipynb", "b.ipynb", "--output", "out");
    expect(exit).toBe(1);
    expect(err).toContain(
      "a.ipynb: cell 2 of 3 failed\n\n  1 │ const x = 1;\n  2 │ throw new TypeError('no')\n\nTypeError: no\n    at cell\n",
    );
    expect(out).toMatch(/a\.ipynb: failed at cell 2.*\nb\.ipynb: 1 cell ran.*\n1 of 2 notebooks ran\.\n/);
    expect(outputsIn("out/a.ipynb")).toMatchObject([{ output_type: "error", ename: "TypeError" }]);
    expect(outputsIn("out/b.ipynb")).toHaveLength(1);
  });

  test("--allow-errors goes on, and still says that a cell failed", async () => {
    save("a.ipynb", code(bad, "c"), code("3", "d"));
    expect((await call("a.ipynb", "--allow-errors", "--output", "out")).exit).toBe(1);
    expect(outputsIn("out/a.ipynb")).toHaveLength(2);
  });

  test("-p overrides: JSON where it is JSON, text elsewhere", async () => {
    save("a.ipynb", code('let n = 1, name = "x", on = true;', "c", ["parameters"]));
    await call("a.ipynb", "-p", "n=-2.5", "-p", "name=a=b", "-p", "on=false", "--output", "out");
    const { cells } = JSON.parse(readFileSync("out/a.ipynb", "utf8")) as { cells: { source: string[] }[] };
    expect(cells[1]!.source.join("")).toBe('// Parameters\nlet n = -2.5;\nlet name = "a=b";\nlet on = false;');
  });

  test("--timeout is passed on in seconds", async () => {
    save("a.ipynb", code("1", "c"));
    await call("a.ipynb", "--timeout", "2.5");
    expect(options[0]?.timeout).toBe(2.5);
  });

  test("never in place, by whatever name", async () => {
    save("a.ipynb", code("1", "c"));
    save("b.ipynb", code("1", "c"));
    symlinkSync("a.ipynb", "soft.ipynb");
    linkSync("a.ipynb", "hard.ipynb");
    const before = readFileSync("a.ipynb", "utf8");
    for (const output of ["a.ipynb", "./a.ipynb", ".", join(folder, "a.ipynb"), "soft.ipynb", "hard.ipynb"]) {
      await expect(call("a.ipynb", "--output", output)).rejects.toThrow(
        /--output would overwrite the notebook a.ipynb/,
      );
    }
    await expect(call("a.ipynb", "b.ipynb", "--output", ".")).rejects.toThrow(/overwrite/);
    expect(readFileSync("a.ipynb", "utf8")).toBe(before);
    expect(options).toEqual([]);
  });

  test.each<[string, string[], RegExp]>([
    ["no notebook", [], /run needs a notebook/],
    ["a missing one", ["none.ipynb"], /there is no none\.ipynb/],
    ["a folder without any", ["empty"], /empty holds no notebook/],
    ["text", ["text.ipynb"], /text\.ipynb is not JSON/],
    ["bytes", ["bytes.ipynb"], /bytes\.ipynb is not UTF-8/],
    ["a bad notebook behind a good one", ["a.ipynb", "text.ipynb"], /text\.ipynb is not JSON/],
    ["one file for two", ["a.ipynb", "b.ipynb", "--output", "c.ipynb"], /is one file, and 2 notebooks run/],
    ["one page for two", ["a.ipynb", "b.ipynb", "--html", "c.html"], /is one file, and 2 notebooks run/],
    ["two of one name", ["a.ipynb", "in/a.ipynb", "--output", "out"], /two notebooks would be written to out\/a/],
    ["a folder below a file", ["a.ipynb", "--output", "text.ipynb/x"], /cannot be written/],
    ["no number", ["a.ipynb", "--timeout", "soon"], /--timeout soon is no time-out/],
    ["no time", ["a.ipynb", "--timeout", "0"], /is no time-out/],
    ["no parameter", ["a.ipynb", "-p", "x"], /"x" is no parameter/],
    ["a parameter that isn't there", ["a.ipynb", "-p", "x=1"], /a\.ipynb takes no parameters/],
  ])("refuses %s before anything runs or is written", async (_, args, message) => {
    mkdirSync("empty");
    mkdirSync("in");
    save("a.ipynb", code("1", "c"));
    save("b.ipynb", code("1", "c"));
    save("in/a.ipynb", code("1", "c"));
    writeFileSync("text.ipynb", "hello");
    writeFileSync("bytes.ipynb", Buffer.from([0xff, 0xfe, 0x00]));
    await expect(call(...args)).rejects.toThrow(message);
    expect(options).toEqual([]);
    expect(existsSync("c.ipynb")).toBe(false);
    expect(existsSync("out/a.ipynb")).toBe(false);
  });

  test("a run that throws leaves no progress behind and writes nothing", async () => {
    save("a.ipynb", code("1", "c"));
    const terminal = fakeTerminal();
    const broken: Runner = () => Promise.reject(new Error("no kernel"));
    await expect(run(parse(runSpec, ["a.ipynb", "--output", "o.ipynb"]), terminal, broken)).rejects.toThrow(
      "no kernel",
    );
    expect(existsSync("o.ipynb")).toBe(false);
  });
});

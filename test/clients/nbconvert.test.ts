import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatNotebook, isExecuted, readNotebook, type Notebook, type Output } from "../../kernel/runner/index.js";
import { code, markdown, notebookOf } from "../kernel/runner/notebooks.js";
import { call, top, virtlab } from "./command.js";
import { pythonOf } from "./python.js";

const plotly = "application/vnd.plotly.v1+json";

/** A view as a cell returns it; its rows are written out, so that this suite needs nothing of the simulator. */
const plot = `({
  as: "plot", title: "Does it show?", caption: "Two points", x: { label: "n", unit: "" }, y: { label: "time", unit: "ms" },
  series: [{ name: "measured", mark: "line", x: [1, 2], y: [3, 4] }],
})`;
const fixture = notebookOf(
  markdown("# Fixture", "m"),
  code("const n: number = 6;", "a"),
  code("n * 7", "b"),
  code(plot, "p"),
);

const course = existsSync(join(top, "notebooks"))
  ? readdirSync(join(top, "notebooks")).filter((name) => name.endsWith(".ipynb"))
  : [];

const outputsOf = (notebook: Notebook): readonly Output[] =>
  notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));

/** Every code cell ran without an error, and each plot can be seen live and as a picture. */
function expectExecuted(path: string): void {
  const notebook = readNotebook(readFileSync(path, "utf8"), path);
  const outputs = outputsOf(notebook);
  expect(outputs.filter(({ output_type }) => output_type === "error")).toEqual([]);
  expect(notebook.cells.filter((cell) => isExecuted(cell) && cell.execution_count === null)).toEqual([]);
  const plots = outputs.flatMap((output) => ("data" in output && plotly in output.data ? [output.data] : []));
  expect(plots.length).toBeGreaterThan(0);
  for (const data of plots) expect(data["image/svg+xml"]).toMatch(/<svg[^]*<\/svg>/);
}

/** The environment in which Jupyter finds the kernel in the prefix and nowhere else. */
const environment = (prefix: string): NodeJS.ProcessEnv => ({
  JUPYTER_PATH: join(prefix, "share", "jupyter"),
  JUPYTER_DATA_DIR: join(prefix, "nothing"),
});

/** Executes a notebook of the folder with a client. @returns the path of what it wrote */
type Client = (python: string, folder: string, prefix: string, name: string) => string;

const nbconvert: Client = (python, folder, prefix, name) => {
  const options = ["--to", "notebook", "--execute", "--output-dir", "by-nbconvert"];
  const { exit, err } = call(python, ["-m", "nbconvert", ...options, name], folder, environment(prefix));
  expect(exit, err).toBe(0);
  return join(folder, "by-nbconvert", name);
};

const nbclient: Client = (python, folder, prefix, name) => {
  const program = [
    "import sys, nbformat, nbclient",
    "notebook = nbformat.read(sys.argv[1], as_version=4)",
    "nbclient.NotebookClient(notebook, timeout=120).execute()",
    "nbformat.write(notebook, sys.argv[2])",
  ].join("\n");
  const { exit, err } = call(python, ["-c", program, name, `by-nbclient-${name}`], folder, environment(prefix));
  expect(exit, err).toBe(0);
  return join(folder, `by-nbclient-${name}`);
};

/** A folder outside the clone that goes with the suite. */
function suiteFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-clients-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "fixture.ipynb"), formatNotebook(fixture));
  return folder;
}

test("the course has notebooks", () => {
  expect(course.length).toBeGreaterThan(0);
});

describe("from a folder outside the clone, the installed kernel runs", () => {
  const folder = suiteFolder();
  for (const name of course) cpSync(join(top, "notebooks", name), join(folder, name));
  beforeAll(() => {
    const { exit, err } = virtlab(["install", "--prefix", folder], folder);
    if (exit !== 0) throw new Error(err);
  });

  test.for(["fixture.ipynb", ...course])("%s under nbconvert", (name, context) => {
    expectExecuted(nbconvert(pythonOf(context), folder, folder, name));
  });

  test.for(["fixture.ipynb", ...course])("%s under nbclient", (name, context) => {
    expectExecuted(nbclient(pythonOf(context), folder, folder, name));
  });
});

describe("from the packed tarball", () => {
  const folder = suiteFolder();
  const packed = join(folder, "node_modules", "virtlab");
  const npm = (...args: string[]): string => {
    const { exit, out, err } = call("npm", args, folder);
    if (exit !== 0) throw new Error(err);
    return out;
  };
  beforeAll(() => {
    // The build is there and other suites are using it: packing must not make it anew.
    npm("pack", top, "--silent", "--ignore-scripts", "--pack-destination", folder);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "no tarball";
    npm("install", "--silent", "--prefer-offline", `./${tarball}`);
  });

  test("it carries the course and nothing of the workshop", () => {
    expect(readdirSync(join(packed, "notebooks")).filter((name) => name.endsWith(".ipynb"))).toEqual(course);
    expect(readdirSync(join(packed, "dist")).sort()).toEqual(["assets", "kernel", "sim"]);
    expect(existsSync(join(packed, "test"))).toBe(false);
  });

  test("npx virtlab doctor and run work with Node alone", () => {
    expect(npm("exec", "--", "virtlab", "doctor")).toMatch(/^ok {4}kernel: /m);
    npm("exec", "--", "virtlab", "run", "fixture.ipynb", "--output", "by-virtlab.ipynb", "--html", "fixture.html");
    expectExecuted(join(folder, "by-virtlab.ipynb"));
    expect(readFileSync(join(folder, "fixture.html"), "utf8")).toContain("<svg");
  });

  test.for(course)("%s under nbconvert, with the kernel that npx virtlab install installed", (name, context) => {
    const python = pythonOf(context);
    npm("exec", "--", "virtlab", "install", "--prefix", folder);
    cpSync(join(packed, "notebooks", name), join(folder, name));
    expectExecuted(nbconvert(python, folder, folder, name));
  });
});

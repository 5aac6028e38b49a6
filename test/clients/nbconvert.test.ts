import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatNotebook, isExecuted, readNotebook, type Notebook, type Output } from "../../kernel/runner/index.js";
import * as views from "../kernel/display/views.js";
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

/** Every notebook is run by our own runner in the tests of the course: a client has one, and in the long form all. */
const lessons = process.env["VIRTLAB_LONG"] === "1" ? course : course.slice(0, 1);

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
  for (const name of lessons) cpSync(join(top, "notebooks", name), join(folder, name));
  beforeAll(() => {
    const { exit, err } = virtlab(["install", "--prefix", folder], folder);
    if (exit !== 0) throw new Error(err);
  });

  test.for(["fixture.ipynb", ...lessons])("%s under nbconvert", (name, context) => {
    expectExecuted(nbconvert(pythonOf(context), folder, folder, name));
  });

  test.for(["fixture.ipynb", ...lessons])("%s under nbclient", (name, context) => {
    expectExecuted(nbclient(pythonOf(context), folder, folder, name));
  });
});

describe("a page that nbconvert makes", () => {
  const folder = suiteFolder();
  const cells = [
    code(plot, "plot"),
    code(`[{ loaf: "rye", price: 250 }]`, "table"),
    code(`(${JSON.stringify(views.graph)})`, "graph"),
    code(`(${JSON.stringify(views.sequence)})`, "sequence"),
    code(`import { interact } from "virtlab";\ninteract(({ n }) => "at " + n, { n: { min: 1, max: 9 } });`, "widget"),
    code(`interact(({ n }) => (${plot.trim()}), { n: { min: 1, max: 9 } });`, "moving"),
    code(
      `import * as v from "virtlab";
      const here = v.output();
      await here.run(() => { console.log("kept here"); });
      const as = (as: "menu" | "list" | "radio" | "buttons") => v.select(["a", "b"], { as, label: as, value: as === "radio" ? "b" : "a" });
      v.show(v.slider(1, 9, { value: 2, label: "n" }), v.slider(0, 1, { value: 0.5 }), v.logSlider(0.01, 100, { value: 1 }));
      v.show(v.rangeSlider(0, 9, { value: [2, 4] }), v.column(as("menu"), as("list")), v.row(as("radio"), as("buttons")));
      v.show(v.checkbox(true), v.textField("typed", { label: "name" }), v.progressBar(4, { value: 1, label: "bar" }));
      v.show(v.row(v.button("Go"), v.label("a label")), v.play(0, 5), here);`,
      "kinds",
    ),
    code(`console.log("printed"); console.error("warned")`, "streams"),
    code(`function far(): never {\n  throw new RangeError("too far");\n}\nfar()`, "error", ["raises-exception"]),
  ];
  const page = (python: string): string => {
    writeFileSync(join(folder, "views.ipynb"), formatNotebook(notebookOf(...cells)));
    expect(virtlab(["install", "--prefix", folder], folder).exit).toBe(0);
    const options = ["--to", "html", "--execute", "views.ipynb"];
    const { exit, err } = call(python, ["-m", "nbconvert", ...options], folder, environment(folder));
    expect(exit, err).toBe(0);
    return readFileSync(join(folder, "views.html"), "utf8");
  };

  test("shows every output: plot, table, graph, sequence, a widget's state, streams, an error", (context) => {
    const html = page(pythonOf(context));
    // Code may be spread over coloured spans; what an output shows is not.
    const output = (id: string): string =>
      (html.split(`id="cell-id=${id}"`)[1] ?? "")
        .split('id="cell-id=')[0]
        ?.split("jp-OutputArea-output")
        .slice(1)
        .join() ?? "";
    for (const id of ["plot", "graph", "sequence"])
      expect(output(id), id).toMatch(/<svg|data:image\/svg\+xml|class="mermaid"/);
    expect(output("table")).toMatch(/<td[^>]*>rye<\/td>/);
    // Without a network nothing draws a widget's view: its state in words, and what it shows, stand in its place.
    for (const id of ["widget", "moving", "kinds"]) expect(output(id)).not.toContain("model_id");
    expect(output("widget")).toContain("at 1");
    expect(output("moving")).toMatch(/<svg|data:image\/svg\+xml/);
    const seen = ["n: 2 (1 to 9)", "0.5 (0 to 1)", "1 (0.01 to 100)", "2 to 4 (0 to 9)", "menu: a (of a, b)"];
    const also = [
      "list: a (of a, b)",
      "radio: b (of a, b)",
      "buttons: a (of a, b)",
      "yes",
      "name: typed",
      "bar: 1 of 4",
    ];
    for (const words of [...seen, ...also, "[Go]", "a label", "0 (0 to 5, in steps of 1)", "kept here"]) {
      expect(output("kinds")).toContain(words);
    }
    expect(output("streams")).toContain("printed");
    expect(output("streams")).toContain("warned");
    expect(output("error")).toContain("too far");
    expect(output("error")).toContain("In[9], line 2");
  });
});

describe("papermill", () => {
  const folder = suiteFolder();
  const papermill = (python: string, ...args: string[]): ReturnType<typeof call> => {
    expect(virtlab(["install", "--prefix", folder], folder).exit).toBe(0);
    return call(
      python,
      ["-m", "papermill", "fixture.ipynb", "by-papermill.ipynb", ...args],
      folder,
      environment(folder),
    );
  };

  test("runs a notebook of TypeScript", (context) => {
    const { exit, err } = papermill(pythonOf(context, ["papermill"]));
    expect(exit, err).toBe(0);
    expectExecuted(join(folder, "by-papermill.ipynb"));
  });

  test("knows no way to write parameters in TypeScript, and says so; virtlab run -p does", (context) => {
    const { exit, err } = papermill(pythonOf(context, ["papermill"]), "-p", "n", "7");
    expect(exit).not.toBe(0);
    expect(err).toContain("No parameter translator functions specified for kernel 'virtlab' or language 'typescript'");
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
    expect(readdirSync(join(packed, "dist")).sort()).toEqual(["assets", "kernel", "sim", "ui"]);
    expect(existsSync(join(packed, "test"))).toBe(false);
  });

  test("npx virtlab doctor and run work with Node alone", () => {
    expect(npm("exec", "--", "virtlab", "doctor")).toMatch(/^ok {4}kernel: /m);
    npm("exec", "--", "virtlab", "run", "fixture.ipynb", "--output", "by-virtlab.ipynb", "--html", "fixture.html");
    expectExecuted(join(folder, "by-virtlab.ipynb"));
    expect(readFileSync(join(folder, "fixture.html"), "utf8")).toContain("<svg");
  });

  test.for(lessons)("%s under nbconvert, with the kernel that npx virtlab install installed", (name, context) => {
    const python = pythonOf(context);
    npm("exec", "--", "virtlab", "install", "--prefix", folder);
    cpSync(join(packed, "notebooks", name), join(folder, name));
    expectExecuted(nbconvert(python, folder, folder, name));
  });
});

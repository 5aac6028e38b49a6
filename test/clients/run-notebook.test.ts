import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { formatNotebook, readNotebook, type Cell, type CodeCell, type Notebook } from "../../kernel/runner/index.js";
import { temporaryFolder } from "../kernel/cli/terminal.js";
import { code, markdown, notebookOf } from "../kernel/runner/notebooks.js";
import { call, isAlive, start, until, virtlab } from "./command.js";
import { pythonOf } from "./python.js";

let folder = "";
/** A temporary folder of the run's own, so that what it leaves behind can be seen. */
let scratch = "";

beforeEach(() => {
  folder = temporaryFolder();
  scratch = join(folder, "tmp");
  mkdirSync(scratch);
});

const save = (name: string, ...cells: Cell[]): void => {
  writeFileSync(join(folder, name), formatNotebook(notebookOf(...cells)));
};
const run = (...args: string[]): ReturnType<typeof virtlab> => virtlab(["run", ...args], folder, { TMPDIR: scratch });
const read = (name: string): Notebook => readNotebook(readFileSync(join(folder, name), "utf8"), name);
const cellOf = (name: string, id: string): CodeCell => {
  const cell = read(name).cells.find((candidate) => candidate.id === id);
  if (cell?.cell_type !== "code") throw new Error(`${name} has no code cell ${id}`);
  return cell;
};

const sound = [
  markdown("# A small notebook", "title"),
  code("const n: number = 20;\nlet name = 'a';", "defaults", ["parameters"]),
  code("console.log('twice'); console.log('said');", "printed"),
  code("interface Point { x: number }\nconst points: Point[] = [{ x: n + 1 }];", "typed"),
  code("const { readFile } = await import('node:fs/promises');\nawait readFile('beside.txt', 'utf8')", "awaited"),
  code("points[0]!.x * 2", "result"),
];

describe("virtlab run with the real kernel", () => {
  test("runs in the notebook's folder, and gives nbformat its outputs", () => {
    writeFileSync(join(folder, "beside.txt"), "it is here");
    save("a.ipynb", ...sound);
    const { exit, out, err } = run("a.ipynb", "--output", "out.ipynb");
    expect(err).toBe("a.ipynb: running 5 cells\n");
    expect(out).toMatch(/^a\.ipynb: 5 cells ran in .* → out\.ipynb\n$/);
    expect(exit).toBe(0);
    expect(cellOf("out.ipynb", "printed").outputs).toEqual([
      { output_type: "stream", name: "stdout", text: "twice\nsaid\n" },
    ]);
    expect(cellOf("out.ipynb", "awaited").outputs).toMatchObject([{ data: { "text/plain": "'it is here'" } }]);
    const { execution_count, outputs } = cellOf("out.ipynb", "result");
    expect(execution_count).toBe(5);
    expect(outputs).toMatchObject([
      { output_type: "execute_result", execution_count: 5, data: { "text/plain": "42" } },
    ]);
    expect(read("out.ipynb").metadata["language_info"]).toMatchObject({ name: "typescript", file_extension: ".ts" });
    expect(readdirSync(scratch)).toEqual([]);
  });

  test("what it writes is valid nbformat", (context) => {
    const python = pythonOf(context);
    writeFileSync(join(folder, "beside.txt"), "");
    save("a.ipynb", ...sound, code("console.error('e'); throw new Error('no')", "bad"));
    expect(run("a.ipynb", "--output", "out.ipynb").exit).toBe(1);
    const validate =
      "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))";
    const { exit, err } = call(python, ["-W", "error", "-c", validate, "out.ipynb"], folder);
    expect(err).toBe("");
    expect(exit).toBe(0);
  });

  test("-p overrides the defaults", () => {
    writeFileSync(join(folder, "beside.txt"), "");
    save("a.ipynb", ...sound);
    expect(run("a.ipynb", "--output", "out.ipynb", "-p", "n=4").exit).toBe(0);
    expect(cellOf("out.ipynb", "result").outputs).toMatchObject([{ data: { "text/plain": "10" } }]);
  });

  test("a failing cell is shown with its lines and the kernel's traceback", () => {
    save(
      "a.ipynb",
      markdown("# A", "m"),
      code("const x = 1;\nthrow new TypeError('not this');", "bad"),
      code("2", "c"),
    );
    const { exit, out, err } = run("a.ipynb", "--output", "out.ipynb");
    expect(exit).toBe(1);
    expect(err).toContain(
      "a.ipynb: cell 2 of 3 failed\n\n  1 │ const x = 1;\n  2 │ throw new TypeError('not this');\n",
    );
    expect(err).toMatch(/TypeError: not this/);
    expect(out).toMatch(/failed at cell 2/);
    expect(cellOf("out.ipynb", "bad").outputs).toMatchObject([{ output_type: "error", ename: "TypeError" }]);
    expect(cellOf("out.ipynb", "c")).toMatchObject({ execution_count: null, outputs: [] });
  });

  test("a cell that loops is ended by --timeout, and the next one finds the kernel's state", () => {
    save("a.ipynb", code("const kept = 7;", "a"), code("while (true) {}", "b"), code("kept", "c"));
    const args = ["run", "a.ipynb", "--output", "out.ipynb", "--timeout", "3", "--allow-errors"];
    // Off, because on a busy machine the type checker's start could take the first cell's three seconds.
    const { exit, err } = virtlab(args, folder, { VIRTLAB_TYPECHECK: "off" });
    expect(exit).toBe(1);
    expect(err).toMatch(/TimeoutError: the cell ran longer than 3 s and was interrupted/);
    expect(cellOf("out.ipynb", "c").outputs).toMatchObject([{ data: { "text/plain": "7" } }]);
  });

  test("a kernel that dies is the failure of its cell", () => {
    // By another program: an end by the cell's own code announces itself.
    const killed = `import { spawn } from "node:child_process";
spawn("kill", ["-KILL", String(process.pid)]);
await new Promise(() => {});`;
    save("a.ipynb", code(killed, "a"), code("2", "b"));
    const { exit, err } = run("a.ipynb", "--output", "out.ipynb", "--allow-errors");
    expect(exit).toBe(1);
    expect(err).toMatch(/KernelDied: the kernel was ended by SIGKILL while this cell ran/);
    expect(cellOf("out.ipynb", "b").execution_count).toBeNull();
    expect(readdirSync(scratch)).toEqual([]);
  });

  test("a cell that ends the kernel's process is the failing one", () => {
    save("a.ipynb", code("process.exit(0)", "a", ["raises-exception"]), code("2", "b"));
    const { exit, err } = run("a.ipynb", "--output", "out.ipynb", "--allow-errors");
    expect(exit).toBe(0);
    expect(err).toBe("a.ipynb: running 2 cells\n");
    expect(cellOf("out.ipynb", "a").outputs).toMatchObject([{ output_type: "error", ename: "KernelExit" }]);
    expect(cellOf("out.ipynb", "b").execution_count).toBeNull();
  });

  test("--html writes a page that needs nothing else", () => {
    save("a.ipynb", markdown("# The title", "m"), code("6 * 7", "c"));
    expect(run("a.ipynb", "--html", "page.html").exit).toBe(0);
    const page = readFileSync(join(folder, "page.html"), "utf8");
    expect(page).toContain("The title");
    expect(page).toContain("42");
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
  });

  test("bad input is one line, exit code 2, and nothing is written", () => {
    writeFileSync(join(folder, "text.ipynb"), "hello");
    save("a.ipynb", code("1", "c"));
    const { exit, out, err } = run("a.ipynb", "text.ipynb", "--output", "out");
    expect([exit, out]).toEqual([2, ""]);
    expect(err).toMatch(/^virtlab: text\.ipynb is not JSON[^\n]*\n$/);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe.skipIf(process.platform === "win32")("ending virtlab run leaves nothing behind", () => {
  // The cell says which process it runs in, starts another and stays.
  const stays = [
    "const { spawn } = await import('node:child_process');",
    "const { writeFileSync } = await import('node:fs');",
    "const child = spawn('sleep', ['600'], { stdio: 'inherit' });",
    "writeFileSync('pids.json', JSON.stringify([process.pid, child.pid]));",
    "while (true) {}",
  ].join("\n");

  test.each<[NodeJS.Signals, number | null]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGKILL", null],
  ])("%s", async (signal, exit) => {
    save("a.ipynb", code(stays, "a"));
    const running = start(["run", "a.ipynb", "--output", "out.ipynb"], folder, { TMPDIR: scratch });
    const ended = once(running, "exit");
    await until(() => existsSync(join(folder, "pids.json")), 60, "the cell runs");
    const [kernel, child] = JSON.parse(readFileSync(join(folder, "pids.json"), "utf8")) as [number, number];
    expect([isAlive(kernel), isAlive(child)]).toEqual([true, true]);
    running.kill(signal);
    expect((await ended)[0]).toBe(exit);
    await until(() => !isAlive(kernel), 15, "the kernel has ended");
    expect(existsSync(join(folder, "out.ipynb"))).toBe(false);
    // Nobody can tidy up after SIGKILL; there the kernel notices that its parent has gone, and ends itself and the child.
    if (signal === "SIGKILL") {
      await until(() => !isAlive(child), 15, "the child has ended");
      return;
    }
    await until(() => !isAlive(child), 5, "what the cell started has ended");
    expect(readdirSync(scratch)).toEqual([]);
  });
});

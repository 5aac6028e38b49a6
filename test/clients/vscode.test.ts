/**
 * VS Code's Jupyter extension can't run here. Its rules for kernelspecs, and what it sends a kernel that isn't Python's,
 * are tested in its place.
 * Source: microsoft/vscode-jupyter, src/kernels/kernel.ts, src/kernels/jupyter/finder, issues 7203 and 13796.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KernelSpec } from "../../kernel/cli/kernelspec.js";
import type { Broadcast } from "../../kernel/wire/index.js";
import { spawnKernel, type SpawnedKernel } from "../conformance/spawned-kernel.js";
import { temporaryFolder } from "../kernel/cli/terminal.js";
import { virtlab } from "./command.js";

let kernel: SpawnedKernel;
const heard: Broadcast[] = [];
beforeAll(async () => {
  kernel = await spawnKernel();
  kernel.client.onBroadcast((message) => void heard.push(message));
});
afterAll(() => kernel.close());

test("the kernelspec is one that VS Code lists, starts and interrupts", () => {
  const folder = temporaryFolder();
  expect(virtlab(["install"], folder, { JUPYTER_DATA_DIR: folder }).exit).toBe(0);
  const spec = JSON.parse(readFileSync(join(folder, "kernels", "virtlab", "kernel.json"), "utf8")) as KernelSpec;
  const [program = "", ...args] = spec.argv;
  // A spec whose program isn't found is not listed.
  expect(isAbsolute(program)).toBe(true);
  accessSync(program, constants.X_OK);
  // It starts programs in the notebook's folder.
  const paths = args.filter((arg) => !arg.startsWith("-") && arg !== "{connection_file}");
  expect(paths.filter((path) => !isAbsolute(path) || !existsSync(path))).toEqual([]);
  // `--file={connection_file}` was not understood for long.
  expect(args.filter((arg) => arg === "{connection_file}")).toHaveLength(1);
  // The language is VS Code's name of it: it chooses the cells' editor by it.
  expect(spec).toMatchObject({ language: "typescript", interrupt_mode: "message" });
  expect(spec.display_name).not.toBe("");
});

test("the kernel says what VS Code reads of it", async () => {
  const { content } = await kernel.client.request("shell", "kernel_info_request", {});
  expect(content).toMatchObject({
    status: "ok",
    protocol_version: expect.stringMatching(/^5\.\d$/) as string,
    language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
  });
});

test("its way to start, to run a cell and to ask leaves no error", async () => {
  heard.length = 0;
  // Start-up code for a kernel that isn't Python's is empty; it runs silently all the same.
  const silent = await kernel.run("", { silent: true, store_history: false, stop_on_error: false });
  expect(silent.reply).toMatchObject({ status: "ok", execution_count: 0 });
  expect(silent.broadcasts.map(({ type }) => type)).toEqual(["status", "status"]);
  const widgets = await kernel.client.request("shell", "comm_info_request", { target_name: "jupyter.widget" });
  expect(widgets.content).toEqual({ status: "ok", comms: {} });

  const options = { silent: false, stop_on_error: false, allow_stdin: true, store_history: true };
  const first = await kernel.run("const loaf: { price: number } = { price: 250 };\nloaf", options);
  expect(first.reply).toMatchObject({ status: "ok", execution_count: 1 });
  expect(first.result).toBe("{ price: 250 }");
  const completed = await kernel.client.request("shell", "complete_request", { code: "loaf.", cursor_pos: 5 });
  expect(completed.content).toMatchObject({ status: "ok", matches: ["price"] });
  const inspected = await kernel.client.request("shell", "inspect_request", {
    code: "loaf",
    cursor_pos: 4,
    detail_level: 0,
  });
  expect(inspected.content).toMatchObject({ status: "ok", found: true });
  expect(heard.filter(({ type }) => type === "error")).toEqual([]);
  expect(kernel.log()).toBe("");
});

test("widgets are of a kind that both ipywidgets 7, which VS Code has for such kernels, and 8 know", async () => {
  const { broadcasts } = await kernel.run(`
    import { interact } from "virtlab";
    interact((values) => values, { n: { min: 1, max: 9 }, x: { min: 0, max: 0.5 }, how: ["a", "b"], on: true, name: "" });`);
  const states = broadcasts.flatMap((each) =>
    each.type === "comm_open" ? [each.content.data["state"] as Record<string, string>] : [],
  );
  expect(new Set(states.map((state) => `${state["_model_module"]} ${state["_model_module_version"]}`))).toEqual(
    new Set([
      "@jupyter-widgets/base ^1.2.0 || ^2.0.0",
      "@jupyter-widgets/controls ^1.5.0 || ^2.0.0",
      "@jupyter-widgets/output ^1.0.0",
    ]),
  );
  // The styles of single kinds of widget came with version 8, all but the slider's.
  const styles = states.flatMap(({ _model_name: name = "" }) => (name.endsWith("StyleModel") ? [name] : []));
  expect(new Set(styles)).toEqual(new Set(["SliderStyleModel", "DescriptionStyleModel"]));
});

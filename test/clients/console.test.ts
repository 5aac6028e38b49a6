import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../kernel/cli/terminal.js";
import { call, top, virtlab } from "./command.js";
import { pythonOf } from "./python.js";

test("jupyter console: banner, results, several lines, errors, Tab, Ctrl-C, help, a plot as text, and out", (context) => {
  const python = pythonOf(context, ["jupyter_console", "pexpect"]);
  const folder = temporaryFolder();
  const environment = {
    HOME: folder,
    JUPYTER_DATA_DIR: join(folder, "data"),
    JUPYTER_CONFIG_DIR: join(folder, "config"),
    JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
    IPYTHONDIR: join(folder, "ipython"),
  };
  expect(virtlab(["install"], folder, environment).exit).toBe(0);
  const { exit, out, err } = call(python, [join(top, "test", "clients", "console_test.py")], folder, environment);
  expect(exit, out + err).toBe(0);
  const steps = ["banner", "result", "several_lines", "type_error", "error", "completion", "interrupt"];
  const passed = [...steps, "documentation", "plot", "leaving"].map((name) => `passed ${name}\n`);
  expect(out).toBe(passed.join(""));
});

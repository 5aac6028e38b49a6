import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, top, virtlab } from "../clients/command.js";
import { pythonOf } from "../clients/python.js";

test("Jupyter's own tests of a kernel pass, through jupyter_client and the kernelspec", (context) => {
  const python = pythonOf(context, ["jupyter_kernel_test"]);
  const folder = mkdtempSync(join(tmpdir(), "virtlab-jupyter-"));
  try {
    expect(virtlab(["install", "--prefix", folder], folder).exit).toBe(0);
    const environment = { JUPYTER_PATH: join(folder, "share", "jupyter"), JUPYTER_DATA_DIR: join(folder, "nothing") };
    const { exit, out, err } = call(python, [join(top, "test/clients/kernel_test.py")], folder, environment);
    const lines = out.split("\n").filter((line) => /^(passed|skipped|failed) /.test(line));
    expect(
      lines.filter((line) => line.startsWith("failed")),
      err,
    ).toEqual([]);
    expect(lines.filter((line) => line.startsWith("skipped"))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("passed")).length, out + err).toBeGreaterThanOrEqual(17);
    expect(exit, err).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

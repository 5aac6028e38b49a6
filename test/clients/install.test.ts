import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../kernel/cli/terminal.js";
import { call, virtlab } from "./command.js";
import { pythonOf } from "./python.js";

describe("virtlab install", () => {
  test("--prefix: Jupyter lists the kernel, and after uninstall no more", (context) => {
    const python = pythonOf(context);
    const prefix = temporaryFolder();
    const env = { JUPYTER_PATH: join(prefix, "share", "jupyter") };
    const listed = (): Record<string, { resource_dir: string; spec: { argv: string[] } }> => {
      const { out } = call(python, ["-m", "jupyter", "kernelspec", "list", "--json"], prefix, env);
      return (JSON.parse(out) as { kernelspecs: ReturnType<typeof listed> }).kernelspecs;
    };
    const installed = virtlab(["install", "--prefix", prefix], prefix);
    expect(installed.exit).toBe(0);
    expect(installed.out).toContain(join(prefix, "share", "jupyter", "kernels", "virtlab"));
    const { virtlab: spec } = listed();
    expect(spec?.resource_dir).toBe(join(prefix, "share", "jupyter", "kernels", "virtlab"));
    // VS Code hides a spec whose program it does not find.
    expect(
      spec?.spec.argv
        .slice(0, 3)
        .filter((arg) => !arg.startsWith("--"))
        .every(existsSync),
    ).toBe(true);
    expect(virtlab(["uninstall", "--prefix", prefix], prefix).exit).toBe(0);
    expect(listed()).not.toHaveProperty("virtlab");
  });

  test("by default it is for the user, where JUPYTER_DATA_DIR says; a second time changes nothing", () => {
    const folder = temporaryFolder();
    const env = { JUPYTER_DATA_DIR: join(folder, "data") };
    const kernelJson = join(folder, "data", "kernels", "virtlab", "kernel.json");
    expect(virtlab(["install"], folder, env).exit).toBe(0);
    const first = readFileSync(kernelJson, "utf8");
    expect(virtlab(["install", "--user"], folder, env).exit).toBe(0);
    expect(readFileSync(kernelJson, "utf8")).toBe(first);
  });

  test("an unwritable place is one clear line", () => {
    const folder = temporaryFolder();
    const { exit, out, err } = virtlab(["install", "--prefix", "/dev/null"], folder);
    expect([exit, out]).toEqual([2, ""]);
    expect(err).toMatch(/^virtlab: \/dev\/null\/.* cannot be written \(ENOTDIR\)[^\n]*\n$/);
  });
});

describe("virtlab doctor", () => {
  test("finds everything in order once the kernel is installed", () => {
    const folder = temporaryFolder();
    const env = { JUPYTER_DATA_DIR: join(folder, "data") };
    virtlab(["install"], folder, env);
    const { exit, out } = virtlab(["doctor"], folder, env);
    expect(out).toMatch(/^ok {4}kernel: answers after \d+ ms, evaluates 1 \+ 1 to 2 after \d+ ms$/m);
    expect(out).toMatch(/^ok {4}zeromq: .* echoes$/m);
    expect(out).not.toMatch(/^FAIL/m);
    expect(exit).toBe(0);
  });
});

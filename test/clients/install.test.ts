import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
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

  test("JupyterLab lists the renderer of plots as whole, and after uninstall no more", (context) => {
    const python = pythonOf(context, ["jupyterlab"]);
    const data = join(temporaryFolder(), "share", "jupyter");
    const prefix = join(data, "..", "..");
    const listed = (): string => {
      const { out, err } = call(python, ["-m", "jupyter", "labextension", "list"], prefix, { JUPYTER_PATH: data });
      return stripVTControlCharacters(out + err);
    };
    // What an installation that was killed, or an older one, has left.
    const folder = join(data, "labextensions", "virtlab");
    mkdirSync(join(folder, "static"), { recursive: true });
    writeFileSync(join(folder, "static", "old.js"), "");
    expect(virtlab(["install", "--prefix", prefix], prefix)).toMatchObject({ exit: 0, err: "" });
    expect(listed()).toMatch(/^\s+virtlab v\d+\.\d+\.\d+\S* enabled OK/m);
    expect(readdirSync(join(folder, "static"))).not.toContain("old.js");
    expect(readdirSync(join(data, "labextensions"))).toEqual(["virtlab"]);
    expect(virtlab(["uninstall", "--prefix", prefix], prefix).out).toContain(`Removed ${folder}\n`);
    expect(listed()).not.toMatch(/^\s+virtlab /m);
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
    expect(out).toContain(`ok    plots in JupyterLab: ${join(folder, "data", "labextensions", "virtlab")}\n`);
    expect(out).not.toMatch(/^FAIL/m);
    expect(exit).toBe(0);
  });

  test("a renderer of another version, or a part of one, is told with its mend", () => {
    const folder = temporaryFolder();
    const env = { JUPYTER_DATA_DIR: folder };
    virtlab(["install"], folder, env);
    const extension = join(folder, "labextensions", "virtlab");
    const { load } = (
      JSON.parse(readFileSync(join(extension, "package.json"), "utf8")) as {
        jupyterlab: { _build: { load: string } };
      }
    ).jupyterlab._build;
    const said = (): string => /^.*plots in JupyterLab.*$/m.exec(virtlab(["doctor"], folder, env).out)?.[0] ?? "";
    renameSync(join(extension, load), join(extension, "static", "other.js"));
    expect(said()).toBe("warn  plots in JupyterLab: not installed where JupyterLab looks. Run virtlab install.");
    const packageFile = join(extension, "package.json");
    writeFileSync(packageFile, readFileSync(packageFile, "utf8").replace(load, "static/other.js"));
    expect(said()).toBe(`warn  plots in JupyterLab: ${extension} is of another version. Run virtlab install.`);
  });
});

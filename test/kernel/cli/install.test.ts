import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "../../../kernel/cli/arguments.js";
import { dataFolders, userDataFolder } from "../../../kernel/cli/data-folder.js";
import { kernelSpec, readSpec, removeSpec, writeSpec } from "../../../kernel/cli/kernelspec.js";
import { install, installSpec } from "../../../kernel/cli/install.js";
import { fakeTerminal, temporaryFolder } from "./terminal.js";

describe("data folders", () => {
  test.each<[NodeJS.Platform, Record<string, string>, string]>([
    ["linux", {}, join(homedir(), ".local/share/jupyter")],
    ["linux", { XDG_DATA_HOME: "/data" }, "/data/jupyter"],
    ["linux", { XDG_DATA_HOME: "" }, join(homedir(), ".local/share/jupyter")],
    ["darwin", { XDG_DATA_HOME: "/data" }, join(homedir(), "Library/Jupyter")],
    ["win32", { APPDATA: "/roaming" }, "/roaming/jupyter"],
    ["linux", { JUPYTER_DATA_DIR: "/mine", XDG_DATA_HOME: "/data" }, "/mine"],
    ["darwin", { JUPYTER_DATA_DIR: "/mine" }, "/mine"],
  ])("on %s with %j", (platform, env, expected) => {
    expect(userDataFolder(platform, env)).toBe(expected);
  });

  test("JUPYTER_PATH comes first, the system last", () => {
    const env = { JUPYTER_PATH: "/a:/b", JUPYTER_DATA_DIR: "/mine" };
    expect(dataFolders("linux", env)).toEqual(["/a", "/b", "/mine", "/usr/local/share/jupyter", "/usr/share/jupyter"]);
  });
});

describe("kernelspec", () => {
  test("starts this Node with absolute paths and the connection file as an element of its own", () => {
    const { argv, ...rest } = kernelSpec();
    expect(argv[0]).toBe(process.execPath);
    const options = argv.slice(1, -2);
    expect(options).toContain("--no-force-async-hooks-checks");
    for (const option of options) expect(option).toMatch(/^--/);
    const [program, connectionFile] = argv.slice(-2);
    expect(isAbsolute(program!)).toBe(true);
    expect(program).toMatch(/dist.kernel.cli.kernel\.cjs$/);
    expect(connectionFile).toBe("{connection_file}");
    expect(rest).toEqual({
      display_name: "TypeScript (virtlab)",
      language: "typescript",
      interrupt_mode: "message",
      metadata: { debugger: true },
    });
  });

  test("is written, written again and removed", () => {
    const data = temporaryFolder();
    const folder = writeSpec(data);
    expect(folder).toBe(join(data, "kernels", "virtlab"));
    expect(readSpec(folder)).toEqual(kernelSpec());
    expect(readFileSync(join(folder, "logo-svg.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
    writeFileSync(join(folder, "kernel.json"), '{"argv": []}');
    writeSpec(data);
    expect(readSpec(folder)).toEqual(kernelSpec());
    expect(readdirSync(folder).sort()).toEqual(["kernel.json", "logo-svg.svg"]);
    expect(removeSpec(data)).toBe(folder);
    expect(existsSync(folder)).toBe(false);
    expect(removeSpec(data)).toBeUndefined();
  });

  test("a place that can't be written is one clear error", () => {
    const data = temporaryFolder();
    writeFileSync(join(data, "kernels"), "a file where the folder should be");
    expect(() => writeSpec(data)).toThrow(/kernels.virtlab cannot be written \((ENOTDIR|EEXIST)\)/);
  });
});

describe("virtlab install", () => {
  test("--user and --prefix exclude each other", () => {
    expect(() => install(parse(installSpec, ["--user", "--prefix", "x"]), fakeTerminal())).toThrow(
      /exclude each other/,
    );
  });
});

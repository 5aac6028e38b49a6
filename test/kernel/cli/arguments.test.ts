import { describe, expect, test } from "vitest";
import { virtlab } from "../../../kernel/cli/commands.js";
import { parse, type CommandSpec } from "../../../kernel/cli/arguments.js";
import { fakeTerminal } from "./terminal.js";

const spec: CommandSpec = {
  name: "run",
  takes: "NOTEBOOK…",
  summary: "",
  options: {
    output: { takes: "FILE", help: "" },
    parameter: { takes: "name=value", short: "p", repeats: true, help: "" },
    fast: { help: "" },
  },
};

describe("parse", () => {
  test("positionals, values, repeats and switches, in any order", () => {
    const args = parse(spec, ["a", "-p", "x=1", "--output=o", "b", "-px=-2", "--fast", "--", "--c"]);
    expect(args.positionals).toEqual(["a", "b", "--c"]);
    expect(args.all("parameter")).toEqual(["x=1", "x=-2"]);
    expect(args.one("output")).toBe("o");
    expect(args.has("fast")).toBe(true);
  });

  test.each<[string[], RegExp]>([
    [["--outptu", "x"], /run has no option "--outptu"/],
    [["-x"], /run has no option "-x"/],
    [["--constructor"], /run has no option "--constructor"/],
    [["--output"], /--output needs a value/],
    [["--output="], /--output needs a value/],
    [["--output", "--fast"], /--output needs a value/],
    [["--fast=yes"], /--fast takes no value/],
    [["--output", "a", "--output", "b"], /--output is given twice/],
  ])("refuses %j", (args, message) => {
    expect(() => parse(spec, args)).toThrow(message);
  });

  test("a command without arguments takes none", () => {
    expect(() => parse({ name: "doctor", summary: "", options: {} }, ["me"])).toThrow(/doctor takes no argument/);
  });
});

/** Exit code, standard output, standard error. */
async function call(...args: string[]): Promise<[number, string, string]> {
  const terminal = fakeTerminal();
  const exit = await virtlab(args, terminal);
  return [exit, terminal.shown.out, terminal.shown.err];
}

describe("virtlab", () => {
  test("an unknown command is one line that names the nearest, and exit code 2", async () => {
    expect(await call("rnu", "A.ipynb")).toEqual([
      2,
      "",
      'virtlab: there is no command "rnu". Did you mean "run"? virtlab help lists them.\n',
    ]);
  });

  test("so is an unknown option", async () => {
    expect(await call("run", "--outptu", "x")).toEqual([
      2,
      "",
      'virtlab: run has no option "--outptu". Did you mean "--output"?\n',
    ]);
    expect(await call("--versoin")).toEqual([
      2,
      "",
      'virtlab: virtlab has no option "--versoin". Did you mean "--version"?\n',
    ]);
  });

  test("--version prints the package's version", async () => {
    expect(await call("--version")).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/), ""]);
  });

  test("help lists the commands, and a command's own help its options", async () => {
    const [exit, out] = await call("help");
    expect(exit).toBe(0);
    for (const name of ["run", "install", "uninstall", "doctor"]) expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
    for (const asked of [await call("run", "--help"), await call("help", "run"), await call("run", "x", "-h")]) {
      expect(asked[0]).toBe(0);
      expect(asked[1]).toMatch(/-p, --parameter name=value/);
    }
  });

  test("without a command it shows the help and fails", async () => {
    const [exit, out, err] = await call();
    expect([exit, out]).toEqual([2, ""]);
    expect(err).toMatch(/usage: virtlab COMMAND/);
  });
});

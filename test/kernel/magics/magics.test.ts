import { describe, expect, test } from "vitest";
import { builtIn, createMagics, type Magic } from "../../../kernel/magics/index.js";
import { failed, fakeSession, printed } from "./session.js";

const magics = createMagics(builtIn);

describe("a cell", () => {
  test("without commands is left alone", () => {
    expect(fakeSession().run("1 % 2")).toBeUndefined();
  });

  test("runs behind its line magics, in its place", async () => {
    const session = fakeSession();
    expect(await session.run("%typecheck off\n\n%typecheck\nlet a;")).toEqual({ status: "ok" });
    expect(session.ran).toEqual(["              \n\n          \nlet a;"]);
    const line = printed("typecheck off: a cell with type errors runs unchecked\n");
    expect(session.shown).toEqual([line, line]);
  });

  test("of line magics alone runs nothing", async () => {
    const session = fakeSession();
    await session.run("%typecheck\n  ");
    expect(session.ran).toEqual([]);
  });

  test("takes magics from a list, and hands them words and body", async () => {
    const seen: unknown[] = [];
    const sh: Magic = {
      name: "sh",
      kind: "cell",
      usage: "",
      help: "",
      language: "shell",
      run: (_, args, body) => Promise.resolve(seen.push(args, body)).then(() => failed),
    };
    const session = fakeSession({ magics: [sh] });
    expect(await session.run("%%sh -c\n%not a magic")).toEqual(failed);
    expect(seen).toEqual([["-c"], "       \n%not a magic"]);
    expect(() => createMagics([sh, sh])).toThrow("same name");
  });

  test.each([
    ["%%tiem\n1", "There is no magic %%tiem", "Did you mean %%time?"],
    ["%typechek", "There is no magic %typechek", "Did you mean %typecheck?"],
    ["%time", "There is no magic %time", "Did you mean %%time?"],
    ["%typecheck offf", `%typecheck can't be set to "offf"`, `Did you mean "off"?`],
    ["%%bench 0\n1", `%%bench can't run a cell "0" times`, "%%bench 20"],
    ["%%bench 1 2\n1", `%%bench can't run a cell "1 2" times`, "%%bench 20"],
    ["%%capture\n1", "%%capture needs a variable's name", "%%capture output"],
    ["%%capture a-b\n1", `"a-b" is no variable's name`, "%%capture output"],
    ["%%html now\n1", "%%html takes nothing", "on the lines below"],
    ["floppy?", "Nothing is known about floppy", "Run the cell that declares it first."],
    ["?%%floppy", "Nothing is known about %%floppy", "%lsmagic"],
  ])("%j ends in words that help", async (cell, message, hint) => {
    const session = fakeSession();
    const ending = await session.run(cell);
    expect(ending).toMatchObject({ status: "error", ename: "UsageError" });
    const { evalue, traceback } = ending as Extract<typeof ending, { status: "error" }>;
    expect(evalue).toContain(message);
    expect(traceback[1]).toContain(hint);
    expect(session.ran).toEqual([]);
  });
});

describe("a question", () => {
  test("shows what is known of a name", async () => {
    const documents = { disk: "const disk: Disk", "disk and its source": "const disk: Disk = openDisk()" };
    const session = fakeSession({ documents });
    await session.run("?disk");
    await session.run("disk??");
    expect(session.paged).toEqual([
      { "text/plain": "const disk: Disk" },
      { "text/plain": "const disk: Disk = openDisk()" },
    ]);
    expect(session.shown).toEqual([]);
  });

  test("shows what is known of a magic", async () => {
    const session = fakeSession();
    await session.run("%%bench?");
    expect(session.paged[0]?.["text/plain"]).toMatch(/^%%bench \[n\]\n\nRuns the cell n times/);
  });
});

test("%lsmagic lists every magic with its help", async () => {
  const session = fakeSession();
  await session.run("%lsmagic");
  const [table] = session.presented;
  const rows = table?.as === "table" ? table.rows : [];
  expect(rows.map(({ magic }) => magic)).toEqual([
    "%%bench [n]",
    "%%capture name",
    "%%html",
    "%%markdown",
    "%%md",
    "%%svg",
    "%%time",
    "%lsmagic",
    "%typecheck [on|warn|off]",
  ]);
  expect(rows.every(({ help }) => typeof help === "string" && help.endsWith("."))).toBe(true);
});

describe("what of a cell is TypeScript", () => {
  test.each([
    ["1 % 2", "1 % 2"],
    ["%typecheck off\n%%time\n%%bench 3\na", "              \n      \n         \na"],
    ["%%nothing\na", "         \na"],
    ["disk?", "disk "],
    ["%%html\n<p>", undefined],
    ["%%time\n%%md\n# A", undefined],
    ["%%time?", undefined],
  ])("%j", (cell, expected) => {
    expect(magics.typeScript(cell)).toBe(expected);
  });
});

describe("completion", () => {
  const at = (cell: string): ReturnType<typeof magics.complete> =>
    magics.complete(cell.replace("|", ""), cell.indexOf("|"));
  const texts = (cell: string): string[] | undefined => at(cell)?.matches.map(({ text }) => text);

  test("offers names where one is typed", () => {
    expect(texts("%%ma|")).toEqual(["%%markdown"]);
    expect(texts("%|")).toContain("%lsmagic");
    expect(texts("%|")).toContain("%%time");
    expect(texts("%%|")).not.toContain("%lsmagic");
    expect(at("\n%typecheck\n%ls|\na")).toEqual({
      start: 12,
      end: 15,
      matches: [{ text: "%lsmagic", kind: "magic" }],
    });
  });

  test("offers nothing behind a name and leaves code alone", () => {
    expect(texts("%typecheck |")).toEqual([]);
    expect(at("%%time\na|")).toBeUndefined();
    expect(at("a %|")).toBeUndefined();
  });
});

test.each([
  ["%typecheck off", "complete"],
  ["%typecheck off\nif (", undefined],
  ["%%time", "incomplete"],
  ["%%time\n1", "incomplete"],
  ["%%time\n1\n", "complete"],
  ["%%html\n<p>\n  ", "complete"],
  ["disk?", "complete"],
  ["1 +", undefined],
])("a console finds %j %s", (cell, expected) => {
  expect(magics.isComplete(cell)).toBe(expected);
});

describe("a magic that cells bring", () => {
  const sh = { name: "sh", kind: "cell", usage: "[--on NAME]", help: "Runs a script.", language: "sh" } as const;

  test("is there before the first import, and is carried out where cells run", async () => {
    const session = fakeSession({ brought: [sh] });
    expect(await session.run("%%sh --on 'a b'\ndocker ps")).toEqual({ status: "ok" });
    expect(session.shown).toEqual([printed('%%sh ["--on","a b"] docker ps\n')]);
    await session.run("%lsmagic");
    expect(session.presented[0]).toMatchObject({
      rows: expect.arrayContaining([{ magic: "%%sh [--on NAME]", help: "Runs a script." }]) as unknown,
    });
  });

  test("is nearest to a mistyped one", async () => {
    const session = fakeSession({ brought: [sh] });
    expect(await session.run("%%shh\nls")).toMatchObject({ status: "error", evalue: "There is no magic %%shh" });
    expect(await session.run("%%shh\nls")).toMatchObject({
      traceback: [expect.anything(), expect.stringContaining("%%sh?")],
    });
  });

  test("hides its body from TypeScript, completes, and is replaced but replaces none of the kernel's", () => {
    const magics = createMagics(builtIn);
    expect(magics.typeScript("%%sh\nls")).toBe("    \nls");
    expect(magics.startsWith("%%sh")).toBeUndefined();
    expect(magics.add(sh)).toBe(true);
    expect(magics.typeScript("%%sh\nls")).toBeUndefined();
    expect(magics.startsWith("  %%sh x")).toBe("%%sh");
    expect(magics.complete("%%s", 3)?.matches.map(({ text }) => text)).toContain("%%sh");
    expect(magics.add({ ...sh, help: "Other." })).toBe(true);
    expect(magics.complete("%%sh", 4)?.matches).toHaveLength(1);
    expect(magics.add({ ...sh, name: "time" })).toBe(false);
  });
});

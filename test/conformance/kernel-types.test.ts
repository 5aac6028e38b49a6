import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReplyTo } from "../../kernel/wire/index.js";
import { undisturbed } from "./processor.js";
import { plain, spawnKernel, type Options, type Ran, type SpawnedKernel } from "./spawned-kernel.js";

const open: SpawnedKernel[] = [];
async function start(options?: Options): Promise<SpawnedKernel> {
  const kernel = await spawnKernel(options);
  open.push(kernel);
  return kernel;
}
afterEach(async () => {
  for (const kernel of open.splice(0)) await kernel.close();
});

const failure = ({ reply }: Ran): { ename: string; evalue: string; traceback: string } => {
  if (reply.status !== "error") throw new Error(`expected an error, got ${JSON.stringify(reply)}`);
  return { ename: reply.ename, evalue: reply.evalue, traceback: plain(reply.traceback) };
};

describe("a cell with a type error", () => {
  let kernel: SpawnedKernel;
  beforeEach(async () => {
    kernel = await start();
  });

  test("does not run, and the place is marked", async () => {
    const ran = await kernel.run('console.log("ran");\nconst size: number = "five";');
    expect(ran.stdout).toBe("");
    expect(failure(ran)).toEqual({
      ename: "TypeScriptError",
      evalue: "Type 'string' is not assignable to type 'number'.",
      traceback: [
        "In[1]:2:7 - error TS2322: Type 'string' is not assignable to type 'number'.",
        "",
        '2 | const size: number = "five";',
        "  |       ~~~~",
        "",
      ].join("\n"),
    });
    expect((await kernel.run("const size = 5; size")).result).toBe("5");
  });

  test("is checked against what earlier cells declared, also by one that failed at run time", async () => {
    await kernel.run("interface Disk { sectors: number }\nconst disk: Disk = { sectors: 63 };");
    expect(failure(await kernel.run("disk.tracks")).evalue).toContain(
      "Property 'tracks' does not exist on type 'Disk'",
    );
    expect((await kernel.run("disk.sectors")).result).toBe("63");
    await kernel.run("function half(n: number) { return n / 2; }\nthrow new Error('behind it');");
    expect((await kernel.run("half(3)")).result).toBe("1.5");
    expect(failure(await kernel.run("half('3')")).ename).toBe("TypeScriptError");
    const refused = await kernel.run("const unborn = 1; unborn.such");
    expect(failure(refused).ename).toBe("TypeScriptError");
    expect(failure(await kernel.run("unborn")).evalue).toContain("Cannot find name 'unborn'");
  });

  test("completion and inspection count in code points", async () => {
    await kernel.run("/** How wide a rocket is. */\nconst rocketWidth = 5;");
    const code = "'🚀🚀'; rocketW";
    const { content } = await kernel.client.request("shell", "complete_request", {
      code,
      cursor_pos: Array.from(code).length,
    });
    expect(content).toMatchObject({ status: "ok", cursor_start: 6, cursor_end: 13 });
    expect(content.status === "ok" && content.matches).toContain("rocketWidth");
    const types = content.status === "ok" ? content.metadata["_jupyter_types_experimental"] : [];
    expect(types).toContainEqual({ text: "rocketWidth", type: expect.any(String) as string, start: 6, end: 13 });

    const math = await kernel.client.request("shell", "complete_request", { code: "Math.hyp", cursor_pos: 8 });
    expect(math.content.status === "ok" && math.content.metadata["_jupyter_types_experimental"]).toEqual([
      { text: "hypot", type: "method", start: 5, end: 8, signature: "(...values: number[]): number" },
    ]);

    const inspected = await kernel.client.request("shell", "inspect_request", {
      code: "'🚀'; rocketWidth",
      cursor_pos: 8,
      detail_level: 1,
    });
    const reply: ReplyTo<"inspect_request"> = inspected.content;
    const text = reply.status === "ok" ? reply.data["text/plain"] : "";
    expect(text).toContain("const rocketWidth: 5");
    expect(text).toContain("How wide a rocket is.");
    const nothing = await kernel.client.request("shell", "inspect_request", { code: "   ", cursor_pos: 1 });
    expect(nothing.content).toEqual({ status: "ok", found: false, data: {}, metadata: {} });
  });

  test("completion is answered while a cell runs", async () => {
    await kernel.run("const galaxy = { stars: 1 };");
    const running = kernel.run("const end = Date.now() + 1500; while (Date.now() < end);");
    const ask = { code: "galaxy.", cursor_pos: 7 };
    const took = await undisturbed(kernel, async () => {
      const { content } = await kernel.client.request("shell", "complete_request", ask, { timeout: 60_000 });
      expect(content.status === "ok" && content.matches).toContain("stars");
    });
    expect(took).toBeLessThan(1_200);
    await running;
  });
});

test("a cell written for tslab runs with a warning on stdout; an error in a local file stops it", async () => {
  const kernel = await start({
    files: { "mine.ts": "export const one: number = 1;\nexport const two: number = 'two';" },
  });
  const ran = await kernel.run("const twice = (a) => a * 2;\ntwice(4)");
  expect(ran.result).toBe("8");
  expect(plain([ran.stdout])).toContain("In[1]:1:16 - warning TS7006");
  expect(ran.stderr).toBe("");
  expect(failure(await kernel.run("import { one } from './mine.ts';\none")).traceback).toContain(
    "In[2]:1:21 - error TS2322: mine.ts:2:14 - Type 'string' is not assignable to type 'number'.",
  );
});

test("a cell that is a module is typed, and its errors are shown at it and at imports", async () => {
  const kernel = await start();
  const words = "/** @module racks */\n";
  expect((await kernel.run(`${words}export const size: number = "u";`)).reply.status).toBe("ok");
  const ran = await kernel.run(`${words}export const size: number = "42";`);
  expect(plain([ran.stdout])).toContain("In[2]:2:14 - error TS2322");
  expect(failure(await kernel.run("import { size } from './racks';")).traceback).toContain(
    "error TS2322: racks.ts:2:14 - Type 'string' is not assignable to type 'number'.",
  );
  const mended = await kernel.run(`${words}export const size: number = 42;`);
  expect([mended.reply.status, mended.stdout]).toEqual(["ok", ""]);
  expect((await kernel.run("import { size } from './racks'; size.toFixed(1)")).result).toBe("'42.0'");
  expect(failure(await kernel.run("size.length")).traceback).toContain("TS2339");
});

test("VIRTLAB_TYPECHECK=warn prints the remark to stdout and runs the cell", async () => {
  const kernel = await start({ environment: { VIRTLAB_TYPECHECK: "warn" } });
  const ran = await kernel.run('const size: number = "five"; size');
  expect(ran.result).toBe("'five'");
  expect(plain([ran.stdout])).toContain("In[1]:1:7 - error TS2322");
  expect(ran.stderr).toBe("");
});

test("VIRTLAB_TYPECHECK=off runs the cell without a word", async () => {
  const kernel = await start({ environment: { VIRTLAB_TYPECHECK: "off" } });
  const ran = await kernel.run('const size: number = "five"; size');
  expect([ran.result, ran.stdout]).toEqual(["'five'", ""]);
});

describe("a name that no cell which ran declares", () => {
  const cells = [
    { cell_type: "markdown", source: ["# const disk is declared below"] },
    { cell_type: "code", source: "function format(n: number) {\n  return n;\n}" },
    { cell_type: "code", source: ["interface Disk { sectors: number }\n", "const disk: Disk = { sectors: 63 };"] },
    { cell_type: "code", source: "disk.sectors" },
  ];
  const notebook = JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
  const advice =
    "`disk` is declared by cell 3 of 12-virtual-disk.ipynb (`const disk: Disk = …`), which has not run. Run it first.";

  test.each<[string, Options]>([
    ["the folder", { files: { "12-virtual-disk.ipynb": notebook, "other.ipynb": "{}" } }],
    [
      "VIRTLAB_NOTEBOOK",
      { files: { "12-virtual-disk.ipynb": notebook }, environment: { VIRTLAB_NOTEBOOK: "12-virtual-disk.ipynb" } },
    ],
    [
      "JPY_SESSION_NAME",
      {
        files: { "12-virtual-disk.ipynb": notebook },
        environment: { JPY_SESSION_NAME: "course/12-virtual-disk.ipynb" },
      },
    ],
  ])("is found in the notebook that %s tells", async (_, options) => {
    const kernel = await start(options);
    expect(failure(await kernel.run("disk.sectors"))).toEqual({
      ename: "UsageError",
      evalue: advice,
      traceback: `UsageError: ${advice}`,
    });
    await kernel.run("interface Disk { sectors: number }\nconst disk: Disk = { sectors: 63 };");
    expect((await kernel.run("disk.sectors")).result).toBe("63");
  });

  test("is found at run time too", async () => {
    const environment = { VIRTLAB_TYPECHECK: "off" };
    const kernel = await start({ files: { "12-virtual-disk.ipynb": notebook }, environment });
    expect(failure(await kernel.run("disk.sectors")).evalue).toBe(advice);
    expect(failure(await kernel.run("no_cell_has_this")).ename).toBe("ReferenceError");
  });

  test("in no cell of the notebook is a plain type error", async () => {
    const kernel = await start({ files: { "12-virtual-disk.ipynb": notebook } });
    expect(failure(await kernel.run("floppy"))).toMatchObject({ ename: "TypeScriptError" });
  });
});

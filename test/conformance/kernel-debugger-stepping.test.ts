import { describe, expect, test } from "vitest";
import { debuggedKernel } from "./debug-client.js";
import { until } from "./spawned-kernel.js";

const debugged = debuggedKernel();

/** Steps with one command until the cell ends; the lines it came by. */
async function walk(running: Promise<unknown>, command: "next" | "stepIn"): Promise<readonly (number | undefined)[]> {
  const lines = [await debugged.client.line()];
  const cell = { ended: false };
  void running.then(() => {
    cell.ended = true;
  });
  for (;;) {
    await debugged.client.ask(command);
    await until(() => cell.ended || debugged.client.pending("stopped") > 0);
    if (debugged.client.pending("stopped") === 0) return lines;
    lines.push(await debugged.client.line());
  }
}

describe("stepping", () => {
  test("goes through a loop as it is written, and ends with the cell", async () => {
    await debugged.client.start();
    const code = "let sum = 0;\nfor (let i = 1; i <= 2; i++) {\n  sum += i;\n}\nsum";
    await debugged.client.breakAt(code, 1);
    const running = debugged.client.run(code);
    // V8 stops at a loop's start, condition and step, which share a line.
    expect(await walk(running, "next")).toEqual([1, 2, 2, 3, 2, 2, 3, 2, 2, 5]);
    expect(await running).toMatchObject({ status: "ok" });
    const { result } = await debugged.kernel.run("sum");
    expect(result).toBe("3");
  });

  test("goes on behind an await, and into functions of earlier cells", async () => {
    await debugged.client.start();
    const earlier =
      "async function later(x: number): Promise<number> {\n  const y = await Promise.resolve(x);\n  return y + 1;\n}";
    await debugged.client.run(earlier);
    const code = "const a1 = 1;\nawait new Promise((done) => setTimeout(done, 20));\nconst b1 = await later(a1);\nb1";
    await debugged.client.breakAt(code, 1);
    const running = debugged.client.run(code);
    expect(await walk(running, "next")).toEqual([1, 2, 3, 4]);
    expect(await running).toMatchObject({ status: "ok" });

    await debugged.client.breakAt(earlier, 3);
    const again = debugged.client.run(`${code};`);
    const [frame] = await debugged.client.stopped();
    expect(frame).toMatchObject({ name: "later", line: 3 });
    if (frame === undefined) return;
    expect((await debugged.client.variables(frame))["Locals"]).toEqual({ x: "1", y: "1" });
    await debugged.client.ask("continue");
    expect(await again).toMatchObject({ status: "ok" });
    await debugged.client.breakAt(earlier);
  });

  test("passes by Node's and packages' functions, into the callback that they call", async () => {
    await debugged.client.start();
    const code = [
      "import { EventEmitter } from 'node:events';",
      "const emitter = new EventEmitter();",
      "emitter.on('x', (v: number) => {",
      "  const w = v;",
      "});",
      "emitter.emit('x', 1);",
      "[1].forEach((v) => {",
      "  console.log(v);",
      "});",
      "'end'",
    ].join("\n");
    await debugged.client.breakAt(code, 6);
    const running = debugged.client.run(code);
    const lines = await walk(running, "stepIn");
    expect(lines).toEqual([6, 7, 8, 9, 10]);
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("leaves nothing of a step to the next cell", async () => {
    await debugged.client.start();
    const code = "const last1 = 1;";
    await debugged.client.breakAt(code, 1);
    const running = debugged.client.run(code);
    await debugged.client.stopped();
    await debugged.client.ask("next");
    expect(await running).toMatchObject({ status: "ok" });
    expect(await debugged.client.run("const other1 = 1;\nother1")).toMatchObject({ status: "ok" });
    expect(debugged.client.pending("stopped")).toBe(0);
  });
});

describe("breakpoints", () => {
  test("hit in a function that a timer calls", async () => {
    await debugged.client.start();
    const code = "const ticks: number[] = [];\nsetTimeout(() => {\n  ticks.push(1);\n}, 30);\n'set'";
    await debugged.client.breakAt(code, 3);
    expect(await debugged.client.run(code)).toMatchObject({ status: "ok" });
    expect(await debugged.client.stopped()).toMatchObject([{ line: 3, name: "(anonymous)" }]);
    await debugged.client.ask("continue");
    const { result } = await debugged.kernel.run("ticks.length");
    expect(result).toBe("1");
  });

  test("stop only where their condition, in TypeScript, holds", async () => {
    await debugged.client.start();
    const code = "const seen: number[] = [];\nfor (const n of [1, 2, 3, 4]) {\n  seen.push(n);\n}";
    await debugged.client.breakAt(code, { line: 3, condition: "(n as number) % 2 === 0" });
    const running = debugged.client.run(code);
    for (const n of [2, 4]) {
      const [frame] = await debugged.client.stopped();
      expect(frame?.line).toBe(3);
      expect(await debugged.client.ask("evaluate", { expression: "n", frameId: frame?.id })).toMatchObject({
        result: String(n),
      });
      await debugged.client.ask("continue");
    }
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("stop at the hits that are wanted, counted anew in each run of the cell", async () => {
    const { client } = debugged;
    await client.start();
    const code = "for (let n = 1; n <= 7; n++) {\n  console.log(n);\n}";
    await client.breakAt(code, { line: 2, condition: "n > 1", hitCondition: "% 3" });
    for (let round = 0; round < 2; round++) {
      const running = client.run(code);
      for (const n of ["4", "7"]) {
        const [frame] = await client.stopped();
        expect(await client.ask("evaluate", { expression: "n", frameId: frame?.id })).toMatchObject({ result: n });
        await client.ask("continue");
      }
      expect(await running).toMatchObject({ status: "ok" });
    }
    expect(client.pending("stopped")).toBe(0);
  });

  test("print a message at the cell instead of stopping, also in a hot loop", async () => {
    const { client, kernel } = debugged;
    await client.start();
    const code = "let total1 = 0;\nfor (let n = 1; n <= 20_000; n++) {\n  total1 += n;\n}\ntotal1";
    await client.breakAt(code, {
      line: 3,
      hitCondition: "% 10000",
      logMessage: "{n}: {({ total: total1 as number })}",
    });
    const ran = await kernel.run(code);
    expect(ran.stdout.split("\n")).toEqual(["10000: { total: 49995000 }", "20000: { total: 199990000 }", ""]);
    expect(ran.result).toBe("200010000");
    expect(client.pending("stopped")).toBe(0);
  });

  test("say what is wrong with a condition", async () => {
    const { client } = debugged;
    await client.start();
    const wrong = [{ condition: "n >" }, { hitCondition: "often" }, { logMessage: "{n +}" }];
    const set = await client.breakAt("let wrong1 = 1;", ...wrong.map((each) => ({ line: 1, ...each })));
    expect(set).toMatchObject([
      { verified: false, message: expect.stringContaining("Unexpected token") as unknown },
      { verified: false, message: expect.stringContaining("count of hits") as unknown },
      { verified: false, message: expect.stringContaining("no expression") as unknown },
    ]);
    expect(await client.run("let wrong1 = 1;")).toMatchObject({ status: "ok" });
    expect(client.pending("stopped")).toBe(0);
  });

  test("show who awaits the function that stopped", async () => {
    const { client } = debugged;
    await client.start();
    const code = [
      "async function leaf(n: number): Promise<number> {",
      "  await 0;",
      "  return n;",
      "}",
      "const branch = async (n: number): Promise<number> => {",
      "  const [found] = await Promise.all([leaf(n)]);",
      "  return found;",
      "};",
      "const waited1 = await branch(1);",
    ].join("\n");
    await client.breakAt(code, 3);
    const running = client.run(code);
    const frames = await client.stopped();
    expect(frames.map(({ name, line }) => [name, line])).toEqual([
      ["leaf", 3],
      ["async branch", 6],
      [expect.stringMatching(/^async In\[\d+\]$/), 9],
    ]);
    const [top, awaiting] = frames;
    expect(await client.ask("scopes", { frameId: awaiting?.id })).toMatchObject({ scopes: [{ name: "Globals" }] });
    expect(await client.request("evaluate", { expression: "n", frameId: awaiting?.id })).toMatchObject({
      success: false,
      message: expect.stringContaining("branch waits") as unknown,
    });
    expect(await client.ask("evaluate", { expression: "n", frameId: top?.id })).toMatchObject({ result: "1" });
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("move to the next line with code, and say where there is none", async () => {
    await debugged.client.start();
    const code = "// a remark\n\nfunction f1(): number {\n  return 1;\n}\nf1();\n// the end";
    expect(await debugged.client.breakAt(code, 1, 3, 7)).toMatchObject([
      { verified: true, line: 4 },
      { verified: true, line: 4 },
      { verified: false, line: 7 },
    ]);
    const running = debugged.client.run(code);
    expect(await debugged.client.line()).toBe(4);
    await debugged.client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("of a cell with a magic stand in the lines that the client counts", async () => {
    await debugged.client.start();
    const code = "%%time\nlet timed = 1;\ntimed++;";
    await debugged.client.breakAt(code, 3);
    const running = debugged.client.run(code);
    expect(await debugged.client.line()).toBe(3);
    await debugged.client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("are kept for a cell that the kernel doesn't know yet", async () => {
    await debugged.client.start();
    const code = "const unknown1 = 1;\nunknown1 + 1;";
    const { sourcePath } = await debugged.client.ask("dumpCell", { code });
    const { tmpFilePrefix } = await debugged.client.ask("debugInfo");
    expect(String(sourcePath).startsWith(String(tmpFilePrefix))).toBe(true);
    await debugged.client.ask("disconnect");
    await debugged.client.start();
    const source = { path: sourcePath };
    await debugged.client.ask("setBreakpoints", { source, breakpoints: [{ line: 2 }] });
    const running = debugged.client.run(code);
    expect(await debugged.client.line()).toBe(2);
    await debugged.client.ask("continue");
    await running;
  });

  test("a debugger statement stops, and pause stops what computes", async () => {
    await debugged.client.start();
    const running = debugged.client.run("const d1 = 1;\ndebugger;\nd1");
    expect(await debugged.client.line()).toBe(2);
    await debugged.client.ask("continue");
    await running;

    const started = debugged.kernel.printed("started");
    const endless = debugged.kernel.run("let turns = 0; console.log('started');\nwhile (turns >= 0) {\n  turns++;\n}");
    await started;
    await debugged.client.ask("pause");
    const [frame] = await debugged.client.stopped();
    expect(frame?.line).toBeGreaterThanOrEqual(2);
    await debugged.client.ask("evaluate", { expression: "turns = -10", frameId: frame?.id });
    await debugged.client.ask("continue");
    expect((await endless).reply.status).toBe("ok");
  });
});

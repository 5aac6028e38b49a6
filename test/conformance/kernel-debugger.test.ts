import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { debugClient, type DebugClient } from "./debug-client.js";
import { undisturbed } from "./processor.js";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
let client: DebugClient;
beforeAll(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
});
afterAll(() => kernel.close());
beforeEach(() => {
  client = debugClient(kernel);
});
afterEach(async () => {
  await client.request("disconnect");
  client.close();
});

/** When an answer counts as lost, in ms. */
const timeout = 60_000;

test("the whole conversation, as JupyterLab has it", async () => {
  const info = await client.ask("debugInfo");
  expect(info).toMatchObject({ isStarted: false, hashMethod: "Murmur2", breakpoints: [], stoppedThreads: [] });
  expect(await client.ask("initialize", { clientID: "jupyterlab" })).toMatchObject({
    supportsModulesRequest: true,
    exceptionBreakpointFilters: [{ filter: "uncaught" }, { filter: "all" }],
  });
  await client.ask("attach");
  await client.event("initialized");

  const code =
    "function area(width: number, height: number): number {\n  const product = width * height;\n  return product;\n}\nconst side = 3;\nconst square = area(side, side);\nsquare + 1";
  const { sourcePath } = await client.ask("dumpCell", { code });
  const set = await client.ask("setBreakpoints", { source: { path: sourcePath }, breakpoints: [{ line: 6 }] });
  expect(set).toMatchObject({ breakpoints: [{ verified: true, line: 6 }] });
  await client.ask("configurationDone");

  const running = client.run(code);
  const [cell] = await client.stopped();
  expect(cell).toMatchObject({ line: 6, source: { path: sourcePath } });
  if (cell === undefined) return;
  expect(await client.variables(cell)).toMatchObject({ Globals: { side: "3", square: "undefined" } });

  await client.ask("stepIn", { threadId: 1 });
  const frames = await client.stopped();
  expect(frames.map(({ name, line }) => [name, line])).toEqual([
    ["area", 2],
    [cell.name, 6],
  ]);
  await client.ask("next", { threadId: 1 });
  const [inside] = await client.stopped();
  expect(inside).toMatchObject({ name: "area", line: 3 });
  if (inside === undefined) return;
  expect((await client.variables(inside))["Locals"]).toEqual({ width: "3", height: "3", product: "9" });
  await client.ask("stepOut", { threadId: 1 });
  expect(await client.line()).toBe(7);
  await client.ask("continue", { threadId: 1 });
  await client.event("continued");
  expect(await running).toMatchObject({ status: "ok" });
  expect(await client.ask("debugInfo")).toMatchObject({ isStarted: true, breakpoints: [{ source: sourcePath }] });
  await client.ask("disconnect", { restart: false, terminateDebuggee: false });
  expect(await client.ask("debugInfo")).toMatchObject({ isStarted: false, breakpoints: [] });
});

/** Steps with one command until the cell ends; the lines it came by. */
async function walk(running: Promise<unknown>, command: "next" | "stepIn"): Promise<readonly (number | undefined)[]> {
  const lines = [await client.line()];
  const cell = { ended: false };
  void running.then(() => {
    cell.ended = true;
  });
  for (;;) {
    await client.ask(command);
    await until(() => cell.ended || client.pending("stopped") > 0);
    if (client.pending("stopped") === 0) return lines;
    lines.push(await client.line());
  }
}

describe("stepping", () => {
  test("goes through a loop as it is written, and ends with the cell", async () => {
    await client.start();
    const code = "let sum = 0;\nfor (let i = 1; i <= 2; i++) {\n  sum += i;\n}\nsum";
    await client.breakAt(code, 1);
    const running = client.run(code);
    // V8 stops at a loop's start, condition and step, which share a line.
    expect(await walk(running, "next")).toEqual([1, 2, 2, 3, 2, 2, 3, 2, 2, 5]);
    expect(await running).toMatchObject({ status: "ok" });
    const { result } = await kernel.run("sum");
    expect(result).toBe("3");
  });

  test("goes on behind an await, and into functions of earlier cells", async () => {
    await client.start();
    const earlier =
      "async function later(x: number): Promise<number> {\n  const y = await Promise.resolve(x);\n  return y + 1;\n}";
    await client.run(earlier);
    const code = "const a1 = 1;\nawait new Promise((done) => setTimeout(done, 20));\nconst b1 = await later(a1);\nb1";
    await client.breakAt(code, 1);
    const running = client.run(code);
    expect(await walk(running, "next")).toEqual([1, 2, 3, 4]);
    expect(await running).toMatchObject({ status: "ok" });

    await client.breakAt(earlier, 3);
    const again = client.run(`${code};`);
    const [frame] = await client.stopped();
    expect(frame).toMatchObject({ name: "later", line: 3 });
    if (frame === undefined) return;
    expect((await client.variables(frame))["Locals"]).toEqual({ x: "1", y: "1" });
    await client.ask("continue");
    expect(await again).toMatchObject({ status: "ok" });
    await client.breakAt(earlier);
  });

  test("passes by Node's and packages' functions, into the callback that they call", async () => {
    await client.start();
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
    await client.breakAt(code, 6);
    const running = client.run(code);
    const lines = await walk(running, "stepIn");
    expect(lines).toEqual([6, 7, 8, 9, 10]);
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("leaves nothing of a step to the next cell", async () => {
    await client.start();
    const code = "const last1 = 1;";
    await client.breakAt(code, 1);
    const running = client.run(code);
    await client.stopped();
    await client.ask("next");
    expect(await running).toMatchObject({ status: "ok" });
    expect(await client.run("const other1 = 1;\nother1")).toMatchObject({ status: "ok" });
    expect(client.pending("stopped")).toBe(0);
  });
});

describe("breakpoints", () => {
  test("hit in a function that a timer calls", async () => {
    await client.start();
    const code = "const ticks: number[] = [];\nsetTimeout(() => {\n  ticks.push(1);\n}, 30);\n'set'";
    await client.breakAt(code, 3);
    expect(await client.run(code)).toMatchObject({ status: "ok" });
    expect(await client.stopped()).toMatchObject([{ line: 3, name: "(anonymous)" }]);
    await client.ask("continue");
    const { result } = await kernel.run("ticks.length");
    expect(result).toBe("1");
  });

  test("stop only where their condition, in TypeScript, holds", async () => {
    await client.start();
    const code = "const seen: number[] = [];\nfor (const n of [1, 2, 3, 4]) {\n  seen.push(n);\n}";
    await client.breakAt(code, { line: 3, condition: "(n as number) % 2 === 0" });
    const running = client.run(code);
    for (const n of [2, 4]) {
      const [frame] = await client.stopped();
      expect(frame?.line).toBe(3);
      expect(await client.ask("evaluate", { expression: "n", frameId: frame?.id })).toMatchObject({
        result: String(n),
      });
      await client.ask("continue");
    }
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("move to the next line with code, and say where there is none", async () => {
    await client.start();
    const code = "// a remark\n\nfunction f1(): number {\n  return 1;\n}\nf1();\n// the end";
    expect(await client.breakAt(code, 1, 3, 7)).toMatchObject([
      { verified: true, line: 4 },
      { verified: true, line: 4 },
      { verified: false, line: 7 },
    ]);
    const running = client.run(code);
    expect(await client.line()).toBe(4);
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("of a cell with a magic stand in the lines that the client counts", async () => {
    await client.start();
    const code = "%%time\nlet timed = 1;\ntimed++;";
    await client.breakAt(code, 3);
    const running = client.run(code);
    expect(await client.line()).toBe(3);
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });

  test("are kept for a cell that the kernel doesn't know yet", async () => {
    await client.start();
    const code = "const unknown1 = 1;\nunknown1 + 1;";
    const { sourcePath } = await client.ask("dumpCell", { code });
    const { tmpFilePrefix } = await client.ask("debugInfo");
    expect(String(sourcePath).startsWith(String(tmpFilePrefix))).toBe(true);
    await client.ask("disconnect");
    await client.start();
    const source = { path: sourcePath };
    await client.ask("setBreakpoints", { source, breakpoints: [{ line: 2 }] });
    const running = client.run(code);
    expect(await client.line()).toBe(2);
    await client.ask("continue");
    await running;
  });

  test("a debugger statement stops, and pause stops what computes", async () => {
    await client.start();
    const running = client.run("const d1 = 1;\ndebugger;\nd1");
    expect(await client.line()).toBe(2);
    await client.ask("continue");
    await running;

    const started = kernel.printed("started");
    const endless = kernel.run("let turns = 0; console.log('started');\nwhile (turns >= 0) {\n  turns++;\n}");
    await started;
    await client.ask("pause");
    const [frame] = await client.stopped();
    expect(frame?.line).toBeGreaterThanOrEqual(2);
    await client.ask("evaluate", { expression: "turns = -10", frameId: frame?.id });
    await client.ask("continue");
    expect((await endless).reply.status).toBe("ok");
  });
});

describe("variables", () => {
  test("are shown with their types and open up; getters are not run", async () => {
    const code = [
      "class Point { constructor(readonly x: number, readonly y: number) {} get far(): number { return touched++; } }",
      "let touched = 0;",
      "const shown = {",
      "  text: 'a\"b', big: 12n, none: null, list: [1, 2, 3], map: new Map([['k', 1]]), point: new Point(1, 2),",
      "  get lazy() { return touched++; }, when: new Date(0), fn: (q: number) => q, sym: Symbol('s'), err: new RangeError('no'),",
      "  many: Array.from({ length: 25_000 }, (_, i) => i), nan: NaN, re: /x/g, zero: -0,",
      "};",
    ].join("\n");
    await client.run(code);
    const { variables } = await client.ask("inspectVariables");
    const shown = (variables as { name: string; type: string; variablesReference: number }[]).find(
      ({ name }) => name === "shown",
    );
    expect(shown).toMatchObject({ type: "Object" });
    const fields = await client.children(shown?.variablesReference ?? 0);
    expect(Object.fromEntries(fields.map(({ name, value, type }) => [name, `${type ?? "-"} ${value}`]))).toEqual({
      text: 'string "a\\"b"',
      big: "bigint 12n",
      none: "null null",
      list: "Array(3) Array(3) [1, 2, 3]",
      map: 'Map(1) Map(1) {"k" => 1}',
      point: "Point Point {x: 1, y: 2}",
      lazy: "- (getter, not run)",
      when: expect.stringMatching(/^Date /) as unknown,
      fn: "function (q)",
      sym: "symbol Symbol(s)",
      err: "RangeError RangeError: no",
      many: expect.stringMatching(/^Array\(25000\) /) as unknown,
      nan: "number NaN",
      re: "RegExp /x/g",
      zero: "number -0",
    });
    const many = await client.children(fields.find(({ name }) => name === "many")?.variablesReference ?? 0);
    expect(many.map(({ name }) => name).slice(0, 2)).toEqual(["[0…9999]", "[10000…19999]"]);
    const hundreds = await client.children(many[2]?.variablesReference ?? 0);
    const last = await client.children(hundreds.at(-1)?.variablesReference ?? 0);
    expect(last.at(-1)).toMatchObject({ name: "24999", value: "24999" });
    expect((await kernel.run("touched")).result).toBe("0");
  });

  test("of the notebook are told without a debugger, and soon while a cell computes or waits", async () => {
    await client.run("const told = 42;");
    for (const code of ["while (true) {}", "require('node:child_process').execSync('sleep 5')"]) {
      const started = kernel.printed("started");
      const running = kernel.run(`console.log("started"); ${code}`);
      await started;
      let response = await client.request("inspectVariables");
      const took = await undisturbed(kernel, async () => {
        response = await client.request("inspectVariables");
      });
      expect(took).toBeLessThan(1500);
      if (response.success) {
        expect(response.body["variables"]).toContainEqual({
          name: "told",
          value: "42",
          type: "number",
          variablesReference: 0,
        });
      } else {
        expect(response.message).toContain("just now");
        expect(response.body).toEqual({ variables: [] });
      }
      await kernel.client.request("control", "interrupt_request", {}, { timeout });
      await running;
    }
    expect((await kernel.run("told")).result).toBe("42");
  });

  test("are told to each of many that ask at once, as a front end does with every message of a running cell", async () => {
    await client.start();
    await client.run("const asked = { deep: [1, 2, 3] };");
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.request("inspectVariables")));
    expect(answers.filter(({ success }) => !success)).toEqual([]);
    const last = (answers.at(-1)?.body["variables"] ?? []) as { name: string; variablesReference: number }[];
    const asked = last.find(({ name }) => name === "asked");
    expect((await client.children(asked?.variablesReference ?? 0)).map(({ name }) => name)).toContain("deep");
  });

  test("have a bundle of what a cell would show, stopped or not", async () => {
    await client.run("const word = 'rich';");
    expect(await client.ask("richInspectVariables", { variableName: "word" })).toMatchObject({
      data: { "text/plain": expect.stringContaining("rich") as unknown },
    });
    await client.start();
    const code =
      "function inner1(): number {\n  const local1 = { deep: [1, 2] };\n  return local1.deep.length;\n}\ninner1();";
    await client.breakAt(code, 3);
    const running = client.run(code);
    const [frame] = await client.stopped();
    const rich = await client.ask("richInspectVariables", { variableName: "local1", frameId: frame?.id });
    expect(JSON.stringify(rich["data"])).toContain("deep");
    const copied = { srcVariableName: "local1", dstVariableName: "copied1", srcFrameId: frame?.id };
    expect(await client.ask("copyToGlobals", copied)).toMatchObject({ type: "Object" });
    await client.ask("continue");
    await running;
    expect((await kernel.run("copied1.deep.length")).result).toBe("2");
    const { variables } = await client.ask("inspectVariables");
    expect(variables).toContainEqual(expect.objectContaining({ name: "copied1" }));
  });

  test("are evaluated in their frame; hovering changes nothing", async () => {
    await client.start();
    const code = "function inner2(n: number): number {\n  const doubled = n * 2;\n  return doubled;\n}\ninner2(4);";
    await client.breakAt(code, 3);
    const running = client.run(code);
    const [frame, outer] = await client.stopped();
    const inFrame = (expression: string, context: string): ReturnType<DebugClient["request"]> =>
      client.request("evaluate", { expression, context, frameId: frame?.id });
    expect((await inFrame("{ both: [n, doubled as number] }", "repl")).body).toMatchObject({
      result: "{both: Array(2)}",
      type: "Object",
    });
    expect(await inFrame("globalThis.hovered = 1", "hover")).toMatchObject({ success: false });
    expect(await inFrame("nothing.there", "repl")).toMatchObject({
      success: false,
      message: "ReferenceError: nothing is not defined",
    });
    expect(await client.request("evaluate", { expression: "doubled", frameId: outer?.id })).toMatchObject({
      success: false,
    });
    const endless = async (): Promise<void> => {
      expect(await inFrame("(() => { while (true) {} })()", "repl")).toMatchObject({ success: false });
    };
    expect(await undisturbed(kernel, endless)).toBeLessThan(2000);
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });
});

describe("exceptions", () => {
  const caught = "try {\n  JSON.parse('{');\n} catch {}\n'fine'";
  const throws = "function fails(): never {\n  throw new RangeError('boom');\n}\nfails();";

  test("that nothing catches stop where they are thrown", async () => {
    await client.start(["uncaught"]);
    expect(await client.run(caught)).toMatchObject({ status: "ok" });
    expect(client.pending("stopped")).toBe(0);
    const running = client.run(throws);
    const stop = await client.event("stopped");
    expect(stop).toMatchObject({ reason: "exception", text: "RangeError: boom" });
    const { stackFrames } = await client.ask("stackTrace", { threadId: 1 });
    expect(stackFrames).toMatchObject([{ name: "fails", line: 2 }, { line: 4 }]);
    expect(await client.ask("exceptionInfo", { threadId: 1 })).toMatchObject({ exceptionId: "RangeError" });
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "error", ename: "RangeError" });
  });

  test("of Node's own functions stop at the cell's call; those behind an await too", async () => {
    await client.start(["uncaught"]);
    const read = client.run("const fs = require('node:fs');\nfs.readFileSync('/nowhere');");
    expect(await client.stopped()).toMatchObject([{ line: 2 }]);
    await client.ask("continue");
    expect(await read).toMatchObject({ status: "error" });
    const later = client.run("await 0;\nthrow new Error('later');");
    expect(await client.stopped()).toMatchObject([{ line: 2 }]);
    await client.ask("continue");
    expect(await later).toMatchObject({ status: "error", ename: "Error" });
  });

  test("that are caught stop too where all are wanted, and none where none are", async () => {
    await client.start(["all"]);
    const running = client.run(caught);
    expect(await client.line()).toBe(2);
    await client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
    await client.ask("setExceptionBreakpoints", { filters: [] });
    expect(await client.run(throws)).toMatchObject({ status: "error" });
    expect(client.pending("stopped")).toBe(0);
  });
});

describe("an interrupt", () => {
  const interrupt = (): Promise<unknown> => kernel.client.request("control", "interrupt_request", {}, { timeout });

  test("ends a cell that stands, within 500 ms, and its state stays", async () => {
    await client.start();
    const code = "let stood = 1;\nfor (;;) {\n  stood++;\n}";
    await client.breakAt(code, 3);
    const running = client.run(code);
    const frames = await client.stopped();
    expect(frames[0]?.line).toBe(3);
    expect(await undisturbed(kernel, () => kernel.client.ping(timeout))).toBeLessThan(100);
    const took = await undisturbed(kernel, async () => {
      await interrupt();
      expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    });
    expect(took).toBeLessThan(500);
    await client.event("continued");
    expect(await client.run("stood += 100;")).toMatchObject({ status: "ok" });
    // The breakpoints are still there.
    const again = client.run(code);
    expect(await client.line()).toBe(3);
    await interrupt();
    await again;
  });

  test.each([
    ["in a function that would soon return", "const soon = (): number => {\n  return 1;\n};\nsoon();\n'returned'", 2],
    ["behind an await", "await 0;\nconst b2 = 2;\n'returned'", 2],
    [
      "in a timer that it waits for",
      "await new Promise<void>((done) => setTimeout(() => {\n  done();\n}, 1));\n'returned'",
      2,
    ],
  ])("ends a cell that stands %s", async (_, code, line) => {
    await client.start();
    await client.breakAt(code, line);
    const running = client.run(code);
    expect(await client.line()).toBe(line);
    await interrupt();
    expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await kernel.run("1 + 1")).result).toBe("2");
  });

  test.each([
    "while (true) {}",
    "await 0; while (true) {}",
    "setTimeout(() => { for (;;); }, 1); await new Promise(() => {});",
  ])("ends %s with the debugger attached", async (code) => {
    await client.start(["all"]);
    const started = kernel.printed("started");
    const running = client.run(`console.log("started"); ${code}`);
    await started;
    const took = await undisturbed(kernel, async () => {
      await interrupt();
      expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    });
    expect(took).toBeLessThan(500);
    expect((await kernel.run("1 + 1")).result).toBe("2");
  });

  test("completion, heartbeat and control are answered while a cell stands", async () => {
    await client.start();
    const code = "const standing = [1];\nstanding.length;";
    await client.breakAt(code, 2);
    const running = client.run(code);
    await client.stopped();
    const completed = await kernel.client.request(
      "shell",
      "complete_request",
      { code: "Math.ma", cursor_pos: 7 },
      { timeout: 60_000 },
    );
    expect(completed.content).toMatchObject({ status: "ok", matches: ["max"] });
    expect((await kernel.client.request("control", "kernel_info_request", {}, { timeout })).content).toMatchObject({
      debugger: true,
      supported_features: expect.arrayContaining(["debugger"]) as unknown,
    });
    await client.ask("disconnect");
    expect(await running).toMatchObject({ status: "ok" });
  });
});

describe("a session", () => {
  test("ends and another begins, with breakpoints of its own", async () => {
    const code = "const twice = 1;\ntwice + 1;";
    for (let round = 0; round < 3; round++) {
      await client.start();
      expect((await client.ask("debugInfo"))["breakpoints"]).toEqual([]);
      await client.breakAt(code, 2);
      const running = client.run(code);
      expect(await client.line()).toBe(2);
      // In the middle of a stop.
      await client.ask("disconnect");
      expect(await running).toMatchObject({ status: "ok" });
      expect(await client.run(code)).toMatchObject({ status: "ok" });
    }
    expect(client.pending("stopped")).toBe(0);
  });

  test("is restored by a client that comes later", async () => {
    await client.start();
    const code = "const seenLater = 1;\nseenLater + 1;";
    await client.breakAt(code, 2);
    const running = client.run(code);
    await client.stopped();
    const other = debugClient(kernel);
    const info = await other.ask("debugInfo");
    expect(info).toMatchObject({ isStarted: true, stoppedThreads: [1], breakpoints: [{ breakpoints: [{ line: 2 }] }] });
    await other.ask("initialize", { clientID: "other" });
    expect((await other.ask("stackTrace", { threadId: 1 }))["stackFrames"]).toMatchObject([{ line: 2 }]);
    await other.ask("continue");
    await running;
    other.close();
  });

  test("shows the source of cells, modules and refuses nonsense", async () => {
    await client.start();
    const code = "const sourced = 1;";
    await client.run(code);
    const { sourcePath } = await client.ask("dumpCell", { code });
    expect(await client.ask("source", { source: { path: sourcePath } })).toMatchObject({ content: code });
    expect(await client.ask("modules")).toMatchObject({ modules: expect.any(Array) as unknown });
    const refusals = [
      ["source", { source: { path: "/etc/passwd" } }],
      ["nonsense", {}],
      ["", {}],
      ["scopes", { frameId: 99 }],
      ["scopes", {}],
      ["variables", { variablesReference: 12345 }],
      ["setBreakpoints", { source: {}, breakpoints: [] }],
      ["setBreakpoints", { source: { path: "x" }, breakpoints: [{ line: "two" }] }],
      ["setExceptionBreakpoints", { filters: ["some"] }],
      ["next", { threadId: 1 }],
      ["evaluate", { expression: "1 +" }],
      ["evaluate", {}],
      ["richInspectVariables", { variableName: "a b" }],
      ["copyToGlobals", { srcVariableName: "x", dstVariableName: "process", srcFrameId: 1 }],
      ["exceptionInfo", {}],
    ] as const;
    for (const [command, given] of refusals) {
      const response = await client.request(command, given);
      expect(response, command).toMatchObject({ success: false, command, message: expect.any(String) as unknown });
    }
    for (const content of [{}, { command: 5, seq: "x" }, { command: "attach", arguments: [] }]) {
      const reply = await kernel.client.request("control", "debug_request", content, { timeout });
      expect(reply.content).toMatchObject({ type: "response", success: false });
    }
    expect((await kernel.run("sourced")).result).toBe("1");
  });

  test("lets the kernel end while a cell stands", async () => {
    const own = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
    const debug = debugClient(own);
    await debug.start();
    const code = "const doomed = 1;\ndoomed;";
    await debug.breakAt(code, 2);
    own.client.request("shell", "execute_request", { code }).catch(() => undefined);
    await debug.stopped();
    await own.client.request("control", "shutdown_request", { restart: false }, { timeout });
    expect(await own.ended).toEqual({ code: 0, signal: null });
    expect(own.log()).toBe("");
    await own.close();
  });
});

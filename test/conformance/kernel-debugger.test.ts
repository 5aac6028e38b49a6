import { describe, expect, test } from "vitest";
import { debugClient, debuggedKernel } from "./debug-client.js";
import { spawnKernel } from "./spawned-kernel.js";

const debugged = debuggedKernel();

/** When an answer counts as lost, in ms. */
const timeout = 60_000;

test("the whole conversation, as JupyterLab has it", async () => {
  const info = await debugged.client.ask("debugInfo");
  expect(info).toMatchObject({ isStarted: false, hashMethod: "Murmur2", breakpoints: [], stoppedThreads: [] });
  expect(await debugged.client.ask("initialize", { clientID: "jupyterlab" })).toMatchObject({
    supportsModulesRequest: true,
    exceptionBreakpointFilters: [{ filter: "uncaught" }, { filter: "all" }],
  });
  await debugged.client.ask("attach");
  await debugged.client.event("initialized");

  const code =
    "function area(width: number, height: number): number {\n  const product = width * height;\n  return product;\n}\nconst side = 3;\nconst square = area(side, side);\nsquare + 1";
  const { sourcePath } = await debugged.client.ask("dumpCell", { code });
  const set = await debugged.client.ask("setBreakpoints", { source: { path: sourcePath }, breakpoints: [{ line: 6 }] });
  expect(set).toMatchObject({ breakpoints: [{ verified: true, line: 6 }] });
  await debugged.client.ask("configurationDone");

  const running = debugged.client.run(code);
  const [cell] = await debugged.client.stopped();
  expect(cell).toMatchObject({ line: 6, source: { path: sourcePath } });
  if (cell === undefined) return;
  expect(await debugged.client.variables(cell)).toMatchObject({ Globals: { side: "3", square: "undefined" } });

  await debugged.client.ask("stepIn", { threadId: 1 });
  const frames = await debugged.client.stopped();
  expect(frames.map(({ name, line }) => [name, line])).toEqual([
    ["area", 2],
    [cell.name, 6],
  ]);
  await debugged.client.ask("next", { threadId: 1 });
  const [inside] = await debugged.client.stopped();
  expect(inside).toMatchObject({ name: "area", line: 3 });
  if (inside === undefined) return;
  expect((await debugged.client.variables(inside))["Locals"]).toEqual({ width: "3", height: "3", product: "9" });
  await debugged.client.ask("stepOut", { threadId: 1 });
  expect(await debugged.client.line()).toBe(7);
  await debugged.client.ask("continue", { threadId: 1 });
  await debugged.client.event("continued");
  expect(await running).toMatchObject({ status: "ok" });
  expect(await debugged.client.ask("debugInfo")).toMatchObject({
    isStarted: true,
    breakpoints: [{ source: sourcePath }],
  });
  await debugged.client.ask("disconnect", { restart: false, terminateDebuggee: false });
  expect(await debugged.client.ask("debugInfo")).toMatchObject({ isStarted: false, breakpoints: [] });
});

describe("a session", () => {
  test("ends and another begins, with breakpoints of its own", async () => {
    const code = "const twice = 1;\ntwice + 1;";
    for (let round = 0; round < 3; round++) {
      await debugged.client.start();
      expect((await debugged.client.ask("debugInfo"))["breakpoints"]).toEqual([]);
      await debugged.client.breakAt(code, 2);
      const running = debugged.client.run(code);
      expect(await debugged.client.line()).toBe(2);
      // In the middle of a stop.
      await debugged.client.ask("disconnect");
      expect(await running).toMatchObject({ status: "ok" });
      expect(await debugged.client.run(code)).toMatchObject({ status: "ok" });
    }
    expect(debugged.client.pending("stopped")).toBe(0);
  });

  test("is restored by a client that comes later", async () => {
    await debugged.client.start();
    const code = "const seenLater = 1;\nseenLater + 1;";
    await debugged.client.breakAt(code, 2);
    const running = debugged.client.run(code);
    await debugged.client.stopped();
    const other = debugClient(debugged.kernel);
    const info = await other.ask("debugInfo");
    expect(info).toMatchObject({ isStarted: true, stoppedThreads: [1], breakpoints: [{ breakpoints: [{ line: 2 }] }] });
    await other.ask("initialize", { clientID: "other" });
    expect((await other.ask("stackTrace", { threadId: 1 }))["stackFrames"]).toMatchObject([{ line: 2 }]);
    await other.ask("continue");
    await running;
    other.close();
  });

  test("shows the source of cells, modules and refuses nonsense", async () => {
    await debugged.client.start();
    const code = "const sourced = 1;";
    await debugged.client.run(code);
    const { sourcePath } = await debugged.client.ask("dumpCell", { code });
    expect(await debugged.client.ask("source", { source: { path: sourcePath } })).toMatchObject({ content: code });
    expect(await debugged.client.ask("modules")).toMatchObject({ modules: expect.any(Array) as unknown });
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
      const response = await debugged.client.request(command, given);
      expect(response, command).toMatchObject({ success: false, command, message: expect.any(String) as unknown });
    }
    for (const content of [{}, { command: 5, seq: "x" }, { command: "attach", arguments: [] }]) {
      const reply = await debugged.kernel.client.request("control", "debug_request", content, { timeout });
      expect(reply.content).toMatchObject({ type: "response", success: false });
    }
    expect((await debugged.kernel.run("sourced")).result).toBe("1");
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

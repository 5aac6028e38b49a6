import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { debugClient, type DebugClient } from "./debug-client.js";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

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

test("the whole conversation, as JupyterLab has it", async () => {
  const info = await client.ask("debugInfo");
  expect(info).toMatchObject({ isStarted: false, hashMethod: "Murmur2", breakpoints: [], stoppedThreads: [] });
  expect(await client.ask("initialize", { clientID: "jupyterlab" })).toMatchObject({
    supportsModulesRequest: true,
    exceptionBreakpointFilters: [{ filter: "uncaught" }, { filter: "all" }],
  });
  await client.ask("attach");
  await client.event("initialized");

  const code = "function area(width: number, height: number): number {\n  const product = width * height;\n  return product;\n}\nconst side = 3;\nconst square = area(side, side);\nsquare + 1";
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
  expect(await client.line()).toBe(6);
  await client.ask("next", { threadId: 1 });
  expect(await client.line()).toBe(7);
  await client.ask("continue", { threadId: 1 });
  await client.event("continued");
  expect(await running).toMatchObject({ status: "ok" });
  expect(await client.ask("debugInfo")).toMatchObject({ isStarted: true, breakpoints: [{ source: sourcePath }] });
  await client.ask("disconnect", { restart: false, terminateDebuggee: false });
  expect(await client.ask("debugInfo")).toMatchObject({ isStarted: false, breakpoints: [] });
});

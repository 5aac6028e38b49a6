import { describe, expect, test } from "vitest";
import { debuggedKernel } from "./debug-client.js";
import { undisturbed } from "./processor.js";

const debugged = debuggedKernel();

/** When an answer counts as lost, in ms. */
const timeout = 60_000;

describe("exceptions", () => {
  const caught = "try {\n  JSON.parse('{');\n} catch {}\n'fine'";
  const throws = "function fails(): never {\n  throw new RangeError('boom');\n}\nfails();";

  test("that nothing catches stop where they are thrown", async () => {
    await debugged.client.start(["uncaught"]);
    expect(await debugged.client.run(caught)).toMatchObject({ status: "ok" });
    expect(debugged.client.pending("stopped")).toBe(0);
    const running = debugged.client.run(throws);
    const stop = await debugged.client.event("stopped");
    expect(stop).toMatchObject({ reason: "exception", text: "RangeError: boom" });
    const { stackFrames } = await debugged.client.ask("stackTrace", { threadId: 1 });
    expect(stackFrames).toMatchObject([{ name: "fails", line: 2 }, { line: 4 }]);
    expect(await debugged.client.ask("exceptionInfo", { threadId: 1 })).toMatchObject({ exceptionId: "RangeError" });
    await debugged.client.ask("continue");
    expect(await running).toMatchObject({ status: "error", ename: "RangeError" });
  });

  test("of Node's own functions stop at the cell's call; those behind an await too", async () => {
    await debugged.client.start(["uncaught"]);
    const read = debugged.client.run("const fs = require('node:fs');\nfs.readFileSync('/nowhere');");
    expect(await debugged.client.stopped()).toMatchObject([{ line: 2 }]);
    await debugged.client.ask("continue");
    expect(await read).toMatchObject({ status: "error" });
    const later = debugged.client.run("await 0;\nthrow new Error('later');");
    expect(await debugged.client.stopped()).toMatchObject([{ line: 2 }]);
    await debugged.client.ask("continue");
    expect(await later).toMatchObject({ status: "error", ename: "Error" });
  });

  test("that are caught stop too where all are wanted, and none where none are", async () => {
    await debugged.client.start(["all"]);
    const running = debugged.client.run(caught);
    expect(await debugged.client.line()).toBe(2);
    await debugged.client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
    await debugged.client.ask("setExceptionBreakpoints", { filters: [] });
    expect(await debugged.client.run(throws)).toMatchObject({ status: "error" });
    expect(debugged.client.pending("stopped")).toBe(0);
  });
});

describe("a rejected promise", () => {
  const fails = "const fails1 = async (): Promise<never> => {\n  throw new Error('at once');\n};\n";
  const failsLater = "const fails2 = async (): Promise<never> => {\n  await 0;\n  throw new Error('later');\n};\n";

  test.each([
    ["a catch", `${fails}fails1().catch(() => 1);\n'fine'`],
    ["a catch, behind an await", `${failsLater}fails2().then(String).catch(() => 1);\n'fine'`],
    ["a catch that comes later", `${failsLater}const kept2 = fails2();\nawait kept2.catch(() => 1);\n'fine'`],
    ["a try around its await", `${failsLater}try {\n  await fails2();\n} catch {}\n'fine'`],
    ["a try around Promise.all", `${fails}try {\n  await Promise.all([fails1()]);\n} catch {}\n'fine'`],
    ["a caller that does", `${fails}const calls = async () => fails1();\nawait calls().catch(() => 1);\n'fine'`],
    ["allSettled", `${failsLater}await Promise.allSettled([fails2()]);\n'fine'`],
    ["a catch of a new promise", "await new Promise((_, no) => no(new Error('e'))).catch(() => 1);\n'fine'"],
    ["reject and a catch", "await Promise.reject(new Error('r')).catch(() => 1);\n'fine'"],
    [
      "a try around a timer's reject",
      `try {\n  await new Promise((_, no) => setTimeout(no, 1, new Error('t')));\n} catch {}\n'fine'`,
    ],
  ])("that is handled by %s stops nowhere", async (_, code) => {
    const { client } = debugged;
    await client.start(["uncaught"]);
    expect(await client.run(code)).toMatchObject({ status: "ok" });
    expect(client.pending("stopped")).toBe(0);
  });

  test.each([
    ["awaited by the cell", `${fails}await fails1();`, 2],
    ["awaited by the cell, behind an await", `${failsLater}await fails2();`, 3],
    ["awaited in Promise.all", `${failsLater}await Promise.all([fails2(), 1]);`, 3],
    [
      "in a function that a function awaits",
      `${failsLater}const g2 = async () => { await fails2(); };\nawait g2();`,
      3,
    ],
    ["in a try that doesn't await", `${fails}try {\n  void fails1();\n} catch {}\nawait 0;`, 2],
  ])("that nothing handles stops, %s", async (_, code, line) => {
    const { client } = debugged;
    await client.start(["uncaught"]);
    const running = client.run(code);
    expect(await client.line()).toBe(line);
    expect(await client.ask("exceptionInfo", { threadId: 1 })).toMatchObject({ breakMode: "unhandled" });
    await client.ask("continue");
    await running;
  });
});

describe("an interrupt", () => {
  const interrupt = (): Promise<unknown> =>
    debugged.kernel.client.request("control", "interrupt_request", {}, { timeout });

  test("ends a cell that stands, within 500 ms, and its state stays", async () => {
    await debugged.client.start();
    const code = "let stood = 1;\nfor (;;) {\n  stood++;\n}";
    await debugged.client.breakAt(code, 3);
    const running = debugged.client.run(code);
    const frames = await debugged.client.stopped();
    expect(frames[0]?.line).toBe(3);
    expect(await undisturbed(debugged.kernel, () => debugged.kernel.client.ping(timeout))).toBeLessThan(100);
    const took = await undisturbed(debugged.kernel, async () => {
      await interrupt();
      expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    });
    expect(took).toBeLessThan(500);
    await debugged.client.event("continued");
    expect(await debugged.client.run("stood += 100;")).toMatchObject({ status: "ok" });
    // The breakpoints are still there.
    const again = debugged.client.run(code);
    expect(await debugged.client.line()).toBe(3);
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
    await debugged.client.start();
    await debugged.client.breakAt(code, line);
    const running = debugged.client.run(code);
    expect(await debugged.client.line()).toBe(line);
    await interrupt();
    expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await debugged.kernel.run("1 + 1")).result).toBe("2");
  });

  test.each([
    "while (true) {}",
    "await 0; while (true) {}",
    "setTimeout(() => { for (;;); }, 1); await new Promise(() => {});",
  ])("ends %s with the debugger attached", async (code) => {
    await debugged.client.start(["all"]);
    const started = debugged.kernel.printed("started");
    const running = debugged.client.run(`console.log("started"); ${code}`);
    await started;
    const took = await undisturbed(debugged.kernel, async () => {
      await interrupt();
      expect(await running).toMatchObject({ status: "error", ename: "Interrupted" });
    });
    expect(took).toBeLessThan(500);
    expect((await debugged.kernel.run("1 + 1")).result).toBe("2");
  });

  test("completion, heartbeat and control are answered while a cell stands", async () => {
    await debugged.client.start();
    const code = "const standing = [1];\nstanding.length;";
    await debugged.client.breakAt(code, 2);
    const running = debugged.client.run(code);
    await debugged.client.stopped();
    const completed = await debugged.kernel.client.request(
      "shell",
      "complete_request",
      { code: "Math.ma", cursor_pos: 7 },
      { timeout: 60_000 },
    );
    expect(completed.content).toMatchObject({ status: "ok", matches: ["max"] });
    expect(
      (await debugged.kernel.client.request("control", "kernel_info_request", {}, { timeout })).content,
    ).toMatchObject({
      debugger: true,
      supported_features: expect.arrayContaining(["debugger"]) as unknown,
    });
    await debugged.client.ask("disconnect");
    expect(await running).toMatchObject({ status: "ok" });
  });
});

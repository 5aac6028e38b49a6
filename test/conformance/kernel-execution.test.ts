import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Broadcast } from "../../kernel/wire/index.js";
import { plain, spawnKernel, until, type Ran, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel({
    files: {
      "data.json": '{"answer": 42}',
      "local.mjs": "export const here = import.meta.url.endsWith('local.mjs');",
      "local.d.mts": "export declare const here: boolean;",
    },
  });
});
afterAll(() => kernel.close());

const types = ({ broadcasts }: Ran): string[] => broadcasts.map(({ type }) => type);
const failure = ({ reply }: Ran): { ename: string; evalue: string; traceback: string } => {
  if (reply.status !== "error") throw new Error(`expected an error, got ${JSON.stringify(reply)}`);
  return { ename: reply.ename, evalue: reply.evalue, traceback: plain(reply.traceback) };
};

describe("a cell", () => {
  test("waits for what its value's hook promises to be shown as", async () => {
    const ran = await kernel.run(`
      ({ async [Symbol.for("Jupyter.display")]() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { "text/html": "<b>late</b>", "text/plain": "late" };
      } })`);
    expect(ran.broadcasts.find(({ type }) => type === "execute_result")?.content).toMatchObject({
      data: { "text/html": "<b>late</b>", "text/plain": "late" },
    });
    const failing = await kernel.run('({ [Symbol.for("Jupyter.display")]: () => Promise.reject(new Error("no")) })');
    expect(failing.result).toContain("(showing it failed: Error: no)");
  });

  test("gives the value of its last expression as execute_result", async () => {
    const ran = await kernel.run("const a: number = 6;\na * 7");
    expect(ran.result).toBe("42");
    expect(types(ran)).toEqual(["status", "execute_input", "execute_result", "status"]);
    const count = ran.reply.status === "ok" ? ran.reply.execution_count : 0;
    expect(ran.broadcasts[1]?.content).toEqual({ code: "const a: number = 6;\na * 7", execution_count: count });
    expect(ran.broadcasts[2]?.content).toMatchObject({ execution_count: count });
  });

  test("shows nothing for undefined, and nothing for a statement", async () => {
    expect(types(await kernel.run("undefined"))).toEqual(["status", "execute_input", "status"]);
    expect((await kernel.run("let nothing = 1;")).result).toBeUndefined();
  });

  test("writes to stdout and stderr in order", async () => {
    const ran = await kernel.run(
      'console.log("one", { a: 1 }); console.error("two"); process.stdout.write("three\\n"); console.table([{ x: 1 }])',
    );
    const streams = ran.broadcasts.flatMap(({ type, content }) => (type === "stream" ? [content] : []));
    expect(streams.map(({ name }) => name)).toEqual(["stdout", "stderr", "stdout"]);
    expect(streams[0]?.text).toBe("one { a: 1 }\n");
    expect(ran.stdout).toContain("three\n┌");
  });

  test("keeps a character whole that is written in two halves", async () => {
    const ran = await kernel.run(
      'const halves = Buffer.from("é"); process.stdout.write(halves.subarray(0, 1)); process.stdout.write(halves.subarray(1));',
    );
    expect(ran.stdout).toBe("é");
  });

  test("sees and replaces what earlier cells declared", async () => {
    await kernel.run(
      "const size = 3; let grown = size; function twice(n: number) { return 2 * n; } class Box { n = size }",
    );
    expect((await kernel.run("grown = twice(grown); new Box().n + grown")).result).toBe("9");
    await kernel.run('const size = "now a string"; function twice(s: string) { return s + s; }');
    expect((await kernel.run("twice(size).length")).result).toBe("24");
  });

  test("awaits at its top level", async () => {
    const ran = await kernel.run(
      "const slow = await new Promise<number>((done) => setTimeout(done, 20, 5));\nslow + 1",
    );
    expect(ran.result).toBe("6");
    expect((await kernel.run("slow")).result).toBe("5");
  });

  test("imports built-ins, packages, JSON and files beside the notebook", async () => {
    expect((await kernel.run('import { basename } from "node:path"; basename("/a/b")')).result).toBe("'b'");
    expect((await kernel.run('const { sep } = await import("path"); sep')).result).toBe("'/'");
    expect((await kernel.run('import data from "./data.json"; data.answer')).result).toBe("42");
    expect((await kernel.run('import { here } from "./local.mjs"; here')).result).toBe("true");
    expect((await kernel.run('require("node:os").EOL')).result).toBe("'\\n'");
    const missing = failure(await kernel.run('import nothing from "no-such-package"'));
    expect(missing.evalue).toContain("no-such-package");
  });

  test("shows with tslab's display", async () => {
    const ran = await kernel.run('import * as tslab from "tslab"; tslab.display.html("<b>bold</b>")');
    const shown = ran.broadcasts.find(({ type }) => type === "display_data");
    expect(shown?.content).toMatchObject({ data: { "text/html": "<b>bold</b>" }, transient: {} });
  });

  test("shows, updates and clears through the kernel's host", async () => {
    const ran = await kernel.run(`
      const display = (globalThis as any)[Symbol.for("virtlab.display")];
      display({ "text/plain": "0 %" }, { displayId: "bar" });
      console.log("between");
      display({ "text/plain": "100 %" }, { displayId: "bar", update: true });
      (globalThis as any)[Symbol.for("virtlab.clear")](true);`);
    expect(types(ran).slice(2, -1)).toEqual(["display_data", "stream", "update_display_data", "clear_output"]);
    expect(ran.broadcasts[2]?.content).toMatchObject({
      data: { "text/plain": "0 %" },
      transient: { display_id: "bar" },
    });
    expect(ran.broadcasts[5]?.content).toEqual({ wait: true });
  });

  test("with nothing in it changes nothing", async () => {
    const before = await kernel.run("1");
    const empty = await kernel.run("  \n");
    expect(empty.reply).toMatchObject({ status: "ok", execution_count: before.reply.execution_count });
  });
});

describe("an error", () => {
  test("names the cell and the line, and hides the kernel", async () => {
    const ran = await kernel.run(
      "interface Wide { a: number }\n\nfunction fail(): never {\n  throw new RangeError('boom');\n}\nfail();",
    );
    const { ename, evalue, traceback } = failure(ran);
    expect([ename, evalue]).toEqual(["RangeError", "boom"]);
    const cell = `In[${ran.reply.execution_count}]`;
    expect(traceback).toBe(
      [
        "RangeError: boom",
        `${cell}, line 4`,
        "  3 | function fail(): never {",
        "> 4 |   throw new RangeError('boom');",
        "    |         ^",
        "  5 | }",
        `    at fail (${cell}:4:9)`,
        `    at ${cell}:6:1`,
      ].join("\n"),
    );
    expect(types(ran)).toEqual(["status", "execute_input", "error", "status"]);
    expect(ran.broadcasts[2]?.content).toEqual({
      ename,
      evalue,
      traceback: ran.reply.status === "error" && ran.reply.traceback,
    });
  });

  test("of a function of another cell, behind an await, names both", async () => {
    const declared = await kernel.run(
      "async function later(): Promise<void> {\n  await null;\n  throw new Error('late');\n}",
    );
    const ran = await kernel.run("\nawait later();");
    const { traceback } = failure(ran);
    expect(traceback).toContain(`In[${declared.reply.execution_count}]:3:9`);
    expect(traceback).toContain(`In[${ran.reply.execution_count}]:2`);
    expect(traceback).not.toContain("node:");
    expect(traceback).not.toContain("dist/kernel");
  });

  test("shows its causes and its parts", async () => {
    const chain = failure(await kernel.run('throw new Error("outer", { cause: new Error("inner") })'));
    expect(chain.traceback).toContain("caused by:\n  Error: inner");
    const many = failure(
      await kernel.run('await Promise.any([Promise.reject(new Error("first")), Promise.reject(2)])'),
    );
    expect(many.traceback).toContain("one of its errors:\n  Error: first");
  });

  test("may be anything that is thrown", async () => {
    expect(failure(await kernel.run('throw "a string"'))).toMatchObject({ ename: "Uncaught", evalue: "'a string'" });
    expect(failure(await kernel.run("throw null")).evalue).toBe("null");
    const nasty = "throw Object.defineProperty(new Error(), 'message', { get() { throw 1; } })";
    expect(failure(await kernel.run(nasty)).evalue).toContain("can't be shown");
  });

  test("named UsageError is its words and its hint", async () => {
    const code = 'throw Object.assign(new Error("no such disk"), { name: "UsageError", hint: "Create it first." })';
    expect(failure(await kernel.run(code))).toEqual({
      ename: "UsageError",
      evalue: "no such disk",
      traceback: "UsageError: no such disk\nCreate it first.",
    });
  });

  test("of syntax marks the place and runs nothing", async () => {
    const { ename, traceback } = failure(await kernel.run("console.log(1);\nlet = = 3;"));
    expect(ename).toBe("SyntaxError");
    expect(traceback).toContain("2 | let = = 3;");
  });

  test("printed by the cell itself has the cell's lines too", async () => {
    const ran = await kernel.run("type T = 1;\nconsole.log(new Error('printed').stack)");
    expect(ran.stdout).toBe(`Error: printed\n    at In[${ran.reply.execution_count}]:2:13\n`);
  });

  test("leaves what it came to, and a variable without a value says so", async () => {
    const failed = await kernel.run("const done = 1; const halfway: number = (() => { throw new Error('no'); })();");
    expect((await kernel.run("done")).result).toBe("1");
    const { ename, evalue, traceback } = failure(await kernel.run("halfway + 1"));
    const cell = `In[${failed.reply.execution_count}]`;
    expect([ename, evalue]).toEqual([
      "UsageError",
      `\`halfway\` has no value: the cell that declares it (${cell}) ended before it got there`,
    ]);
    expect(traceback).toContain("Run that cell again first.");
    expect((await kernel.run("const halfway = 2; halfway + 1")).result).toBe("3");
    expect((await kernel.run("halfway")).result).toBe("2");
  });

  test("that nobody catches ends its cell, or is shown at it", async () => {
    expect(failure(await kernel.run("Promise.reject(new Error('unhandled')); 1")).evalue).toBe("unhandled");
    const timer = await kernel.run(
      "setTimeout(() => { throw new Error('in a timer'); }, 5); await new Promise(() => {});",
    );
    expect(failure(timer).evalue).toBe("in a timer");

    const late: Broadcast[] = [];
    const stop = kernel.client.onBroadcast((message) => void late.push(message));
    const started = await kernel.run(
      "setTimeout(() => { console.log('late'); throw new Error('too late'); }, 50); 'started'",
    );
    await kernel.run("'another cell'");
    const errors = (): Broadcast[] => late.filter(({ type }) => type === "error");
    await until(() => errors().length > 0);
    stop();
    const parent = started.broadcasts[0]?.parent_header.msg_id;
    expect(errors()[0]).toMatchObject({ content: { evalue: "too late" }, parent_header: { msg_id: parent } });
    const printed = late.find(({ type, content }) => type === "stream" && content.text === "late\n");
    expect(printed?.parent_header.msg_id).toBe(parent);
    expect((await kernel.run("'alive'")).result).toBe("'alive'");
  });
});

describe("options of execute_request", () => {
  test("silent: no broadcast but the status, no history", async () => {
    const before = await kernel.run("0");
    const ran = await kernel.run("console.log('heard?'); 5", { silent: true });
    expect(types(ran)).toEqual(["status", "status"]);
    expect(ran.reply).toMatchObject({ status: "ok", execution_count: before.reply.execution_count });
  });

  test("store_history: the count stands still without it", async () => {
    const before = await kernel.run("0");
    const ran = await kernel.run("const unstored = 1; unstored", { store_history: false });
    expect([ran.result, ran.reply.execution_count]).toEqual(["1", before.reply.execution_count]);
    expect((await kernel.run("unstored")).reply.execution_count).toBe(before.reply.execution_count + 1);
  });

  test("user_expressions: each is a bundle or an error", async () => {
    const { reply } = await kernel.run("const base = 20", {
      user_expressions: { good: "base + 1", bad: "missing.field" },
    });
    expect(reply).toMatchObject({
      status: "ok",
      user_expressions: {
        good: { status: "ok", data: { "text/plain": "21" } },
        bad: { status: "error" },
      },
    });
  });
});

test("20,000 lines arrive complete, in order, all before idle", async () => {
  const ran = await kernel.run("for (let line = 0; line < 20_000; line++) console.log(`line ${line}`);");
  expect(ran.stdout).toBe(Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join(""));
  expect(ran.broadcasts.at(-1)?.content).toEqual({ execution_state: "idle" });
  expect(types(ran).filter((type) => type === "stream").length).toBeLessThan(200);
});

test("what is printed is seen while the cell goes on", async () => {
  const heard = new Promise<number>((resolve) => {
    const stop = kernel.client.onBroadcast((message) => {
      if (message.type !== "stream") return;
      stop();
      resolve(performance.now());
    });
  });
  const start = performance.now();
  const running = kernel.run("console.log('now'); const end = Date.now() + 600; while (Date.now() < end);");
  const seen = (await heard) - start;
  await running;
  expect(seen).toBeLessThan(400);
});

test("a megabyte in one write, and a larger display, arrive whole", async () => {
  expect((await kernel.run("process.stdout.write('x'.repeat(3_000_000))")).stdout.length).toBe(3_000_000);
  const code = '(globalThis as any)[Symbol.for("virtlab.display")]({ "text/plain": "y".repeat(5_000_000) })';
  const shown = (await kernel.run(code)).broadcasts.find(({ type }) => type === "display_data");
  expect(shown?.type === "display_data" && shown.content.data["text/plain"]).toHaveLength(5_000_000);
});

test("a cell that tslab alone would know what to do with says how it goes here", async () => {
  const { reply } = await kernel.run("/** @browser */\ndocument.title;");
  expect(reply).toMatchObject({ status: "error", ename: "UsageError" });
  expect(JSON.stringify(reply)).toContain("%%html");
});

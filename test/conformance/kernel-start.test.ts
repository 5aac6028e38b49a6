import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

const unchecked = { environment: { VIRTLAB_TYPECHECK: "off" } };
const top = fileURLToPath(new URL("../..", import.meta.url));

describe("before the first cell", () => {
  let kernel: SpawnedKernel;
  beforeEach(async () => {
    kernel = await spawnKernel(unchecked);
  });
  afterEach(() => kernel.close());

  test("an interrupt does nothing", async () => {
    for (let count = 0; count < 5; count++) {
      await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
    }
    expect((await kernel.run("1 + 1")).result).toBe("2");
  });

  test("an interrupt that comes right behind the cell stops it", async () => {
    const running = kernel.run("while (true) {}");
    await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
    const outcome = await Promise.race([running, pause(500, undefined)]);
    // Handled before the request came, it has nothing to stop.
    if (outcome === undefined) await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
    expect((await running).reply).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await kernel.run("1 + 1")).result).toBe("2");
  });

  test("what the kernel has rehearsed is nowhere to be seen", async () => {
    const names = ["Host", "hosts", "host", "share", "heaviest", "Rack", "shares", "later"];
    const code = `${JSON.stringify(names)}.filter((name) => name in globalThis || eval("typeof " + name) !== "undefined").length`;
    const { result, reply, broadcasts } = await kernel.run(code);
    expect(result).toBe("0");
    expect(reply.execution_count).toBe(1);
    expect(broadcasts.map(({ type }) => type)).toEqual(["status", "execute_input", "execute_result", "status"]);
    const tail = { hist_access_type: "tail", n: 100, raw: true, output: false } as const;
    const { content } = await kernel.client.request("shell", "history_request", tail, { timeout: 60_000 });
    expect(content).toMatchObject({ status: "ok", history: [[1, 1, code]] });
    const stack = await kernel.run("function f() { throw new Error('here'); } f()");
    expect(JSON.stringify(stack.reply)).toContain("In[2]:1");
  });

  test("a shutdown ends the process", async () => {
    const { content } = await kernel.client.request("control", "shutdown_request", {}, { timeout: 60_000 });
    expect(content).toMatchObject({ status: "ok" });
    expect(await kernel.ended).toEqual({ code: 0, signal: null });
  });
});

describe("kernel.cjs", () => {
  const scratch = mkdtempSync(join(tmpdir(), "start-"));
  beforeAll(() => {
    for (const file of ["package.json", "dist/kernel", "dist/sim"]) {
      cpSync(join(top, file), join(scratch, file), { recursive: true });
    }
    symlinkSync(join(top, "node_modules"), join(scratch, "node_modules"));
    cpSync(join(top, ".ci", "bundle.mjs"), join(scratch, ".ci", "bundle.mjs"));
    spawnSync(process.execPath, [join(scratch, ".ci", "bundle.mjs")], { stdio: "inherit" });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  /** The kernel's own files that CommonJS loaded into the main thread, each behind the one that required it. */
  const loaded = `{
    const own = (modules) => modules.map(({ filename }) => filename.split("/dist/kernel/")[1]).filter(Boolean);
    const files = Object.values(require("node:module")._cache).filter((each) => own([each]).length > 0);
    console.log(files.map((each) => [...own([each]), ...own(each.children)].join(" > ")).join(", "));
  }`;

  async function started(): Promise<string> {
    const kernel = await spawnKernel({ program: join(scratch, "dist/kernel/cli/kernel.cjs"), ...unchecked });
    try {
      const thrown = await kernel.run("function f() { throw new Error('no') }\nf()");
      expect(thrown.reply).toMatchObject({ status: "error", ename: "Error" });
      expect(JSON.stringify(thrown.reply)).not.toContain("dist/kernel");
      expect((await kernel.run('import { show } from "virtlab"; typeof show')).result).toBe("'function'");
      return (await kernel.run(loaded)).stdout;
    } finally {
      await kernel.close();
    }
  }

  test("runs the joined files of the published package", async () => {
    // A file that is imported is required by none: Node has then read it twice.
    expect(await started()).toBe(
      "cli/kernel.cjs > start/kernel-process.js, start/kernel-process.js > start/cells.js, start/cells.js\n",
    );
  });

  test("runs the modules where something was compiled since", async () => {
    const notes = join(scratch, "dist/kernel.tsbuildinfo");
    cpSync(join(scratch, "package.json"), notes);
    utimesSync(notes, new Date(), new Date(Date.now() + 1000));
    expect(await started()).toBe("cli/kernel.cjs\n");
  });
});

import { tmpdir } from "node:os";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { startLanguageService, type LanguageService } from "../../../kernel/lang/index.js";

/** The thread itself is the built one: these tests need `dist`. */
let service: LanguageService | undefined;
function start(memory?: number): LanguageService {
  service = startLanguageService({ cwd: tmpdir(), ...(memory === undefined ? {} : { memory }) });
  return service;
}
afterEach(async () => {
  await service?.stop();
});

test("questions are answered in order, before it is warm as well", async () => {
  const { check, declare, complete, inspect, ready } = bound(start());
  declare("/** The word. */ const word = 'x'");
  const [unknown, known, completions, inspection] = await Promise.all([
    check("worrd"),
    check("word.length"),
    complete("word.toLowerC", 13),
    inspect("word", 2),
  ]);
  expect(unknown).toMatchObject([{ code: "TS2552", unknownName: "worrd" }]);
  expect(known).toEqual([]);
  expect(completions).toEqual({
    start: 5,
    end: 13,
    matches: [{ text: "toLowerCase", kind: "method", signature: "(): string" }],
  });
  expect(inspection).toEqual({ signature: 'const word: "x"', documentation: "The word." });
  await ready;
  service?.reset();
  expect(await check("word")).toMatchObject([{ unknownName: "word" }]);
});

test("a cell that is right is not asked about again until something is declared", async () => {
  const { check, declare, complete } = bound(start());
  const settled = async (source: string): Promise<boolean> => {
    const asked = complete("", 0).then(() => false);
    return Promise.race([asked, check(source).then(() => true)]);
  };
  declare("const n = 1");
  expect(await settled("n.toFixed()")).toBe(false);
  expect(await check("n.toFixed()")).toEqual([]);
  expect(await settled("n.toFixed()")).toBe(true);
  declare("n.toFixed()");
  expect(await settled("n.toFixed()")).toBe(true);

  // Asked before the declaration, answered behind it.
  const early = check("n + n");
  declare("const n = 'x'");
  expect(await early).toEqual([]);
  expect(await settled("n + n")).toBe(false);
  expect(await check("n.toFixed()")).toMatchObject([{ code: "TS2551" }]);
  expect(await check("n.toFixed()")).toMatchObject([{ code: "TS2551" }]);
  service?.reset();
  expect(await check("n + n")).toMatchObject([{ unknownName: "n" }, { unknownName: "n" }]);
});

test("the thread that dies over a cell is replaced, the declarations are kept", async () => {
  const { check, declare, complete, ready } = bound(start(180));
  await ready;
  declare("class Vm { name = 'a' }");
  declare("const vm = new Vm()");
  expect(await check("vm.name.length")).toEqual([]);
  const tooMuch = `const big = 1; function f(x: unknown) {}\n${"f({ a: [1, { b: 2 }] });".repeat(30_000)}`;
  const answers = await Promise.all([check("vm.namee"), check(tooMuch), check("vm.namee"), complete("vm.n", 4)]);
  expect(answers[0]).toMatchObject([{ code: "TS2551" }]);
  expect(answers[1]).toMatchObject([
    { severity: "warning", message: expect.stringContaining("more than 180 MiB") as string },
  ]);
  expect(answers[2]).toMatchObject([{ code: "TS2551" }]);
  expect(answers[3].matches[0]).toEqual({ text: "name", kind: "property" });

  // Declaring it fails as well; its name is known nevertheless.
  declare(tooMuch);
  declare("const after = vm");
  expect(await check("big; after.name.length")).toEqual([]);
}, 120_000);

test("a thread that can't live is given up, and nobody waits for it", async () => {
  const { check, declare, complete, inspect, ready } = bound(start(20));
  const question = check("1");
  await ready;
  declare("const a = 1");
  expect(await question).toMatchObject([{ severity: "warning" }]);
  expect(await check("a")).toMatchObject([{ severity: "warning" }]);
  expect(await complete("a", 1)).toEqual({ start: 1, end: 1, matches: [] });
  expect(await inspect("a", 1)).toBeUndefined();
}, 60_000);

test("stopping answers what waits", async () => {
  const { check, stop } = bound(start());
  const question = check("1");
  await stop();
  expect(await question).toMatchObject([
    { severity: "warning", message: expect.stringContaining("stopped") as string },
  ]);
});

test("it answers while the main thread spins", async () => {
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const asker = new Worker(
    `const { workerData } = require("node:worker_threads");
     import(workerData.door).then(async ({ startLanguageService }) => {
       const service = startLanguageService({ cwd: workerData.cwd });
       await service.ready;
       Atomics.store(workerData.flag, 0, 1);
       while (Atomics.load(workerData.flag, 0) !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
       const found = await service.check("const a: number = 'x'");
       await service.stop();
       Atomics.store(workerData.flag, 1, found.length);
     });`,
    {
      eval: true,
      workerData: { flag, cwd: tmpdir(), door: new URL("../../../dist/kernel/lang/index.js", import.meta.url).href },
    },
  );
  const spin = (until: () => boolean): void => {
    for (const end = Date.now() + 20_000; !until() && Date.now() < end;);
  };
  while (Atomics.load(flag, 0) !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
  Atomics.store(flag, 0, 2);
  spin(() => Atomics.load(flag, 1) !== 0);
  expect(Atomics.load(flag, 1)).toBe(1);
  await asker.terminate();
});

function bound(from: LanguageService): {
  [K in keyof LanguageService]: LanguageService[K];
} {
  return {
    check: (source) => from.check(source),
    defineModule: (module, source) => from.defineModule(module, source),
    declare: (source) => {
      from.declare(source);
    },
    complete: (source, offset) => from.complete(source, offset),
    inspect: (source, offset) => from.inspect(source, offset),
    ready: from.ready,
    reset: () => {
      from.reset();
    },
    stop: () => from.stop(),
  };
}

import { expect, test } from "vitest";
import type { Executor, Outcome } from "../../../kernel/exec/index.js";
import type { TransformedCell } from "../../../kernel/lang/index.js";
import { kernelInfo } from "../../../kernel/session/kernel-info.js";
import { lazyLanguageTools } from "../../../kernel/session/language-tools.js";
import { rehearse } from "../../../kernel/session/rehearsal.js";
import { bindKernel, newConnection } from "../../../kernel/wire/index.js";

interface Rehearsed {
  readonly ran: readonly TransformedCell[];
  readonly logged: readonly string[];
  readonly tools: Awaited<ReturnType<ReturnType<typeof lazyLanguageTools>>>;
}

async function rehearsed(outcome: Outcome): Promise<Rehearsed> {
  const ran: TransformedCell[] = [];
  const logged: string[] = [];
  const log = (reason: string): void => void logged.push(reason);
  const executor: Executor = {
    run(cell, show) {
      ran.push(cell);
      show({ type: "stream", name: "stdout", text: "a 0.33\n" });
      return Promise.resolve(outcome);
    },
    define: () => undefined,
    deliver: () => Promise.resolve(outcome),
    interrupt: () => Promise.resolve(),
    reset: () => Promise.resolve(),
  };
  const sockets = await bindKernel(await newConnection({ transport: "tcp" }), log);
  const tools = await lazyLanguageTools(".")();
  await rehearse({ sockets, executor, tools, info: kernelInfo({ kernel: "0", typescript: "6" }), log });
  await sockets.close();
  return { ran, logged, tools };
}

test("cells run by one name of their own and declare nothing, and the session's tools learn nothing", async () => {
  const { ran, logged, tools } = await rehearsed({ status: "ok", result: { "text/plain": "0.5" }, milliseconds: 0 });
  expect(ran.length).toBeGreaterThanOrEqual(10);
  expect(new Set(ran.map(({ name }) => name))).toEqual(new Set(["rehearsal"]));
  expect(ran.flatMap(({ declares }) => declares)).toEqual([]);
  // As a script the block has to keep what it declares.
  expect(ran.every(({ code }) => !/^(?:var|function|class)\b/m.test(code))).toBe(true);
  expect(tools.sourceOf("hosts")).toBeUndefined();
  expect(logged).toEqual([]);
});

test("goes on to its end where an interrupt cuts its cells", async () => {
  const { ran, logged } = await rehearsed({ status: "interrupted", ename: "Interrupted", evalue: "", traceback: [] });
  expect(ran.length).toBeGreaterThanOrEqual(10);
  expect(logged).toEqual([]);
});

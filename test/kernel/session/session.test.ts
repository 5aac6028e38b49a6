import { describe, expect, test } from "vitest";
import type { Incoming } from "../../../kernel/wire/index.js";
import { bench, cell, failed, incoming, of, turn, type Bench } from "./session-bench.js";

describe("one cell", () => {
  test("goes busy, input, outputs, result, reply, idle", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("1 + 1")));
    await turn();
    it.started[0]?.show({ type: "stream", name: "stdout", text: "hello" });
    it.started[0]?.show({ type: "display", data: { "text/plain": "d" }, metadata: {}, displayId: "x", update: false });
    it.started[0]?.show({ type: "clear", wait: true });
    it.started[0]?.end({ status: "ok", result: { "text/plain": "2" } });
    await turn();
    expect(of(it, "a")).toEqual([
      "busy",
      "execute_input",
      "stream",
      "display_data",
      "clear_output",
      "execute_result",
      "execute_reply",
      "idle",
    ]);
    expect(it.declared).toEqual(["1 + 1"]);
    // What comes later is still the cell's.
    it.started[0]?.show({ type: "error", ename: "E", evalue: "late", traceback: [] });
    expect(of(it, "a").at(-1)).toBe("error");
  });

  test("that is silent broadcasts its status alone", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("1", { silent: true, store_history: false })));
    await turn();
    it.started[0]?.show({ type: "stream", name: "stdout", text: "hello" });
    it.started[0]?.end(failed);
    await turn();
    expect(of(it, "a")).toEqual(["busy", "execute_reply", "idle"]);
  });

  test("with a type error never reaches the executor, nor the declarations", async () => {
    const place = { line: 1, column: 1, endLine: 1, endColumn: 2 };
    const it = bench({
      check: () => Promise.resolve([{ severity: "error", code: "TS1", message: "wrong", ...place }]),
    });
    it.session.handle("shell", incoming("execute_request", "a", cell("x")));
    await turn();
    expect(it.started).toEqual([]);
    expect(it.declared).toEqual([]);
    expect(it.sent.find(({ type }) => type === "error")?.content).toMatchObject({ evalue: "wrong" });
  });

  test("runs unchecked when the checker is gone, and says so in the log", async () => {
    const it = bench({ check: () => Promise.reject(new Error("thread ended")) });
    it.session.handle("shell", incoming("execute_request", "a", cell("x")));
    await turn();
    expect(it.started.length).toBe(1);
    expect(it.logged).toEqual(["a cell ran unchecked: Error: thread ended"]);
  });

  test("that waits for the checker is interrupted without having run", async () => {
    const it = bench({ check: () => new Promise(() => undefined) });
    it.session.handle("shell", incoming("execute_request", "a", cell("x")));
    await turn();
    it.session.handle("control", incoming("interrupt_request", "i", {}));
    await turn();
    expect(of(it, "i")).toEqual(["busy", "interrupt_reply", "idle"]);
    expect(it.sent.find(({ type }) => type === "execute_reply")?.content).toMatchObject({ ename: "Interrupted" });
    expect(it.started).toEqual([]);
  });

  test("that exits is answered before the kernel leaves", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("process.exit(3)")));
    await turn();
    it.started[0]?.end({ status: "exit", code: 3, call: "process.exit(3)" });
    await turn();
    expect(of(it, "a").slice(-3)).toEqual(["error", "execute_reply", "idle"]);
    expect(it.left).toEqual([3]);
  });
});

describe("many cells", () => {
  const replies = ({ sent }: Bench): unknown[] =>
    sent.filter(({ type }) => type === "execute_reply").map(({ parent, content }) => [parent, content["status"]]);

  test("run one after the other, history in between", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("first")));
    const history = { hist_access_type: "tail", n: 9, output: false, raw: true } as const;
    const asked = { ...history, session: 0, start: 0, pattern: "*", unique: false };
    it.session.handle("shell", incoming("history_request", "h", asked));
    it.session.handle("shell", incoming("execute_request", "b", cell("second")));
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["first"]);
    expect(of(it, "h")).toEqual([]);
    it.started[0]?.end({ status: "ok" });
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["first", "second"]);
    expect(it.sent.find(({ type }) => type === "history_reply")?.content["history"]).toEqual([[1, 1, "first"]]);
  });

  test("that wait behind a failed one are aborted, framed by busy and idle; later ones run", async () => {
    const it = bench();
    for (const id of ["a", "b", "c"]) it.session.handle("shell", incoming("execute_request", id, cell(id)));
    await turn();
    it.started[0]?.end(failed);
    await turn();
    expect(replies(it)).toEqual([
      ["a", "error"],
      ["b", "aborted"],
      ["c", "aborted"],
    ]);
    expect(of(it, "b")).toEqual(["busy", "execute_reply", "idle"]);
    it.session.handle("shell", incoming("execute_request", "d", cell("d")));
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["a", "d"]);
  });

  test("that were sent before the failure but come behind it are aborted too", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("a")));
    await turn();
    const before = new Date(Date.now() - 5).toISOString();
    it.started[0]?.end(failed);
    await turn();
    it.session.handle("shell", incoming("execute_request", "b", cell("b"), before));
    await turn();
    it.session.handle("shell", incoming("execute_request", "c", cell("c"), new Date(Date.now() + 1).toISOString()));
    await turn();
    expect(replies(it)).toEqual([
      ["a", "error"],
      ["b", "aborted"],
    ]);
    expect(it.started.map(({ code }) => code)).toEqual(["a", "c"]);
  });

  test("go on behind a failed one that doesn't stop on errors", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("a", { stop_on_error: false })));
    it.session.handle("shell", incoming("execute_request", "b", cell("b")));
    await turn();
    it.started[0]?.end(failed);
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["a", "b"]);
  });

  test("count on from stored ones", async () => {
    const it = bench({ typecheck: "off" });
    const contents = [cell("a"), cell("b", { store_history: false }), cell(" "), cell("c")];
    for (const [index, content] of contents.entries()) {
      it.session.handle("shell", incoming("execute_request", String(index), content));
      await turn();
      it.started.at(-1)?.end({ status: "ok" });
      await turn();
    }
    const inputs = it.sent.filter(({ type }) => type === "execute_input");
    expect(inputs.map(({ content }) => content["execution_count"])).toEqual([1, 1, 1, 2]);
  });
});

describe("beside a running cell", () => {
  test("kernel_info and is_complete are answered, and the cell is shown busy again", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("long")));
    await turn();
    it.session.handle("control", incoming("kernel_info_request", "k", {}));
    it.session.handle("shell", incoming("is_complete_request", "c", { code: "f(" }));
    await turn();
    expect(of(it, "k")).toEqual(["busy", "kernel_info_reply", "idle"]);
    expect(of(it, "c")).toEqual(["busy", "is_complete_reply", "idle"]);
    const statuses = it.sent.filter(({ type }) => type === "status");
    expect(statuses.at(-1)).toMatchObject({ parent: "a", content: { execution_state: "busy" } });
  });

  test("an interrupt reaches the executor", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("long")));
    await turn();
    it.session.handle("control", incoming("interrupt_request", "i", {}));
    await turn();
    it.session.interrupt();
    expect(it.interrupts()).toBe(2);
  });

  test("shutdown replies, tells everyone and leaves", async () => {
    const it = bench();
    it.session.handle("control", incoming("shutdown_request", "s", { restart: true }));
    await turn();
    expect(of(it, "s")).toEqual(["busy", "shutdown_reply", "shutdown_reply", "idle"]);
    expect(it.left).toEqual([0]);
  });

  test("what fails in us is an error reply", async () => {
    const it = bench();
    it.session.handle("shell", incoming("complete_request", "c", { code: "x", cursor_pos: 1 }));
    await turn();
    expect(of(it, "c")).toEqual(["busy", "complete_reply", "idle"]);
    const reply = it.sent.find(({ type }) => type === "complete_reply");
    expect(reply?.content).toMatchObject({ status: "error", ename: "KernelError", evalue: "the service is gone" });
    expect(it.logged[0]).toContain("complete_request failed");
  });
});

describe("comm messages", () => {
  const open = { comm_id: "c", target_name: "t", data: { say: "open" } };
  const say = (id: string, words: string, comm_id = "c"): Incoming =>
    incoming("comm_msg", id, { comm_id, data: { say: words } });

  test("wait for the running cell; those of one comm that wait together are delivered together", async () => {
    const it = bench();
    it.session.handle("shell", incoming("comm_open", "o", open));
    await turn();
    it.started[0]?.end({ status: "ok" });
    it.session.handle("shell", incoming("execute_request", "a", cell("long")));
    await turn();
    for (const id of ["1", "2", "3"]) it.session.handle("shell", say(id, id));
    it.session.handle("shell", say("x", "to nobody", "unknown"));
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["open", "long"]);
    it.started[1]?.end(failed);
    await turn();
    expect(it.started.map(({ code }) => code)).toEqual(["open", "long", "1,2,3"]);
    it.started[2]?.show({ type: "stream", name: "stdout", text: "moved" });
    it.started[2]?.end(failed);
    await turn();
    expect(["1", "2", "3"].map((id) => of(it, id))).toEqual([
      ["busy", "idle"],
      ["busy", "idle"],
      ["busy", "stream", "error", "idle"],
    ]);
    expect(of(it, "x")).toEqual(["busy", "idle"]);
    expect(it.logged).toEqual(["comm_msg for no comm that is open"]);
  });

  test("comm_info tells the open ones, by target too, whoever opened or closed them", async () => {
    const it = bench();
    const info = (id: string, target_name?: string): unknown => {
      it.session.handle("shell", incoming("comm_info_request", id, target_name === undefined ? {} : { target_name }));
      return it.sent.find(({ type, parent }) => type === "comm_info_reply" && parent === id)?.content["comms"];
    };
    it.session.handle("shell", incoming("comm_open", "o", open));
    await turn();
    const ours = { type: "comm", id: "ours", target: "u", data: {}, metadata: {}, buffers: [] } as const;
    it.started[0]?.show({ ...ours, event: "open" });
    expect(info("1")).toEqual({ c: { target_name: "t" }, ours: { target_name: "u" } });
    expect(info("2", "u")).toEqual({ ours: { target_name: "u" } });
    it.started[0]?.show({ ...ours, event: "close" });
    it.started[0]?.end({ status: "ok" });
    it.session.handle("shell", incoming("comm_close", "z", { comm_id: "c", data: {} }));
    await turn();
    expect(info("3")).toEqual({});
  });

  test("whose handler exits end the kernel behind their idle", async () => {
    const it = bench();
    it.session.handle("shell", incoming("comm_open", "o", open));
    await turn();
    it.started[0]?.end({ status: "exit", code: 3, call: "process.exit(3)" });
    await turn();
    expect([of(it, "o"), it.left]).toEqual([["busy", "idle"], [3]]);
  });

  test("of a silent cell go out all the same", async () => {
    const it = bench();
    it.session.handle("shell", incoming("execute_request", "a", cell("1", { silent: true, store_history: false })));
    await turn();
    const output = { type: "comm", event: "open", id: "c", target: "t", data: { a: 1 }, metadata: {} } as const;
    it.started[0]?.show({ ...output, buffers: [] });
    expect(of(it, "a")).toEqual(["busy", "comm_open"]);
  });
});

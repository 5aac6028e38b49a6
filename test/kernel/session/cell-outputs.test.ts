import { expect, test } from "vitest";
import type { Output } from "../../../kernel/exec/index.js";
import { cellOutputs, type CellOutputs } from "../../../kernel/session/cell-outputs.js";
import { CellOutputs as Client } from "../../../kernel/runner/outputs.js";

const print: Output = { type: "stream", name: "stdout", text: "hello\n" };
const pass = (id: string, text?: string): Output => ({
  type: "passing",
  id,
  ...(text === undefined ? {} : { data: { "text/plain": text } }),
});

/** What a client holds, as one line for each output, and every message on the way. */
function client(): CellOutputs & { readonly held: () => string[]; readonly messages: string[] } {
  const messages: string[] = [];
  const outputs = new Client(new Map());
  const cell = cellOutputs((output) => {
    switch (output.type) {
      case "display": {
        const { data, metadata, displayId } = output;
        const type = output.update ? "update_display_data" : "display_data";
        outputs.receive({ type, data, metadata, ...(displayId === undefined ? {} : { displayId }) } as never);
        messages.push(type);
        return;
      }
      case "stream":
        outputs.receive(output);
        messages.push("stream");
        return;
      case "clear":
        outputs.receive({ type: "clear_output", wait: output.wait });
        messages.push(`clear_output${output.wait ? " wait" : ""}`);
        return;
      case "error":
      case "comm":
      case "magic":
        messages.push(output.type);
    }
  });
  const held = (): string[] =>
    outputs.outputs.map((output) =>
      "data" in output ? String(output.data["text/plain"]) : "text" in output ? output.text : "error",
    );
  return { ...cell, held, messages };
}

test("what passes is displayed once, updated in place, and leaves a cell without outputs as if it had not been", () => {
  const { show, held, messages } = client();
  show(pass("a", "1 %"));
  show(pass("a", "2 %"));
  expect(held()).toEqual(["2 %"]);
  show(pass("a"));
  expect(held()).toEqual([]);
  show(print);
  expect(held()).toEqual(["hello\n"]);
  expect(messages).toEqual(["display_data", "update_display_data", "clear_output", "stream"]);
});

test("what is shown meanwhile takes its place, and it comes again below", () => {
  const { show, held, messages } = client();
  show(pass("a", "1 %"));
  show(print);
  expect(held()).toEqual(["hello\n"]);
  show(pass("a", "2 %"));
  expect(held()).toEqual(["hello\n", "2 %"]);
  show(pass("a"));
  expect(held()).toEqual(["hello\n"]);
  expect(messages.filter((message) => message.startsWith("clear"))).toEqual(["clear_output wait"]);
});

test("behind a cell's outputs it becomes a display of nothing, and nothing at all when the cell ends", () => {
  const { show, end, held, messages } = client();
  show(print);
  show(pass("a", "1 %"));
  show(pass("a"));
  show(pass("a"));
  expect(held()).toEqual(["hello\n"]);
  expect(messages).toEqual(["stream", "display_data", "update_display_data"]);
  show(print);
  show(pass("b", "1 %"));
  end();
  expect(held()).toEqual(["hello\nhello\n"]);
  expect(messages.slice(-3)).toEqual(["update_display_data", "clear_output wait", "stream"]);
  end();
  expect(messages.at(-1)).toBe("stream");
});

test("one inside the other go one by one", () => {
  const { show, held, messages } = client();
  show(pass("loop", "1 of 2"));
  show(pass("run", "50 %"));
  show(pass("run"));
  expect(held()).toEqual(["1 of 2"]);
  show(pass("loop"));
  expect(held()).toEqual([]);
  expect(messages.at(-1)).toBe("clear_output");
});

test("the cell's end takes away what was left", () => {
  const { show, end, held } = client();
  show(pass("a", "1 %"));
  show(pass("b", "2 %"));
  end();
  expect(held()).toEqual([]);
  end();
  show(pass("c", "late"));
  show(pass("c"));
  expect(held()).toEqual([]);
});

test("a cell's own clearing is heeded", () => {
  const { show, held } = client();
  show(print);
  show({ type: "clear", wait: true });
  show(pass("a", "1 %"));
  expect(held()).toEqual(["1 %"]);
  show(pass("a"));
  expect(held()).toEqual([]);
  show(print);
  show(pass("b", "1 %"));
  show({ type: "clear", wait: false });
  show(pass("b", "2 %"));
  expect(held()).toEqual(["2 %"]);
  show(pass("b"));
  expect(held()).toEqual([]);
});

const display = (text: string, update = false): Output => ({
  type: "display",
  data: { "text/plain": text },
  metadata: {},
  displayId: "d",
  update,
});

test("a cell's outputs come again as they are when it ends: in order, with what was updated", () => {
  const { show, end, held, messages } = client();
  show(print);
  show(display("old"));
  show(pass("a", "1 %"));
  show(pass("a"));
  show({ type: "error", ename: "E", evalue: "e", traceback: ["E: e"] });
  show(display("new", true));
  end();
  expect(held()).toEqual(["hello\n", "new"]);
  expect(messages.slice(-4)).toEqual(["clear_output wait", "stream", "display_data", "error"]);
});

test.each<[string, Output, number]>([
  ["many outputs", display("x"), 101],
  ["much text", { type: "stream", name: "stdout", text: "x".repeat(100_000) }, 21],
])("of %s nothing comes again", (_, output, count) => {
  const { show, end, messages } = client();
  for (let n = 0; n < count; n++) show(output);
  show(pass("a", "1 %"));
  end();
  expect(messages.at(-1)).toBe("update_display_data");
  expect(messages).toHaveLength(count + 2);
});

test("a cell without a bar sends each output once", () => {
  const { show, end, messages } = client();
  show(print);
  show(pass("a"));
  end();
  expect(messages).toEqual(["stream"]);
});

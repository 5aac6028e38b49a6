import { expect, test } from "vitest";
import { createComms } from "../../../kernel/exec/comms.js";
import type { CommDelivery, Output } from "../../../kernel/exec/index.js";

type Sent = Extract<Output, { type: "comm" }>;

function setUp(): ReturnType<typeof createComms> & { sent: Sent[] } {
  const sent: Sent[] = [];
  return { ...createComms((output) => void sent.push(output)), sent };
}

const delivery = (change: Partial<CommDelivery>): CommDelivery => ({
  event: "message",
  id: "c",
  target: "",
  data: {},
  metadata: {},
  buffers: [],
  ...change,
});

test("a cell's comm opens, sends with buffers, hears, and closes once", async () => {
  const { comms, deliver, sent } = setUp();
  const comm = comms.open("t", { data: { a: 1 }, metadata: { version: "2" } });
  // A view of a part of its memory.
  comm.send({ data: { b: 2 }, buffers: [new Uint8Array([9, 1, 2, 9]).subarray(1, 3)] });
  const heard: unknown[] = [];
  comm.onMessage(({ data, buffers }) => heard.push([data, buffers]));
  await deliver([delivery({ id: comm.id, data: { c: 3 }, buffers: [new Uint8Array([7])] })]);
  comm.close();
  comm.close();
  comm.send({ data: {} });
  expect(heard).toEqual([[{ c: 3 }, [new Uint8Array([7])]]]);
  expect(sent.map(({ event, target, data, buffers }) => [event, target, data, buffers])).toEqual([
    ["open", "t", { a: 1 }, []],
    ["message", "", { b: 2 }, [Buffer.from([1, 2]).toString("base64")]],
    ["close", "", {}, []],
  ]);
});

test("a client's comm reaches its target's handler; one for an unknown target is closed", async () => {
  const { comms, deliver, sent } = setUp();
  const heard: unknown[] = [];
  comms.onTarget("known", (comm, { data }) => {
    heard.push(["open", comm.id, data]);
    comm.onMessage(() => heard.push("message"));
    comm.onClose(() => heard.push("close"));
  });
  await deliver([delivery({ event: "open", target: "known", data: { a: 1 } })]);
  await deliver([delivery({}), delivery({ event: "close" }), delivery({})]);
  expect(heard).toEqual([["open", "c", { a: 1 }], "message", "close"]);
  expect(sent).toEqual([]);
  await deliver([delivery({ event: "open", id: "d", target: "nobody" })]);
  expect(sent).toMatchObject([{ event: "close", id: "d" }]);
});

test("what a handler throws rejects the delivery; the rest is delivered, and promises are waited for", async () => {
  const { comms, deliver } = setUp();
  const comm = comms.open("t", { data: {} });
  const heard: unknown[] = [];
  comm.onMessage(async ({ data }) => {
    if (data["n"] === 1) throw new Error("not this one");
    await new Promise((resolve) => setTimeout(resolve, 5));
    heard.push(data["n"]);
  });
  const both = [delivery({ id: comm.id, data: { n: 1 } }), delivery({ id: comm.id, data: { n: 2 } })];
  await expect(deliver(both)).rejects.toThrow("not this one");
  await deliver([delivery({ id: comm.id, data: { n: 3 } })]);
  expect(heard).toEqual([2, 3]);
});

test("forgetting closes every comm and leaves no target", async () => {
  const { comms, deliver, forget, sent } = setUp();
  comms.onTarget("t", () => undefined);
  const comm = comms.open("ours", { data: {} });
  await deliver([delivery({ event: "open", id: "theirs", target: "t" })]);
  sent.length = 0;
  forget();
  comm.send({ data: {} });
  await deliver([delivery({ event: "open", id: "again", target: "t" })]);
  expect(sent.map(({ event, id }) => [event, id])).toEqual([
    ["close", comm.id],
    ["close", "theirs"],
    ["close", "again"],
  ]);
});

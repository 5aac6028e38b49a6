import { randomUUID } from "node:crypto";
import { Dealer } from "zeromq";
import { afterAll, beforeAll, expect, test } from "vitest";
import { address, type Broadcast } from "../../kernel/wire/index.js";
import { decode, encode } from "../../kernel/wire/framing.js";
import type { Fields, Message } from "../../kernel/wire/messages.js";
import { createSigner } from "../../kernel/wire/signing.js";
import { undisturbed } from "./processor.js";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
let socket: Dealer;
/** When an answer counts as lost, in ms. */
const timeout = 60_000;
const replies = new Map<string, Message>();
const heard: Broadcast[] = [];
beforeAll(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  kernel.client.onBroadcast((message) => void heard.push(message));
  socket = new Dealer({ linger: 0, routingId: "subshells" });
  socket.connect(address(kernel.connection, "shell"));
  const signer = createSigner("hmac-sha256", kernel.connection.key);
  void (async () => {
    for await (const frames of socket) {
      const decoded = decode(frames, signer);
      if (decoded.ok) replies.set(decoded.message.parent_header.msg_id ?? "", decoded.message);
    }
  })();
});
afterAll(async () => {
  socket.close();
  await kernel.close();
});

/** Sends a request on shell to a subshell; null is the main one. @returns its id */
async function send(subshell_id: string | number | null, msg_type: string, content: Fields): Promise<string> {
  const msg_id = randomUUID();
  const header = { msg_id, session: "subshells", username: "u", date: new Date().toISOString(), version: "5.5" };
  const full = { ...header, msg_type, subshell_id } as Message["header"];
  const message = { identities: [], header: full, parent_header: {}, metadata: {}, content, buffers: [] };
  await socket.send(encode(message, createSigner("hmac-sha256", kernel.connection.key)));
  return msg_id;
}

const run = (subshell: string | null, code: string): Promise<string> => send(subshell, "execute_request", { code });
async function reply(id: string): Promise<Fields> {
  await until(() => replies.has(id));
  return replies.get(id)?.content ?? {};
}
const outputs = (id: string): string[] =>
  heard.flatMap((message) => {
    if (message.parent_header.msg_id !== id) return [];
    if (message.type === "stream") return [message.content.text];
    const text = message.type === "execute_result" ? message.content.data["text/plain"] : undefined;
    return typeof text === "string" ? [text] : [];
  });
const statuses = (id: string): string[] =>
  heard.flatMap((m) => (m.parent_header.msg_id === id && m.type === "status" ? [m.content.execution_state] : []));

async function create(): Promise<string> {
  const { content } = await kernel.client.request("control", "create_subshell_request", {}, { timeout });
  if (content.status !== "ok") throw new Error("no subshell");
  return content.subshell_id;
}
const list = async (): Promise<unknown> =>
  (await kernel.client.request("control", "list_subshell_request", {}, { timeout })).content;
const remove = async (subshell_id: string): Promise<unknown> =>
  (await kernel.client.request("control", "delete_subshell_request", { subshell_id }, { timeout })).content;

test("are created, listed and deleted", async () => {
  expect(await list()).toEqual({ status: "ok", subshell_id: [] });
  const [one, two] = [await create(), await create()];
  expect(one).not.toBe(two);
  expect(await list()).toEqual({ status: "ok", subshell_id: [one, two] });
  expect(await remove(one)).toEqual({ status: "ok" });
  expect(await remove(one)).toMatchObject({ status: "error", evalue: `there is no subshell ${one}` });
  expect(await list()).toEqual({ status: "ok", subshell_id: [two] });
  await remove(two);
});

test("are made and listed while a cell spins", async () => {
  const spinning = kernel.run("const end = Date.now() + 600; while (Date.now() < end);");
  const subshell = await create();
  expect(await list()).toMatchObject({ subshell_id: [subshell] });
  await remove(subshell);
  expect(replies.size).toBe(0);
  expect((await spinning).reply.status).toBe("ok");
});

test.each(["no such subshell", 7])("a request to the subshell %j is refused", async (id) => {
  for (const type of ["execute_request", "kernel_info_request"]) {
    expect(await reply(await send(id, type, { code: "1" }))).toMatchObject({
      status: "error",
      evalue: `there is no subshell ${id}; it may have been deleted`,
      ...(type === "execute_request" ? { execution_count: expect.any(Number) as number } : {}),
    });
  }
  expect(await reply(await send(null, "execute_request", { code: "1" }))).toMatchObject({ status: "ok" });
});

test("a subshell's cell runs while the main one's awaits, each with its own outputs", async () => {
  const subshell = await create();
  const main = await run(
    null,
    `var go: () => void; console.log("main begins");
     await new Promise<void>((done) => { go = done; }); console.log("main ends"); "main"`,
  );
  await until(() => outputs(main).length > 0);
  const side = await run(
    subshell,
    `console.log("side"); await null; setTimeout(() => console.log("side, later"), 300); 1`,
  );
  expect(await reply(side)).toMatchObject({ status: "ok" });
  // Long behind the result, on a busy machine too; what comes before it would share the first output's message.
  await until(() => outputs(side).join("").includes("later"));
  expect(outputs(side).join("")).toBe("side\n1side, later\n");
  expect(replies.has(main)).toBe(false);
  // One count for all shells, as the protocol has it.
  const next = await run(subshell, "go()");
  expect(await reply(main)).toMatchObject({ status: "ok" });
  expect(Number((await reply(next))["execution_count"])).toBe(Number((await reply(side))["execution_count"]) + 1);
  await until(() => statuses(main).at(-1) === "idle");
  expect(outputs(main)).toEqual(["main begins\n", "main ends\n", "'main'"]);
  await remove(subshell);
});

test("one that computes holds the others back; within a shell cells wait for each other", async () => {
  const subshell = await create();
  const order = async (): Promise<string> => (await kernel.run("order.join()")).result ?? "";
  await kernel.run("var order: string[] = []");
  const ids = [
    await run(null, "const until = Date.now() + 200; while (Date.now() < until); order.push('main')"),
    await run(subshell, "await new Promise((done) => setTimeout(done, 50)); order.push('first')"),
    await run(subshell, "order.push('second')"),
  ];
  for (const id of ids) expect(await reply(id)).toMatchObject({ status: "ok" });
  expect(await order()).toBe("'main,first,second'");
  await remove(subshell);
});

test("an error aborts its own shell's queue alone", async () => {
  const subshell = await create();
  const main = await run(null, "await new Promise((done) => setTimeout(done, 200)); 'main'");
  const mainNext = await run(null, "'next'");
  const fails = await run(subshell, "await new Promise((done) => setTimeout(done, 50)); throw new Error('no')");
  const aborted = await run(subshell, "1");
  expect(await reply(fails)).toMatchObject({ status: "error" });
  expect(await reply(aborted)).toMatchObject({ status: "aborted" });
  expect(await reply(main)).toMatchObject({ status: "ok" });
  expect(await reply(mainNext)).toMatchObject({ status: "ok" });
  await remove(subshell);
});

test("an interrupt stops the cells of all shells", async () => {
  const subshell = await create();
  await kernel.run("var kept = 'kept'");
  const ids = [
    await run(null, "console.log('waits'); await new Promise(() => {})"),
    await run(subshell, "console.log('waits too'); await new Promise(() => {})"),
  ];
  await until(() => ids.every((id) => outputs(id).length > 0));
  const third = await create();
  const spins = await run(third, "console.log('spins'); await 0; while (true) {}");
  await until(() => outputs(spins).length > 0);
  const took = await undisturbed(kernel, async () => {
    await kernel.client.request("control", "interrupt_request", {}, { timeout });
    for (const id of [...ids, spins]) expect(await reply(id)).toMatchObject({ status: "error", ename: "Interrupted" });
  });
  expect(took).toBeLessThan(500);
  expect((await kernel.run("kept")).result).toBe("'kept'");
  for (const each of [subshell, third]) await remove(each);
});

test("deleting one aborts what waits in it and lets its cell end", async () => {
  const subshell = await create();
  const runs = await run(subshell, "await new Promise((done) => setTimeout(done, 100)); 'ended'");
  const waits = await run(subshell, "'waited'");
  await until(() => statuses(runs).length > 0);
  // Control may overtake shell: what shell answers at once shows that the request before has been read.
  await reply(await send(null, "kernel_info_request", {}));
  await remove(subshell);
  expect(await reply(runs)).toMatchObject({ status: "ok" });
  expect(await reply(waits)).toMatchObject({ status: "aborted" });
});

test("comm messages on a subshell are delivered while the main shell's cell awaits", async () => {
  const subshell = await create();
  await kernel.run(`
    var heard: unknown[] = [], go: () => void;
    (globalThis as any)[Symbol.for("virtlab.comms")].onTarget("echo", (comm: any) => {
      comm.onMessage(({ data }: any) => { comm.send({ data: { echo: data.say } }); if (data.say === "go") go(); });
    });`);
  const main = await run(null, "console.log('waits'); await new Promise<void>((done) => { go = done; }); 'went'");
  await until(() => outputs(main).length > 0);
  await send(subshell, "comm_open", { comm_id: "e", target_name: "echo", data: {} });
  await send(subshell, "comm_msg", { comm_id: "e", data: { say: "hello" } });
  const echoes = (): unknown[] =>
    heard.flatMap((message) => (message.type === "comm_msg" ? [message.content.data["echo"]] : []));
  await until(() => echoes().length === 1);
  expect(replies.has(main)).toBe(false);
  await send(subshell, "comm_msg", { comm_id: "e", data: { say: "go" } });
  expect(await reply(main)).toMatchObject({ status: "ok" });
  expect(echoes()).toEqual(["hello", "go"]);
  await remove(subshell);
});

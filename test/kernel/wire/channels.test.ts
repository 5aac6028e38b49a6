import { existsSync } from "node:fs";
import { Dealer } from "zeromq";
import { afterEach, describe, expect, test } from "vitest";
import {
  address,
  bindKernel,
  channels,
  connectClient,
  newConnection,
  socketPath,
  type Broadcast,
  type Client,
  type Connection,
  type Incoming,
  type KernelSockets,
} from "../../../kernel/wire/index.js";
import { encode } from "../../../kernel/wire/framing.js";
import { createSigner } from "../../../kernel/wire/signing.js";

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Bench {
  connection: Connection;
  kernel: KernelSockets;
  client: Client;
  logged: string[];
  received: Incoming[];
}

/** A kernel that answers kernel_info and executes by broadcasting `code` once per line. */
async function bench(transport: "tcp" | "ipc" = "tcp"): Promise<Bench> {
  const connection = await newConnection({ transport });
  const logged: string[] = [];
  const received: Incoming[] = [];
  const kernel = await bindKernel(connection, (reason) => logged.push(reason));
  kernel.serve((channel, message) => {
    received.push(message);
    if (channel === "stdin") return;
    kernel.broadcast(message.header, "status", { execution_state: "busy" });
    if (message.type === "kernel_info_request") {
      kernel.reply(channel, message, "kernel_info_reply", {
        status: "error",
        ename: "none",
        evalue: "",
        traceback: [],
      });
    }
    if (message.type === "execute_request") {
      for (const text of message.content.code.split("\n")) {
        kernel.broadcast(message.header, "stream", { name: "stdout", text });
      }
      if (message.content.allow_stdin) {
        kernel.prompt(message, "input_request", { prompt: "who?", password: false }, () => logged.push("unreachable"));
      }
      const ok = { status: "ok", execution_count: 1, user_expressions: {}, payload: [] } as const;
      kernel.reply(channel, message, "execute_reply", ok);
    }
    kernel.broadcast(message.header, "status", { execution_state: "idle" });
  });
  open.push(() => kernel.close());
  const client = connectClient(connection);
  open.push(() => {
    client.close();
  });
  return { connection, kernel, client, logged, received };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 5_000) throw new Error("waited 5 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(["tcp", "ipc"] as const)("over %s", (transport) => {
  test("request, reply, broadcasts in order, heartbeat", async () => {
    const { client } = await bench(transport);
    await client.ready(5_000);
    // More messages than zeromq.js sends without going asynchronous.
    const lines = Array.from({ length: 3_000 }, (_, line) => `line ${line}`);
    const heard: string[] = [];
    const onBroadcast = (message: Broadcast): void => {
      if (message.type === "stream") heard.push(message.content.text);
    };
    const content = { code: lines.join("\n"), allow_stdin: false };
    const reply = await client.request("shell", "execute_request", content, { onBroadcast });
    expect(reply.content.status).toBe("ok");
    expect(heard).toEqual(lines);
    expect(await client.ping(1_000)).toBeLessThan(1_000);
  });

  test("a question to the user and its answer", async () => {
    const { client, received } = await bench(transport);
    await client.ready(5_000);
    client.onPrompt(({ prompt }) => `you asked ${prompt}`);
    await client.request("shell", "execute_request", { code: "", allow_stdin: true });
    await until(() => received.some(({ type }) => type === "input_reply"));
    expect(received.find(({ type }) => type === "input_reply")?.content).toEqual({ value: "you asked who?" });
  });
});

test("a question for a client without a stdin channel is told to be unreachable", async () => {
  const { connection, logged } = await bench();
  const shell = new Dealer({ linger: 0, routingId: "shell alone" });
  open.push(() => {
    shell.close();
  });
  shell.connect(address(connection, "shell"));
  const header = { msg_id: "1", session: "s", username: "u", date: "", version: "5.5", msg_type: "execute_request" };
  const content = { code: "", allow_stdin: true };
  const message = { identities: [], header, parent_header: {}, metadata: {}, content, buffers: [] };
  await shell.send(encode(message, createSigner("hmac-sha256", connection.key)));
  await until(() => logged.length > 0);
  expect(logged).toEqual(["unreachable"]);
});

test("every subscriber is welcomed, the second as well", async () => {
  const { connection, client } = await bench();
  await client.ready(5_000);
  const second = connectClient(connection);
  open.push(() => {
    second.close();
  });
  const heard: Broadcast[] = [];
  second.onBroadcast((message) => heard.push(message));
  await until(() => heard.length > 0);
  expect(heard[0]).toMatchObject({ type: "iopub_welcome", content: { subscription: "" }, parent_header: {} });
});

test("what is unsigned, replayed, malformed or unknown is dropped with a reason, and the kernel lives", async () => {
  const { connection, client, logged, received } = await bench();
  await client.ready(5_000);
  const signer = createSigner("hmac-sha256", connection.key);
  const header = {
    msg_id: "m",
    session: "s",
    username: "u",
    date: "",
    msg_type: "kernel_info_request",
    version: "5.5",
  };
  const message = { identities: [], header, parent_header: {}, metadata: {}, content: {}, buffers: [] };
  const raw = new Dealer({ linger: 0 });
  open.push(() => {
    raw.close();
  });
  raw.connect(address(connection, "shell"));

  const before = received.length;
  const good = encode(message, signer);
  await raw.send(good);
  await until(() => received.length === before + 1);
  await raw.send(good);
  await raw.send(encode(message, createSigner("hmac-sha256", "another key")));
  await raw.send([Buffer.from("garbage")]);
  await raw.send(encode({ ...message, header: { ...header, msg_type: "nonsense" } }, signer));
  await raw.send(encode({ ...message, header: { ...header, msg_type: "execute_request" } }, signer));
  await until(() => logged.length === 5);
  expect(logged.map((reason) => reason.replace("shell: dropped a message: ", ""))).toEqual([
    "kernel_info_request was seen before",
    "the signature doesn't match the connection's key",
    "no delimiter <IDS|MSG> among the frames",
    'unknown message type "nonsense"',
    'execute_request: "code" is not a string',
  ]);
  expect(received.length).toBe(before + 1);
  await client.request("control", "kernel_info_request", {}, { timeout: 1_000 });
});

test("what is rehearsed is read as what comes, and no client hears of it", async () => {
  const { kernel, client, logged } = await bench();
  await client.ready(5_000);
  const heard: Broadcast[] = [];
  // The welcome, and what `ready` asked for, may come late.
  client.onBroadcast((message) => {
    if (message.type === "stream") heard.push(message);
  });
  const read: Incoming[] = [];
  const stage = kernel.rehearsal((_, message) => {
    read.push(message);
    stage.broadcast(message.header, "stream", { name: "stdout", text: "rehearsed" });
    stage.reply("shell", message, "comm_info_reply", { status: "ok", comms: {} });
  });
  stage.request("comm_info_request", { target_name: "t" });
  expect(read.map(({ type, content }) => ({ type, content }))).toEqual([
    { type: "comm_info_request", content: { target_name: "t" } },
  ]);
  kernel.broadcast(undefined, "stream", { name: "stdout", text: "heard" });
  await until(() => heard.length > 0);
  expect(heard.map(({ content }) => content)).toEqual([{ name: "stdout", text: "heard" }]);
  expect(logged).toEqual([]);
});

test("an address in use is named", async () => {
  const { connection } = await bench();
  await expect(bindKernel(connection, () => undefined)).rejects.toThrow(`tcp://127.0.0.1:${connection.iopub_port}`);
});

test("ipc leaves no file behind", async () => {
  const { connection, kernel } = await bench("ipc");
  const files = channels.map((channel) => socketPath(connection, channel));
  expect(files.filter((file) => existsSync(file))).toEqual(files);
  open.shift();
  await kernel.close();
  expect(files.filter((file) => existsSync(file))).toEqual([]);
});

test("a request to nobody ends at its time limit, and at close", async () => {
  const client = connectClient(await newConnection());
  await expect(client.request("shell", "kernel_info_request", {}, { timeout: 30 })).rejects.toThrow(
    "no answer in 30 ms",
  );
  await expect(client.ping(30)).rejects.toThrow("no heartbeat");
  const left = client.request("shell", "kernel_info_request", {});
  client.close();
  await expect(left).rejects.toThrow("closed before the reply");
});

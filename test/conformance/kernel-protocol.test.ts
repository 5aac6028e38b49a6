import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cpus, hostname, tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer } from "zeromq";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { address, channels, connectClient, socketPath, type Broadcast, type Fields } from "../../kernel/wire/index.js";
import { encode } from "../../kernel/wire/framing.js";
import { createSigner } from "../../kernel/wire/signing.js";
import { undisturbed, watchQueue } from "./processor.js";
import { spawnKernel, until, type Options, type SpawnedKernel } from "./spawned-kernel.js";

describe("requests", () => {
  let kernel: SpawnedKernel;
  beforeAll(async () => {
    kernel = await spawnKernel();
  });
  afterAll(() => kernel.close());

  test.each(["shell", "control"] as const)("kernel_info on %s says who we are", async (channel) => {
    const { content } = await kernel.client.request(channel, "kernel_info_request", {}, { timeout: 60_000 });
    expect(content).toMatchObject({
      status: "ok",
      protocol_version: "5.5",
      implementation: "virtlab",
      supported_features: ["debugger", "kernel subshells"],
      language_info: {
        name: "typescript",
        file_extension: ".ts",
        mimetype: "text/typescript",
        codemirror_mode: "typescript",
        pygments_lexer: "typescript",
      },
    });
    const version = content.status === "ok" ? content.language_info.version : "";
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("busy and idle frame every request, with its header as their parent", async () => {
    for (const type of ["kernel_info_request", "comm_info_request"] as const) {
      const heard: Broadcast[] = [];
      let id = "";
      await kernel.client.request(
        "shell",
        type,
        {},
        { onBroadcast: (message) => void heard.push(message), onSend: (sent) => (id = sent) },
      );
      expect(heard.map(({ content }) => content)).toEqual([{ execution_state: "busy" }, { execution_state: "idle" }]);
      expect(heard.map((message) => message.parent_header.msg_id)).toEqual([id, id]);
    }
  });

  test("is_complete", async () => {
    const ask = async (code: string): Promise<unknown> =>
      (await kernel.client.request("shell", "is_complete_request", { code })).content;
    expect(await ask("const a = 1;")).toMatchObject({ status: "complete" });
    expect(await ask("function f() {")).toMatchObject({ status: "incomplete", indent: "  " });
    expect(await ask("let = = 1")).toMatchObject({ status: "invalid" });
  });

  test("usage is told while a cell spins", async () => {
    const ask = async (): Promise<Fields> => {
      const { content } = await kernel.client.request("control", "usage_request", {}, { timeout: 60_000 });
      return { ...content };
    };
    const started = kernel.printed("spins");
    const running = kernel.run("console.log('spins'); while (true) {}");
    await started;
    await ask();
    const waited = watchQueue(kernel);
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const usage = await ask();
    const had = 1 - waited() / (performance.now() - start);
    expect(usage).toMatchObject({
      status: "ok",
      hostname: hostname(),
      pid: kernel.process.pid,
      cpu_count: cpus().length,
    });
    // One thread spins, as far as other work on the machine lets it; others may work beside it.
    expect(usage["kernel_cpu"]).toBeGreaterThan(50 * had);
    expect(usage["kernel_memory"]).toBeGreaterThan(3e7);
    expect(usage["host_cpu_percent"]).toBeGreaterThan(0);
    expect(usage["host_virtual_memory"]).toMatchObject({ total: totalmem(), percent: expect.any(Number) as number });
    await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
    await running;
  });

  test("the reply tells when its cell was begun", async () => {
    const before = Date.now();
    const reply = await kernel.client.request("shell", "execute_request", { code: "await 1" });
    const started = Date.parse(String(reply.metadata["started"]));
    expect(started).toBeGreaterThanOrEqual(before);
    expect(started).toBeLessThanOrEqual(Date.parse(reply.header.date));
  });

  test("user_expressions are evaluated behind a cell that ends well, each by itself", async () => {
    const user_expressions = { sum: "seven + 1", wrong: "nothing.there", type: "typeof seven" };
    const { reply, broadcasts } = await kernel.run("const seven = 7;", { user_expressions, silent: true });
    expect(reply).toMatchObject({
      user_expressions: {
        sum: { status: "ok", data: { "text/plain": "8" } },
        wrong: { status: "error", traceback: expect.any(Array) as string[] },
        type: { status: "ok", data: { "text/plain": "'number'" } },
      },
    });
    expect(broadcasts.map(({ type }) => type)).toEqual(["status", "status"]);
    const { reply: failed } = await kernel.run("throw 1", { user_expressions });
    expect(failed).not.toHaveProperty("user_expressions");
  });

  test("a silent request counts nothing, leaves no trace, and its error aborts nobody", async () => {
    const { reply: first } = await kernel.run("1");
    const silent = kernel.run("console.log('shown?'); throw new Error('quiet')", { silent: true, store_history: true });
    const behind = kernel.run("2");
    const { reply, broadcasts } = await silent;
    expect(reply).toMatchObject({ status: "error", execution_count: first.execution_count });
    expect(broadcasts.map(({ type }) => type)).toEqual(["status", "status"]);
    expect((await behind).reply).toMatchObject({ status: "ok", execution_count: first.execution_count + 1 });
    const unstored = await kernel.run("3", { store_history: false });
    expect(unstored.reply.execution_count).toBe(first.execution_count + 1);
    const tail = { hist_access_type: "tail", n: 2 } as const;
    const { content } = await kernel.client.request("shell", "history_request", tail);
    expect(content.status === "ok" && content.history.map(([, , input]) => input)).toEqual(["1", "2"]);
  });

  test("an error aborts what its own client sent, not another's", async () => {
    const other = connectClient(kernel.connection);
    await other.ready(5_000);
    const code = "await new Promise((done) => setTimeout(done, 200)); throw new Error('no')";
    const fails = kernel.run(code);
    const mine = kernel.client.request("shell", "execute_request", { code: "1" });
    const theirs = other.request("shell", "execute_request", { code: "2" });
    expect((await fails).reply.status).toBe("error");
    expect((await mine).content.status).toBe("aborted");
    expect((await theirs).content.status).toBe("ok");
    other.close();
  });

  test("history: tail, range and search", async () => {
    const first = (await kernel.run("'one'")).reply.execution_count;
    await kernel.run("'two'");
    await kernel.run("'one'");
    const ask = async (content: object): Promise<unknown> => {
      const { content: reply } = await kernel.client.request("shell", "history_request", content);
      return reply.status === "ok" ? reply.history : reply;
    };
    expect(await ask({ hist_access_type: "tail", n: 2, output: true })).toEqual([
      [1, first + 1, ["'two'", "'two'"]],
      [1, first + 2, ["'one'", "'one'"]],
    ]);
    const range = { hist_access_type: "range", session: 0, start: first, stop: first + 2 };
    expect(await ask(range)).toEqual([
      [1, first, "'one'"],
      [1, first + 1, "'two'"],
    ]);
    expect(await ask({ hist_access_type: "search", pattern: "*'one'*", unique: true })).toEqual([
      [1, first + 2, "'one'"],
    ]);
    expect(await ask({ hist_access_type: "search", pattern: "'t?o'" })).toEqual([[1, first + 1, "'two'"]]);
  });

  test("comm_info is empty, and a comm for an unknown target is closed", async () => {
    expect((await kernel.client.request("shell", "comm_info_request", {})).content).toEqual({
      status: "ok",
      comms: {},
    });
    const closed = new Promise<Broadcast>((resolve) => {
      kernel.client.onBroadcast((message) => {
        if (message.type === "comm_close") resolve(message);
      });
    });
    kernel.client.notify("comm_open", { comm_id: "c1", target_name: "nobody", data: {} });
    expect((await closed).content).toEqual({ comm_id: "c1", data: {} });
  });

  test("the control channel and introspection are served while a cell runs", async () => {
    const running = kernel.run("const end = Date.now() + 700; while (Date.now() < end);");
    const took = await undisturbed(kernel, async () => {
      await kernel.client.request("control", "kernel_info_request", {}, { timeout: 60_000 });
      await kernel.client.request("shell", "is_complete_request", { code: "1" }, { timeout: 60_000 });
    });
    expect(took).toBeLessThan(400);
    expect((await running).reply.status).toBe("ok");
  });

  test("a failed request aborts those that wait behind it, and no later one", async () => {
    const send = (code: string, stop_on_error = true): Promise<unknown> =>
      kernel.client
        .request("shell", "execute_request", { code, stop_on_error }, { onBroadcast: () => undefined, timeout: 10_000 })
        .then(({ content }) => content.status);
    const replies = [send("throw new Error('first')"), send("globalThis.aborted = 1"), send("'third'")];
    expect(await Promise.all(replies)).toEqual(["error", "aborted", "aborted"]);
    expect(await send("'later'")).toBe("ok");
    expect((await kernel.run("typeof (globalThis as any).aborted")).result).toBe("'undefined'");
    const going = [send("throw new Error('again')", false), send("'goes on'")];
    expect(await Promise.all(going)).toEqual(["error", "ok"]);
  });

  test("what is malformed, unsigned, replayed or unknown is logged, and the kernel lives", async () => {
    const signer = createSigner("hmac-sha256", kernel.connection.key);
    const socket = new Dealer({ linger: 0 });
    socket.connect(address(kernel.connection, "shell"));
    const header = { msg_id: "x", session: "s", username: "u", date: "", version: "5.5", msg_type: "nonsense_request" };
    const message = { identities: [], header, parent_header: {}, metadata: {}, content: {}, buffers: [] };
    await socket.send(encode(message, createSigner("hmac-sha256", "wrong")));
    await socket.send(encode(message, signer));
    await socket.send(encode(message, signer));
    await socket.send([Buffer.from("<IDS|MSG>"), Buffer.from(""), Buffer.from("{")]);
    await socket.send([Buffer.alloc(5_000_000, 1)]);
    await until(() => kernel.log().split("dropped a message").length === 6);
    socket.close();
    for (const reason of [
      "the signature doesn't match",
      'unknown message type "nonsense_request"',
      "nonsense_request was seen before",
      "1 of 4 JSON frames",
      "no delimiter",
    ]) {
      expect(kernel.log()).toContain(reason);
    }
    expect((await kernel.run("'alive'")).result).toBe("'alive'");
  });
});

describe("the process", () => {
  const open: SpawnedKernel[] = [];
  // Unchecked, so that a cell runs when it is sent and not when the checker has started.
  const start = async (options: Options = {}): Promise<SpawnedKernel> => {
    const kernel = await spawnKernel({ ...options, environment: { VIRTLAB_TYPECHECK: "off", ...options.environment } });
    open.push(kernel);
    return kernel;
  };
  afterEach(async () => {
    for (const kernel of open.splice(0)) await kernel.close();
  });
  const program = fileURLToPath(new URL("../../dist/kernel/cli/kernel.cjs", import.meta.url));

  test.each([
    ["at rest", undefined],
    ["while a cell spins", "while (true) {}"],
    ["while a cell waits for a program", "require('node:child_process').execSync('sleep 30')"],
  ])("shuts down %s, replies before, and leaves no file", async (_, code) => {
    const kernel = await start({ transport: "ipc" });
    if (code !== undefined) {
      const started = kernel.printed("started");
      kernel.run(`console.log("started"); ${code}`).catch(() => undefined);
      await started;
    }
    const heard: Broadcast[] = [];
    kernel.client.onBroadcast((message) => void heard.push(message));
    const { content } = await kernel.client.request(
      "control",
      "shutdown_request",
      { restart: true },
      { onBroadcast: () => undefined, timeout: 60_000 },
    );
    expect(content).toEqual({ status: "ok", restart: true });
    expect(heard.some(({ type }) => type === "shutdown_reply")).toBe(true);
    expect((await kernel.ended).code).toBe(0);
    expect(channels.filter((channel) => existsSync(socketPath(kernel.connection, channel)))).toEqual([]);
    const files = readdirSync(tmpdir()).filter((name) => name.startsWith(basename(kernel.connection.ip)));
    expect(files).toEqual([]);
    expect(kernel.log()).toBe("");
  });

  test("shuts down while a cell computes in native code, which nothing can cut", async () => {
    const kernel = await start({ transport: "ipc" });
    const started = kernel.printed("started");
    const endless = "console.log('started'); require('node:crypto').pbkdf2Sync('a', 'b', 2 ** 30, 64, 'sha512')";
    kernel.run(endless).catch(() => undefined);
    await started;
    await kernel.client.request("control", "shutdown_request", {}, { timeout: 60_000 });
    expect((await kernel.ended).signal).toBe("SIGKILL");
    expect(channels.filter((channel) => existsSync(socketPath(kernel.connection, channel)))).toEqual([]);
  });

  test("ends in order at SIGTERM, even while a cell spins", async () => {
    const kernel = await start({ transport: "ipc" });
    const started = kernel.printed("started");
    kernel.run("console.log('started'); while (true) {}").catch(() => undefined);
    await started;
    kernel.process.kill("SIGTERM");
    expect((await kernel.ended).code).toBe(0);
    expect(channels.filter((channel) => existsSync(socketPath(kernel.connection, channel)))).toEqual([]);
  });

  test.each([
    "process.exit(3)",
    "await null; process.exit(3)",
    "setTimeout(() => process.exit(3), 20); await new Promise(() => {})",
  ])("%s says what happened and ends the kernel", async (code) => {
    const kernel = await start();
    const { reply, stdout } = await kernel.run(`console.log("before"); ${code}; console.log("behind")`);
    expect(reply).toMatchObject({ status: "error", ename: "KernelExit" });
    expect(reply.status === "error" && reply.evalue).toContain("process.exit(3)");
    expect(stdout).toBe("before\n");
    expect((await kernel.ended).code).toBe(3);
  });

  test("process.exit of what a finished cell left behind ends the kernel", async () => {
    const kernel = await start();
    await kernel.run("setTimeout(() => process.exit(4), 50)");
    expect((await kernel.ended).code).toBe(4);
  });

  test("dies with its parent, a spinning cell included", async () => {
    // The parent that Jupyter names is a process that ends while the kernel runs.
    const parent = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600_000)"]);
    const kernel = await start({ environment: { JPY_PARENT_PID: String(parent.pid) } });
    kernel.run("while (true) {}").catch(() => undefined);
    parent.kill("SIGKILL");
    const ended = await Promise.race([kernel.ended, new Promise((resolve) => setTimeout(resolve, 5_000, "too late"))]);
    expect(ended).toMatchObject({ code: 0 });
    expect(kernel.log()).toContain("the client's process has ended");
  });

  test.each<[string[], string, number]>([
    [[], "usage: kernel.cjs CONNECTION_FILE", 2],
    [["/no/such/file.json"], "the connection file /no/such/file.json can't be read", 1],
    [[join(process.cwd(), "package.json")], 'has no string "ip"', 1],
  ])("with the arguments %j says what is wrong", (args, message, code) => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
    expect(stderr).toContain(message);
    expect(status).toBe(code);
  });
});

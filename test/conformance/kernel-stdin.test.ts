import { Dealer } from "zeromq";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { address, connectClient, type Client } from "../../kernel/wire/index.js";
import { decode, encode } from "../../kernel/wire/framing.js";
import type { Fields, Header, Message } from "../../kernel/wire/messages.js";
import { createSigner } from "../../kernel/wire/signing.js";
import { undisturbed } from "./processor.js";
import { plain, spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
/** When an answer counts as lost, in ms. */
const timeout = 60_000;
let asked: { readonly prompt: string; readonly password: boolean }[] = [];
beforeAll(async () => {
  kernel = await spawnKernel();
  await kernel.run("const kept = { by: 'earlier cells' };");
});
afterAll(() => kernel.close());

/** Runs a cell whose questions are answered in turn. */
async function answering(code: string, ...answers: string[]): Promise<{ result: string | undefined; out: string }> {
  asked = [];
  kernel.client.onPrompt((question) => {
    asked.push(question);
    return answers.shift() ?? "";
  });
  const { result, stdout, reply } = await kernel.run(code, { allow_stdin: true });
  if (reply.status === "error") throw new Error(plain(reply.traceback));
  return { result, out: stdout };
}

describe("a cell asks", () => {
  test("by prompt(), which gives the line, and its default for an empty one", async () => {
    expect(await answering("console.log('before'); `Hello ${prompt('Name?')}`", "Ada 🚀")).toEqual({
      result: "'Hello Ada 🚀'",
      out: "before\n",
    });
    expect(asked).toEqual([{ prompt: "Name? ", password: false }]);
    const code = "[prompt('Name?', 'Bob'), prompt(), prompt('')?.length]";
    expect((await answering(code, "", "", "x".repeat(300_000))).result).toBe("[ 'Bob', '', 300000 ]");
    expect(asked.map(({ prompt }) => prompt)).toEqual(["Name? [Bob] ", "", ""]);
    expect((await answering("prompt('End?')", "\u0004")).result).toBe("null");
  });

  test("by confirm() and alert()", async () => {
    const code = "[confirm('Sure?'), confirm('Sure?'), confirm('Sure?'), alert('Done.')]";
    expect((await answering(code, "y", "n", "", "")).result).toBe("[ true, false, false, undefined ]");
    expect(asked.map(({ prompt }) => prompt)).toEqual([...Array<string>(3).fill("Sure? [y/N] "), "Done. [Enter] "]);
  });

  test("for a password", async () => {
    const code = "import { input } from 'virtlab'; input('Password: ', { secret: true })?.length";
    expect((await answering(code, "secret")).result).toBe("6");
    expect(asked).toEqual([{ prompt: "Password: ", password: true }]);
  });

  test("behind an await, in a subshell's name, and inside a magic", async () => {
    expect((await answering("await null; prompt('a')", "1")).result).toBe("'1'");
    expect((await answering("%%time\nprompt('b')", "2")).result).toBe("'2'");
  });

  test("a cell may take the names for itself", async () => {
    const own = await spawnKernel();
    expect((await own.run("const prompt = 5; function alert(n: number) { return n; } alert(prompt)")).result).toBe("5");
    expect((await own.run("alert(prompt + 1)")).result).toBe("6");
    await own.close();
  });

  test("and types know the three names", async () => {
    const { reply } = await kernel.run("const n: number = prompt('x')");
    expect(reply.status === "error" && reply.evalue).toContain("Type 'string | null' is not assignable");
  });
});

describe("nobody can be asked", () => {
  test("where the client doesn't allow it", async () => {
    const { reply } = await kernel.run("prompt('Name?')", { allow_stdin: false });
    expect(reply).toMatchObject({
      status: "error",
      ename: "UsageError",
      evalue: "this client can't be asked for input",
    });
    expect(reply.status === "error" && plain(reply.traceback)).toContain("Run the cell in a notebook or a console");
  });

  test("behind the cell's end", async () => {
    const shown = new Promise<string>((resolve) => {
      kernel.client.onBroadcast((message) => {
        if (message.type === "error") resolve(message.content.evalue);
      });
    });
    await kernel.run("setTimeout(() => prompt('late'), 20); 1", { allow_stdin: true });
    expect(await shown).toContain("there is nobody to ask");
    expect((await kernel.run("kept.by")).result).toBe("'earlier cells'");
  });

  test("where the client has no stdin channel", async () => {
    const lone = rawClient(["shell"]);
    lone.send("shell", "execute_request", { code: "prompt('x')", allow_stdin: true });
    await until(() => lone.heard("execute_reply") !== undefined);
    expect(lone.heard("execute_reply")?.content).toMatchObject({ ename: "UsageError" });
    expect(String(lone.heard("execute_reply")?.content["evalue"])).toContain("the client that ran the cell has gone");
    lone.close();
  });
});

describe("while it waits for an answer", () => {
  let other: Client;
  beforeAll(async () => {
    other = connectClient(kernel.connection);
    await other.ready(timeout);
  });
  afterAll(() => {
    other.close();
  });

  test.each(["message", "signal"] as const)(
    "an interrupt by %s ends it, finally blocks run, state is kept",
    async (mode) => {
      let question = false;
      kernel.client.onPrompt(() => {
        question = true;
        return new Promise(() => undefined);
      });
      const code = "try { prompt('?'); } finally { console.log('cleaned up'); }";
      const running = kernel.run(code, { allow_stdin: true });
      await until(() => question);
      // Heartbeat, control and what needs no cell are answered meanwhile.
      const took = (action: () => Promise<unknown>): Promise<number> => undisturbed(kernel, action);
      expect(await took(() => other.ping(timeout))).toBeLessThan(100);
      expect(await took(() => other.request("control", "kernel_info_request", {}, { timeout }))).toBeLessThan(100);
      const isComplete = (): Promise<unknown> =>
        other.request("shell", "is_complete_request", { code: "1" }, { timeout });
      expect(await took(isComplete)).toBeLessThan(500);
      const stop = async (): Promise<unknown> => {
        if (mode === "signal") kernel.process.kill("SIGINT");
        else await other.request("control", "interrupt_request", {}, { timeout });
        return running;
      };
      expect(await took(stop)).toBeLessThan(500);
      const { reply, stdout } = await running;
      expect(reply).toMatchObject({ status: "error", ename: "Interrupted" });
      expect(stdout).toBe("cleaned up\n");
      expect((await answering("kept.by + prompt('again')", "!")).result).toBe("'earlier cells!'");
    },
  );

  test("a cell that asks again and again is cut", async () => {
    let questions = 0;
    kernel.client.onPrompt(() => {
      questions++;
      return new Promise(() => undefined);
    });
    const running = kernel.run("for (;;) { try { prompt('?'); } catch {} }", { allow_stdin: true });
    await until(() => questions > 0);
    await other.request("control", "interrupt_request", {}, { timeout });
    expect((await running).reply).toMatchObject({ ename: "Interrupted" });
    expect((await kernel.run("kept.by")).result).toBe("'earlier cells'");
  });

  test("late, foreign and mistaken answers are logged and change nothing", async () => {
    const one = rawClient(["shell", "stdin"]);
    const stranger = rawClient(["stdin"]);
    const logs = (words: string): number => kernel.log().split(words).length - 1;
    one.send("stdin", "input_reply", { value: "early" });
    await until(() => logs("an input_reply where nothing is asked") === 1);
    one.send("shell", "execute_request", { code: "prompt('?')", allow_stdin: true, user_expressions: { a: "1 + 1" } });
    await until(() => one.heard("input_request") !== undefined);
    stranger.send("stdin", "input_reply", { value: "foreign" });
    await until(() => logs("of a client that wasn't asked") === 1);
    one.send("stdin", "input_reply", { value: "mistaken" }, { msg_id: "another", session: "s", msg_type: "x" });
    await until(() => logs("an input_reply to another question") === 1);
    one.send("stdin", "input_reply", { value: "right" }, one.heard("input_request")?.header);
    await until(() => one.heard("execute_reply") !== undefined);
    expect(one.heard("execute_reply")?.content).toMatchObject({ status: "ok" });
    one.send("stdin", "input_reply", { value: "late" });
    await until(() => logs("an input_reply where nothing is asked") === 2);
    one.close();
    stranger.close();
  });
});

interface RawClient {
  send(channel: "shell" | "stdin", type: string, content: Fields, parent?: Partial<Header>): void;
  /** The latest message of a type. */
  heard(type: string): Message | undefined;
  close(): void;
}

/** A client that does what it is told, also what a good one wouldn't. */
function rawClient(open: readonly ("shell" | "stdin")[]): RawClient {
  const session = `raw-${Math.trunc(performance.now() * 1000)}`;
  const signer = createSigner("hmac-sha256", kernel.connection.key);
  const heard = new Map<string, Message>();
  const sockets = new Map(open.map((channel) => [channel, new Dealer({ linger: 0, routingId: session })] as const));
  let count = 0;
  const listen = async (socket: Dealer): Promise<void> => {
    for await (const frames of socket) {
      const decoded = decode(frames, signer);
      if (decoded.ok) heard.set(decoded.message.header.msg_type, decoded.message);
    }
  };
  for (const [channel, socket] of sockets) {
    socket.connect(address(kernel.connection, channel));
    listen(socket).catch(() => undefined);
  }
  return {
    send(channel, msg_type, content, parent = {}) {
      const header = { msg_id: `${session}-${++count}`, session, username: "u", date: new Date().toISOString() };
      const full = { ...header, msg_type, version: "5.5" };
      const message = { identities: [], header: full, parent_header: parent, metadata: {}, content, buffers: [] };
      void sockets.get(channel)?.send(encode(message, signer));
    },
    heard: (type) => heard.get(type),
    close() {
      for (const socket of sockets.values()) socket.close();
    },
  };
}

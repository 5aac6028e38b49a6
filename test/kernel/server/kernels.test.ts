import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { plain, v1 } from "../../../kernel/server/kernels/frames.js";
import type { ServerOptions } from "../../../kernel/server/index.js";
import type { ChannelMessage } from "../../../kernel/server/kernels/channel-message.js";
import { fakeLaunch, fakeSpec, type FakeKernel } from "./fake-kernel.js";
import { runServer, type Answer, type RunningServer } from "./running-server.js";

interface Served extends RunningServer {
  readonly kernels: FakeKernel[];
}

async function serve(
  options: Partial<Pick<ServerOptions, "cullAfter" | "dataFolders" | "longestQueue">> = {},
): Promise<Served> {
  const kernels: FakeKernel[] = [];
  const server = await runServer({ ownSpecs: [fakeSpec], launch: fakeLaunch(kernels), ...options });
  return { ...server, kernels };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 10 }).toBe(true);
}

const plainHeader = { username: "", date: "", version: "5.3" };

/** A page's connection to a kernel. */
class Page {
  readonly messages: ChannelMessage[] = [];
  readonly socket: WebSocket;
  readonly session: string;
  closed: number | undefined;

  constructor(server: RunningServer, kernel: string, session: string, protocol = v1) {
    this.session = session;
    const address = `ws://127.0.0.1:${server.port}/api/kernels/${kernel}/channels?session_id=${session}&token=${server.token}`;
    this.socket = new WebSocket(address, protocol.name === "" ? [] : [protocol.name]);
    this.socket.on("message", (data, isBinary) => {
      const message = protocol.decode(data as Buffer, isBinary);
      if (message !== undefined) this.messages.push(message);
    });
    this.socket.on("close", (code) => (this.closed = code));
    this.socket.on("error", () => undefined);
    onTestFinished(() => {
      this.socket.terminate();
    });
  }

  execute(code: string, protocol = v1): string {
    const msg_id = randomUUID();
    const header = { ...plainHeader, msg_id, session: this.session, msg_type: "execute_request" };
    const message = { channel: "shell", header, parent_header: {}, metadata: {}, content: { code }, buffers: [] };
    const send = (): void => {
      this.socket.send(protocol.encode(message));
    };
    if (this.socket.readyState === WebSocket.OPEN) send();
    else this.socket.once("open", send);
    return msg_id;
  }

  texts(): unknown[] {
    return this.messages.filter(({ header }) => header.msg_type === "stream").map(({ content }) => content["text"]);
  }

  states(): unknown[] {
    return this.messages
      .filter(({ header, parent_header }) => header.msg_type === "status" && parent_header.msg_id === undefined)
      .map(({ content }) => content["execution_state"]);
  }

  async close(): Promise<void> {
    this.socket.close();
    await until(() => this.closed !== undefined);
  }
}

const start = async (server: Served, body: object = {}): Promise<string> => {
  const answer = await server.ask("/api/kernels", { method: "POST", body });
  expect(answer.status).toBe(201);
  return String(answer.json()["id"]);
};

const session = (server: Served, path: string, more: object = {}): Promise<Answer> =>
  server.ask("/api/sessions", {
    method: "POST",
    body: { path, name: path, type: "notebook", kernel: { name: "fake" }, ...more },
  });

test("kernelspecs are ours and what is installed, ours first; a broken one is left out", async () => {
  const server = await serve();
  const installed = join(server.outside, "jupyter");
  for (const [name, spec] of [
    ["python3", { argv: ["python3", "{connection_file}"], display_name: "Python", language: "python" }],
    ["fake", { argv: ["other"], display_name: "Other", language: "x" }],
    ["empty", { argv: [], display_name: "Empty", language: "x" }],
  ] as const) {
    mkdirSync(join(installed, "kernels", name), { recursive: true });
    writeFileSync(join(installed, "kernels", name, "kernel.json"), JSON.stringify(spec));
  }
  writeFileSync(join(installed, "kernels", "python3", "logo-64x64.png"), "png");
  const wide = await serve({ dataFolders: [installed, join(server.outside, "none")] });
  const { default: chosen, kernelspecs } = (await wide.ask("/api/kernelspecs")).json();
  expect(chosen).toBe("fake");
  expect(kernelspecs).toMatchObject({
    fake: { name: "fake", spec: { display_name: "Fake" }, resources: { "logo-svg": "/kernelspecs/fake/logo-svg.svg" } },
    python3: { spec: { interrupt_mode: "signal" }, resources: { "logo-64x64": "/kernelspecs/python3/logo-64x64.png" } },
  });
  expect(Object.keys(kernelspecs as object)).toEqual(["fake", "python3"]);
  expect((await wide.ask("/kernelspecs/python3/logo-64x64.png")).text).toBe("png");
  expect((await wide.ask("/kernelspecs/python3/kernel.json")).status).toBe(404);
  expect((await wide.ask("/kernelspecs/python3/..%2f..%2f..%2fsecret.txt")).status).toBe(404);
});

test.each([
  ["v1", v1],
  ["the older protocol", plain],
] as const)("a request and its broadcasts pass through, buffers too: %s", async (_name, protocol) => {
  const server = await serve();
  const page = new Page(server, await start(server), randomUUID(), protocol);
  const id = page.execute("a ✓", protocol);
  await until(() => page.messages.some(({ header }) => header.msg_type === "execute_reply"));
  await until(() =>
    page.messages.some(({ header, parent_header }) => header.msg_type === "stream" && parent_header.msg_id === id),
  );
  const stream = page.messages.find(({ header }) => header.msg_type === "stream");
  expect(stream).toMatchObject({ channel: "iopub", content: { name: "stdout", text: "a ✓" } });
  expect([...(stream?.buffers[0] ?? [])]).toEqual([0, 1, 255]);
  expect((await server.ask("/api/status")).json()).toMatchObject({ kernels: 1, connections: 1 });
});

test("two pages see what either does; a reply goes to its own page", async () => {
  const server = await serve();
  const id = await start(server);
  const [a, b] = [new Page(server, id, "a"), new Page(server, id, "b")];
  await until(() => b.socket.readyState === WebSocket.OPEN);
  a.execute("1");
  await until(() => b.texts().length === 1 && a.messages.some(({ header }) => header.msg_type === "execute_reply"));
  expect(b.messages.every(({ channel }) => channel === "iopub")).toBe(true);
});

test("what comes while a page is away is handed over once, in order, when it comes back", async () => {
  const server = await serve();
  const id = await start(server);
  const away = new Page(server, id, "a");
  away.execute("0");
  await until(() => away.texts().length === 1);
  await away.close();
  const other = new Page(server, id, "b");
  await until(() => other.socket.readyState === WebSocket.OPEN);
  for (let i = 1; i <= 50; i++) other.execute(String(i));
  await until(() => other.texts().length === 50);
  const back = new Page(server, id, "a");
  await until(() => back.texts().length === 50);
  expect(back.texts()).toEqual(Array.from({ length: 50 }, (_, i) => String(i + 1)));
  back.execute("51");
  await until(() => back.texts().length === 51);
  // Another page's session gets none of what was kept for this one.
  const third = new Page(server, id, "c");
  third.execute("52");
  await until(() => third.texts().length === 1);
  expect(third.texts()).toEqual(["52"]);
});

test("a second connection of one session takes the first one's place", async () => {
  const server = await serve();
  const id = await start(server);
  const first = new Page(server, id, "a");
  await until(() => first.socket.readyState === WebSocket.OPEN);
  const second = new Page(server, id, "a");
  await until(() => first.closed === 4001);
  second.execute("1");
  await until(() => second.texts().length === 1);
  expect(first.texts()).toEqual([]);
});

test("a page that reads nothing is sent away; the others don't wait for it, and it misses nothing", async () => {
  const server = await serve({ longestQueue: 16 * 1024 * 1024 });
  const id = await start(server);
  const [slow, quick] = [new Page(server, id, "a"), new Page(server, id, "b")];
  await until(() => slow.socket.readyState === WebSocket.OPEN && quick.socket.readyState === WebSocket.OPEN);
  slow.socket.pause();
  const parent = { ...plainHeader, msg_id: "flood", session: "b", msg_type: "execute_request" };
  const texts = Array.from({ length: 30 }, (_, n) => "x".repeat(1024 * 1024) + String(n));
  for (const [n, text] of texts.entries()) {
    server.kernels[0]!.sockets.broadcast(parent, "stream", { name: "stdout", text });
    await until(() => quick.texts().length > n);
  }
  const numbers = (page: Page): string[] => page.texts().map((text) => String(text).replace(/^x+/, ""));
  const all = texts.map((_, n) => String(n));
  expect(numbers(quick)).toEqual(all);
  // What the system had taken for it, and what was waiting, is there when it reads at last.
  expect((await server.ask("/api/status")).json()["connections"]).toBe(1);
  slow.socket.resume();
  await until(() => slow.closed === 1013);
  expect(slow.texts().length).toBeLessThan(texts.length);
  const back = new Page(server, id, "a");
  await until(() => slow.texts().length + back.texts().length === texts.length);
  expect([...numbers(slow), ...numbers(back)]).toEqual(all);
});

test("twenty kernels at once: each has its own, all that nobody watches are ended, and no listener is one too many", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): number => warnings.push(warning.message);
  process.on("warning", note);
  const server = await serve({ cullAfter: 1 });
  const pages: Page[] = [];
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const id = await start(server);
      // At once: the others may take longer than an unwatched kernel lives.
      if (pages.length < 5) pages.push(new Page(server, id, `page${pages.length}`));
      return id;
    }),
  );
  expect(new Set(ids).size).toBe(20);
  for (const [i, page] of pages.entries()) page.execute(`cell ${i}`);
  for (const [i, page] of pages.entries()) {
    await until(() => page.texts().length === 1);
    expect(page.texts()).toEqual([`cell ${i}`]);
  }
  await until(async () => ((await server.ask("/api/kernels")).json() as unknown as unknown[]).length === 5);
  // They are off the list before they have heard of it.
  await until(() => server.kernels.filter(({ seen }) => seen.includes("shutdown")).length === 15);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test("a kernel that dies is started again and its pages are told; one that keeps dying is dead", async () => {
  const server = await serve();
  const id = await start(server);
  const page = new Page(server, id, "a");
  page.execute("before");
  await until(() => page.texts().length === 1);
  server.kernels[0]!.die();
  await until(() => server.kernels.length === 2);
  expect(page.states()).toEqual(["restarting"]);
  page.execute("after");
  await until(() => page.texts().includes("after"));
  expect(server.kernels[1]!.seen).toEqual(["after"]);
  for (let n = 1; n < 6; n++) {
    await until(() => server.kernels.length === n + 1);
    server.kernels[n]!.die();
  }
  await until(() => page.states().at(-1) === "dead");
  expect(server.kernels).toHaveLength(6);
  expect((await server.ask(`/api/kernels/${id}`)).json()).toMatchObject({ execution_state: "dead" });
  expect(server.log.join("\n")).toContain("out of luck");
  // The user may still start it anew.
  expect((await server.ask(`/api/kernels/${id}/restart`, { method: "POST" })).status).toBe(200);
  page.execute("again");
  await until(() => page.texts().includes("again"));
});

test("a restart ends the old process politely; what is sent meanwhile goes to the new one", async () => {
  const server = await serve();
  const id = await start(server);
  const page = new Page(server, id, "a");
  page.execute("old");
  await until(() => page.texts().length === 1);
  const restarted = server.ask(`/api/kernels/${id}/restart`, { method: "POST" });
  await until(() => server.kernels.length === 2);
  page.execute("new");
  expect((await restarted).json()).toMatchObject({ id, execution_state: "idle" });
  await until(() => page.texts().length === 2);
  expect(server.kernels.map(({ seen }) => seen)).toEqual([["old", "shutdown"], ["new"]]);
  expect(page.states()).not.toContain("restarting");
});

test("an interrupt reaches the kernel; one that is gone or was never there is a 404", async () => {
  const server = await serve();
  const id = await start(server);
  expect((await server.ask(`/api/kernels/${id}/interrupt`, { method: "POST" })).status).toBe(204);
  expect(server.kernels[0]!.seen).toEqual(["interrupt"]);
  expect((await server.ask(`/api/kernels/${id}`, { method: "DELETE" })).status).toBe(204);
  for (const path of [`/api/kernels/${id}`, "/api/kernels/none", "/api/sessions/none"]) {
    expect((await server.ask(path)).status).toBe(404);
  }
  expect((await server.ask("/api/kernels", { method: "POST", body: { name: "none" } })).json()["message"]).toContain(
    "fake",
  );
});

test("a session belongs to its notebook, moves with it, and ends its kernel", async () => {
  const server = await serve();
  mkdirSync(join(server.folder, "d"));
  writeFileSync(join(server.folder, "d", "a.ipynb"), "{}");
  const [one, two] = await Promise.all([session(server, "d/a.ipynb"), session(server, "d/a.ipynb")]);
  expect(one.json()["id"]).toBe(two.json()["id"]);
  expect(server.kernels).toHaveLength(1);
  expect(server.kernels[0]!.cwd).toBe(join(server.folder, "d"));
  expect(server.kernels[0]!.env).toEqual({ JPY_SESSION_NAME: join(server.folder, "d", "a.ipynb") });
  await server.ask("/api/contents/d", { method: "PATCH", body: { path: "e" } });
  await server.ask("/api/contents/e/a.ipynb", { method: "PATCH", body: { path: "e/b.ipynb" } });
  const id = String(one.json()["id"]);
  expect((await server.ask(`/api/sessions/${id}`)).json()).toMatchObject({ path: "e/b.ipynb", name: "b.ipynb" });
  const changed = await server.ask(`/api/sessions/${id}`, { method: "PATCH", body: { kernel: { name: "fake" } } });
  expect((changed.json()["kernel"] as { id: string }).id).not.toBe((one.json()["kernel"] as { id: string }).id);
  expect((await server.ask("/api/kernels")).json()).toHaveLength(1);
  expect((await server.ask(`/api/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await server.ask("/api/kernels")).json()).toEqual([]);
});

test("an idle kernel that no page watches is ended, a watched one is not", async () => {
  const server = await serve({ cullAfter: 1 });
  const [watched, lonely] = [await start(server), await start(server)];
  const page = new Page(server, watched, "a");
  page.execute("1");
  await until(async () => (await server.ask(`/api/kernels/${lonely}`)).status === 404);
  expect((await server.ask(`/api/kernels/${watched}`)).status).toBe(200);
  expect(page.texts()).toEqual(["1"]);
});

test("what is no message ends the connection and nothing else", async () => {
  const server = await serve();
  const id = await start(server);
  const bad = new Page(server, id, "a");
  await until(() => bad.socket.readyState === WebSocket.OPEN);
  bad.socket.send(Buffer.alloc(100, 255));
  await until(() => bad.closed === 1007);
  const good = new Page(server, id, "b");
  good.execute("1");
  await until(() => good.texts().length === 1);
  expect(good.texts()).toEqual(["1"]);
});

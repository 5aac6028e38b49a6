import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Broadcast } from "../../kernel/wire/index.js";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

/** What is called back long after its cell has ended is shown at that cell, not at the latest. */
let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
});
afterAll(() => kernel.close());

/** From Node 24 on what comes through a socket that a server was given is shown at the latest cell (see resource-runs). */
const knowsServers = Number(process.versions.node.split(".")[0]) < 24;

/** Each prints `called` and throws `thrown <name>` in a callback of the first cell, which the second one brings about. */
const sources = [
  [
    "a file's operation, in another's callback",
    "const look = () => require('fs').stat('go', (e) => e ? look() : report('stat')); look();",
    "require('fs').writeFileSync('go', '');",
    "stat",
  ],
  [
    "a program's output",
    "const echo = require('child_process').spawn('cat'); echo.stdout.on('data', () => report('data'));",
    "echo.stdin.write('x');",
    "data",
  ],
  [
    "a program's end",
    "const ends = require('child_process').spawn('cat'); ends.on('close', () => report('close'));",
    "ends.stdin.end();",
    "close",
  ],
  [
    "a server's new socket",
    "const net = require('net').createServer((s) => { s.end(); report('connection'); }); await new Promise((ok) => net.listen(0, ok));",
    "require('net').connect(net.address().port).resume();",
    "connection",
  ],
  [
    "what comes through such a socket",
    "const ear = require('net').createServer((s) => s.on('data', () => { s.end(); report('heard'); })); await new Promise((ok) => ear.listen(0, ok));",
    "require('net').connect(ear.address().port).end('x');",
    "heard",
  ],
  [
    "a web server's request",
    "const web = require('http').createServer((_, r) => { r.end('x'); report('request'); }); await new Promise((ok) => web.listen(0, ok));",
    "await (await fetch(`http://127.0.0.1:${web.address().port}`)).text();",
    "request",
  ],
  [
    "a promise that waits for a file, and a timer behind it",
    "const fsp = require('fs').promises; (async () => { while (!require('fs').existsSync('go2')) await fsp.stat('.'); setTimeout(() => report('promised'), 1); })();",
    "require('fs').writeFileSync('go2', '');",
    "promised",
  ],
] as const;

describe("an output and an error are shown where they belong", () => {
  test.each(sources)("%s", async (_, first, second, name) => {
    const atLatest = name === "heard" && !knowsServers;
    const seen: Broadcast[] = [];
    const stop = kernel.client.onBroadcast((message) => void seen.push(message));
    await kernel.run("globalThis.report = (name) => { console.log('called'); throw new Error(`thrown ${name}`); };");
    const starts = await kernel.run(first);
    await kernel.run("'between'");
    const triggers = await kernel.run(second);
    expect([starts.reply.status, triggers.reply.status]).toEqual(["ok", "ok"]);
    const latest = await kernel.run("'the latest'");
    const find = (type: Broadcast["type"]): Broadcast | undefined => seen.find((each) => each.type === type);
    await until(() => find("error") !== undefined);
    stop();
    if (atLatest) {
      const cells = [triggers, latest].map(({ broadcasts }) => broadcasts[0]?.parent_header.msg_id);
      expect(cells).toContain(find("error")?.parent_header.msg_id);
      return;
    }
    const parent = starts.broadcasts[0]?.parent_header;
    expect(find("error")).toMatchObject({ content: { evalue: `thrown ${name}` }, parent_header: parent });
    expect(find("stream")).toMatchObject({ content: { text: "called\n" }, parent_header: parent });
  });
});

test("what a cell itself sets off is its own, also through another's emitter", async () => {
  await kernel.run("const shared = new (require('events'))(); shared.on('x', () => { console.log('heard'); });");
  expect((await kernel.run("shared.emit('x');")).stdout).toBe("heard\n");
  const nested =
    "new (require('async_hooks').AsyncResource)('A').runInAsyncScope(() => console.log('in')); console.log('out')";
  expect((await kernel.run(nested)).stdout).toBe("in\nout\n");
});

test("loops in callbacks, and behind an await in one, are cut", async () => {
  for (const code of [
    "await new Promise(() => { require('fs').stat('.', () => { for (;;); }); })",
    "await new Promise(() => { require('fs').stat('.', async () => { await 0; for (;;); }); })",
    "const busy = require('child_process').spawn('echo', ['x']); await new Promise(() => { busy.stdout.on('data', () => { for (;;); }); })",
  ]) {
    const running = kernel.run(code);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await kernel.client.request("control", "interrupt_request", {}, { timeout: 5000 });
    expect((await running).reply).toMatchObject({ ename: "Interrupted" });
    expect((await kernel.run("1 + 1")).result).toBe("2");
  }
});

test("a recursion without an end is an error, also where it starts things at each step", async () => {
  for (const call of ["setTimeout(() => 0, 1)", "process.nextTick(() => 0)", "queueMicrotask(() => 0)", "0"]) {
    const ran = await kernel.run(`{ const sink = () => { ${call}; return sink() + 1; }; sink(); }`);
    expect(ran.reply, call).toMatchObject({ ename: "RangeError" });
  }
  expect((await kernel.run("1 + 1")).result).toBe("2");
});

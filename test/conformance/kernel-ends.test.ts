import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Broadcast } from "../../kernel/wire/index.js";
import { plain, spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
});
afterAll(() => kernel.close());

const failure = async (code: string): Promise<{ ename: string; evalue: string; traceback: string }> => {
  const { reply } = await kernel.run(code);
  if (reply.status !== "error") throw new Error("expected an error");
  return { ename: reply.ename, evalue: reply.evalue, traceback: plain(reply.traceback) };
};

describe("whatever is thrown is shown", () => {
  test.each<[string, string, string | RegExp]>([
    ["null", "throw null", /^Uncaught null/],
    ["undefined", "throw undefined", /^Uncaught undefined/],
    ["a rejection with nothing", "await Promise.reject()", /^Uncaught undefined/],
    ["a symbol", "throw Symbol('s')", /^Uncaught Symbol\(s\)/],
    ["an object", "throw { code: 7 }", /^Uncaught \{ code: 7 \}/],
    ["an object without a prototype", "throw Object.create(null)", /^Uncaught \[Object: null prototype\]/],
    ["a function", "throw function thrown() {}", /^Uncaught \[Function: thrown\]/],
    ["a frozen error", "throw Object.freeze(new Error('cold'))", /^Error: cold\nIn\[\d+\], line 1/],
    ["an error without a stack", "const e = new Error('bare'); delete e.stack; throw e", /^Error: bare/],
    ["a stack that is no string", "throw Object.assign(new Error('odd'), { stack: 7 })", /^Error: odd/],
    ["a getter that throws", "throw { get message() { throw 1; } }", /^Uncaught/],
    [
      "an error whose name throws",
      "throw Object.defineProperty(new Error(), 'name', { get() { throw new Error('no'); } })",
      /can't be shown: no/,
    ],
    [
      "a proxy that refuses everything",
      "throw new Proxy({}, { get() { throw new Error('no'); }, getPrototypeOf() { throw new Error('no'); } })",
      /^(Uncaught|Error)/,
    ],
    [
      "a revoked proxy",
      "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy",
      /^(Uncaught|Error)/,
    ],
    [
      "a circle of causes",
      "const a = new Error('a'); const b = new Error('b', { cause: a }); a.cause = b; throw a",
      /^Error: a[^]*caused by:\n {2}Error: b/,
    ],
    [
      "an error of errors",
      "throw new AggregateError([new Error('one'), 'two'], 'both')",
      /^AggregateError: both[^]*Error: one[^]*'two'/,
    ],
    [
      "an error of another realm",
      "require('node:vm').runInNewContext('throw new TypeError(\"far\")')",
      /^TypeError: far/,
    ],
    [
      "the end of the stack",
      "function deep(): number { return 1 + deep(); } deep()",
      /^RangeError: Maximum call stack size exceeded\nIn/,
    ],
    [
      "a worker's error",
      "await new Promise((_, no) => new (require('node:worker_threads').Worker)('throw new Error(\"in a worker\")', { eval: true }).on('error', no))",
      /^Error: in a worker/,
    ],
    [
      "a program's error",
      "require('node:child_process').execSync('echo why >&2; exit 3', { stdio: 'pipe' })",
      /^Error: Command failed[^]*why/,
    ],
  ])("%s", async (_, code, expected) => {
    const { traceback, ename } = await failure(code);
    expect(traceback).toMatch(expected);
    expect(ename).not.toBe("");
    expect(traceback).not.toMatch(/dist\/kernel|node:internal/);
  });
});

describe("what a cell prints", () => {
  test.each([
    [
      "console.group",
      "console.group('g'); console.log('in'); console.groupEnd(); console.log('out')",
      "g\n  in\nout\n",
    ],
    ["console.dir", "console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 })", "{ a: [Object] }\n"],
    [
      "console.count",
      "console.count('n'); console.count('n'); console.countReset('n'); console.count('n')",
      "n: 1\nn: 2\nn: 1\n",
    ],
    [
      "console.table",
      "console.table([[1]])",
      "┌─────────┬───┐\n│ (index) │ 0 │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘\n",
    ],
    ["formats", "console.log('%s is %d, %o%%', 'x', 4, [1])", "x is 4, [ 1, [length]: 1 ]%\n"],
    [
      "callbacks",
      "process.stdout.write('a', () => console.log('written')); await new Promise((r) => setTimeout(r, 10))",
      "awritten\n",
    ],
    [
      "cork, end and events",
      "process.stdout.cork(); process.stdout.write('c'); process.stdout.uncork(); console.log(process.stdout.writable)",
      "ctrue\n",
    ],
    [
      "a stream piped into it",
      "await require('node:stream/promises').pipeline(['p', 'q'], process.stdout, { end: false }); ''",
      "pq",
    ],
    [
      "writeSync to the descriptor",
      "import { writeSync } from 'node:fs'; writeSync(1, 'direct '); writeSync(1, Buffer.from('-bytes-'), 1, 5)",
      "direct bytes",
    ],
  ])("%s", async (_, code, expected) => {
    const ran = await kernel.run(code);
    expect([ran.reply.status, ran.stdout]).toEqual(["ok", expected]);
  });

  test("on standard error: assert, trace, warn", async () => {
    const { stderr } = await kernel.run(
      "console.assert(false, 'wrong'); console.trace('here'); console.warn('careful')",
    );
    expect(stderr).toMatch(/^Assertion failed: wrong\nTrace: here\n {4}at In\[\d+\]:1:\d+\ncareful\n$/);
    expect((await kernel.run("console.time('t'); console.timeEnd('t')")).stdout).toMatch(/^t: [\d.]+ms\n$/);
  });

  test("reading standard input gives its end, not a wait", async () => {
    const code =
      "let read = ''; for await (const chunk of process.stdin) read += chunk; [read, require('node:fs').readFileSync(0, 'utf8')].join()";
    expect((await kernel.run(code)).result).toBe("','");
  });

  test("an exit code set by a cell ends nothing", async () => {
    expect((await kernel.run("process.exitCode = 3; 'on'")).result).toBe("'on'");
    expect((await kernel.run("process.exitCode = undefined; 'on'")).result).toBe("'on'");
  });
});

test("late errors are shown at the cell that started them", async () => {
  const heard: Broadcast[] = [];
  const stop = kernel.client.onBroadcast((message) => void heard.push(message));
  const shapes = [
    "setTimeout(() => { throw new Error('late 0'); }, 30)",
    "setTimeout(() => void Promise.reject(new Error('late 1')), 30)",
    "setTimeout(async () => { await null; throw new Error('late 2'); }, 30)",
    "new (require('node:events'))().once('x', () => {}); setTimeout(() => new (require('node:events'))().emit('error', new Error('late 3')), 30)",
    "queueMicrotask(() => setImmediate(() => { throw new Error('late 4'); }))",
  ];
  const cells: (string | undefined)[] = [];
  for (const code of shapes) cells.push((await kernel.run(`${code}; 0`)).broadcasts[0]?.parent_header.msg_id);
  const errors = (): { evalue: string; cell: string | undefined }[] =>
    heard.flatMap(({ type, content, parent_header: { msg_id } }) =>
      type === "error" ? [{ evalue: content.evalue, cell: msg_id }] : [],
    );
  await until(() => errors().length >= shapes.length);
  stop();
  const expected = shapes.map((_, index) => ({ evalue: `late ${index}`, cell: cells[index] }));
  expect(errors().toSorted((a, b) => a.evalue.localeCompare(b.evalue))).toEqual(expected);
});

describe("a cell that ends the kernel", () => {
  test.each([
    ["process.exit(3)", 3],
    ["setTimeout(() => process.exit(4), 1); await new Promise(() => {})", 4],
    ["process.exitCode = 5; process.exit()", 5],
  ])("by %s says so, and the process ends with that code", async (code, status) => {
    const own = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
    try {
      const { reply } = await own.run(`console.log('before'); ${code}`);
      expect(reply).toMatchObject({ status: "error", ename: "KernelExit" });
      expect(await own.ended).toEqual({ code: status, signal: null });
    } finally {
      await own.close();
    }
  });

  test.each(["process.kill(process.pid, 'SIGTERM')", "process.abort()", "process.kill(process.pid, 'SIGKILL')"])(
    "by %s leaves a message",
    async (code) => {
      const own = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
      try {
        const heard: Broadcast[] = [];
        own.client.onBroadcast((message) => void heard.push(message));
        void own.run(`${code}; await new Promise(() => {})`).catch(() => undefined);
        await own.ended;
        const texts = heard.flatMap(({ type, content }) => (type === "error" ? [content.evalue] : []));
        expect(texts.join()).toMatch(/ends the kernel/);
      } finally {
        await own.close();
      }
    },
  );
});

/** What pgrep finds. */
function pids(...criteria: string[]): number[] {
  try {
    return execFileSync("pgrep", criteria).toString().trim().split("\n").map(Number);
  } catch {
    return [];
  }
}

/** Whether there are processes that carry a word of the test's in their command line. */
const alive = (word: string): boolean => pids("-f", word).length > 0;

test.each(["the system's wish", "a shutdown_request", "process.exit"])(
  "%s ends the programs of its cells",
  async (how) => {
    const word = `9${String(Date.now() % 1e6)}.${how.length}`;
    const own = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
    await own.run(
      `const { spawn } = require('node:child_process'); spawn('sleep', ['${word}1']); spawn('sh', ['-c', 'sleep ${word}2; true']); 0`,
    );
    await until(() => alive(`^sleep ${word}1`) && alive(`^sleep ${word}2`));
    if (how === "process.exit") await own.run("process.exit()");
    else if (how === "a shutdown_request") await own.client.request("control", "shutdown_request", { restart: false });
    else own.process.kill("SIGTERM");
    await own.ended;
    await until(() => !alive(`^sleep ${word}`));
    expect(alive(`^sleep ${word}`)).toBe(false);
    await own.close();
  },
);

test.each([
  ["that leads its process group", true],
  ["that doesn't lead its process group", false],
])("a kernel %s takes programs of its cells along when it is killed, but no detached ones", async (_, detached) => {
  const word = `7${String(Date.now() % 1e6)}.${detached ? 1 : 2}`;
  const own = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" }, detached });
  try {
    await own.run(
      `const { spawn } = require('node:child_process'); spawn('sh', ['-c', 'sleep ${word}1; true']);
       const apart = spawn('sleep', ['${word}2'], { detached: true, stdio: 'ignore' }); 0`,
    );
    void own.run(`require('node:child_process').execSync('sleep ${word}3')`).catch(() => undefined);
    await until(() => alive(`^sleep ${word}1`) && alive(`^sleep ${word}2`) && alive(`^sleep ${word}3`));
    // The watchdog looks four times a second.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const watchdog = pids("-P", String(own.process.pid), "-f", "while read");
    expect(watchdog).toHaveLength(1);
    own.process.kill("SIGKILL");
    await own.ended;
    await until(() => !alive(`^sleep ${word}[13]`));
    expect(alive(`^sleep ${word}2`)).toBe(true);
    await until(() => !watchdog.some((pid) => existsSync(`/proc/${pid}`)));
  } finally {
    await own.close();
    for (const pid of pids("-f", `^sleep ${word}2`)) process.kill(pid, "SIGKILL");
  }
});

const cli = fileURLToPath(new URL("../../dist/kernel/cli/main.js", import.meta.url));

/** A notebook of one cell. */
const notebookOf = (source: string): string =>
  JSON.stringify({
    cells: [{ cell_type: "code", id: "one", source, metadata: {}, outputs: [], execution_count: null }],
    metadata: { kernelspec: { name: "virtlab", display_name: "TypeScript", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  });

test.each(["SIGKILL", "SIGHUP", "SIGTERM"] as const)(
  "virtlab run that is ended by %s leaves no process and no file",
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "virtlab-ends-"));
    const word = `6${String(Date.now() % 1e6)}.${signal.length}`;
    try {
      mkdirSync(join(folder, "temporary"));
      const code = `require('node:child_process').spawn('sleep', ['${word}']);\nawait new Promise(() => {})`;
      writeFileSync(join(folder, "one.ipynb"), notebookOf(code));
      const runner = spawn(process.execPath, [cli, "run", "one.ipynb", "--output", "out.ipynb"], {
        cwd: folder,
        stdio: "ignore",
        env: { ...process.env, TMPDIR: join(folder, "temporary"), VIRTLAB_TYPECHECK: "off" },
      });
      await until(() => alive(`^sleep ${word}`));
      expect(readdirSync(join(folder, "temporary"))).toHaveLength(1);
      runner.kill(signal);
      await until(() => !alive(`^sleep ${word}`) && !alive(join(folder, "temporary")));
      await until(() => readdirSync(join(folder, "temporary")).length === 0);
      expect(readdirSync(folder).toSorted()).toEqual(["one.ipynb", "temporary"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test("a kernel whose client was killed ends, and a program that it waits for too", async () => {
  const word = `8${String(Date.now() % 1e6)}.7`;
  const client = spawn("sleep", ["600"]);
  const environment = { VIRTLAB_TYPECHECK: "off", JPY_PARENT_PID: String(client.pid) };
  const own = await spawnKernel({ environment });
  void own.run(`require('node:child_process').execSync('sleep ${word}')`).catch(() => undefined);
  await until(() => alive(`^sleep ${word}`));
  client.kill("SIGKILL");
  await own.ended;
  await until(() => !alive(`^sleep ${word}`));
  expect(alive(`^sleep ${word}`)).toBe(false);
  await own.close();
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

/** What programs write that inherit the kernel's output is shown at the cell that started them. */
let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  await kernel.run("import * as cp from 'node:child_process'; import { spawn, spawnSync } from 'node:child_process';");
});
afterAll(() => kernel.close());

const both = "process.stdout.write('out'); process.stderr.write('err')";
const node = (script: string): string => `process.execPath, ["-e", ${JSON.stringify(script)}]`;
const closed = "const code = await new Promise((ok) => child.on('close', ok));";

test.each([
  ["spawn", `const child = spawn(${node(both)}, { stdio: "inherit" }); ${closed}`, "out", "err"],
  [
    "a list of inherited ends",
    `const child = spawn(${node(both)}, { stdio: ["ignore", "inherit", "ignore"] }); ${closed}`,
    "out",
    "",
  ],
  ["descriptors, exchanged", `const child = spawn(${node(both)}, { stdio: [0, 2, 1] }); ${closed}`, "err", "out"],
  [
    "the streams themselves",
    `const child = spawn(${node(both)}, { stdio: [0, process.stdout, process.stdout] }); ${closed}`,
    /^(outerr|errout)$/,
    "",
  ],
  ["spawnSync", `spawnSync(${node(both)}, { stdio: "inherit" });`, "out", "err"],
  ["execFileSync", `cp.execFileSync(${node(both)}, { stdio: "inherit", encoding: "utf8" });`, "out", "err"],
  ["execSync", `cp.execSync("echo out", { stdio: "inherit" });`, "out\n", ""],
] as const)("%s", async (_, code, stdout, stderr) => {
  const ran = await kernel.run(`{ ${code} }`);
  expect(ran.reply.status).toBe("ok");
  expect(ran.stdout).toMatch(typeof stdout === "string" ? new RegExp(`^${stdout}$`) : stdout);
  if (_ !== "execFileSync") expect(ran.stderr).toBe(stderr);
  expect(kernel.log()).toBe("");
});

test("such a program looks to its cell as it does elsewhere", async () => {
  const code = `{ const child = spawn(${node(both)}, { stdio: ["ignore", "inherit", "pipe"] });
    const seen: unknown[] = [child.stdout, child.stdio[1]]; let err = ""; child.stderr.on("data", (d) => { err += d; }); ${closed}
    const { stdout, output, stderr } = spawnSync(${node(both)}, { stdio: ["ignore", "inherit", "pipe"], encoding: "utf8" });
    globalThis.shown = JSON.stringify([...seen, err, code, stdout, output, stderr, cp.execSync("exit 0", { stdio: "inherit" })]); }`;
  expect((await kernel.run(code)).stdout).toBe("outout");
  const { result } = await kernel.run("shown");
  expect(result).toBe(`'[null,null,"err",0,null,[null,null,"err"],"err",null]'`);
});

test("the output of one that fails, is long, or can't be started", async () => {
  const failed = await kernel.run("cp.execSync('echo gone; exit 3', { stdio: 'inherit' })");
  expect([failed.stdout, failed.reply.status]).toEqual(["gone\n", "error"]);
  const long = await kernel.run("cp.execSync('yes 0123456789 | head -n 200000', { stdio: 'inherit' }); 'done'");
  expect([long.stdout.length, long.result]).toEqual([2_200_000, "'done'"]);
  const none = await kernel.run(
    "await new Promise((ok) => spawn('/no/such', { stdio: 'inherit' }).on('error', (e) => ok(e.code)))",
  );
  expect(none.result).toBe("'ENOENT'");
});

test("what one writes late is shown at the cell that started it", async () => {
  const seen: (string | undefined)[] = [];
  const stop = kernel.client.onBroadcast((message) => {
    if (message.type === "stream") seen.push(message.content.text, message.parent_header.msg_id);
  });
  const late = "process.stdin.once('data', () => { console.log('late'); process.exit(); })";
  const starts = await kernel.run(`const waits = spawn(${node(late)}, { stdio: ["pipe", "inherit", "inherit"] });`);
  await kernel.run("waits.stdin.write('x');");
  await until(() => seen.length > 0);
  stop();
  expect(seen).toEqual(["late\n", starts.broadcasts[0]?.parent_header.msg_id]);
});

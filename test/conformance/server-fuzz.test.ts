/** Whatever arrives, the server answers, and goes on. */
import fc from "fast-check";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { spawnServer, type SpawnedServer } from "./spawned-server.js";

const long = process.env["VIRTLAB_LONG"] === "1";
/** Requests in all, three quarters by HTTP and the rest on WebSockets. */
const total = long ? 100_000 : 2_000;
const seed = 11;

const segment = fc.oneof(
  fc.constantFrom("a.txt", "a.ipynb", "d", "..", ".", "%2e%2e", "%00", "%", "%ff", "checkpoints", "trust", "default"),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const path = fc
  .tuple(
    fc.constantFrom(
      "/api/contents",
      "/api/sessions",
      "/api/kernels",
      "/api/kernelspecs",
      "/api/config",
      "/lab/api/settings",
      "/lab/api/workspaces",
      "/lab/api/translations",
      "/lab/api/themes",
      "/kernelspecs",
      "/files",
      "/static",
      "/tree",
      "/notebooks",
      "/login",
      "/api",
      "",
    ),
    fc.array(segment, { maxLength: 4 }),
    fc.option(fc.webQueryParameters()),
  )
  .map(([start, rest, query]) => [start, ...rest].join("/") + (query === null ? "" : `?${query}`))
  // This one does what it is asked.
  .filter((each) => !each.includes("shutdown"));

const body = fc.oneof(
  fc.constant(""),
  fc.string({ maxLength: 40 }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .record(
      {
        type: fc.oneof(fc.constantFrom("file", "notebook", "directory"), fc.jsonValue()),
        format: fc.oneof(fc.constantFrom("text", "base64", "json"), fc.jsonValue()),
        content: fc.oneof(fc.string(), fc.jsonValue(), fc.constant({ nbformat: 4, cells: [] })),
        path: fc.oneof(fc.constantFrom("a.txt", "../b", "d/c"), fc.jsonValue()),
        name: fc.oneof(fc.constantFrom("fake", "none"), fc.jsonValue()),
        copy_from: fc.oneof(fc.constantFrom("a.txt", "../secret"), fc.jsonValue()),
        chunk: fc.oneof(fc.integer({ min: -2, max: 3 }), fc.jsonValue()),
        kernel: fc.jsonValue(),
        ext: fc.oneof(fc.constant(".txt"), fc.jsonValue()),
        raw: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW");
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const oneRequest = fc.tuple(method, path, body, fc.boolean());

/** Sends bytes as they are, and reads the answer's first line; empty where the connection is just closed. */
const send = (port: number, bytes: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.setTimeout(20_000, () => {
      reject(new Error(`no answer in 20 s to ${bytes.toString("latin1").slice(0, 200)}`));
      socket.destroy();
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {
      resolve("");
    });
    socket.on("close", () => {
      resolve(Buffer.concat(chunks).toString("latin1").split("\r\n")[0] ?? "");
    });
    socket.end(bytes);
  });

function httpBytes(
  { token, port }: SpawnedServer,
  [verb, target, text, known]: [string, string, string, boolean],
): Buffer {
  const lines = [
    `${verb} ${target} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "connection: close",
    ...(known ? [`authorization: token ${token}`] : []),
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

test(`${total} requests, wrong ones most of them`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-fuzz-"));
  writeFileSync(join(folder, "secret"), "a secret");
  const server = await spawnServer(folder);
  onTestFinished(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const authorization = { authorization: `token ${server.token}` };
  const address = `http://127.0.0.1:${server.port}`;
  const started = await fetch(`${address}/api/kernels`, { method: "POST", headers: authorization });
  const { id } = (await started.json()) as { id: string };
  const isWell = async (): Promise<void> => {
    expect(server.process.exitCode, server.log()).toBeNull();
    expect((await fetch(`${address}/api/status`, { headers: authorization })).status).toBe(200);
  };

  const statuses = new Map<string, number>();
  let sent = 0;
  let accepted = 0;
  for (let batch = 0; sent < total; batch++) {
    const settings = { seed: seed + batch, numRuns: 100 };
    const requests = fc.sample(oneRequest, settings);
    const raw = fc.sample(noise, { ...settings, numRuns: 10 });
    const bytes = [...requests.map((each) => httpBytes(server, each)), ...raw];
    for (let i = 0; i < bytes.length; i += 10) {
      const answers = await Promise.all(bytes.slice(i, i + 10).map((each) => send(server.port, each)));
      for (const answer of answers) {
        const status = answer.split(" ")[1] ?? "";
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
    sent += bytes.length;

    const socket = new WebSocket(
      `ws://127.0.0.1:${server.port}/api/kernels/${id}/channels?session_id=fuzz&token=${server.token}`,
      batch % 2 === 0 ? ["v1.kernel.websocket.jupyter.org"] : [],
    );
    const frames = fc.sample(
      fc.oneof(
        noise,
        body.map((text) => Buffer.from(text)),
      ),
      { ...settings, numRuns: 37 },
    );
    await new Promise<void>((resolve) => {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        resolve();
      });
      socket.on("open", () => {
        accepted += 1;
        for (const [i, frame] of frames.entries()) socket.send(frame, { binary: i % 2 === 0 });
        socket.close();
      });
    });
    sent += frames.length;
    await isWell();
  }
  expect(accepted).toBeGreaterThan(0);
  // Of the server's own failures there is one kind: a kernel that the stand-in doesn't start.
  const failures = server
    .log()
    .split("\n")
    .filter((line) => / at /.test(line));
  expect(failures).toEqual([]);
  expect(statuses.get("200") ?? 0).toBeGreaterThan(total / 100);
  expect(statuses.get("403") ?? 0).toBeGreaterThan(total / 10);
  expect(readFileSync(join(folder, "secret"), "utf8")).toBe("a secret");
  expect(existsSync(join(folder, "b"))).toBe(false);
});

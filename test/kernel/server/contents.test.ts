import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runServer, type Answer, type RunningServer } from "./running-server.js";

const cell = (source: string, outputs: readonly object[] = [], trusted = false): object => ({
  cell_type: "code",
  id: "a",
  source,
  outputs,
  execution_count: null,
  metadata: trusted ? { trusted: true } : {},
});
const notebook = (...cells: readonly object[]): object => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
const put = (server: RunningServer, path: string, body: object): Promise<Answer> =>
  server.ask(`/api/contents/${path}`, { method: "PUT", body });
const text = (content: string, more: object = {}): object => ({ type: "file", format: "text", content, ...more });

test("a text, bytes and a notebook come back as they were saved", async () => {
  const server = await runServer();
  const bytes = randomBytes(1000);
  const saved = await put(server, "a%20b.txt", text("ä\r\n\u{1f600}"));
  expect(saved.status).toBe(200);
  expect(saved.json()).toMatchObject({
    name: "a b.txt",
    path: "a b.txt",
    type: "file",
    size: 8,
    content: null,
    writable: true,
  });
  await put(server, "a.bin", { type: "file", format: "base64", content: bytes.toString("base64") });
  await put(server, "a.ipynb", { type: "notebook", format: "json", content: notebook(cell("a\nb")) });
  expect((await server.ask("/api/contents/a%20b.txt")).json()).toMatchObject({
    format: "text",
    content: "ä\r\n\u{1f600}",
    mimetype: "text/plain",
  });
  expect((await server.ask("/api/contents/a.bin")).json()).toMatchObject({
    format: "base64",
    content: bytes.toString("base64"),
  });
  const model = (await server.ask("/api/contents/a.ipynb?hash=1")).json();
  expect(model).toMatchObject({ type: "notebook", format: "json", hash_algorithm: "sha256" });
  expect(model["content"]).toMatchObject({ cells: [{ source: "a\nb" }] });
  expect(readFileSync(join(server.folder, "a.bin"))).toEqual(bytes);
});

test("a notebook's file is laid out as Jupyter lays it out, and holds no word of trust", async () => {
  const server = await runServer();
  const stream = { output_type: "stream", name: "stdout", text: "1\n2\n" };
  const display = {
    output_type: "display_data",
    metadata: {},
    data: { "text/plain": "a\nb", "application/json": "a\nb" },
  };
  await put(server, "a.ipynb", { type: "notebook", content: notebook(cell("x\n\ny", [stream, display], true)) });
  expect(readFileSync(join(server.folder, "a.ipynb"), "utf8")).toBe(`{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "a",
   "metadata": {},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "1\\n",
      "2\\n"
     ]
    },
    {
     "data": {
      "application/json": "a\\nb",
      "text/plain": [
       "a\\n",
       "b"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    }
   ],
   "source": [
    "x\\n",
    "\\n",
    "y"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`);
});

test("a notebook's texts are one string each, as the interface's programs expect, whatever the file has", async () => {
  const server = await runServer();
  const json = [["kept"], ["as it is"]];
  const outputs = [
    { output_type: "stream", name: "stdout", text: ["step 1\n", "step 2\n"] },
    { output_type: "display_data", metadata: {}, data: { "text/plain": ["a\n", "b"], "application/json": json } },
    { output_type: "error", ename: "E", evalue: "no", traceback: ["E: no", "  at here"] },
  ];
  writeFileSync(join(server.folder, "lines.ipynb"), JSON.stringify(notebook(cell("1", outputs))));
  const { content } = (await server.ask("/api/contents/lines.ipynb")).json();
  expect(content).toMatchObject({
    cells: [
      {
        outputs: [
          { text: "step 1\nstep 2\n" },
          { data: { "text/plain": "a\nb", "application/json": json } },
          { traceback: ["E: no", "  at here"] },
        ],
      },
    ],
  });
});

test("outputs are trusted where they were made or the user says so, and nowhere else", async () => {
  const server = await runServer();
  const html = { output_type: "display_data", metadata: {}, data: { "text/html": "<script>1</script>" } };
  const trusted = async (path: string): Promise<unknown> => {
    const { content } = (await server.ask(`/api/contents/${path}`)).json() as {
      content: { cells: { metadata: { trusted: boolean } }[] };
    };
    return content.cells.map(({ metadata }) => metadata.trusted);
  };
  writeFileSync(join(server.folder, "foreign.ipynb"), JSON.stringify(notebook(cell("1", [html]))));
  expect(await trusted("foreign.ipynb")).toEqual([false]);
  expect((await server.ask("/api/contents/foreign.ipynb/trust", { method: "POST" })).status).toBe(201);
  expect(await trusted("foreign.ipynb")).toEqual([true]);
  await put(server, "own.ipynb", { type: "notebook", content: notebook(cell("2", [html], true)) });
  expect(await trusted("own.ipynb")).toEqual([true]);
  await put(server, "half.ipynb", { type: "notebook", content: notebook(cell("3", [html], true), cell("4", [html])) });
  expect(await trusted("half.ipynb")).toEqual([false, false]);
});

test("a folder lists what is in it, without its content", async () => {
  const server = await runServer();
  mkdirSync(join(server.folder, "sub"));
  writeFileSync(join(server.folder, "sub", "b.md"), "x");
  writeFileSync(join(server.folder, "a.ipynb"), "{}");
  const { type, format, content } = (await server.ask("/api/contents?type=directory")).json();
  expect([type, format]).toEqual(["directory", "json"]);
  expect((content as object[]).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toMatchObject([
    { name: "a.ipynb", path: "a.ipynb", type: "notebook", content: null, size: 2 },
    { name: "sub", path: "sub", type: "directory", content: null, size: null },
  ]);
  expect((await server.ask("/api/contents/sub")).json()).toMatchObject({ content: [{ path: "sub/b.md" }] });
});

test("new things get names of their own, however many are asked for at once", async () => {
  const server = await runServer();
  const make = (body: object): Promise<Answer> => server.ask("/api/contents", { method: "POST", body });
  const made = await Promise.all(Array.from({ length: 8 }, () => make({ type: "notebook" })));
  expect(made.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
  const names = made.map((answer) => answer.json()["name"]);
  expect(new Set(names)).toEqual(
    new Set(["Untitled.ipynb", ...[1, 2, 3, 4, 5, 6, 7].map((n) => `Untitled${n}.ipynb`)]),
  );
  expect((await make({ type: "file", ext: ".ts" })).json()).toMatchObject({ name: "untitled.ts", size: 0 });
  expect((await make({ type: "directory" })).json()).toMatchObject({ name: "Untitled Folder" });
  expect((await make({ type: "directory" })).json()).toMatchObject({ name: "Untitled Folder 1" });
  expect((await make({ copy_from: "Untitled.ipynb" })).json()).toMatchObject({ name: "Untitled-Copy1.ipynb" });
  expect((await make({ copy_from: "Untitled-Copy1.ipynb" })).json()).toMatchObject({ name: "Untitled-Copy2.ipynb" });
  expect((await make({ ext: "/../a" })).status).toBe(400);
});

test("renaming takes the checkpoint along and never overwrites", async () => {
  const server = await runServer();
  await put(server, "a.txt", text("first"));
  await server.ask("/api/contents/a.txt/checkpoints", { method: "POST" });
  await put(server, "other.txt", text("other"));
  const rename = (from: string, to: string): Promise<Answer> =>
    server.ask(`/api/contents/${from}`, { method: "PATCH", body: { path: to } });
  expect((await rename("a.txt", "other.txt")).status).toBe(409);
  expect(readFileSync(join(server.folder, "other.txt"), "utf8")).toBe("other");
  expect((await rename("a.txt", "b.txt")).json()).toMatchObject({ path: "b.txt" });
  expect((await server.ask("/api/contents/b.txt/checkpoints")).json()).toMatchObject([{ id: "checkpoint" }]);
  expect((await rename("nothing.txt", "c.txt")).status).toBe(404);
  mkdirSync(join(server.folder, "d"));
  expect((await rename("d", "d/e")).status).toBe(400);
});

test("a checkpoint restores what the file was", async () => {
  const server = await runServer();
  const checkpoints = "/api/contents/a.txt/checkpoints";
  await put(server, "a.txt", text("first"));
  expect((await server.ask(checkpoints)).json()).toEqual([]);
  expect((await server.ask(checkpoints, { method: "POST" })).status).toBe(201);
  await put(server, "a.txt", text("second"));
  expect((await server.ask(`${checkpoints}/checkpoint`, { method: "POST" })).status).toBe(204);
  expect(readFileSync(join(server.folder, "a.txt"), "utf8")).toBe("first");
  expect((await server.ask(`${checkpoints}/other`, { method: "POST" })).status).toBe(404);
  expect((await server.ask(`${checkpoints}/checkpoint`, { method: "DELETE" })).status).toBe(204);
  expect((await server.ask(checkpoints)).json()).toEqual([]);
});

test("without a trash a folder with files in it is not deleted; an empty one is", async () => {
  const server = await runServer();
  await put(server, "d", { type: "directory" });
  await put(server, "d/a.txt", text("x"));
  await server.ask("/api/contents/d/a.txt/checkpoints", { method: "POST" });
  const remove = async (path: string): Promise<number> =>
    (await server.ask(`/api/contents/${path}`, { method: "DELETE" })).status;
  expect(await remove("d")).toBe(400);
  expect(existsSync(join(server.folder, "d", "a.txt"))).toBe(true);
  expect(await remove("d/a.txt")).toBe(204);
  expect(await remove("d")).toBe(204);
  expect(await remove("d")).toBe(404);
  expect(await remove("")).toBe(400);
});

test("a large file comes in pieces, and is not there before the last", async () => {
  const server = await runServer();
  await put(server, "a.bin", text("old"));
  const bytes = randomBytes(3_000_001);
  const pieces = [bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000, 2_000_000), bytes.subarray(2_000_000)];
  for (const [i, piece] of pieces.entries()) {
    const chunk = i === pieces.length - 1 ? -1 : i + 1;
    const body = { type: "file", format: "base64", content: piece.toString("base64"), chunk };
    const answer = await put(server, "a.bin", body);
    expect(answer.status).toBe(200);
    // The interface refuses an answer that is no whole model.
    expect(answer.json()).toMatchObject({ name: "a.bin", path: "a.bin", type: "file", content: null, format: null });
    if (chunk !== -1) expect(readFileSync(join(server.folder, "a.bin"), "utf8")).toBe("old");
  }
  expect(readFileSync(join(server.folder, "a.bin")).equals(bytes)).toBe(true);
  expect((await put(server, "b.bin", text("x", { chunk: 2 }))).status).toBe(400);
  expect((await put(server, "b.bin", text("x", { chunk: 0 }))).status).toBe(400);
  expect(readdirSync(server.folder)).toEqual(["a.bin"]);
});

test("20 MB go in and out, and a part of a file can be had", async () => {
  const server = await runServer();
  const bytes = randomBytes(20_000_000);
  await put(server, "a.bin", { type: "file", format: "base64", content: bytes.toString("base64") });
  const whole = await server.ask("/files/a.bin?download=1");
  expect(whole.headers["content-length"]).toBe("20000000");
  expect(whole.headers["content-disposition"]).toBe("attachment; filename*=UTF-8''a.bin");
  await put(server, "a.txt", text("0123456789"));
  const part = async (range: string): Promise<unknown[]> => {
    const { status, text: body, headers } = await server.ask("/files/a.txt", { headers: { range } });
    return [status, body, headers["content-range"]];
  };
  expect(await part("bytes=2-4")).toEqual([206, "234", "bytes 2-4/10"]);
  expect(await part("bytes=-3")).toEqual([206, "789", "bytes 7-9/10"]);
  expect(await part("bytes=8-")).toEqual([206, "89", "bytes 8-9/10"]);
  expect((await part("bytes=10-"))[0]).toBe(416);
  expect((await part("lines=1-2"))[0]).toBe(200);
});

test("a save keeps permissions, and what must not be written stays", async () => {
  const server = await runServer();
  const file = join(server.folder, "a.sh");
  writeFileSync(file, "old");
  chmodSync(file, 0o755);
  symlinkSync("a.sh", join(server.folder, "link.sh"));
  expect((await put(server, "link.sh", text("new"))).status).toBe(200);
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o755);
});

test.each([
  ["no notebook", "a.ipynb", { type: "notebook", content: [] }],
  ["a notebook of format 3", "a.ipynb", { type: "notebook", content: { nbformat: 3, cells: [] } }],
  ["a notebook without cells", "a.ipynb", { type: "notebook", content: { nbformat: 4 } }],
  ["no text", "a.txt", { type: "file", format: "text", content: 1 }],
  ["broken base64", "a.bin", { type: "file", format: "base64", content: "a?b" }],
  ["an unknown kind", "a.bin", { type: "pipe", content: "" }],
  ["a file over a folder", "d", { type: "file", format: "text", content: "" }],
  ["a file in no folder", "no/a.txt", { type: "file", format: "text", content: "" }],
])("%s is refused with a reason, and nothing is written", async (_what, path, body) => {
  const server = await runServer();
  mkdirSync(join(server.folder, "d"));
  const { status, json } = await put(server, path, body);
  expect([400, 404]).toContain(status);
  expect(json()["message"]).toMatch(/\w{3}/);
  expect(readdirSync(server.folder)).toEqual(["d"]);
});

test("settings, layouts and configuration are kept", async () => {
  const server = await runServer();
  const address = "/lab/api/settings/@lab/a:plugin";
  expect((await server.ask("/lab/api/settings")).json()).toMatchObject({
    settings: [{ id: "@lab/a:plugin", version: "1.2.3", raw: "{}" }],
  });
  expect((await server.ask(address, { method: "PUT", body: { raw: '{ // why\n"a": 1 }' } })).status).toBe(204);
  expect((await server.ask(address)).json()).toMatchObject({ raw: '{ // why\n"a": 1 }', schema: { type: "object" } });
  expect((await server.ask("/lab/api/settings/@lab/none:plugin")).status).toBe(404);
  await server.ask("/lab/api/workspaces/default", {
    method: "PUT",
    body: { data: { a: 1 }, metadata: { id: "default" } },
  });
  expect((await server.ask("/lab/api/workspaces/default")).json()).toMatchObject({ data: { a: 1 } });
  await server.ask("/api/config/notebook", { method: "PATCH", body: { a: { b: 1, c: 2 }, d: 1 } });
  await server.ask("/api/config/notebook", { method: "PATCH", body: { a: { b: null }, d: 2 } });
  expect((await server.ask("/api/config/notebook")).json()).toEqual({ a: { c: 2 }, d: 2 });
  // Changes that come together all land.
  const keys = Array.from({ length: 20 }, (_, i) => `key${i}`);
  await Promise.all(keys.map((key) => server.ask("/api/config/tree", { method: "PATCH", body: { [key]: 1 } })));
  expect((await server.ask("/api/config/tree")).json()).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
});

test("a page carries its configuration, and a name in the address can't end it", async () => {
  const server = await runServer();
  mkdirSync(join(server.folder, "<script>"));
  const { text: page } = await server.ask("/tree/%3Cscript%3E");
  expect(page).toContain('<body class="jp-ThemedContainer"');
  expect(page).toContain('"treePath":"\\u003cscript>"');
  expect(page.match(/<script[ >]/g)).toHaveLength(2);
  expect((await server.ask("/terminals/1")).status).toBe(404);
  expect((await server.ask("/api/terminals")).status).toBe(404);
});

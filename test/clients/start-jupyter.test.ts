/** `virtlab start --jupyter`: the front end of somebody's Python, with our kernel for this run alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { program } from "./command.js";
import { freePort } from "./jupyter-server.js";
import { pythonOf } from "./python.js";

test("serves the folder with our kernel and renderer, and leaves nothing", async (context) => {
  const python = pythonOf(context, ["jupyterlab"]);
  const home = mkdtempSync(join(tmpdir(), "virtlab-home-"));
  const [notes, temporary] = [join(home, "notes"), join(home, "tmp")];
  for (const folder of [notes, temporary]) mkdirSync(folder);
  writeFileSync(join(notes, "00-tour.ipynb"), '{ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [] }');
  const env = {
    ...process.env,
    HOME: home,
    TMPDIR: temporary,
    VIRTLAB_PYTHON: python,
    JUPYTER_DATA_DIR: join(home, "data"),
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
  };
  const port = await freePort();
  const child = spawn(process.execPath, [program, "start", notes, "--jupyter", "--no-browser", "--port", `${port}`], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    // Politely: a Jupyter whose parent was killed lives on.
    child.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  });
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  // The address leads to the tour.
  const address = new RegExp(`http://127.0.0.1:${port}/lab/tree/00-tour.ipynb\\?token=(\\w+)`);
  await expect.poll(() => said, { timeout: 60_000 }).toMatch(address);
  const token = address.exec(said)?.[1] ?? "";
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/${path}`, { ...init, headers: { authorization: `token ${token}` } });
  const { kernelspecs } = (await (await ask("api/kernelspecs")).json()) as { kernelspecs: Record<string, unknown> };
  expect(kernelspecs).toHaveProperty("virtlab");
  const page = await (await ask("lab")).text();
  expect(page).toMatch(/"federated_extensions": \[[^\]]*"name": "virtlab"/);
  const started = await ask("api/kernels", { method: "POST", body: '{ "name": "virtlab" }' });
  expect(started.status).toBe(201);
  // Jupyter asks the kernel something once a client is there; what it answers is seen in its state.
  const { id } = (await started.json()) as { id: string };
  const client = new WebSocket(`ws://127.0.0.1:${port}/api/kernels/${id}/channels?token=${token}`);
  client.on("error", () => undefined);
  const state = async (): Promise<unknown> =>
    ((await (await ask(`api/kernels/${id}`)).json()) as { execution_state: unknown }).execution_state;
  await expect.poll(state, { timeout: 60_000 }).toBe("idle");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  expect(readdirSync(temporary).filter((name) => name.startsWith("virtlab-"))).toEqual([]);
});

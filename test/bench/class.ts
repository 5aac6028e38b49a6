/**
 * What a student of a class takes of a server's memory, for kernel/deploy/values.yaml: proportional set sizes, once a notebook
 * has run from end to end with its types checked. A kernel's figures are the same beside twenty others but for what they share.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readNotebook } from "../../kernel/runner/index.js";
import { proportionalMebibytes } from "./peers/process-memory.js";
import { firstAnswer, firstBroadcast, startKernel } from "./peers/kernel-process.js";
import { virtlab } from "./peers/kernels.js";
import type { Bench, Contender, Room } from "./runner/measure.js";

/** Of the built file, dist/test/bench/class.js. */
const top = join(import.meta.dirname, "..", "..", "..");
const notebooks = join(top, "notebooks");
const limit = 120_000;

/** Until what a program no longer needs has been given back, and its types are there. */
const settles = 5_000;

/** A kernel that has run a notebook. */
async function kernelMemory(file: string): Promise<number> {
  const { cells } = readNotebook(readFileSync(join(notebooks, file), "utf8"), file);
  const kernel = await startKernel(virtlab);
  try {
    await firstAnswer(kernel.client, limit);
    await firstBroadcast(kernel.client, limit);
    for (const { cell_type, source } of cells) {
      if (cell_type !== "code") continue;
      const code = [source].flat().join("");
      await kernel.client.request(
        "shell",
        "execute_request",
        { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: false },
        { onBroadcast: () => undefined, timeout: limit },
      );
    }
    await pause(settles);
    return proportionalMebibytes(kernel.pid);
  } finally {
    await kernel.close();
  }
}

/** A notebook server that nobody has asked anything of but whether it is there. */
async function serverMemory(command: string, args: readonly string[]): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), "bench-class-"));
  const env = {
    ...process.env,
    HOME: home,
    JUPYTER_DATA_DIR: home,
    JUPYTER_RUNTIME_DIR: home,
    JUPYTER_CONFIG_DIR: home,
  };
  const server = spawn(command, args, { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  let said = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  try {
    for (const end = performance.now() + limit; !/http:\/\/\S+token=/.test(said);) {
      if (performance.now() > end || server.exitCode !== null) throw new Error(`${command} doesn't serve: ${said}`);
      await pause(100);
    }
    await pause(settles);
    return proportionalMebibytes(server.pid ?? NaN);
  } finally {
    server.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
}

const python = process.env["VIRTLAB_PYTHON"];
const jupyterlab: Contender = {
  name: "JupyterLab",
  ...(python === undefined ? { missing: "name the Python that has it in VIRTLAB_PYTHON" } : {}),
  run: () =>
    serverMemory(python ?? "", [
      "-m",
      "jupyterlab",
      "--no-browser",
      "--ServerApp.allow_root=True",
      "--ServerApp.port=0",
    ]),
};
const own: Contender = {
  name: "virtlab",
  run: () => {
    const program = join(top, "dist", "kernel", "cli", "main.js");
    return serverMemory(process.execPath, [program, "start", notebooks, "--no-browser", "--port", "0"]);
  },
};

const row = (name: string, ...contenders: Bench["contenders"]): Bench => ({
  name,
  unit: "MiB",
  better: "lower",
  contenders,
});

export const room: Room = {
  benches: [
    ...readdirSync(notebooks)
      .filter((name) => name.endsWith(".ipynb"))
      .sort()
      .map((name): Bench => ({
        ...row(`kernel that has run ${name}`, { name: "virtlab", run: () => kernelMemory(name) }),
        // What values.yaml sets aside for a student, less JupyterLab's server.
        goal: { median: 1024 - 80 },
      })),
    row("notebook server without a kernel", own, jupyterlab),
  ],
};

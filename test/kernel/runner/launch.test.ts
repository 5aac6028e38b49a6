import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { launchKernel } from "../../../kernel/runner/index.js";
import { temporaryFolder } from "../cli/terminal.js";

test("many kernels at once take one listener, and leave neither process nor file", async () => {
  const before = process.listenerCount("exit");
  const cwd = temporaryFolder();
  const argv = [process.execPath, "-e", "setInterval(() => {}, 1000)", "{connection_file}"];
  const kernels = await Promise.all(
    Array.from({ length: 12 }, () => launchKernel({ argv, cwd, env: process.env, transport: "ipc" })),
  );
  // One for the processes, one for their folders.
  expect(process.listenerCount("exit")).toBe(before + 2);
  const places = kernels.map(({ connection }) => connection.ip.replace(/\/kernel$/, ""));
  expect(places.filter(existsSync)).toHaveLength(12);
  for (const kernel of kernels) {
    kernel.kill();
    await kernel.died;
    kernel.forget();
  }
  expect(places.filter(existsSync)).toEqual([]);
  expect(process.listenerCount("exit")).toBe(before);
});

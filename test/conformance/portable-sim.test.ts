import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as lab from "../../sim/lab/index.js";

test("the simulator runs without Node or a browser, and does there what it does here", async () => {
  const script = join(import.meta.dirname, "bare-context.mjs");
  const args = ["--experimental-vm-modules", "--no-warnings", script];
  const bare = execFileSync(process.execPath, args, { encoding: "utf8" }).trimEnd();
  const { scenario } = (await import(join(import.meta.dirname, "scenario.mjs"))) as {
    scenario: (api: typeof lab) => string;
  };
  expect(bare.split("\n").length).toBeGreaterThan(60);
  expect(bare).toBe(scenario(lab));
});

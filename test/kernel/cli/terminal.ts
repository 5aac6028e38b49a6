import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Terminal } from "../../../kernel/cli/terminal.js";

/** A terminal that keeps what is written to it. */
export function fakeTerminal(env: NodeJS.ProcessEnv = {}): Terminal & { readonly shown: { out: string; err: string } } {
  const shown = { out: "", err: "" };
  const screen = (name: "out" | "err"): Terminal["out"] => ({
    write: (text) => (shown[name] += text),
  });
  return { out: screen("out"), err: screen("err"), env, shown };
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-test-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Run } from "./run.js";

const life = fileURLToPath(new URL("./v86-life.js", import.meta.url));
const folder = process.env["VIRTLAB_V86"] ?? "";

/** Why v86 cannot run here. It is 18 MB, and used for nothing else. */
export const missing: string | undefined = existsSync(join(folder, "build/libv86.mjs"))
  ? undefined
  : "not here: npm i v86, and name the package's folder (node_modules/v86) in VIRTLAB_V86";

/** Longer than any guest takes, in ms. */
const limit = 120_000;

/** Runs a program in v86, which starts it without firmware. Its time is that from when the emulator was ready. */
export async function runInV86(program: string): Promise<Run> {
  const { stdout } = await promisify(execFile)(process.execPath, [life, folder, program], { timeout: limit });
  return JSON.parse(stdout) as Run;
}

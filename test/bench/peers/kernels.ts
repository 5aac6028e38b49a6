import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { kernelSpec } from "../../../kernel/cli/kernelspec.js";

/** A kernel that can be started beside others. */
export interface Kernel {
  readonly name: string;
  /** As in a kernelspec: "{connection_file}" stands for the file's path. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Why it cannot be started here. */
  readonly missing?: string;
}

/** Our own, as its kernelspec starts it. */
export const virtlab: Kernel = { name: "virtlab", argv: kernelSpec().argv, environment: {} };

export const virtlabUnchecked: Kernel = {
  ...virtlab,
  name: "virtlab, unchecked",
  environment: { VIRTLAB_TYPECHECK: "off" },
};

const tslabProgram = join(dirname(createRequire(import.meta.url).resolve("tslab/dist/main.js")), "../bin/tslab");

/** As `tslab install` writes its kernelspec, with this Node. */
export const tslab: Kernel = {
  name: "tslab",
  argv: [process.execPath, tslabProgram, "kernel", "--config-path={connection_file}"],
  environment: {},
};

const denoProgram = process.env["VIRTLAB_DENO"] ?? "deno";

/** As `deno jupyter --install` writes its kernelspec. */
export const deno: Kernel = {
  name: "Deno",
  argv: [denoProgram, "jupyter", "--kernel", "--conn", "{connection_file}"],
  // Nothing but the kernel's own work is to be measured.
  environment: { DENO_NO_UPDATE_CHECK: "1" },
  ...(spawnSync(denoProgram, ["--version"]).status === 0
    ? {}
    : { missing: "not here: npm i deno, and name its binary in VIRTLAB_DENO" }),
};

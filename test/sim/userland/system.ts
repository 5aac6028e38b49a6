import { createWorld } from "../../../sim/core/index.js";
import { Kernel, type KernelOptions } from "../../../sim/os/index.js";
import { installPrograms, runShell, writeRoot, type Result, type RunOptions } from "../../../sim/userland/index.js";

/** A kernel with the userland as its root file system. */
export function linux(options: Partial<KernelOptions> = {}): Kernel {
  const kernel = new Kernel({ world: createWorld({ seed: 1 }), ...options });
  installPrograms(kernel);
  kernel.run((sys) => writeRoot(sys));
  return kernel;
}

let places = 0;

/** Runs a script in an empty directory of its own. */
export function inEmptyDirectory(kernel: Kernel, script: string, options: RunOptions = {}): Result {
  const cwd = `/tmp/place${++places}`;
  kernel.run(function* (sys) {
    yield* sys.mkdir(cwd, 0o755);
  });
  return runShell(kernel, script, { cwd, ...options, env: { LC_ALL: "C", PATH: "/usr/bin:/bin", ...options.env } });
}

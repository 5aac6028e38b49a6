import type { Activity } from "../../../sim/core/index.js";
import { GiB } from "../../../sim/core/index.js";
import type { Kernel, Sys } from "../../../sim/os/index.js";
import { furnish, runShell } from "../../../sim/userland/index.js";
import { kernel, play } from "../os/system.js";

/** A Linux with its userland and whatever is installed on top. */
export function host(install: (sys: Sys, on: Kernel) => Activity<unknown>): {
  readonly kernel: Kernel;
  /** What a script prints; its exit status is put behind that where it isn't 0. */
  readonly sh: (script: string) => string;
} {
  const made = kernel({ memory: GiB(1), hostname: "host" });
  furnish(made);
  play((sys) => install(sys, made), made);
  return {
    kernel: made,
    sh(script) {
      const { output, status } = runShell(made, script);
      return status === 0 ? output : `${output}[${status}]\n`;
    },
  };
}

/** Lines of a text, without the last empty one. */
export const lines = (text: string): string[] => text.split("\n").slice(0, -1);

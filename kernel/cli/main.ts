#!/usr/bin/env node
import { constants } from "node:os";
import { virtlab } from "./commands.js";

// Ending through `exit` runs the exit handlers, which end the kernels and remove their files.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

process.exitCode = await virtlab(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
});

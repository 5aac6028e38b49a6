import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Guest, WasmKind } from "./guests.js";
import type { Run } from "./run.js";

const life = fileURLToPath(new URL("./wasm-life.js", import.meta.url));
/** V8's optimising compiler alone. */
const engine = "--no-liftoff";

/** Why the guest cannot run as WebAssembly. */
export function lackOf(kind: WasmKind, { wasm }: Guest): string | undefined {
  const compiled = wasm?.[kind];
  if (compiled === undefined) return "not compiled to WebAssembly";
  return "missing" in compiled ? compiled.missing : undefined;
}

/** Runs the program in this V8 without any machine around it: what is left for a translator to WebAssembly to lose. */
export async function runInWasm(kind: WasmKind, { wasm, times = 1 }: Guest): Promise<Run> {
  const compiled = wasm?.[kind];
  if (compiled === undefined || "missing" in compiled) throw new Error(`no ${kind} program`);
  const { stdout } = await promisify(execFile)(process.execPath, [engine, life, compiled.program, String(times)]);
  return JSON.parse(stdout) as Run;
}

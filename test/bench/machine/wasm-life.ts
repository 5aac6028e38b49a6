/**
 * A process of its own that runs a program as WebAssembly, all of it optimised before it begins, and prints what that took:
 * `Run`. Arguments: the module, how many times the program is gone through.
 */
import { readFileSync } from "node:fs";
import { compile, instantiate } from "../../../sim/wasm/index.js";
import type { Run } from "./run.js";

const [path, times] = process.argv.slice(2);
if (path === undefined || times === undefined) throw new Error("call it with a module and how many times");
const bytes = new Uint8Array(readFileSync(path));
const before = process.cpuUsage();
const begin = performance.now();
const { program } = instantiate(compile(bytes), {}) as { readonly program: () => bigint };
// As main() in board.c.
let result = 0n;
for (let time = 0; time < Number(times); time++) result = BigInt.asUintN(64, 31n * result + program());
const run: Run = {
  user: process.cpuUsage(before).user / 1e6,
  wall: (performance.now() - begin) / 1000,
  answer: result.toString(16).padStart(16, "0"),
};
console.log(JSON.stringify(run));

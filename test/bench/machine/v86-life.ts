/**
 * A process of its own with v86, which runs one program to the end of its first line and prints what that took: `Life`.
 * Arguments: the folder of the package, the program.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MiB } from "../../../sim/core/index.js";
import type { Run } from "./run.js";

/** As much of v86's interface as is used here (its v86.d.ts). */
interface Emulator {
  run(): void;
  add_listener(event: "emulator-ready" | "serial0-output-byte", listener: (byte: number) => void): void;
}
type V86 = new (options: Readonly<Record<string, unknown>>) => Emulator;

const [folder, program] = process.argv.slice(2);
if (folder === undefined || program === undefined) throw new Error("call it with v86's folder and a program");
const { V86: Machine } = (await import(pathToFileURL(join(folder, "build/libv86.mjs")).href)) as { readonly V86: V86 };
const image = new Uint8Array(readFileSync(program));
const emulator = new Machine({
  wasm_path: join(folder, "build/v86.wasm"),
  memory_size: MiB(64),
  multiboot: { buffer: image.buffer },
  autostart: false,
  log_level: 0,
});
let [before, begin] = [process.cpuUsage(), 0];
let line = "";
emulator.add_listener("emulator-ready", () => {
  before = process.cpuUsage();
  begin = performance.now();
  emulator.run();
});
emulator.add_listener("serial0-output-byte", (byte) => {
  if (byte !== 10) {
    line += String.fromCharCode(byte);
    return;
  }
  const run: Run = {
    user: process.cpuUsage(before).user / 1e6,
    wall: (performance.now() - begin) / 1000,
    answer: line,
  };
  console.log(JSON.stringify(run));
  process.exit();
});

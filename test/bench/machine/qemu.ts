import { spawn, spawnSync } from "node:child_process";
import type { Guest } from "./guests.js";
import type { Run } from "./run.js";

const command = "qemu-system-riscv64";

/** Why QEMU cannot run here. */
export const missing: string | undefined =
  spawnSync(command, ["--version"]).status === 0 ? undefined : `no ${command} here (Debian: qemu-system-misc)`;

/** Longer than any guest takes, in ms. */
const limit = 120_000;

/**
 * Runs a guest in QEMU until it switches off, or shows what is waited for. Its time is the process's own as the shell that
 * started it accounts for it (POSIX `times`), start included: some 30 ms.
 */
export async function runInQemu({ program, kernel, until }: Guest, options: readonly string[]): Promise<Run> {
  const images = kernel === undefined ? ["-bios", "none", "-kernel", program] : ["-bios", program, "-kernel", kernel];
  const board = ["-M", "virt", "-m", "64M", "-display", "none", "-monitor", "none", "-serial", "stdio"];
  const begin = performance.now();
  const shell = spawn(
    "sh",
    ["-c", '"$@" & echo $! >&3; wait; echo; times', "sh", command, ...board, ...options, ...images],
    {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    },
  );
  let pid = "";
  shell.stdio[3]?.on("data", (text: Buffer) => (pid += text.toString()));
  // The shell stays, to tell of QEMU's time.
  const end = (): void => void process.kill(Number(pid));
  const late = setTimeout(end, limit);
  let said = "";
  shell.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  let output = "";
  let shown = 0;
  shell.stdout?.setEncoding("utf8");
  shell.stdout?.on("data", (text: string) => {
    output += text;
    if (until === undefined || shown > 0 || !output.includes(until)) return;
    shown = performance.now();
    end();
  });
  await new Promise((resolve) => shell.once("close", resolve));
  clearTimeout(late);
  const wall = (shown > 0 ? shown : performance.now()) - begin;
  const times = /\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s\n$/.exec(output);
  if (times === null || (until !== undefined && shown === 0))
    throw new Error(`${command} ${program}: ${said}${output}`);
  const [userMinutes = NaN, user = NaN, systemMinutes = NaN, system = NaN] = times.slice(1).map(Number);
  return {
    user: userMinutes * 60 + user,
    processor: (userMinutes + systemMinutes) * 60 + user + system,
    wall: wall / 1000,
    answer: until ?? output.split("\n")[0] ?? "",
  };
}

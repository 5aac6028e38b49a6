import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { Guest, LinuxTarget } from "./guests.js";
import type { Run } from "./run.js";

/** Who runs a program of Linux: this computer's processor, or an emulator of user programs. */
export interface LinuxPeer {
  readonly target: LinuxTarget;
  readonly emulator?: string;
}

/** Why it cannot run the guest here. */
export function lackOf({ target, emulator }: LinuxPeer, { linux }: Guest): string | undefined {
  const compiled = linux?.[target];
  if (process.platform !== "linux") return "programs of Linux alone";
  if (compiled === undefined) return "not compiled for Linux";
  if ("missing" in compiled) return compiled.missing;
  if (emulator === undefined || spawnSync(emulator, ["--version"]).status === 0) return undefined;
  return `no ${emulator} here (Debian: qemu-user)`;
}

/** Runs the guest's program of Linux. Its time is what the shell that started it accounts for it (POSIX `times`). */
export async function runInLinux({ target, emulator }: LinuxPeer, { linux }: Guest): Promise<Run> {
  const compiled = linux?.[target];
  if (compiled === undefined || "missing" in compiled) throw new Error(`no program for ${target}`);
  const command = [...(emulator === undefined ? [] : [emulator]), compiled.program];
  const begin = performance.now();
  const { stdout } = await promisify(execFile)("sh", ["-c", '"$@"; times', "sh", ...command], { timeout: 120_000 });
  const wall = (performance.now() - begin) / 1000;
  const [answer = "", , children = ""] = stdout.split("\n");
  const user = /^(\d+)m([\d.]+)s/.exec(children);
  if (user === null) throw new Error(`${command.join(" ")}: ${stdout}`);
  return { user: Number(user[1]) * 60 + Number(user[2]), wall, answer };
}

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export const top: string = join(import.meta.dirname, "..", "..");
/** The built program. */
export const program: string = join(top, "dist", "kernel", "cli", "main.js");

if (!existsSync(program)) throw new Error(`${program} is missing: run npm run build`);

export interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export function call(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error) throw error;
  return { exit: status, out: stdout, err: stderr };
}

/** Runs the built `virtlab` to its end. */
export const virtlab = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ran =>
  call(process.execPath, [program, ...args], cwd, env);

/** Starts the built `virtlab`. */
export function start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ReturnType<typeof spawn> {
  return spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...env }, stdio: "ignore" });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until it holds. @throws Error after the seconds */
export async function until(holds: () => boolean, seconds: number, what: string): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

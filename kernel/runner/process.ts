import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../sim/core/index.js";
import type { Death } from "./client.js";

/** The package's top folder, found from here whether this file is the source or the build. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The built program that the kernelspec starts. */
export const kernelProgram = (): string => join(packageFolder(), "dist", "kernel", "cli", "kernel.cjs");

/** @throws UsageError where the kernel isn't built */
export function builtKernelProgram(): string {
  const program = kernelProgram();
  if (existsSync(program)) return program;
  throw new UsageError("the kernel is not built", "Run npm run build first.");
}

/** Node's arguments that the kernel needs: without it, interrupting a loop in a timer aborts the process. */
const kernelNodeOptions: readonly string[] = ["--no-force-async-hooks-checks"];

/** The command that starts our kernel, as in a kernelspec. */
export const kernelCommand = (nodeOptions: readonly string[] = []): readonly string[] => [
  process.execPath,
  ...nodeOptions,
  ...kernelNodeOptions,
  kernelProgram(),
  "{connection_file}",
];

export interface ProcessOptions {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A kernel's operating-system process. */
export interface KernelProcess {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly died: Promise<Death>;
  /** Ends the process and what it started, at once. */
  kill(): void;
  /** Interrupts the process and what it started, as Ctrl-C in a terminal does. */
  interrupt(): void;
}

const running = new Set<KernelProcess>();

/** Leaves no kernel behind, however this process ends short of SIGKILL. */
function killAll(): void {
  for (const kernel of running) kernel.kill();
}

/** The whole group, so that it reaches the programs that a cell started. Windows has no groups: there, the process alone. */
function signalGroup(child: ChildProcess, signal: "SIGKILL" | "SIGINT"): void {
  try {
    if (child.pid !== undefined && process.platform !== "win32") process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch (error) {
    // ESRCH: it has ended by itself. EPERM: so it has on macOS, where only its zombie is left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** How much of the process's standard error is kept for the message about its end. */
const remembered = 4096;

/** A program that can't be started is a process that died. */
export function startProcess({ argv: [program = "", ...args], cwd, env }: ProcessOptions): KernelProcess {
  const child = spawn(program, args, {
    cwd,
    // The kernel ends itself when this process, its parent, has gone (Jupyter's convention).
    env: { ...env, JPY_PARENT_PID: String(process.pid) },
    // A group of its own: Ctrl-C in a terminal reaches the runner alone, and the group can be ended as one.
    detached: process.platform !== "win32",
    stdio: ["ignore", "ignore", "pipe"],
  });
  let lastWords = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-remembered);
  });
  const died = new Promise<Death>((resolve) => {
    child.once("error", (error) => {
      resolve({ code: null, signal: null, lastWords: error.message });
    });
    child.once("exit", (code, signal) => {
      signalGroup(child, "SIGKILL");
      const tell = (): void => {
        resolve({ code, signal, lastWords });
      };
      // What it wrote last may still be in the pipe, and a process that left the group may hold the pipe open for ever.
      child.once("close", tell);
      setTimeout(tell, 500).unref();
    });
  });
  const kernel: KernelProcess = {
    pid: child.pid ?? 0,
    died,
    kill: (): void => {
      signalGroup(child, "SIGKILL");
    },
    interrupt: (): void => {
      signalGroup(child, "SIGINT");
    },
  };
  if (running.size === 0) process.once("exit", killAll);
  running.add(kernel);
  void died.then(() => {
    running.delete(kernel);
    if (running.size === 0) process.removeListener("exit", killAll);
  });
  return kernel;
}

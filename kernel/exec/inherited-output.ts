import childProcess, { type ChildProcess, type StdioOptions } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import type { Readable } from "node:stream";

type StreamName = "stdout" | "stderr";

/** What a program is started with, as far as it is looked at; Node checks the rest. */
interface SpawnOptions {
  readonly stdio?: StdioOptions;
  readonly encoding?: BufferEncoding | "buffer" | null;
}

/** What a program that was waited for wrote: of `spawnSync` its result, of the others in the error that they throw. */
interface Written {
  stdout?: unknown;
  stderr?: unknown;
  output?: unknown[] | null;
}

/**
 * Shows what programs write that inherit the kernel's standard output or error (`stdio: "inherit"`) at the cell that
 * started them, where a terminal would show it. Node can't redirect a descriptor, so such a program is given a pipe, whose
 * end here is copied; to it, its output is no terminal. What a program writes that is waited for (`execSync`) is shown
 * when it has ended.
 */
export function captureInherited(): void {
  // Node's own type leaves out the method by which all programs that aren't waited for are started.
  const untyped: unknown = childProcess.ChildProcess.prototype;
  const prototype = untyped as { spawn: (options: SpawnOptions) => unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    const { stdio, inherited } = withPipes(options.stdio);
    if (inherited.size === 0) return Reflect.apply(spawn, this, [options]);
    const result: unknown = Reflect.apply(spawn, this, [{ ...options, stdio }]);
    // Node makes none for a program that couldn't be started.
    const ends = this.stdio as ChildProcess["stdio"] | undefined;
    if (ends === undefined) return result;
    for (const [index, name] of inherited) {
      const pipe = ends[index] as Readable | null | undefined;
      pipe?.on("data", (chunk: Buffer) => process[name].write(chunk));
      Object.assign(ends, { [index]: null });
      if (index === 1) this.stdout = null;
      if (index === 2) this.stderr = null;
    }
    return result;
  };

  for (const name of ["spawnSync", "execFileSync", "execSync"] as const) {
    const original = childProcess[name] as (...given: readonly unknown[]) => unknown;
    const wrapped = (...given: readonly unknown[]): unknown => {
      const at = given.findIndex((each, index) => index > 0 && isOptions(each));
      const options = at === -1 ? undefined : (given[at] as SpawnOptions);
      const { stdio, inherited } = withPipes(options?.stdio);
      if (inherited.size === 0) return original(...given);
      const piped = given.with(at, { maxBuffer: Infinity, ...options, stdio });
      const show = (written: Written): void => {
        showWritten(written, inherited, options?.encoding);
      };
      try {
        const result = original(...piped);
        if (name === "spawnSync") show(result as Written);
        else if (inherited.has(1)) {
          show({ stdout: result });
          return null;
        }
        return result;
      } catch (error) {
        if (typeof error === "object" && error !== null && "output" in error) show(error as Written);
        throw error;
      }
    };
    Object.defineProperty(wrapped, "name", { value: name });
    Object.defineProperty(childProcess, name, { value: wrapped, writable: true, configurable: true, enumerable: true });
  }
  syncBuiltinESMExports();
}

const isOptions = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** With pipes in the place of the kernel's output and error, and which they stand for. */
function withPipes(stdio: StdioOptions | null | undefined): {
  readonly stdio: StdioOptions | undefined;
  readonly inherited: ReadonlyMap<number, StreamName>;
} {
  const list: unknown[] =
    stdio === "inherit" ? ["inherit", "inherit", "inherit"] : Array.isArray(stdio) ? [...stdio] : [];
  const inherited = new Map<number, StreamName>();
  for (const [index, each] of list.entries()) {
    const name = each === "inherit" ? streams[index] : streamOf(each);
    if (name === undefined) continue;
    inherited.set(index, name);
    list[index] = "pipe";
  }
  return { stdio: list as StdioOptions, inherited };
}

const streams: readonly (StreamName | undefined)[] = [undefined, "stdout", "stderr"];

function streamOf(given: unknown): StreamName | undefined {
  if (given === 1 || given === process.stdout) return "stdout";
  return given === 2 || given === process.stderr ? "stderr" : undefined;
}

function showWritten(
  written: Written,
  inherited: ReadonlyMap<number, StreamName>,
  encoding: SpawnOptions["encoding"],
): void {
  for (const [index, name] of inherited) {
    const field = streams[index];
    const text = field === undefined ? written.output?.[index] : written[field];
    if (typeof text === "string")
      process[name].write(Buffer.from(text, encoding === "buffer" ? undefined : (encoding ?? "utf8")));
    else if (text instanceof Uint8Array) process[name].write(text);
    if (field !== undefined && field in written) written[field] = null;
    if (Array.isArray(written.output)) written.output[index] = null;
  }
}

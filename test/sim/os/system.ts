import { createWorld, encodeUtf8, type Activity } from "../../../sim/core/index.js";
import {
  attempt,
  Errno,
  Kernel,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
  type KernelOptions,
  type Sys,
} from "../../../sim/os/index.js";

/** A kernel of a world of its own. */
export function kernel(options: Partial<KernelOptions> = {}): Kernel {
  return new Kernel({ world: createWorld({ seed: 1 }), ...options });
}

/** What a task says, and what it said at the end. */
export function play<T>(body: (sys: Sys) => Activity<T>, on: Kernel = kernel()): T {
  let result: { readonly value: T } | undefined;
  let failure: { readonly error: unknown } | undefined;
  on.run(function* (sys) {
    try {
      result = { value: yield* body(sys) };
    } catch (error) {
      failure = { error };
    }
  });
  if (failure !== undefined) throw failure.error instanceof Error ? failure.error : new Error(String(failure.error));
  if (result === undefined) throw new Error(`the task ended before its last line: ${on.panicked ?? ""}`);
  return result.value;
}

/** The name of the errno that calls fail with; "ok" where they don't. */
export function* code(calls: Activity<unknown>): Activity<string> {
  const outcome = yield* attempt(calls);
  return outcome instanceof Errno ? outcome.code : "ok";
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export function* writeFile(sys: Sys, path: string, content: string, mode = 0o644): Activity<undefined> {
  const fd = yield* sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  yield* sys.write(fd, encodeUtf8(content));
  yield* sys.close(fd);
  return undefined;
}

export function* readFile(sys: Sys, path: string): Activity<string> {
  const fd = yield* sys.open(path);
  let all = "";
  for (;;) {
    const bytes = yield* sys.read(fd, 4096);
    if (bytes.length === 0) break;
    all += text(bytes);
  }
  yield* sys.close(fd);
  return all;
}

/** The names in a directory, sorted. */
export function* names(sys: Sys, path: string): Activity<string[]> {
  const fd = yield* sys.open(path);
  const entries = yield* sys.getdents64(fd);
  yield* sys.close(fd);
  return entries
    .map((entry) => entry.name)
    .filter((name) => name !== "." && name !== "..")
    .sort();
}

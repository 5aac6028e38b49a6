import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { encode } from "../program/encoding.js";
import { quoteName } from "../program/quoting.js";
import { writeAll } from "../program/streams.js";

/** execvp(3): looks for a command along PATH and becomes it. @returns why that failed: 127 or 126, having said so */
export function* execInPath(
  sys: Sys,
  words: readonly string[],
  env: readonly string[],
  name: string,
  say?: (command: string, why: string) => string,
): Activity<number> {
  const [command = ""] = words;
  const path = env.find((entry) => entry.startsWith("PATH="))?.slice(5) ?? "/usr/local/bin:/usr/bin:/bin";
  const candidates = command.includes("/")
    ? [command]
    : path.split(":").map((directory) => `${directory === "" ? "." : directory}/${command}`);
  let failure: Errno | undefined;
  for (const candidate of candidates) {
    const tried = yield* attempt(sys.execve(candidate, words, env));
    if (!(tried instanceof Errno)) return 0;
    if (tried.code === "ENOEXEC") {
      yield* attempt(sys.execve("/bin/sh", ["sh", candidate, ...words.slice(1)], env));
      failure = tried;
    } else if (failure === undefined || tried.code !== "ENOENT") failure = tried;
  }
  if (say !== undefined) {
    yield* writeAll(sys, 2, encode(`${say(command, failure?.message ?? "")}\n`));
    return failure?.code === "ENOENT" ? 127 : 126;
  }
  const shown = name === "xargs" ? command : quoteName(command);
  const verb = name === "env" || name === "xargs" ? "" : "failed to run command ";
  yield* writeAll(sys, 2, encode(`${name}: ${verb}${shown}: ${failure?.message ?? ""}\n`));
  return failure?.code === "ENOENT" ? 127 : 126;
}

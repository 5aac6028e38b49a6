import { concatBytes, encodeUtf8, Signal, UsageError, type World } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import type { ProcessSession } from "../apiserver/session.js";
import { at, listAt, stringAt, type JsonObject } from "../objects/value.js";

/** What a command in a container printed, and how it ended. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a process to its end, with a text as its standard input.
 * @throws UsageError where it can't be begun, or waits for what nothing will bring about
 */
export function runSession(world: World, session: ProcessSession, stdin: string): ExecResult {
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const ended = new Signal<JsonObject>("exec");
  const input = session.start({
    output: (stream, bytes) => parts[stream].push(bytes),
    end: (status) => {
      ended.fire(status);
    },
  });
  if (stdin !== "") input.input(encodeUtf8(stdin));
  input.closeInput();
  world.engine.run(ended);
  if (!ended.settled) {
    input.close();
    throw new UsageError("nothing will end this command", "Give it what it reads as stdin, or run another one.");
  }
  const status = ended.value;
  const code = listAt(status, "details", "causes").find((cause) => at(cause, "reason") === "ExitCode");
  if (status["status"] !== "Success" && code === undefined)
    throw new UsageError(
      stringAt(status, "message") ?? "the command could not be run",
      "Look whether the image has it.",
    );
  const exitCode = Number(stringAt(code, "message") ?? 0);
  return { stdout: textOf(concatBytes(parts.stdout)), stderr: textOf(concatBytes(parts.stderr)), exitCode };
}

/** Words as a query: `command=ls&command=-l`. */
export const commandQuery = (command: readonly string[]): string =>
  command.map((word) => `command=${encodeURIComponent(word)}`).join("&");

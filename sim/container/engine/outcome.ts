import { UsageError } from "../../core/index.js";
import { Errno, signalNumbers, type SignalName } from "../../os/index.js";
import { NetworkError } from "../network/errors.js";
import { EngineError, invalid } from "./errors.js";

/** A signal by its name, with or without SIG, or its number. @throws EngineError for none */
export function signalOf(text: string): SignalName {
  const names = Object.keys(signalNumbers) as SignalName[];
  const wanted = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const found = names.find((name) => name === wanted || String(signalNumbers[name]) === text);
  if (found === undefined) throw invalid(`Invalid signal: ${text}`, 'Write it as "SIGTERM", "TERM" or 15.');
  return found;
}

/** What can't be executed gives 126, what isn't there 127, all else 128: moby's setExitCodeFromError. */
function codeOf(text: string): 126 | 127 | 128 {
  if (/executable file not found|no such file or directory/i.test(text)) return 127;
  return /permission denied|not a directory|exec format error|is a directory/i.test(text) ? 126 : 128;
}

/** Why a container's process didn't start, in Docker's words, and the exit code that stands for it. */
export function failureOf(error: unknown): { readonly code: 126 | 127 | 128; readonly message: string } {
  if (error instanceof EngineError || error instanceof NetworkError) return { code: 128, message: error.message };
  const { text, code } = reasonOf(error);
  return {
    code,
    message: `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${text}: unknown`,
  };
}

/** The same for a further process in a container. */
export function execFailureOf(error: unknown): { readonly code: 126 | 127 | 128; readonly message: string } {
  const { text, code } = reasonOf(error);
  return {
    code,
    message: `OCI runtime exec failed: exec failed: unable to start container process: ${text}: unknown`,
  };
}

function reasonOf(error: unknown): { readonly text: string; readonly code: 126 | 127 | 128 } {
  // Our own mistakes are no container's.
  if (!(error instanceof Errno) && !(error instanceof UsageError)) throw error;
  const text = error.message
    .replace("No such file or directory", "no such file or directory")
    .replace("Permission denied", "permission denied");
  return { text, code: codeOf(text) };
}

export const hintOf = (error: unknown): string =>
  error instanceof UsageError ? error.hint : "Look at the image, the command and what is mounted.";

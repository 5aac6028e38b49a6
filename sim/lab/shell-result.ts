import { formatDuration, type Nanos, type TextView } from "../core/index.js";
import type { Result } from "../userland/index.js";

/** What a script printed and how it ended, shown as a terminal would show it. */
export interface ShellResult extends Result {
  /** The virtual time that it took. */
  readonly took: Nanos;
  view(): TextView;
}

/** How a script ended, in words. */
export const describeEnd = (status: number): string =>
  status > 128 ? `ended by signal ${status - 128}` : `exit status ${status}`;

/** What a terminal shows of it; behind that, where it failed, how. */
function terminalText({ output, status }: Result, took: Nanos): string {
  const ended = status === 0 ? "" : `[${describeEnd(status)}, ${formatDuration(took)}]`;
  return output + (output === "" || output.endsWith("\n") || ended === "" ? "" : "\n") + ended;
}

export const shellResult = (result: Result, took: Nanos): ShellResult => ({
  ...result,
  took,
  view: () => ({ as: "text", text: terminalText(result, took) }),
});

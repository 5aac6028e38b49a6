import type { Activity } from "../../core/index.js";
import { attempt, signalNumbers, type SignalName, type Sys } from "../../os/index.js";
import type { Shell } from "./state.js";

/** Signals by name without SIG, and EXIT. */
const numbers: ReadonlyMap<string, number> = new Map([
  ["EXIT", 0],
  ...Object.entries(signalNumbers).map(([name, number]) => [name.slice(3), number] as const),
]);
const byNumber: ReadonlyMap<number, string> = new Map([...numbers].map(([name, number]) => [number, name]));

/** A signal's name without SIG, from a name or number as people write them; undefined where there is none. */
export function signalName(text: string): string | undefined {
  if (/^\d+$/.test(text)) return byNumber.get(Number(text));
  const name = text.toUpperCase().replace(/^SIG/, "");
  return numbers.has(name) ? name : undefined;
}

export const signalNumber = (name: string): number => numbers.get(name) ?? 0;

/** What an interactive shell ignores, or only lets itself be interrupted by. */
const interactiveIgnored = ["TERM", "QUIT"];
const jobIgnored = ["TSTP", "TTIN", "TTOU"];

const systemName = (name: string): SignalName => `SIG${name}` as SignalName;

/** Has a signal do what the shell's state says. */
export function* arrange(shell: Shell, name: string): Activity<undefined> {
  if (name === "EXIT" || name === "KILL" || name === "STOP") return undefined;
  const action = shell.traps.get(name);
  const { sys } = shell;
  const signal = systemName(name);
  const handler = function* (): Activity<undefined> {
    shell.caught.push(name);
    return undefined;
  };
  if (action === "") yield* sys.rt_sigaction(signal, "SIG_IGN");
  else if (action !== undefined) yield* sys.rt_sigaction(signal, handler);
  else if (shell.interactive && interactiveIgnored.includes(name)) yield* sys.rt_sigaction(signal, "SIG_IGN");
  else if (shell.terminal !== undefined && jobIgnored.includes(name)) yield* sys.rt_sigaction(signal, "SIG_IGN");
  else if (shell.interactive && name === "INT") yield* sys.rt_sigaction(signal, handler);
  else yield* sys.rt_sigaction(signal, "SIG_DFL");
  return undefined;
}

/** What signals are arranged for in an interactive shell. */
export const interactiveSignals: readonly string[] = ["INT", ...interactiveIgnored, ...jobIgnored];

/**
 * What a child of the shell does about signals before it goes on: handlers are the shell's, and so is what it ignores for
 * its own sake; a list in the background without job control ignores the keyboard's signals (POSIX 2.11).
 */
export function defaultSignals(shell: Shell, background: boolean): (sys: Sys) => Activity<undefined> {
  const names = [...shell.traps].filter(([name, action]) => action !== "" && name !== "EXIT").map(([name]) => name);
  if (shell.interactive || shell.terminal !== undefined)
    names.push(...interactiveSignals.filter((name) => !shell.traps.has(name)));
  const ignore = background && shell.terminal === undefined ? ["INT", "QUIT"] : [];
  return function* (sys) {
    for (const name of names) yield* attempt(sys.rt_sigaction(systemName(name), "SIG_DFL"));
    for (const name of ignore) yield* sys.rt_sigaction(systemName(name), "SIG_IGN");
    return undefined;
  };
}

const exits = (shell: Shell): boolean => shell.jump?.kind === "exit";

/** Runs the traps of signals that came. */
export function* runTraps(shell: Shell): Activity<undefined> {
  while (shell.caught.length > 0 && !exits(shell)) {
    const name = shell.caught.shift() ?? "";
    const action = shell.traps.get(name);
    if (action === undefined && name === "INT" && shell.interactive) {
      yield* shell.tell("\n");
      shell.status = 130;
      shell.jump = { kind: "prompt" };
      return undefined;
    }
    if (action === undefined || action === "") continue;
    const { status } = shell;
    yield* shell.runner.text(shell, action);
    if (!exits(shell)) shell.status = status;
  }
  return undefined;
}

/** The end of a shell: its EXIT trap. @returns the exit status */
export function* endOf(shell: Shell): Activity<number> {
  const action = shell.traps.get("EXIT");
  if (action !== undefined && action !== "") {
    shell.traps.delete("EXIT");
    const { status } = shell;
    shell.jump = undefined;
    yield* shell.runner.text(shell, action);
    if (!exits(shell)) shell.status = status;
  }
  return shell.status;
}

import type { Activity } from "../../core/index.js";
import { attempt, describeStatus, Errno, type Sys } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { decode } from "../program/encoding.js";
import { readAll } from "../program/streams.js";
import { execInPath } from "./execution.js";

/** The items of the input: by white space, with quotes and backslashes, or by a delimiter. */
function itemsOf(text: string, delimiter: string | undefined): string[] {
  if (delimiter !== undefined) {
    const items = text.split(delimiter);
    if (items.at(-1) === "") items.pop();
    return items;
  }
  const items: string[] = [];
  for (const [word] of text.matchAll(/(?:'[^'\n]*'|"[^"\n]*"|\\[^]|[^\s'"\\])+/g))
    items.push(
      word.replace(/'([^'\n]*)'|"([^"\n]*)"|\\([^])/g, (_all, a?: string, b?: string, c?: string) => a ?? b ?? c ?? ""),
    );
  const rest = text.replace(/(?:'[^'\n]*'|"[^"\n]*"|\\[^]|[^\s'"\\])+/g, "");
  const open = /['"]/.exec(rest)?.[0];
  if (open !== undefined)
    throw new Failure(
      `unmatched ${open === "'" ? "single" : "double"} quote; by default quotes are special to xargs unless you use the -0 option`,
    );
  return items;
}

/** Runs a command to its end. @returns its exit status; 127 where there is none, 126 where it can't be run */
export function* runCommandLine(
  sys: Sys,
  words: readonly string[],
  env: readonly string[],
  name: string,
): Activity<number> {
  const pid = yield* sys.clone(function* (child) {
    return yield* execInPath(child, words, env, name);
  });
  const waited = yield* attempt(sys.wait4(pid));
  if (waited instanceof Errno || waited === undefined) return 1;
  const how = describeStatus(waited.status);
  return "exited" in how ? how.exited : 128 + how.signal;
}

function* run(it: Invocation): Activity<number> {
  const delimiter = it.has("0") ? "\0" : it.value("d")?.replace("\\n", "\n").replace("\\0", "\0").replace("\\t", "\t");
  const replaced = it.value("I");
  const words = it.operands.length === 0 ? ["echo"] : [...it.operands];
  const text = decode(yield* readAll(it.sys, 0));
  const lines = replaced !== undefined || it.value("L") !== undefined;
  const all =
    lines && delimiter === undefined
      ? text
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line !== "")
      : itemsOf(text, delimiter);
  const size = replaced !== undefined ? 1 : Number(it.value("n") ?? it.value("L") ?? 5000);
  const batches: string[][] = [];
  for (let at = 0; at < all.length; at += size) batches.push(all.slice(at, at + size));
  if (batches.length === 0 && !it.has("r") && replaced === undefined) batches.push([]);
  let status = 0;
  for (const batch of batches) {
    const items = it.value("L") !== undefined ? batch.flatMap((line) => itemsOf(line, undefined)) : batch;
    const line =
      replaced === undefined ? [...words, ...items] : words.map((word) => word.replaceAll(replaced, items[0] ?? ""));
    if (it.has("t")) yield* it.complain(line.join(" "), 0);
    const ended = yield* runCommandLine(it.sys, line, it.env, "xargs");
    if (ended === 126 || ended === 127) return ended;
    if (ended === 255) throw new Failure(`${words[0] ?? ""}: exited with status 255; aborting`, 124);
    if (ended > 128) throw new Failure(`${words[0] ?? ""}: terminated by signal ${ended - 128}`, 125);
    if (ended !== 0) status = 123;
  }
  return status;
}

export const xargs: Command = {
  name: "xargs",
  usage: ["[OPTION]... COMMAND [INITIAL-ARGS]..."],
  about: "Run COMMAND with arguments INITIAL-ARGS and more arguments read from input.",
  options: [
    { short: "0", long: "null", help: "items are separated by a null, not whitespace" },
    { short: "d", long: "delimiter", argument: "CHARACTER", help: "items in input stream are separated by CHARACTER" },
    { short: "I", argument: "R", help: "replace R in INITIAL-ARGS with names read from input" },
    {
      short: "L",
      long: "max-lines",
      argument: "MAX-LINES",
      help: "use at most MAX-LINES non-blank input lines per command",
    },
    { short: "n", long: "max-args", argument: "MAX-ARGS", help: "use at most MAX-ARGS arguments per command line" },
    { short: "P", long: "max-procs", argument: "MAX-PROCS", help: "(ignored: one process at a time)" },
    { short: "r", long: "no-run-if-empty", help: "if there are no arguments, then do not run COMMAND" },
    { short: "t", long: "verbose", help: "print commands before executing them" },
  ],
  posix: true,
  run,
};

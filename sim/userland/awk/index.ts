/**
 * awk: POSIX's awk (XCU, "awk"), as Debian's mawk has it: text is bytes. lexer and parser make a tree (syntax), interpreter runs it;
 * values (numbers, texts, and input that may look like either), variables (slots, arrays, fields), main-input (the operands'
 * records), io (files and commands that are open), builtins and calls (functions).
 */
import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_RDONLY } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { decode } from "../program/encoding.js";
import { readAll } from "../program/streams.js";
import { Interpreter } from "./interpreter.js";
import { bytesText } from "./io.js";
import { parse } from "./parser.js";
import { AwkSyntaxError, type Program } from "./syntax.js";

function* sourceOf(it: Invocation): Activity<{ readonly text: string; readonly files: readonly string[] }> {
  const paths = it.values("f");
  if (paths.length === 0) {
    const [text, ...files] = it.operands;
    if (text !== undefined) return { text, files };
    yield* it.tell(`Usage: ${it.called} [-F value] [-v var=value] [--] 'program text' [file ...]`);
    throw new Failure("no program", 2);
  }
  const texts: string[] = [];
  for (const path of paths) {
    const fd = yield* attempt(it.sys.open(path, O_RDONLY));
    if (fd instanceof Errno) throw new Failure(`cannot open ${path} (${fd.message})`, 2);
    texts.push(decode(yield* readAll(it.sys, fd)));
    yield* it.sys.close(fd);
  }
  return { text: texts.join("\n"), files: it.operands };
}

/** @throws Failure with what is wrong with it */
function parsed(text: string): Program {
  try {
    return parse(bytesText(text));
  } catch (error) {
    if (!(error instanceof AwkSyntaxError)) throw error;
    throw new Failure(error.message, 2);
  }
}

function* run(it: Invocation): Activity<number> {
  const { text, files } = yield* sourceOf(it);
  const program = new Interpreter(it, parsed(text), files);
  const separator = it.value("F");
  if (separator !== undefined) program.assignText("FS", separator);
  for (const one of it.values("v")) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(one) ?? [];
    if (name === undefined || value === undefined) throw new Failure(`improper assignment: -v ${one}`, 2);
    program.assignText(name, value);
  }
  return yield* program.run();
}

export const awk: Command = {
  name: "awk",
  usage: ["[-F fs] [-v var=value] 'program' [file ...]", "[-F fs] [-v var=value] -f progfile [file ...]"],
  about: "Pattern scanning and processing language.",
  options: [
    { short: "F", argument: "fs", help: "the field separator" },
    { short: "f", argument: "progfile", help: "read the program from a file" },
    { short: "v", argument: "var=value", help: "assign before the program begins" },
  ],
  posix: true,
  usageStatus: 2,
  run,
};

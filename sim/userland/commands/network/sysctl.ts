import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_RDONLY, O_WRONLY } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { decode, encode } from "../../program/encoding.js";
import { readAll, writeAll } from "../../program/streams.js";

/** A parameter's file: dots are slashes. */
const pathOf = (name: string): string => `/proc/sys/${name.replaceAll(".", "/")}`;

function* read(it: Invocation, name: string): Activity<undefined> {
  const fd = yield* attempt(it.sys.open(pathOf(name), O_RDONLY));
  if (fd instanceof Errno) {
    const why = fd.code === "ENOENT" ? `cannot stat ${pathOf(name)}` : `reading key "${name}"`;
    return yield* it.complain(`${why}: ${fd.message}`);
  }
  const value = decode(yield* readAll(it.sys, fd)).trimEnd();
  yield* it.sys.close(fd);
  it.out.put(it.has("n") ? `${value}\n` : `${name} = ${value}\n`);
  return undefined;
}

function* write(it: Invocation, name: string, value: string): Activity<undefined> {
  const fd = yield* attempt(it.sys.open(pathOf(name), O_WRONLY));
  if (fd instanceof Errno) {
    const why = fd.code === "ENOENT" ? `cannot stat ${pathOf(name)}` : `permission denied on key "${name}"`;
    return yield* it.complain(fd.code === "ENOENT" ? `${why}: ${fd.message}` : why);
  }
  const failure = yield* attempt(writeAll(it.sys, fd, encode(value)));
  yield* it.sys.close(fd);
  if (failure instanceof Errno) return yield* it.complain(`setting key "${name}": ${failure.message}`);
  if (!it.has("q")) it.out.put(it.has("n") ? `${value}\n` : `${name} = ${value}\n`);
  return undefined;
}

export const sysctl: Command = {
  name: "sysctl",
  usage: ["[options] [variable[=value] ...]"],
  about: "Read and change kernel parameters, by the files below /proc/sys.",
  options: [
    { short: "n", long: "values", help: "print only values of the given variable(s)" },
    { short: "q", long: "quiet", help: "do not echo variable set" },
    { short: "w", long: "write", help: "enable writing a value to variable" },
  ],
  operands: [1, Infinity],
  *run(it) {
    for (const operand of it.operands) {
      const [, name = operand, value] = /^([^=]+)=(.*)$/s.exec(operand) ?? [];
      if (value === undefined) yield* read(it, name.trim());
      else yield* write(it, name.trim(), value.trim());
    }
    return undefined;
  },
};

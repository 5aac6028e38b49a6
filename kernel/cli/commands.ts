import { UsageError } from "../../sim/core/index.js";
import { KernelStartError } from "../runner/index.js";
import { didYouMean, parse, type Arguments, type CommandSpec } from "./arguments.js";
import { doctor, doctorSpec } from "./doctor.js";
import { helpOfAll, helpOfCommand } from "./help.js";
import { install, installSpec, uninstall, uninstallSpec } from "./install.js";
import { run, runSpec } from "./run.js";
import { start, startSpec } from "./start.js";
import { line, type Terminal } from "./terminal.js";
import { version } from "./version.js";

/** A command's promise is its exit code: 0 it is done, 1 it failed, 2 it was asked wrongly. */
export interface Command {
  readonly spec: CommandSpec;
  run(args: Arguments, terminal: Terminal): Promise<number> | number;
}

const commands: readonly Command[] = [
  { spec: startSpec, run: start },
  { spec: runSpec, run },
  { spec: installSpec, run: install },
  { spec: uninstallSpec, run: uninstall },
  { spec: doctorSpec, run: doctor },
];

function find(name: string): Command {
  const command = commands.find(({ spec }) => spec.name === name);
  if (command !== undefined) return command;
  const valid = [...commands.map(({ spec }) => spec.name), "help"];
  throw new UsageError(`there is no command "${name}"`, `${didYouMean(name, valid)} virtlab help lists them.`);
}

function help(name: string | undefined): string {
  return name === undefined ? helpOfAll(commands.map(({ spec }) => spec)) : helpOfCommand(find(name).spec);
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    line(terminal.err, help(undefined));
    return 2;
  }
  if (["help", "--help", "-h"].includes(name)) {
    line(terminal.out, help(rest[0]));
    return 0;
  }
  if (["--version", "-v"].includes(name)) {
    line(terminal.out, version());
    return 0;
  }
  if (name.startsWith("-")) {
    throw new UsageError(`virtlab has no option "${name}"`, didYouMean(name, ["--help", "--version"]));
  }
  const command = find(name);
  const end = rest.indexOf("--");
  if (rest.slice(0, end < 0 ? undefined : end).some((arg) => arg === "--help" || arg === "-h")) {
    line(terminal.out, helpOfCommand(command.spec));
    return 0;
  }
  return command.run(parse(command.spec, rest), terminal);
}

/** Runs `virtlab ARGS`. A mistake of the user's is one line on standard error. */
export async function virtlab(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      line(terminal.err, `virtlab: ${error.message}. ${error.hint}`.trimEnd());
      return 2;
    }
    if (error instanceof KernelStartError) {
      line(terminal.err, `virtlab: ${error.message}`);
      return 1;
    }
    throw error;
  }
}

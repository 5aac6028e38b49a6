import type { Activity } from "../../core/index.js";
import { program, Failure, type Command, type Invocation } from "../../userland/index.js";
import type { Program, Sys } from "../../os/index.js";
import { request } from "../runtime/control.js";
import { disable, enable, readLibrary, unitName } from "./library.js";
import { privateSocket } from "./systemd.js";

/** Asks pid 1. @throws Failure where no systemd runs */
function* ask(it: Invocation, ...words: readonly string[]): Activity<string> {
  const text = yield* request(it.sys, privateSocket, words);
  if (text === undefined)
    throw new Failure("System has not been booted with systemd as init system (PID 1). Can't operate.");
  return text;
}

function* listUnits(it: Invocation): Activity<number> {
  const rows = (yield* ask(it, "list-units"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"))
    .filter(([, , state]) => it.has("a") || state !== "inactive");
  const table = [["UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    it.out.put(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(" ")
        .trimEnd()}\n`,
    );
  return 0;
}

function* run(it: Invocation): Activity<number> {
  const [verb = "list-units", ...names] = it.operands;
  const root = it.value("root") ?? "";
  const needsUnit = ["start", "stop", "restart", "status", "is-active", "enable", "disable"];
  if (needsUnit.includes(verb) && names.length === 0) throw new Failure("Too few arguments.");
  switch (verb) {
    case "list-units":
      return yield* listUnits(it);
    case "status":
    case "is-active": {
      const [state = "", ...rest] = (yield* ask(it, verb, names[0] ?? "")).split("\n");
      if (state === "absent") {
        if (verb === "is-active") it.out.put("inactive\n");
        else yield* it.tell(`Unit ${unitName(names[0] ?? "")} could not be found.`);
        return 4;
      }
      it.out.put(verb === "status" ? rest.join("\n") : `${state}\n`);
      return state === "active" || state === "activating" ? 0 : 3;
    }
    case "enable":
    case "disable": {
      const library = yield* readLibrary(it.sys, root);
      for (const name of names.map(unitName)) {
        if (!library.units.has(name)) throw new Failure(`Failed to ${verb} unit: Unit file ${name} does not exist.`);
        const change = verb === "enable" ? enable : disable;
        for (const line of yield* change(it.sys, library, name, root)) yield* it.tell(line);
      }
      if (root === "" && it.has("now"))
        for (const name of names) yield* work(it, verb === "enable" ? "start" : "stop", name);
      return it.status;
    }
    case "restart":
      for (const name of names) {
        yield* work(it, "stop", name);
        yield* work(it, "start", name);
      }
      return it.status;
    case "start":
    case "stop":
      for (const name of names) yield* work(it, verb, name);
      return it.status;
    case "daemon-reload":
    case "poweroff":
    case "halt":
    case "reboot":
      yield* ask(it, verb);
      return 0;
    default:
      throw new Failure(`Unknown command verb '${verb}'.`);
  }
}

/** A job, waited for; what it says is an error. */
function* work(it: Invocation, verb: string, name: string): Activity<undefined> {
  const said = yield* ask(it, verb, name);
  if (said === "") return undefined;
  yield* it.tell(said.trimEnd());
  it.status = said.includes("not found") ? 5 : 1;
  return undefined;
}

const command: Command = {
  name: "systemctl",
  usage: ["[OPTIONS...] COMMAND [UNIT...]"],
  about: "Query or send control commands to the system manager.",
  options: [
    { short: "a", long: "all", help: "show all units, also those that are inactive" },
    { long: "root", argument: "PATH", help: "enable or disable in a tree that isn't running" },
    { long: "now", help: "start or stop the unit in addition" },
  ],
  run,
};

export const systemctl: Program<Sys> = program(command);

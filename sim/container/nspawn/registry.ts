import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { parseSpec } from "../bundle/parse.js";
import type { RuntimeSpec } from "../bundle/spec.js";
import { listDirectory, makeDirectories, readTextIfThere, writeText } from "../runtime/files.js";

const directory = "/run/systemd/machines";

/** A machine that runs. */
export interface Machine {
  readonly name: string;
  readonly leader: number;
  readonly root: string;
  readonly group: string;
  /** The first of its ids on the host, where they are shifted. */
  readonly shift: number | undefined;
}

const fileOf = (name: string): string => `${directory}/${name}`;

export function* register(sys: Sys, machine: Machine, spec: RuntimeSpec): Activity<undefined> {
  yield* makeDirectories(sys, directory);
  const { name, leader, root, group, shift } = machine;
  const lines = [
    `NAME=${name}`,
    "CLASS=container",
    "SERVICE=systemd-nspawn",
    `ROOT=${root}`,
    `LEADER=${leader}`,
    `UNIT=${group}`,
  ];
  if (shift !== undefined) lines.push(`UIDSHIFT=${shift}`);
  yield* writeText(sys, fileOf(name), `${lines.join("\n")}\n`, true);
  return yield* writeText(sys, `${directory}/.${name}.spec`, JSON.stringify(spec), true);
}

export function* unregister(sys: Sys, name: string): Activity<undefined> {
  for (const path of [fileOf(name), `${directory}/.${name}.spec`]) yield* attempt(sys.unlink(path));
  return undefined;
}

/** A machine by its name; undefined where none of it runs. */
export function* findMachine(sys: Sys, name: string): Activity<Machine | undefined> {
  const text = yield* readTextIfThere(sys, fileOf(name));
  if (text === undefined) return undefined;
  const value = (key: string): string | undefined =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1);
  const shift = value("UIDSHIFT");
  return {
    name,
    leader: Number(value("LEADER")),
    root: value("ROOT") ?? "",
    group: value("UNIT") ?? "",
    shift: shift === undefined ? undefined : Number(shift),
  };
}

/** @throws UsageError for one that doesn't run */
export function* demandMachine(sys: Sys, name: string): Activity<Machine> {
  const found = yield* findMachine(sys, name);
  if (found !== undefined) return found;
  throw new UsageError(`No machine '${name}' known`, "machinectl list shows those that run.");
}

export function* specOfMachine(sys: Sys, name: string): Activity<RuntimeSpec> {
  return parseSpec(encodeUtf8((yield* readTextIfThere(sys, `${directory}/.${name}.spec`)) ?? ""));
}

export function* machines(sys: Sys): Activity<Machine[]> {
  const names = yield* attempt(listDirectory(sys, directory));
  const found: Machine[] = [];
  for (const name of names instanceof Errno ? [] : names.sort()) {
    if (name.startsWith(".")) continue;
    const machine = yield* findMachine(sys, name);
    if (machine !== undefined) found.push(machine);
  }
  return found;
}

import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { listDirectory, makeDirectories, readTextIfThere } from "../runtime/files.js";
import { parseUnit, type Unit } from "./unit.js";

/** Where unit files lie: an administrator's first, which hide a package's of the same name. systemd.unit(5), "Unit File Load Path". */
const unitDirectories = ["/etc/systemd/system", "/usr/lib/systemd/system"] as const;
const configured = unitDirectories[0];

/** A tree's unit files, and who is linked into whose .wants/. */
export interface Library {
  readonly units: ReadonlyMap<string, Unit>;
  /** What a unit wants, by its file and by links. */
  readonly wants: ReadonlyMap<string, readonly string[]>;
  readonly complaints: readonly string[];
}

/** Reads all units of a tree. @param root a prefix: "" for the caller's own */
export function* readLibrary(sys: Sys, root = ""): Activity<Library> {
  const units = new Map<string, Unit>();
  const wants = new Map<string, string[]>();
  const complaints: string[] = [];
  for (const directory of unitDirectories) {
    const names = yield* attempt(listDirectory(sys, `${root}${directory}`));
    for (const name of names instanceof Errno ? [] : names.sort()) {
      const wanting = /^(.+)\.wants$/.exec(name)?.[1];
      if (wanting !== undefined) {
        const linked = yield* listDirectory(sys, `${root}${directory}/${name}`);
        wants.set(wanting, [...(wants.get(wanting) ?? []), ...linked.sort()]);
      }
      if (!/\.(service|target)$/.test(name) || units.has(name)) continue;
      const text = (yield* readTextIfThere(sys, `${root}${directory}/${name}`)) ?? "";
      const read = parseUnit(name, text);
      complaints.push(...read.complaints);
      if (read.unit !== undefined) units.set(name, read.unit);
    }
  }
  for (const { name, wants: own } of units.values()) wants.set(name, [...own, ...(wants.get(name) ?? [])]);
  return { units, wants, complaints };
}

/** The name of a unit's file: a bare name is a service's. */
export const unitName = (name: string): string => (/\.(service|target)$/.test(name) ? name : `${name}.service`);

/** Links a unit into what wants it: `systemctl enable`. @returns what was linked, as systemctl tells it */
export function* enable(sys: Sys, { units }: Library, name: string, root = ""): Activity<string[]> {
  const made: string[] = [];
  for (const target of units.get(name)?.wantedBy ?? []) {
    const directory = `${configured}/${target}.wants`;
    yield* makeDirectories(sys, `${root}${directory}`);
    let file: string = `${configured}/${name}`;
    if ((yield* attempt(sys.lstat(`${root}${file}`))) instanceof Errno) file = `${unitDirectories[1]}/${name}`;
    const linked = yield* attempt(sys.symlink(file, `${root}${directory}/${name}`));
    if (!(linked instanceof Errno)) made.push(`Created symlink ${root}${directory}/${name} → ${file}.`);
    else if (linked.code !== "EEXIST") throw linked;
  }
  return made;
}

/** Takes a unit's links away. */
export function* disable(sys: Sys, { wants }: Library, name: string, root = ""): Activity<string[]> {
  const removed: string[] = [];
  for (const target of wants.keys()) {
    const path = `${root}${configured}/${target}.wants/${name}`;
    if (!((yield* attempt(sys.unlink(path))) instanceof Errno)) removed.push(`Removed "${path}".`);
  }
  return removed;
}

import type { Activity } from "../../../core/index.js";
import { attempt, Errno, type Sys } from "../../../os/index.js";
import { bytesOf, type TarEntry } from "../../archive/tar/entry.js";
import type { Invocation } from "../../program/command.js";
import { encode } from "../../program/encoding.js";
import { checksum, readApk, type ApkFile } from "../apk-file.js";
import { innerPath, placeEntry, readBytesOf } from "../files.js";
import { runScript, scriptEnvironment, writeScript } from "../scripts.js";
import { compareAlpine } from "../version.js";
import {
  fullName,
  nameOf,
  versionOf,
  wordsOf,
  type ApkDatabase,
  type Installed,
  type InstalledFile,
} from "./database.js";
import { download } from "./repositories.js";
import type { Candidate } from "./solver.js";

/** One step from what is installed to what is to be. */
interface Change {
  readonly old: Installed | undefined;
  readonly fresh: Candidate | undefined;
}

/** What is to be removed and installed, in apk's order: what nobody needs any longer first, each before what it needs itself. */
function changesTo(database: ApkDatabase, chosen: ReadonlyMap<string, Candidate>): Change[] {
  const gone = [...database.installed.values()].filter(({ record }) => !chosen.has(nameOf(record)));
  const removals: Installed[] = [];
  const remove = (one: Installed): void => {
    if (removals.includes(one)) return;
    const users = gone.filter(({ record }) => wordsOf(record, "D").some((word) => word.startsWith(nameOf(one.record))));
    if (users.some((user) => user !== one && !removals.includes(user))) return;
    removals.push(one);
    for (const word of wordsOf(one.record, "D")) {
      const next = gone.find(({ record }) => nameOf(record) === word.replace(/[<>=~].*/, ""));
      if (next !== undefined) remove(next);
    }
  };
  for (const one of gone) remove(one);
  for (const one of gone) if (!removals.includes(one)) removals.push(one);
  const others = [...chosen.values()].flatMap((fresh): Change[] => {
    const old = database.installed.get(nameOf(fresh.record));
    return old !== undefined && (fresh.url === undefined || versionOf(old.record) === versionOf(fresh.record))
      ? []
      : [{ old, fresh }];
  });
  return [...removals.map((old) => ({ old, fresh: undefined })), ...others];
}

function describe({ old, fresh }: Change): string {
  if (fresh === undefined)
    return `Purging ${nameOf(old?.record ?? new Map())} (${versionOf(old?.record ?? new Map())})`;
  const name = nameOf(fresh.record);
  if (old === undefined) return `Installing ${name} (${versionOf(fresh.record)})`;
  const [before, after] = [versionOf(old.record), versionOf(fresh.record)];
  const sign = compareAlpine(after, before);
  return `${sign > 0 ? "Upgrading" : sign < 0 ? "Downgrading" : "Replacing"} ${name} (${before} -> ${after})`;
}

/** Does what is to be done, tells of it, and writes the database. @returns how many packages failed */
export function* commit(
  it: Invocation,
  database: ApkDatabase,
  chosen: ReadonlyMap<string, Candidate>,
  world: readonly string[],
): Activity<number> {
  const { sys } = it;
  const changes = changesTo(database, chosen);
  const quiet = it.has("q");
  const simulate = it.has("simulate");
  const touched = new Set<string>();
  let errors = 0;
  for (const [at, change] of changes.entries()) {
    if (!quiet) it.out.put(`(${at + 1}/${changes.length}) ${describe(change)}\n`);
    yield* it.out.flush();
    if (simulate) continue;
    if (change.fresh === undefined) {
      if (change.old !== undefined) yield* remove(it, database, change.old, touched);
    } else if (change.fresh.url === undefined) {
      database.installed.set(nameOf(change.fresh.record), { record: change.fresh.record, files: [] });
    } else {
      const trouble = yield* install(it, database, change, touched);
      if (trouble !== undefined) {
        yield* it.tell(`ERROR: ${fullName(change.fresh.record)}: ${trouble}`);
        errors++;
      }
    }
  }
  if (!simulate) {
    yield* fire(it, database, chosen, touched);
    database.world = [...new Set(world)].sort();
    yield* database.save(sys);
  }
  if (!quiet) {
    const head = errors === 0 ? "OK:" : `${errors} error${errors > 1 ? "s" : ""};`;
    const [size, count] = simulate ? totals(database, chosen) : [database.size, database.installed.size];
    it.out.put(`${head} ${Math.floor(size / 2 ** 20)} MiB in ${count} packages\n`);
  }
  return errors;
}

function totals(database: ApkDatabase, chosen: ReadonlyMap<string, Candidate>): readonly [number, number] {
  const sizes = [...chosen.values()].map(({ record }) => Number(record.get("I") ?? 0));
  return chosen.size === 0 ? [database.size, 0] : [sizes.reduce((sum, size) => sum + size, 0), chosen.size];
}

/** @returns what went wrong, in apk's words */
function* install(
  it: Invocation,
  database: ApkDatabase,
  { old, fresh }: Change,
  touched: Set<string>,
): Activity<string | undefined> {
  const { sys } = it;
  if (fresh?.url === undefined) return undefined;
  const { record, url } = fresh;
  const bytes = yield* download(sys, url);
  if (typeof bytes === "string")
    return bytes === "No such file or directory" ? "package mentioned in index not found (try 'apk update')" : bytes;
  const file = readApk(bytes);
  if (file === undefined) return "BAD archive";
  if (file.identity !== record.get("C")) return "BAD signature";
  const kind = old === undefined ? "install" : "upgrade";
  yield* script(it, record, file, `.pre-${kind}`, [versionOf(record)]);
  const placed = yield* attempt(place(it, database, record, file.files, touched));
  if (placed instanceof Errno) return placed.message;
  if (old !== undefined) {
    yield* removeFiles(sys, database, old, touched, new Set(placed.flatMap(pathsOf)));
    database.forget(old);
  }
  database.installed.set(nameOf(record), { record, files: placed });
  for (const [name, text] of file.scripts) database.addScript(record, name, encode(text));
  const triggers = file.info.get("triggers")?.[0]?.split(" ");
  if (triggers !== undefined) database.triggers.set(record.get("C") ?? "", triggers);
  yield* script(it, record, file, `.post-${kind}`, [versionOf(record)]);
  return undefined;
}

const pathsOf = ({ directory, files }: Installed["files"][number]): string[] =>
  files.map(({ name }) => (directory === "" ? name : `${directory}/${name}`));

/** Puts a package's files into the system. @returns what the database has of them */
function* place(
  it: Invocation,
  database: ApkDatabase,
  record: Installed["record"],
  entries: readonly TarEntry[],
  touched: Set<string>,
): Activity<Installed["files"]> {
  const { sys } = it;
  const directories = new Map<string, InstalledFile[]>();
  for (const entry of entries) {
    const path = innerPath(entry.name);
    if (path === undefined || entry.name.startsWith("/")) {
      yield* it.tell(`WARNING: ${fullName(record)}: ignoring malicious file ${entry.name}`);
      continue;
    }
    if (entry.type === "directory") {
      directories.set(path, directories.get(path) ?? []);
      yield* placeEntry(sys, `/${path}`, entry);
      continue;
    }
    const at = path.lastIndexOf("/");
    const directory = path.slice(0, Math.max(0, at));
    const owner = database.ownerOf(path);
    if (owner !== undefined && nameOf(owner.record) !== nameOf(record) && owner.record.get("o") !== record.get("o")) {
      yield* it.tell(`ERROR: ${fullName(record)}: trying to overwrite ${path} owned by ${fullName(owner.record)}.`);
      continue;
    }
    const sum = entry.type === "symlink" ? checksum(encode(entry.target ?? "")) : checksum(bytesOf(entry));
    // What an administrator changed in /etc stays, and the new file lies beside it.
    const kept = path.startsWith("etc/") && (yield* isChanged(sys, database, path));
    yield* placeEntry(sys, kept ? `/${path}.apk-new` : `/${path}`, entry);
    const usual = entry.mode === 0o644 && entry.uid === 0 && entry.gid === 0;
    const rights = usual ? undefined : `${entry.uid}:${entry.gid}:${entry.mode.toString(8)}`;
    const files = directories.get(directory) ?? [];
    files.push({ name: path.slice(at + 1), owner: entry.type === "symlink" ? "0:0:777" : rights, sum });
    directories.set(directory, files);
    touched.add(`/${directory}`);
  }
  return [...directories].map(([directory, files]) => ({ directory, files }));
}

/** Whether a file is there and isn't what its package brought. */
function* isChanged(sys: Sys, database: ApkDatabase, path: string): Activity<boolean> {
  const at = path.lastIndexOf("/");
  const sum = database
    .ownerOf(path)
    ?.files.find(({ directory }) => directory === path.slice(0, at))
    ?.files.find(({ name }) => name === path.slice(at + 1))?.sum;
  const about = yield* attempt(sys.lstat(`/${path}`));
  if (about instanceof Errno || (about.mode & 0o170000) !== 0o100000) return false;
  const bytes = yield* readBytesOf(sys, `/${path}`);
  return bytes !== undefined && checksum(bytes) !== sum;
}

function* remove(it: Invocation, database: ApkDatabase, old: Installed, touched: Set<string>): Activity<undefined> {
  yield* stored(it, database, old, ".pre-deinstall");
  yield* removeFiles(it.sys, database, old, touched, new Set());
  yield* stored(it, database, old, ".post-deinstall");
  database.forget(old);
  return undefined;
}

/** Takes away what a package brought, but files of /etc that were changed, and directories that hold something or are another's, too. */
function* removeFiles(
  sys: Sys,
  database: ApkDatabase,
  old: Installed,
  touched: Set<string>,
  kept: ReadonlySet<string>,
): Activity<undefined> {
  for (const each of old.files) {
    for (const path of pathsOf(each)) {
      if (kept.has(path) || (path.startsWith("etc/") && (yield* isChanged(sys, database, path)))) continue;
      yield* attempt(sys.unlink(`/${path}`));
      touched.add(`/${each.directory}`);
    }
  }
  const others = new Set<string>();
  for (const one of database.installed.values())
    if (one !== old) for (const { directory } of one.files) others.add(directory);
  for (const { directory } of old.files.toReversed())
    if (directory !== "" && !others.has(directory)) yield* attempt(sys.rmdir(`/${directory}`));
  return undefined;
}

/** Runs a script that a package brings. */
function* script(
  it: Invocation,
  record: Installed["record"],
  file: ApkFile,
  name: string,
  args: readonly string[],
): Activity<undefined> {
  const text = file.scripts.get(name);
  return text === undefined ? undefined : yield* execute(it, `${fullName(record)}${name}`, encode(text), args);
}

/** Runs a script that the database has kept. */
function* stored(it: Invocation, database: ApkDatabase, { record }: Installed, name: string): Activity<undefined> {
  const entry = database.scripts.get(`${fullName(record)}.${record.get("C") ?? ""}${name}`);
  if (entry === undefined) return undefined;
  return yield* execute(it, `${fullName(record)}${name}`, bytesOf(entry), [versionOf(record)]);
}

function* execute(it: Invocation, shown: string, text: Uint8Array, args: readonly string[]): Activity<undefined> {
  const { sys } = it;
  if (it.has("no-scripts")) return undefined;
  if (!it.has("q")) it.out.put(`Executing ${shown}\n`);
  yield* it.out.flush();
  const path = `/lib/apk/exec/${shown}`;
  yield* writeScript(sys, path, text);
  const status = yield* runScript(sys, path, args, scriptEnvironment);
  yield* attempt(sys.unlink(path));
  yield* attempt(sys.rmdir("/lib/apk/exec"));
  if (status !== 0) yield* it.tell(`ERROR: ${shown}: script exited with error ${status}`);
  return undefined;
}

/** Runs the triggers of those packages that watch a directory in which something changed. */
function* fire(
  it: Invocation,
  database: ApkDatabase,
  chosen: ReadonlyMap<string, Candidate>,
  touched: ReadonlySet<string>,
): Activity<undefined> {
  for (const name of chosen.keys()) {
    const one = database.installed.get(name);
    const watched = database.triggers.get(one?.record.get("C") ?? "") ?? [];
    const hit = [...touched].filter((directory) => watched.some((pattern) => matches(pattern, directory)));
    if (one === undefined || hit.length === 0) continue;
    const key = `${fullName(one.record)}.${one.record.get("C") ?? ""}.trigger`;
    const entry = database.scripts.get(key);
    if (entry !== undefined) yield* execute(it, `${fullName(one.record)}.trigger`, bytesOf(entry), hit);
  }
  return undefined;
}

/** Patterns of directories as triggers have them: a star stands for one name. */
function matches(pattern: string, directory: string): boolean {
  const [wanted, given] = [pattern.split("/"), directory.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part === "*" || part === given[at]);
}

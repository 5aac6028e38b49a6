import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDWR, type Sys } from "../../../os/index.js";
import { fileEntry, type TarEntry } from "../../archive/tar/entry.js";
import { readTar } from "../../archive/tar/reader.js";
import { writeTar } from "../../archive/tar/writer.js";
import { Failure } from "../../program/command.js";
import { readRecords, recordText, type ApkRecord } from "../apk-file.js";
import { makeAbove, readBytesOf, readTextOf, replaceFile } from "../files.js";

/** A package that is installed, with the lines of the database that say where its files lie. */
export interface Installed {
  readonly record: ApkRecord;
  readonly files: readonly InstalledDirectory[];
}

interface InstalledDirectory {
  readonly directory: string;
  /** Further lines of the directory and its files, in the order of the database: M, R, a, Z. */
  readonly files: readonly InstalledFile[];
}

export interface InstalledFile {
  readonly name: string;
  /** "uid:gid:mode", where that isn't the usual. */
  readonly owner?: string | undefined;
  readonly sum?: string | undefined;
}

export const nameOf = (record: ApkRecord): string => record.get("P") ?? "";
export const versionOf = (record: ApkRecord): string => record.get("V") ?? "";
/** "curl-8.9.1-r2" */
export const fullName = (record: ApkRecord): string => `${nameOf(record)}-${versionOf(record)}`;

/** Words of a record's field: dependencies, what it provides. */
export const wordsOf = (record: ApkRecord, field: string): string[] =>
  (record.get(field) ?? "").split(/\s+/).filter((word) => word !== "");

const place = "/lib/apk/db";

/** apk's database: what is installed, what the administrator asked for, and packages' scripts. */
export class ApkDatabase {
  readonly installed: Map<string, Installed> = new Map<string, Installed>();
  /** Dependencies as they were asked for, sorted: "curl", "nginx<1.27". */
  world: string[] = [];
  /** Scripts by "curl-8.9.1-r2.Q1….trigger". */
  readonly scripts: Map<string, TarEntry> = new Map<string, TarEntry>();
  /** Directories that run a package's trigger, by its identity. */
  readonly triggers: Map<string, readonly string[]> = new Map<string, readonly string[]>();

  /** @param lock whether it is going to be changed @throws Failure in apk's words, where it can't be opened */
  static *open(sys: Sys, lock: boolean): Activity<ApkDatabase> {
    if (lock) {
      yield* attempt(sys.mkdir("/lib/apk", 0o755));
      yield* attempt(sys.mkdir(place, 0o755));
      const held = yield* attempt(sys.open(`${place}/lock`, O_RDWR | O_CREAT, 0o600));
      if (held instanceof Errno) {
        const why = held.message;
        throw new Failure(`Unable to lock database: ${why}\nERROR: Failed to open apk database: ${why}`, 99);
      }
      yield* sys.close(held);
    }
    const database = new ApkDatabase();
    for (const one of readInstalled(yield* readTextOf(sys, `${place}/installed`)))
      database.installed.set(nameOf(one.record), one);
    database.world = (yield* readTextOf(sys, "/etc/apk/world")).split(/\s+/).filter((word) => word !== "");
    const scripts = yield* readBytesOf(sys, `${place}/scripts.tar`);
    if (scripts !== undefined && scripts.length > 0)
      for (const entry of readTar(scripts)) database.scripts.set(entry.name, entry);
    for (const line of (yield* readTextOf(sys, `${place}/triggers`)).split("\n")) {
      const [identity = "", ...directories] = line.split(" ");
      if (identity !== "") database.triggers.set(identity, directories);
    }
    return database;
  }

  *save(sys: Sys): Activity<undefined> {
    yield* makeAbove(sys, `${place}/installed`);
    const known = [...this.installed.values()].sort((a, b) => (nameOf(a.record) < nameOf(b.record) ? -1 : 1));
    yield* replaceFile(sys, `${place}/installed`, known.map(installedText).join(""));
    yield* replaceFile(sys, `${place}/scripts.tar`, writeTar(this.scripts.values()));
    const lines = [...this.triggers].map(([identity, directories]) => `${identity} ${directories.join(" ")}\n`);
    yield* replaceFile(sys, `${place}/triggers`, lines.join(""));
    yield* makeAbove(sys, "/etc/apk/world");
    return yield* replaceFile(sys, "/etc/apk/world", this.world.map((one) => `${one}\n`).join(""));
  }

  /** Which package a file belongs to. */
  ownerOf(path: string): Installed | undefined {
    const at = path.lastIndexOf("/");
    const [directory, name] = [path.slice(0, Math.max(0, at)), path.slice(at + 1)];
    for (const one of this.installed.values())
      for (const each of one.files)
        if (each.directory === directory && each.files.some((file) => file.name === name)) return one;
    return undefined;
  }

  addScript(record: ApkRecord, name: string, text: Uint8Array): void {
    const key = `${fullName(record)}.${record.get("C") ?? ""}${name}`;
    this.scripts.set(key, fileEntry(key, text, { mode: 0o755 }));
  }

  /** Forgets a package: its record, scripts and triggers. */
  forget({ record }: Installed): void {
    this.installed.delete(nameOf(record));
    this.triggers.delete(record.get("C") ?? "");
    for (const key of [...this.scripts.keys()])
      if (key.startsWith(`${fullName(record)}.${record.get("C") ?? ""}.`)) this.scripts.delete(key);
  }

  /** Bytes that all packages say they take. */
  get size(): number {
    let sum = 0;
    for (const { record } of this.installed.values()) sum += Number(record.get("I") ?? 0);
    return sum;
  }
}

function readInstalled(text: string): Installed[] {
  return text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const [record = new Map<string, string>()] = readRecords(block);
      const files: { directory: string; files: { name: string; owner?: string; sum?: string }[] }[] = [];
      for (const line of block.split("\n")) {
        const value = line.slice(2);
        const directory = files.at(-1);
        const file = directory?.files.at(-1);
        if (line.startsWith("F:")) files.push({ directory: value, files: [] });
        else if (line.startsWith("R:")) directory?.files.push({ name: value });
        else if (line.startsWith("a:") && file !== undefined) file.owner = value;
        else if (line.startsWith("Z:") && file !== undefined) file.sum = value;
      }
      return { record, files };
    });
}

const installedText = ({ record, files }: Installed): string =>
  `${recordText(record)}${files
    .map(
      ({ directory, files: inside }) =>
        `F:${directory}\n${inside
          .map(
            ({ name, owner, sum }) =>
              `R:${name}\n${owner === undefined ? "" : `a:${owner}\n`}${sum === undefined ? "" : `Z:${sum}\n`}`,
          )
          .join("")}`,
    )
    .join("")}\n`;

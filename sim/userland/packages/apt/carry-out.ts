import { sha256 } from "@noble/hashes/sha2.js";
import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDWR, type Sys } from "../../../os/index.js";
import { Failure, type Invocation } from "../../program/command.js";
import { decode } from "../../program/encoding.js";
import { Input } from "../../program/streams.js";
import { hexOf } from "../apk-file.js";
import { Changes } from "../dpkg/changes.js";
import { DpkgDatabase, stateOf } from "../dpkg/database.js";
import { makeAbove, readBytesOf, replaceFile } from "../files.js";
import { paragraphText, readParagraphs } from "../paragraphs.js";
import { get, originOf, Progress, readCandidates, sizeText, type Candidate } from "./lists.js";
import { nameOf, newest, unneeded, versionOf } from "./resolver.js";

const processors: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

export function* architectureOf(sys: Sys): Activity<string> {
  const { machine } = yield* sys.uname();
  return processors[machine] ?? machine;
}

const isQuiet = (it: Invocation): boolean => it.options.filter(({ name }) => name === "q").length >= 2;

/** A line that -qq leaves out. */
export function say(it: Invocation, text: string): void {
  if (!isQuiet(it)) it.out.put(text);
}

export const extendedStates: string = "/var/lib/apt/extended_states";
export const archives: string = "/var/cache/apt/archives";

/** What apt knows when it begins to work: the database, what can be had, and what came along only. */
export interface State {
  readonly database: DpkgDatabase;
  readonly all: readonly Candidate[];
  readonly candidates: ReadonlyMap<string, Candidate>;
  readonly automatic: Set<string>;
}

export function* open(it: Invocation): Activity<State> {
  const { sys } = it;
  if ((yield* sys.geteuid()) !== 0 && !it.has("s")) {
    const path = "/var/lib/dpkg/lock-frontend";
    const lock = yield* attempt(sys.open(path, O_RDWR | O_CREAT, 0o640));
    const { number, message } = lock instanceof Errno ? lock : { number: 13, message: "Permission denied" };
    throw new Failure(
      `E: Could not open lock file ${path} - open (${number}: ${message})\nE: Unable to acquire the dpkg frontend lock (${path}), are you root?`,
      100,
    );
  }
  say(it, "Reading package lists...\n");
  const all = yield* readCandidates(sys, yield* architectureOf(sys));
  say(it, "Building dependency tree...\n");
  const states = yield* readBytesOf(sys, extendedStates);
  if (states !== undefined) say(it, "Reading state information...\n");
  yield* it.out.flush();
  const automatic = new Set(
    readParagraphs(decode(states ?? new Uint8Array(0)))
      .filter((fields) => fields.get("Auto-Installed") === "1")
      .map(nameOf),
  );
  return { database: yield* DpkgDatabase.open(sys), all, candidates: newest(all), automatic };
}

export function* saveAutomatic(sys: Sys, { automatic, database }: State, architecture: string): Activity<undefined> {
  const kept = [...automatic].filter((name) => !["not-installed", "config-files"].includes(database.state(name)));
  const text = kept.map((name) =>
    paragraphText([
      ["Package", name],
      ["Architecture", architecture],
      ["Auto-Installed", "1"],
    ]),
  );
  yield* makeAbove(sys, extendedStates);
  return yield* replaceFile(sys, extendedStates, text.map((one) => `${one}\n`).join(""));
}

/** A title with names below it, in lines of less than 80 columns. */
function listed(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const lines: string[] = [];
  let line = " ";
  for (const name of names) {
    if (line.length + name.length + 1 > 79 && line !== " ") {
      lines.push(line);
      line = " ";
    }
    line += ` ${name}`;
  }
  return `${title}\n${[...lines, line].join("\n")}\n`;
}

/** Asks where -y isn't given and there is more to do than was said. @returns whether to go on */
function* agreed(it: Invocation): Activity<boolean> {
  if (it.has("y")) return true;
  it.out.put("Do you want to continue? [Y/n] ");
  yield* it.out.flush();
  const answer = yield* new Input(it.sys, 0).line();
  if (answer !== undefined && /^(?:y.*)?\n?$/i.test(answer)) return true;
  it.out.put("Abort.\n");
  return false;
}

interface Plan {
  /** To be installed or upgraded, in order. */
  readonly fresh: readonly Candidate[];
  /** To be removed, in order. */
  readonly gone: readonly string[];
  readonly purge: boolean;
  /** Whether the user named all of it. */
  readonly asked: ReadonlySet<string>;
}

/** Bytes that a package says it takes; none where its configuration alone is left. */
const installedSize = (fields: ReadonlyMap<string, string> | undefined): number =>
  fields === undefined || stateOf(fields) === "config-files" ? 0 : Number(fields.get("Installed-Size") ?? 0) * 1024;

/** Says what is about to be done, asks, and does it. @returns apt's exit status */
export function* carryOut(it: Invocation, state: State, { fresh, gone, purge, asked }: Plan): Activity<number> {
  const { sys } = it;
  const { database } = state;
  const upgraded = fresh.filter(({ fields }) => database.isInstalled(nameOf(fields)));
  const added = fresh.filter((one) => !upgraded.includes(one));
  const names = (list: readonly Candidate[]): string[] => list.map(({ fields }) => nameOf(fields)).sort();
  const more = names(fresh).filter((name) => !asked.has(name));
  const idle = unneeded(
    database,
    new Set([...state.automatic].filter((name) => !asked.has(name))),
    new Set(gone),
  ).filter((name) => !fresh.some(({ fields }) => nameOf(fields) === name));
  if (asked.size > 0 && idle.length > 0) {
    say(
      it,
      listed(
        `The following package${idle.length === 1 ? " was" : "s were"} automatically installed and ${idle.length === 1 ? "is" : "are"} no longer required:`,
        idle,
      ),
    );
    say(it, `Use 'apt autoremove' to remove ${idle.length === 1 ? "it" : "them"}.\n`);
  }
  if (asked.size > 0) say(it, listed("The following additional packages will be installed:", more));
  say(
    it,
    listed(
      "The following packages will be REMOVED:",
      [...gone].sort().map((name) => (purge ? `${name}*` : name)),
    ),
  );
  say(it, listed("The following NEW packages will be installed:", names(added)));
  say(it, listed("The following packages will be upgraded:", names(upgraded)));
  const essential = gone.filter((name) => database.packages.get(name)?.get("Essential") === "yes");
  if (essential.length > 0) {
    it.out.put(
      listed(
        "WARNING: The following essential packages will be removed.\nThis should NOT be done unless you know exactly what you are doing!",
        essential,
      ),
    );
  }
  say(
    it,
    `${upgraded.length} upgraded, ${added.length} newly installed, ${gone.length} to remove and 0 not upgraded.\n`,
  );
  if (essential.length > 0) {
    if (it.has("y"))
      throw new Failure("E: Essential packages were removed and -y was used without --allow-remove-essential.", 100);
  }
  if (fresh.length + gone.length === 0) return 0;
  if (it.has("s")) return yield* simulate(it, state, fresh, gone);
  const size = fresh.reduce((sum, { fields }) => sum + Number(fields.get("Size") ?? 0), 0);
  if (size > 0) say(it, `Need to get ${sizeText(size)} of archives.\n`);
  const difference =
    fresh.reduce((sum, { fields }) => sum + installedSize(fields), 0) -
    [...gone, ...names(upgraded)].reduce((sum, name) => sum + installedSize(database.packages.get(name)), 0);
  const freed = difference < 0;
  say(
    it,
    `After this operation, ${sizeText(Math.abs(difference))} ${freed ? "disk space will be freed" : "of additional disk space will be used"}.\n`,
  );
  yield* it.out.flush();
  const needsAnswer = gone.length > 0 || more.length > 0 || upgraded.some(({ fields }) => !asked.has(nameOf(fields)));
  if (needsAnswer && !(yield* agreed(it))) return 1;
  const paths = yield* download(it, fresh);
  if (it.has("download-only")) return 0;
  const changes = new Changes(it, yield* DpkgDatabase.openToWrite(sys));
  for (const name of gone) yield* changes.remove(name, purge);
  const ready: string[] = [];
  for (const [at, path] of paths.entries()) {
    const name = yield* changes.unpack(
      path,
      "--unpack",
      `.../${numbered(at, paths.length)}${path.replace(/^.*\//, "")}`,
    );
    if (name !== undefined) ready.push(name);
  }
  yield* changes.configure(ready);
  for (const name of more) state.automatic.add(name);
  for (const name of asked) state.automatic.delete(name);
  const now = { ...state, database: yield* DpkgDatabase.open(sys) };
  yield* saveAutomatic(sys, now, yield* architectureOf(sys));
  // What was installed isn't kept: Debian's images say so in /etc/apt/apt.conf.d/docker-clean.
  for (const path of paths) yield* attempt(sys.unlink(path));
  if (changes.failed.length === 0) return 0;
  yield* it.tell(`Errors were encountered while processing:\n${changes.failed.map((one) => ` ${one}`).join("\n")}`);
  throw new Failure("E: Sub-process /usr/bin/dpkg returned an error code (1)", 100);
}

/** Many archives are handed to dpkg as a directory of links with numbers (Dpkg::Install::Recursive::Minimum). */
const numbered = (at: number, of: number): string =>
  of > 5 ? `${String(at).padStart(String(of - 1).length, "0")}-` : "";

function* simulate(
  it: Invocation,
  { database }: State,
  fresh: readonly Candidate[],
  gone: readonly string[],
): Activity<number> {
  for (const name of gone) it.out.put(`Remv ${name} [${database.packages.get(name)?.get("Version") ?? ""}]\n`);
  for (const verb of ["Inst", "Conf"])
    for (const { fields, source } of fresh) {
      const origin = yield* originOf(it.sys, source);
      it.out.put(`${verb} ${nameOf(fields)} (${versionOf(fields)} ${origin} [${fields.get("Architecture") ?? ""}])\n`);
    }
  return 0;
}

/** Gets archives, and holds their hashes against the lists. @throws Failure with apt's words where one can't be had */
function* download(it: Invocation, fresh: readonly Candidate[]): Activity<string[]> {
  const { sys } = it;
  const progress = new Progress(it, yield* sys.clock_gettime("CLOCK_MONOTONIC"));
  const paths: string[] = [];
  const errors: string[] = [];
  for (const { fields, source, component } of fresh) {
    const address = `${source.url}/${fields.get("Filename") ?? ""}`;
    const architecture = fields.get("Architecture") ?? "";
    const what = `${source.url} ${source.suite}/${component} ${architecture} ${nameOf(fields)} ${architecture} ${versionOf(fields)}`;
    const number = progress.next();
    const got = yield* get(sys, address);
    const trouble =
      "trouble" in got
        ? got.trouble
        : got.status !== 200
          ? `${got.status}  ${got.reason}`
          : hexOf(sha256(got.body)) === fields.get("SHA256")
            ? undefined
            : "Hash Sum mismatch";
    if (trouble !== undefined || "trouble" in got) {
      yield* progress.tell("Err", number, `${what}\n  ${trouble ?? ""}`);
      errors.push(`E: Failed to fetch ${address}  ${trouble ?? ""}`);
      continue;
    }
    progress.count(got.body.length);
    yield* progress.tell("Get", number, `${what} [${sizeText(got.body.length)}]`);
    const path = `${archives}/${nameOf(fields)}_${versionOf(fields).replace(":", "%3a")}_${architecture}.deb`;
    yield* makeAbove(sys, path);
    yield* replaceFile(sys, path, got.body);
    paths.push(path);
  }
  yield* progress.done();
  if (errors.length === 0) return paths;
  throw new Failure(
    [...errors, "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?"].join("\n"),
    100,
  );
}

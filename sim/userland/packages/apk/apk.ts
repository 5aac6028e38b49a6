import type { Activity } from "../../../core/index.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";
import { ApkDatabase, fullName, nameOf, versionOf, wordsOf, type Installed } from "./database.js";
import { commit } from "./commit.js";
import { readRepositories, type Available } from "./repositories.js";
import { explain, parseDependency, Solution } from "./solver.js";
import type { ApkRecord } from "../apk-file.js";
import { formatTime } from "../../commands/dates.js";

/** Patterns as fnmatch(3) has them: stars and question marks. */
function glob(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`, "i");
}

function* solveAndCommit(
  it: Invocation,
  database: ApkDatabase,
  solution: Solution,
  world: readonly string[],
): Activity<number> {
  solution.solve([...world].sort());
  if (solution.missing.size === 0) return yield* commit(it, database, solution.chosen, world);
  yield* it.tell(explain(solution.missing.values()));
  return solution.missing.size;
}

/** A package that stands for those that are added with it: `--virtual .build`. */
function* virtual(it: Invocation, name: string, words: readonly string[]): Activity<Available> {
  const version = formatTime("%Y%m%d.%H%M%S", yield* it.sys.clock_gettime("CLOCK_REALTIME"));
  const record: ApkRecord = new Map([
    ["P", name],
    ["V", version],
    ["A", "noarch"],
    ["S", "0"],
    ["I", "0"],
    ["T", "virtual meta package"],
    ["U", ""],
    ["L", ""],
    ["D", words.join(" ")],
  ]);
  return { record, url: "" };
}

function* add(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* ApkDatabase.open(it.sys, true);
  for (const word of words)
    if (parseDependency(word) === undefined)
      throw new Failure(`'${word}' is not a valid world dependency, format is name(@tag)([<>~=]version)`);
  const { packages } = yield* readRepositories(it, it.has("U"));
  const group = it.value("t");
  const names = new Set(words.map((word) => parseDependency(word)?.name));
  const same = (known: string): boolean => names.has(parseDependency(known)?.name);
  if (group === undefined) {
    const solution = new Solution(database, packages, (name) => it.has("u") && names.has(name));
    return yield* solveAndCommit(it, database, solution, [...database.world.filter((known) => !same(known)), ...words]);
  }
  const made = yield* virtual(it, group, words);
  database.installed.delete(group);
  const solution = new Solution(database, [...packages, made]);
  const world = [
    ...database.world.filter((known) => parseDependency(known)?.name !== group),
    `${group}=${versionOf(made.record)}`,
  ];
  solution.solve([...world].sort());
  // It has no file: it is there as soon as the database says so.
  const own = solution.chosen.get(group);
  if (own !== undefined) solution.chosen.set(group, { record: own.record, url: undefined });
  if (solution.missing.size === 0) return yield* commit(it, database, solution.chosen, world);
  yield* it.tell(explain(solution.missing.values()));
  return solution.missing.size;
}

function* del(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* ApkDatabase.open(it.sys, true);
  const provided = (word: string): boolean =>
    database.installed.has(word) || database.world.some((known) => parseDependency(known)?.name === word);
  const unknown = words.filter((word) => !provided(word));
  for (const word of unknown) yield* it.tell(`ERROR: No such package: ${word}`);
  if (unknown.length > 0) return unknown.length;
  const world = database.world.filter((known) => !words.includes(parseDependency(known)?.name ?? ""));
  const solution = new Solution(database, []).solve(world);
  const kept = words.filter((word) => solution.chosen.has(word));
  if (kept.length > 0 && !it.has("q")) {
    it.out.put("World updated, but the following packages are not removed due to:\n");
    for (const word of kept) it.out.put(`  ${word}: ${neededBy(database, world, word).join(" ")}\n`);
    it.out.put("\n");
  }
  return yield* commit(it, database, solution.chosen, world);
}

/** Names of the world for which a package is there. */
function neededBy(database: ApkDatabase, world: readonly string[], name: string): string[] {
  return world.flatMap((word) => {
    const top = parseDependency(word)?.name ?? "";
    const chosen = new Solution(database, []).solve([word]).chosen;
    return chosen.has(name) ? [top] : [];
  });
}

function* upgrade(it: Invocation): Activity<number> {
  const database = yield* ApkDatabase.open(it.sys, true);
  const { packages, unavailable } = yield* readRepositories(it, true);
  if (unavailable > 0)
    throw new Failure(
      "Not continuing due to stale/unavailable repositories.Use --force-missing-repositories to continue.",
      250,
    );
  return yield* solveAndCommit(it, database, new Solution(database, packages, () => true), database.world);
}

function* update(it: Invocation): Activity<number> {
  yield* ApkDatabase.open(it.sys, true);
  const { packages, found, unavailable } = yield* readRepositories(it, true);
  if (it.has("q")) return unavailable;
  for (const { url, description } of found) it.out.put(`${description} [${url}]\n`);
  const head = unavailable > 0 ? `${unavailable} unavailable, 0 stale;` : "OK:";
  it.out.put(`${head} ${packages.length} distinct packages available\n`);
  return unavailable;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

function humanSize(bytes: number): string {
  let [size, unit] = [bytes, 0];
  for (; size >= 10_000; unit++) size = Math.floor(size / 1024);
  return `${size} ${units[unit] ?? ""}`;
}

/** Parts of `apk info`, in apk's order: whether they were asked for by an option, what they print. */
function infoParts(it: Invocation, database: ApkDatabase, record: ApkRecord, own: Installed | undefined): string {
  const parts: string[] = [];
  const asked = (...options: readonly string[]): boolean => it.has("a", ...options);
  const plain = !["a", "d", "w", "s", "R", "P", "r", "L", "license"].some((option) => it.has(option));
  const full = fullName(record);
  const list = (title: string, lines: readonly string[]): void => {
    parts.push(`${full} ${title}:\n${lines.map((line) => `${line}\n`).join("")}\n`);
  };
  if (plain || asked("d")) list("description", [record.get("T") ?? ""]);
  if (plain || asked("w")) list("webpage", [record.get("U") ?? ""]);
  if (plain || asked("s")) list("installed size", [humanSize(Number(record.get("I") ?? 0))]);
  if (asked("R")) list("depends on", wordsOf(record, "D"));
  if (asked("P")) list("provides", wordsOf(record, "p"));
  if (own !== undefined && asked("r")) {
    const users = [...database.installed.values()].filter((one) =>
      wordsOf(one.record, "D").some((word) => parseDependency(word)?.name === nameOf(record)),
    );
    list(
      "is required by",
      users.map((one) => fullName(one.record)),
    );
  }
  if (own !== undefined && asked("L"))
    list(
      "contains",
      own.files.flatMap(({ directory, files }) =>
        files.map(({ name }) => (directory === "" ? name : `${directory}/${name}`)),
      ),
    );
  if (asked("license")) list("license", [record.get("L") ?? ""]);
  return parts.join("");
}

function* info(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* ApkDatabase.open(it.sys, false);
  const known = [...database.installed.values()].sort((a, b) => (nameOf(a.record) < nameOf(b.record) ? -1 : 1));
  let errors = 0;
  if (it.has("W")) {
    for (const word of words) {
      const owner = database.ownerOf(word.replace(/^\/+/, ""));
      if (owner === undefined) {
        yield* it.tell(`ERROR: ${word}: Could not find owner package`);
        errors++;
      } else it.out.put(`${word} is owned by ${fullName(owner.record)}\n`);
    }
    return errors;
  }
  if (it.has("e")) {
    for (const word of words) {
      if (database.installed.has(word)) it.out.put(`${word}\n`);
      else errors++;
    }
    return errors;
  }
  if (words.length === 0) {
    for (const { record } of known)
      it.out.put(it.has("v") ? `${fullName(record)} - ${record.get("T") ?? ""}\n` : `${nameOf(record)}\n`);
    return 0;
  }
  let available: readonly Available[] | undefined;
  for (const word of words) {
    const own = database.installed.get(word);
    if (own !== undefined) {
      it.out.put(infoParts(it, database, own.record, own));
      continue;
    }
    available ??= (yield* readRepositories(it, false)).packages;
    const found = available.filter(({ record }) => nameOf(record) === word);
    if (found.length === 0) errors++;
    for (const { record } of found) it.out.put(infoParts(it, database, record, undefined));
  }
  return errors;
}

const byName = (a: Available, b: Available): number => (nameOf(a.record) < nameOf(b.record) ? -1 : 1);

function* search(it: Invocation, words: readonly string[]): Activity<number> {
  const { packages } = yield* readRepositories(it, false);
  const patterns = words.map((word) => glob(it.has("e") || it.has("x") ? word : `*${word}*`));
  for (const { record } of [...packages].sort(byName)) {
    const about = it.has("d") ? (record.get("T") ?? "") : "";
    if (patterns.length > 0 && !patterns.some((one) => one.test(nameOf(record)) || (about !== "" && one.test(about))))
      continue;
    const name = it.has("q") ? nameOf(record) : fullName(record);
    it.out.put(it.has("v") ? `${name} - ${record.get("T") ?? ""}\n` : `${name}\n`);
  }
  return 0;
}

function* list(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* ApkDatabase.open(it.sys, false);
  const { packages } = yield* readRepositories(it, false);
  const patterns = words.map(glob);
  const extra = [...database.installed.values()].filter(
    ({ record }) => !packages.some((one) => fullName(one.record) === fullName(record)),
  );
  const all = [...packages, ...extra.map(({ record }) => ({ record, url: "" }))].sort(byName);
  for (const { record } of all) {
    const own = database.installed.get(nameOf(record));
    const here = own !== undefined && versionOf(own.record) === versionOf(record);
    if (
      (it.has("I", "installed") && !here) ||
      (patterns.length > 0 && !patterns.some((one) => one.test(nameOf(record))))
    )
      continue;
    const about = `${record.get("A") ?? ""} {${record.get("o") ?? nameOf(record)}} (${record.get("L") ?? ""})`;
    it.out.put(it.has("q") ? `${nameOf(record)}\n` : `${fullName(record)} ${about}${here ? " [installed]" : ""}\n`);
  }
  return 0;
}

/** apk's commands here, by their names. */
const applets: Readonly<Record<string, (it: Invocation, words: readonly string[]) => Activity<number>>> = {
  add,
  del,
  info,
  list,
  search,
  update,
  upgrade,
};

const version = "apk-tools 2.14.4, compiled for x86_64.\n";

/**
 * apk of apk-tools 2.14: add, del, info, list, search, update, upgrade, over repositories by HTTP; worded as its sources have it. Absent: signatures
 * (repositories here have none), repositories' tags, protected paths, fetch, fix, cache, audit.
 */
export const apk: Command = {
  name: "apk",
  usage: ["[<OPTIONS>...] COMMAND [<ARGUMENTS>...]"],
  about: "Alpine's package manager: add, del, info, list, search, update, upgrade.",
  options: [
    { long: "no-cache", help: "Do not use any local cache path" },
    { long: "no-network", help: "Do not use the network" },
    { long: "no-scripts", help: "Do not execute any scripts" },
    { long: "simulate", help: "Simulate the requested operation without making any changes" },
    { long: "no-progress", help: "Disable progress bar even for TTYs" },
    { long: "purge", help: "Purge modified configuration and cached packages" },
    { long: "allow-untrusted", help: "Install packages with untrusted signature or no signature" },
    { long: "license", help: "info: Print the package license" },
    { long: "installed", help: "list: Consider only installed packages" },
    { short: "I", help: "list: Consider only installed packages" },
    { short: "q", long: "quiet", help: "Print less information" },
    { short: "v", long: "verbose", help: "Print more information" },
    { short: "U", long: "update-cache", help: "Update the repository indexes before" },
    { short: "u", long: "upgrade", help: "add: Upgrade packages and their dependencies" },
    { short: "t", long: "virtual", argument: "NAME", help: "add: Create virtual package NAME with given dependencies" },
    { short: "a", long: "all", help: "info: Print all information" },
    { short: "d", long: "description", help: "info, search: the description" },
    { short: "e", help: "info: check what is installed; search: exact names" },
    { short: "x", long: "exact", help: "search: Require exact match" },
    { short: "L", long: "contents", help: "info: List included files" },
    { short: "P", long: "provides", help: "info: List what the package provides" },
    { short: "R", long: "depends", help: "info: List the dependencies" },
    { short: "r", long: "rdepends", help: "info: List who needs it" },
    { short: "s", long: "size", help: "info: Print the size; add, del: simulate" },
    { short: "w", long: "webpage", help: "info: Print the URL" },
    { short: "W", long: "who-owns", help: "info: Print the package which owns the file" },
  ],
  memory: 5_000_000,
  *run(it) {
    const [name, ...words] = it.operands;
    if (name === undefined) {
      it.out.put(version);
      it.out.put(
        `\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n\nCommands: ${Object.keys(applets).join(" ")}\n`,
      );
      return 1;
    }
    const applet = Object.hasOwn(applets, name) ? applets[name] : undefined;
    try {
      if (applet === undefined) throw new Failure(`'${name}' is not an apk command. See 'apk --help'.`);
      return Math.min(99, yield* applet(it, words));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      yield* it.tell(`ERROR: ${error.message}`);
      return error.status;
    }
  },
};

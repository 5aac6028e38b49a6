import type { Activity } from "../../../core/index.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";
import { DpkgDatabase, relationsOf, relationText, stateOf, statusText } from "./database.js";
import { Changes } from "./changes.js";

/** Patterns of names as fnmatch(3) has them. */
export function glob(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`);
}

const wanted: Readonly<Record<string, string>> = { install: "i", deinstall: "r", purge: "p", hold: "h", unknown: "u" };
const states: Readonly<Record<string, string>> = {
  installed: "i",
  "config-files": "c",
  unpacked: "U",
  "half-configured": "F",
  "half-installed": "H",
  "not-installed": "n",
};

const listHead = `Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
`;

function* list(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  const known = [...database.packages.values()].sort((a, b) =>
    (a.get("Package") ?? "") < (b.get("Package") ?? "") ? -1 : 1,
  );
  const found = new Set<(typeof known)[number]>();
  const missing: string[] = [];
  for (const pattern of it.operands) {
    const hits = known.filter((fields) => glob(pattern).test(fields.get("Package") ?? ""));
    if (hits.length === 0) missing.push(pattern);
    for (const hit of hits) found.add(hit);
  }
  const rows = known
    .filter((fields) => (it.operands.length === 0 ? stateOf(fields) !== "not-installed" : found.has(fields)))
    .map((fields) => {
      const [selection = "", , state = ""] = (fields.get("Status") ?? "").split(" ");
      const [summary = ""] = (fields.get("Description") ?? "").split("\n");
      return {
        flags: `${wanted[selection] ?? "u"}${states[state] ?? "n"} `,
        cells: [fields.get("Package") ?? "", fields.get("Version") ?? "", fields.get("Architecture") ?? "", summary],
      };
    });
  if (rows.length > 0) {
    const widest = (at: number, least: number): number =>
      Math.max(least, ...rows.map(({ cells }) => cells[at]?.length ?? 0));
    const widths = [widest(0, 14), widest(1, 12), widest(2, 12), widest(3, 33)];
    const line = (flags: string, cells: readonly string[]): string =>
      `${flags} ${cells.map((cell, at) => (at === 3 ? cell : cell.padEnd(widths[at] ?? 0))).join(" ")}\n`;
    it.out.put(listHead);
    it.out.put(line("||/", ["Name", "Version", "Architecture", "Description"]));
    it.out.put(`+++-${widths.map((width) => "=".repeat(width)).join("-")}\n`);
    for (const { flags, cells } of rows) it.out.put(line(flags, cells));
  }
  for (const pattern of missing) yield* it.tell(`dpkg-query: no packages found matching ${pattern}`);
  return missing.length > 0 ? 1 : 0;
}

function* listFiles(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  let status = 0;
  for (const [at, name] of it.operands.entries()) {
    if (at > 0) it.out.put("\n");
    if (["not-installed"].includes(database.state(name))) {
      yield* it.tell(
        `dpkg-query: package '${name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.`,
      );
      status = 1;
      continue;
    }
    for (const path of yield* database.files(name)) it.out.put(`${path}\n`);
  }
  return status;
}

function* showStatus(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  let status = 0;
  for (const [at, name] of it.operands.entries()) {
    const fields = database.packages.get(name);
    if (at > 0) it.out.put("\n");
    if (fields === undefined) {
      yield* it.tell(
        `dpkg-query: package '${name}' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.`,
      );
      status = 1;
      continue;
    }
    it.out.put(statusText(fields));
  }
  return status;
}

function* searchFiles(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  const owners = new Map<string, string[]>();
  for (const fields of database.present()) {
    const name = fields.get("Package") ?? "";
    for (const path of yield* database.files(name)) owners.set(path, [...(owners.get(path) ?? []), name]);
  }
  let status = 0;
  for (const pattern of it.operands) {
    const exact = pattern.startsWith("/") && !/[*?[]/.test(pattern);
    const test = glob(/[*?[]/.test(pattern) ? pattern : `*${pattern}*`);
    const hits = [...owners].filter(([path]) => (exact ? path === pattern : test.test(path)));
    for (const [path, names] of hits) it.out.put(`${names.join(", ")}: ${path}\n`);
    if (hits.length > 0) continue;
    yield* it.tell(`dpkg-query: no path found matching pattern ${pattern}`);
    status = 1;
  }
  return status;
}

function* finish(it: Invocation, changes: Changes): Activity<number> {
  if (changes.failed.length === 0) return 0;
  yield* it.tell(`Errors were encountered while processing:\n${changes.failed.map((one) => ` ${one}`).join("\n")}`);
  return 1;
}

const needsPackages = (action: string): Failure =>
  new Failure(
    `error: --${action} needs at least one package archive file argument\n\nType dpkg --help for help about installing and deinstalling packages [*];\nUse 'apt' or 'aptitude' for user-friendly package management;\nType dpkg -Dhelp for a list of dpkg debug flag values;\nType dpkg --force-help for a list of forcing options;\nType dpkg-deb --help for help about manipulating *.deb files;\n\nOptions marked [*] produce a lot of output - pipe it through 'less' or 'more' !`,
    2,
  );

function* install(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.openToWrite(it.sys);
  const unpacks = it.has("unpack");
  if (it.operands.length === 0) throw needsPackages(unpacks ? "unpack" : "install");
  const changes = new Changes(it, database);
  const names: string[] = [];
  for (const path of it.operands) {
    const name = yield* changes.unpack(path, unpacks ? "--unpack" : "--install");
    if (name !== undefined) names.push(name);
  }
  if (!unpacks) yield* changes.configure(names);
  return yield* finish(it, changes);
}

function* configure(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.openToWrite(it.sys);
  const changes = new Changes(it, database);
  const pending = database
    .present()
    .filter((fields) => stateOf(fields) !== "installed")
    .map((fields) => fields.get("Package") ?? "");
  yield* changes.configure(it.has("a", "pending") ? pending : it.operands);
  return yield* finish(it, changes);
}

function* remove(it: Invocation): Activity<number> {
  const database = yield* DpkgDatabase.openToWrite(it.sys);
  const purge = it.has("P");
  const changes = new Changes(it, database);
  for (const name of it.operands) {
    const state = database.state(name);
    if (state === "not-installed" || (state === "config-files" && !purge)) {
      const rest =
        state === "config-files"
          ? `, only the config files of which are on the system; use --purge to remove them too`
          : " which isn't installed";
      yield* it.tell(`dpkg: warning: ignoring request to remove ${name}${rest}`);
      continue;
    }
    if (database.packages.get(name)?.get("Essential") === "yes" && !it.has("force-all")) {
      yield* it.tell(
        `dpkg: error processing package ${name} (--${purge ? "purge" : "remove"}):\n this is an essential package; it should not be removed`,
      );
      changes.failed.push(name);
      continue;
    }
    const users = database
      .present()
      .filter((fields) => !it.operands.includes(fields.get("Package") ?? ""))
      .flatMap((fields) =>
        relationsOf(fields.get("Depends") ?? "")
          .filter((group) => group.length === 1 && group[0]?.name === name)
          .map((group) => ` ${fields.get("Package") ?? ""} depends on ${group.map(relationText).join(" | ")}.\n`),
      );
    if (users.length > 0) {
      yield* it.tell(
        `dpkg: dependency problems prevent removal of ${name}:\n${users.join("")}\ndpkg: error processing package ${name} (--${purge ? "purge" : "remove"}):\n dependency problems - not removing`,
      );
      changes.failed.push(name);
      continue;
    }
    yield* changes.remove(name, purge);
  }
  return yield* finish(it, changes);
}

const helpLines = `
Type dpkg --help for help about installing and deinstalling packages [*];
Use 'apt' or 'aptitude' for user-friendly package management;
Type dpkg -Dhelp for a list of dpkg debug flag values;
Type dpkg --force-help for a list of forcing options;
Type dpkg-deb --help for help about manipulating *.deb files;

Options marked [*] produce a lot of output - pipe it through 'less' or 'more' !`;

const actions: Readonly<Record<string, (it: Invocation) => Activity<number>>> = {
  l: list,
  L: listFiles,
  s: showStatus,
  S: searchFiles,
  i: install,
  unpack: install,
  configure,
  r: remove,
  P: remove,
  *"print-architecture"(it) {
    const { machine } = yield* it.sys.uname();
    it.out.put(`${{ x86_64: "amd64", aarch64: "arm64" }[machine] ?? machine}\n`);
    return 0;
  },
  *"get-selections"(it) {
    const database = yield* DpkgDatabase.open(it.sys);
    for (const fields of database.present()) {
      const [selection = ""] = (fields.get("Status") ?? "").split(" ");
      it.out.put(
        `${(fields.get("Package") ?? "").padEnd(47, " ")}\t${selection}\n`.replace(/ +\t/, (gap) =>
          "\t".repeat(Math.max(1, Math.ceil(gap.length / 8))),
        ),
      );
    }
    return 0;
  },
};

/** dpkg 1.21: what it does with archives and its database, worded as the real one. Absent: triggers, diversions, alternatives, multiarch, auditing. */
const dpkg: Command = {
  name: "dpkg",
  usage: ["[<option> ...] <command>"],
  about: "Debian's package manager.",
  options: [
    { short: "i", long: "install", help: "Install package archives" },
    { long: "unpack", help: "Unpack package archives" },
    { long: "configure", help: "Configure unpacked packages" },
    { short: "a", long: "pending", help: "with --configure: all that wait for it" },
    { short: "r", long: "remove", help: "Remove installed packages but leave their configuration" },
    { short: "P", long: "purge", help: "Remove installed packages and their configuration" },
    { short: "l", long: "list", help: "List packages concisely" },
    { short: "L", long: "listfiles", help: "List files owned by packages" },
    { short: "s", long: "status", help: "Display package status details" },
    { short: "S", long: "search", help: "Find packages owning files" },
    { long: "get-selections", help: "Get list of selections" },
    { long: "print-architecture", help: "Print dpkg architecture" },
    { long: "force-all", help: "Do what would be refused" },
  ],
  usageStatus: 2,
  memory: 4_000_000,
  *run(it) {
    const asked = it.options.map(({ name }) => name).find((name) => Object.hasOwn(actions, name));
    const action = asked === undefined ? undefined : actions[asked];
    if (action === undefined) throw new Failure(`error: need an action option\n${helpLines}`, 2);
    return yield* action(it);
  },
};

/** dpkg-query(1): the questions of dpkg, and --show with a format of fields. */
const dpkgQuery: Command = {
  name: "dpkg-query",
  usage: ["[<option> ...] <command>"],
  about: "A tool to query the dpkg database.",
  options: [
    { short: "l", long: "list", help: "List packages concisely" },
    { short: "L", long: "listfiles", help: "List files owned by packages" },
    { short: "s", long: "status", help: "Display package status details" },
    { short: "S", long: "search", help: "Find packages owning files" },
    { short: "W", long: "show", help: "Show information on packages" },
    { short: "f", long: "showformat", argument: "<format>", help: "Use alternative format for --show" },
  ],
  usageStatus: 2,
  *run(it) {
    const asked = it.options.map(({ name }) => name).find((name) => name !== "f");
    if (asked === undefined) throw new Failure("error: need an action option", 2);
    if (asked !== "W") return yield* (actions[asked] ?? list)(it);
    const database = yield* DpkgDatabase.open(it.sys);
    const format = (it.value("f") ?? "${Package}\\t${Version}\\n").replaceAll("\\n", "\n").replaceAll("\\t", "\t");
    const all = [...database.packages.values()].sort((a, b) =>
      (a.get("Package") ?? "") < (b.get("Package") ?? "") ? -1 : 1,
    );
    const missing = it.operands.filter(
      (pattern) => !all.some((fields) => glob(pattern).test(fields.get("Package") ?? "")),
    );
    for (const fields of all) {
      if (it.operands.length > 0 && !it.operands.some((pattern) => glob(pattern).test(fields.get("Package") ?? "")))
        continue;
      it.out.put(
        format.replace(/\$\{([\w:-]+)\}/g, (_, key: string) =>
          key === "db:Status-Abbrev" ? "ii " : (fields.get(key) ?? ""),
        ),
      );
    }
    for (const one of missing) yield* it.tell(`dpkg-query: no packages found matching ${one}`);
    return missing.length > 0 ? 1 : 0;
  },
};

export const dpkgCommands: readonly Command[] = [dpkg, dpkgQuery];

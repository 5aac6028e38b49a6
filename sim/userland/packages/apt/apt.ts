import type { Activity } from "../../../core/index.js";
import { Errno } from "../../../os/index.js";
import { namesIn } from "../../commands/tree.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";
import { relationText, type DpkgDatabase } from "../dpkg/database.js";
import { architectureOf, archives, carryOut, open, saveAutomatic, say } from "./carry-out.js";
import { updateLists, type Candidate } from "./lists.js";
import { list, policy, search, show } from "./questions.js";
import { dependents, nameOf, newest, Resolution, unneeded, versionOf } from "./resolver.js";

function* install(it: Invocation, words: readonly string[]): Activity<number> {
  const state = yield* open(it);
  const { database, all, candidates } = state;
  const found: Candidate[] = [];
  const errors: string[] = [];
  const asked = new Set<string>();
  let resettled = false;
  for (const word of words) {
    const [name = "", version] = word.split("=");
    const provider = [...candidates.values()].find(({ fields }) =>
      (fields.get("Provides") ?? "").split(/,\s*/).includes(name),
    );
    const newestOne = candidates.get(name) ?? provider;
    if (newestOne === undefined && !database.isInstalled(name)) {
      errors.push(`E: Unable to locate package ${name}`);
      continue;
    }
    const candidate =
      version === undefined
        ? newestOne
        : all.find(({ fields }) => nameOf(fields) === name && versionOf(fields) === version);
    if (version !== undefined && candidate === undefined) {
      it.out.put(
        `Package ${name} is not available, but is referred to by another package.\nThis may mean that the package is missing, has been obsoleted, or\nis only available from another source\n\n`,
      );
      errors.push(`E: Version '${version}' for '${name}' was not found`);
      continue;
    }
    const own = candidate === undefined ? name : nameOf(candidate.fields);
    asked.add(own);
    const here = database.isInstalled(own) ? database.packages.get(own)?.get("Version") : undefined;
    if (
      here !== undefined &&
      (candidate === undefined || versionOf(candidate.fields) === here) &&
      !it.has("reinstall")
    ) {
      say(it, `${own} is already the newest version (${here}).\n`);
      if (state.automatic.delete(own)) {
        say(it, `${own} set to manually installed.\n`);
        resettled = true;
      }
    } else if (candidate !== undefined) found.push(candidate);
  }
  if (errors.length > 0) throw new Failure(errors.join("\n"), 100);
  const resolution = new Resolution(database, candidates, !it.has("no-install-recommends"));
  for (const one of found) resolution.add(one);
  if (resolution.unmet.length > 0) return refuse(it, resolution);
  if (resettled && (yield* it.sys.geteuid()) === 0) yield* saveAutomatic(it.sys, state, yield* architectureOf(it.sys));
  return yield* carryOut(it, state, { fresh: resolution.ordered(), gone: [], purge: false, asked });
}

function refuse(it: Invocation, { unmet }: Resolution): never {
  it.out.put(
    "Some packages could not be installed. This may mean that you have\nrequested an impossible situation or if you are using the unstable\ndistribution that some required packages have not yet been created\nor been moved out of Incoming.\nThe following information may help to resolve the situation:\n\nThe following packages have unmet dependencies:\n",
  );
  for (const { name, field, relation, known } of unmet)
    it.out.put(
      ` ${name} : ${field}: ${relation.map(relationText).join(" | ")} but it is not ${known ? "going to be installed" : "installable"}\n`,
    );
  throw new Failure("E: Unable to correct problems, you have held broken packages.", 100);
}

/** @param purge whether configuration files go, too */
function* remove(it: Invocation, words: readonly string[], purge: boolean): Activity<number> {
  const state = yield* open(it);
  const { database, candidates } = state;
  const errors: string[] = [];
  const named = new Set<string>();
  for (const name of words) {
    const present = database.state(name);
    if (present === "not-installed" && !candidates.has(name)) errors.push(`E: Unable to locate package ${name}`);
    else if (present === "not-installed" || (present === "config-files" && !purge))
      say(it, `Package '${name}' is not installed, so not removed\n`);
    else named.add(name);
  }
  if (errors.length > 0) throw new Failure(errors.join("\n"), 100);
  const all = dependents(database, named);
  if (it.has("auto-remove")) for (const name of unneeded(database, state.automatic, all)) all.add(name);
  return yield* carryOut(it, state, { fresh: [], gone: inOrder(database, all), purge, asked: named });
}

/** What is to be removed, each before what it depends on. */
function inOrder(database: DpkgDatabase, names: ReadonlySet<string>): string[] {
  const order: string[] = [];
  const left = new Set([...names].sort());
  while (left.size > 0) {
    const users = (name: string): boolean =>
      [...left].some((other) => other !== name && dependents(database, new Set([name])).has(other));
    const next = [...left].find((name) => !users(name)) ?? [...left][0] ?? "";
    order.push(next);
    left.delete(next);
  }
  return order;
}

function* autoremove(it: Invocation, words: readonly string[], purge: boolean): Activity<number> {
  if (words.length > 0) return yield* remove(it, words, purge);
  const state = yield* open(it);
  const gone = inOrder(state.database, new Set(unneeded(state.database, state.automatic)));
  return yield* carryOut(it, state, { fresh: [], gone, purge, asked: new Set() });
}

function* upgrade(it: Invocation): Activity<number> {
  const state = yield* open(it);
  say(it, "Calculating upgrade...\n");
  const { database, candidates } = state;
  const fresh = database.present().flatMap((fields) => {
    const best = candidates.get(nameOf(fields));
    const [newer] = best === undefined ? [] : [...newest([best, { ...best, fields }]).values()];
    return newer === undefined || versionOf(newer.fields) === versionOf(fields) ? [] : [newer];
  });
  return yield* carryOut(it, state, { fresh, gone: [], purge: false, asked: new Set() });
}

function* clean(it: Invocation): Activity<number> {
  const names = yield* namesIn(it.sys, archives);
  if (!(names instanceof Errno))
    for (const name of names) if (name.endsWith(".deb")) yield* it.sys.unlink(`${archives}/${name}`);
  return 0;
}

type Operation = (it: Invocation, words: readonly string[]) => Activity<number>;

function* update(it: Invocation): Activity<number> {
  return yield* updateLists(it, yield* architectureOf(it.sys));
}

const changing: Readonly<Record<string, Operation>> = {
  update,
  install,
  remove: (it, words) => remove(it, words, it.has("purge")),
  purge: (it, words) => remove(it, words, true),
  autoremove: (it, words) => autoremove(it, words, it.has("purge")),
  upgrade,
  "dist-upgrade": upgrade,
  clean,
  autoclean: clean,
};
const asking: Readonly<Record<string, Operation>> = { show, search, policy };

const options: Command["options"] = [
  { short: "y", long: "yes", help: "Assume Yes to all queries" },
  { long: "assume-yes", help: "Assume Yes to all queries" },
  { short: "q", long: "quiet", help: "Loggable output; twice: no output but errors" },
  { short: "s", long: "simulate", help: "No action; print what would be done" },
  { short: "d", long: "download-only", help: "Download only" },
  { short: "o", long: "option", argument: "<option>", help: "Set an arbitrary configuration option" },
  { short: "t", long: "target-release", argument: "<release>", help: "The default release" },
  { long: "no-install-recommends", help: "Don't take recommended packages for dependencies" },
  { long: "install-recommends", help: "Take recommended packages for dependencies" },
  { long: "reinstall", help: "Install again what is installed" },
  { long: "purge", help: "Remove configuration files, too" },
  { long: "auto-remove", help: "remove: what nobody needs any longer, too" },
  { long: "installed", help: "list: what is installed" },
];

function front(name: string, about: string, operations: Readonly<Record<string, Operation>>): Command {
  return {
    name,
    about,
    usage: ["[options] command", "[options] install|remove pkg1 [pkg2 ...]"],
    options,
    usageStatus: 100,
    memory: 20_000_000,
    rewrite: (words) => words.map((word) => (word === "--assume-yes" ? "--yes" : word)),
    *run(it) {
      const [wanted, ...words] = it.operands;
      if (name === "apt")
        yield* it.tell("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n");
      try {
        if (wanted === undefined) {
          it.out.put(
            `apt 2.6.1\nUsage: ${name} [options] command\n\nMost used commands: ${Object.keys(operations).join(" ")}\n`,
          );
          return name === "apt-get" ? 1 : 0;
        }
        const operation = Object.hasOwn(operations, wanted) ? operations[wanted] : undefined;
        if (operation === undefined) throw new Failure(`E: Invalid operation ${wanted}`, 100);
        return yield* operation(it, words);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        yield* it.tell(error.message);
        return error.status;
      }
    },
  };
}

/**
 * apt 2.6: update, install, remove, purge, autoremove, upgrade over repositories by HTTP, and its questions; worded as the real one, whose transcripts were
 * recorded against these same repositories. Absent: signatures (sources have to be trusted), pinning, source packages, the progress of "Reading database".
 */
export const aptCommands: readonly Command[] = [
  front("apt-get", "Debian's tool for getting packages.", changing),
  front("apt-cache", "Questions about what can be got.", asking),
  front("apt", "Debian's tool for packages, for people.", { ...changing, ...asking, list }),
];

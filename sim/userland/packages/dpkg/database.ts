import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDWR, type Sys } from "../../../os/index.js";
import { Failure } from "../../program/command.js";
import { readTextOf, replaceFile } from "../files.js";
import { paragraphText, readParagraphs, type Paragraph } from "../paragraphs.js";
import { compareDebian, holds } from "../version.js";

/** One of the packages that a dependency names: "libc6 (>= 2.34)". */
export interface Relation {
  readonly name: string;
  readonly operator: string;
  readonly version: string;
}

/** A field of dependencies: each entry of alternatives has to hold. */
export const relationsOf = (text: string): (readonly Relation[])[] =>
  text
    .split(",")
    .map((group) =>
      group.split("|").flatMap((one) => {
        const [, name, operator = "", version = ""] =
          /^\s*([a-z\d][a-z\d+.-]*)(?::\w+)?\s*(?:\(\s*([<>=]+)\s*([^)\s]+)\s*\))?\s*(?:\[[^\]]*\])?\s*$/.exec(one) ??
          [];
        return name === undefined ? [] : [{ name, operator, version }];
      }),
    )
    .filter((group) => group.length > 0);

export const relationText = ({ name, operator, version }: Relation): string =>
  operator === "" ? name : `${name} (${operator} ${version})`;

/** Whether a package is what a relation asks for. */
export function satisfies(fields: Paragraph, { name, operator, version }: Relation): boolean {
  if (fields.get("Package") === name)
    return operator === "" || holds(compareDebian(fields.get("Version") ?? "", version), operator);
  return (
    operator === "" && relationsOf(fields.get("Provides") ?? "").some((group) => group.some((one) => one.name === name))
  );
}

const directory = "/var/lib/dpkg";

/** The last word of `Status`: installed, config-files, unpacked, half-configured. */
export const stateOf = (fields: Paragraph): string => (fields.get("Status") ?? "").split(" ")[2] ?? "not-installed";

/** dpkg's order of fields (its fieldinfos); others come before the description. */
const order =
  "Package Essential Status Priority Section Installed-Size Maintainer Architecture Source Version Provides Depends Pre-Depends Recommends Suggests Description Homepage".split(
    " ",
  );

/** A package as dpkg writes it. */
export function statusText(fields: Paragraph): string {
  const place = (name: string): number => {
    const at = order.indexOf(name);
    return at < 0 ? order.indexOf("Description") - 0.5 : at;
  };
  return paragraphText([...fields].sort(([a], [b]) => place(a) - place(b)));
}

/** The database of dpkg: /var/lib/dpkg/status and the files of /var/lib/dpkg/info. */
export class DpkgDatabase {
  readonly packages: Map<string, Map<string, string>> = new Map<string, Map<string, string>>();
  readonly #sys: Sys;

  private constructor(sys: Sys) {
    this.#sys = sys;
  }

  static *open(sys: Sys): Activity<DpkgDatabase> {
    const database = new DpkgDatabase(sys);
    for (const fields of readParagraphs(yield* readTextOf(sys, `${directory}/status`)))
      database.packages.set(fields.get("Package") ?? "", new Map(fields));
    return database;
  }

  /** @throws Failure where the caller isn't root */
  static *openToWrite(sys: Sys): Activity<DpkgDatabase> {
    if ((yield* sys.geteuid()) !== 0) throw new Failure("error: requested operation requires superuser privilege", 2);
    for (const path of [directory, `${directory}/info`, `${directory}/updates`]) yield* attempt(sys.mkdir(path, 0o755));
    const lock = yield* attempt(sys.open(`${directory}/lock`, O_RDWR | O_CREAT, 0o640));
    if (lock instanceof Errno)
      throw new Failure(`error: unable to access the dpkg database directory ${directory}: ${lock.message}`, 2);
    yield* sys.close(lock);
    return yield* DpkgDatabase.open(sys);
  }

  *save(): Activity<undefined> {
    const all = [...this.packages.values()].map(statusText);
    return yield* replaceFile(this.#sys, `${directory}/status`, all.map((one) => `${one}\n`).join(""));
  }

  /** Whether it is there with all its files. */
  isInstalled(name: string): boolean {
    return this.state(name) === "installed";
  }

  state(name: string): string {
    const fields = this.packages.get(name);
    return fields === undefined ? "not-installed" : stateOf(fields);
  }

  /** Packages with files, by name. */
  present(): Map<string, string>[] {
    return [...this.packages.values()]
      .filter((fields) => !["not-installed", "config-files"].includes(stateOf(fields)))
      .sort((a, b) => ((a.get("Package") ?? "") < (b.get("Package") ?? "") ? -1 : 1));
  }

  /** The installed packages that a relation may mean. */
  satisfied(alternatives: readonly Relation[]): boolean {
    return alternatives.some((one) => this.present().some((fields) => satisfies(fields, one)));
  }

  infoPath(name: string, kind: string): string {
    return `${directory}/info/${name}.${kind}`;
  }

  /** The paths of a package, "/." first. */
  *files(name: string): Activity<string[]> {
    return (yield* readTextOf(this.#sys, this.infoPath(name, "list"))).split("\n").filter((line) => line !== "");
  }

  /** How many paths there are of all packages, each once. */
  *count(): Activity<number> {
    const all = new Set<string>();
    for (const fields of this.packages.values())
      for (const path of yield* this.files(fields.get("Package") ?? "")) all.add(path);
    return all.size;
  }
}

import type { Activity } from "../../../core/index.js";
import { attempt, Errno, type Sys } from "../../../os/index.js";
import { md5 } from "@noble/hashes/legacy.js";
import type { TarEntry } from "../../archive/tar/entry.js";
import { Failure, type Invocation } from "../../program/command.js";
import { encode } from "../../program/encoding.js";
import { isDirectory as isDirectoryOf } from "../../commands/tree.js";
import { hexOf } from "../apk-file.js";
import { readDeb, type Deb } from "../deb.js";
import { innerPath, placeEntry, readBytesOf, readTextOf, replaceFile } from "../files.js";
import { runScript, scriptEnvironment } from "../scripts.js";
import { relationsOf, relationText, stateOf, type DpkgDatabase } from "./database.js";

const scripts = ["preinst", "postinst", "prerm", "postrm"];
const scriptNames: Readonly<Record<string, string>> = {
  preinst: "pre-installation",
  postinst: "post-installation",
  prerm: "pre-removal",
  postrm: "post-removal",
};

/** A change that could not be made to a package: dpkg goes on with others, and names it at its end. */
class PackageTrouble extends Error {
  override readonly name = "PackageTrouble";
}

/** What dpkg does to packages, and what it says of it. */
export class Changes {
  readonly #it: Invocation;
  readonly #database: DpkgDatabase;
  /** What went wrong: packages, or the paths of archives. */
  readonly failed: string[] = [];
  #counted = false;

  constructor(it: Invocation, database: DpkgDatabase) {
    this.#it = it;
    this.#database = database;
  }

  get #sys(): Sys {
    return this.#it.sys;
  }

  *#say(line: string): Activity<undefined> {
    this.#it.out.put(`${line}\n`);
    return yield* this.#it.out.flush();
  }

  *#count(): Activity<undefined> {
    if (this.#counted) return undefined;
    this.#counted = true;
    const count = yield* this.#database.count();
    const what = count === 1 ? "file or directory" : "files and directories";
    return yield* this.#say(`(Reading database ... ${count} ${what} currently installed.)`);
  }

  /** Does something with a package or an archive; what goes wrong is told in dpkg's words. */
  *#attempting(what: string, kind: string, action: string, body: Activity<undefined>): Activity<boolean> {
    try {
      yield* body;
      return true;
    } catch (error) {
      if (!(error instanceof PackageTrouble) && !(error instanceof Errno)) throw error;
      yield* this.#it.tell(`dpkg: error processing ${kind} ${what} (${action}):\n ${error.message}`);
      this.failed.push(what);
      return false;
    }
  }

  /** Unpacks an archive. @param shown what it is called where it is told of @returns the package's name; undefined where that failed, which has been told */
  *unpack(path: string, action: string, shown: string = path): Activity<string | undefined> {
    let name: string | undefined;
    const done = yield* this.#attempting(
      path,
      "archive",
      action,
      this.#unpack(path, shown, (found) => (name = found)),
    );
    yield* this.#database.save();
    return done ? name : undefined;
  }

  *#unpack(path: string, shown: string, tell: (name: string) => void): Activity<undefined> {
    const bytes = yield* attempt(readBytesOf(this.#sys, path));
    if (bytes instanceof Errno || bytes === undefined) {
      const why = bytes?.message ?? "No such file or directory";
      throw new Failure(`error: cannot access archive '${path}': ${why}`, 2);
    }
    const deb = readDeb(bytes);
    if (typeof deb === "string") {
      const damaged = `archive '${path}' uses unknown compression or is damaged`;
      yield* this.#it.tell(
        deb === "format" ? `dpkg-deb: error: '${path}' is not a Debian format archive` : `dpkg-deb: error: ${damaged}`,
      );
      throw new PackageTrouble("dpkg-deb --control subprocess returned error exit status 2");
    }
    const name = deb.control.get("Package") ?? "";
    tell(name);
    const version = deb.control.get("Version") ?? "";
    const state = this.#database.state(name);
    if (state === "not-installed") yield* this.#say(`Selecting previously unselected package ${name}.`);
    yield* this.#count();
    yield* this.#say(`Preparing to unpack ${shown} ...`);
    const old = state === "installed" ? this.#database.packages.get(name)?.get("Version") : undefined;
    yield* this.#script(name, "preinst", deb.extras.get("preinst"), old === undefined ? ["install"] : ["upgrade", old]);
    yield* this.#say(`Unpacking ${name} (${version}) ${old === undefined ? "" : `over (${old}) `}...`);
    yield* this.#place(name, deb);
    const fields = new Map(deb.control);
    fields.delete("Package");
    this.#database.packages.set(name, new Map([["Package", name], ["Status", "install ok unpacked"], ...fields]));
    return undefined;
  }

  *#place(name: string, deb: Deb): Activity<undefined> {
    const sys = this.#sys;
    const database = this.#database;
    const before = new Set(yield* database.files(name));
    const owners = new Map<string, string>();
    for (const other of database.present())
      if (other.get("Package") !== name)
        for (const path of yield* database.files(other.get("Package") ?? ""))
          owners.set(path, other.get("Package") ?? "");
    const conffiles = (deb.extras.get("conffiles") ?? "").split("\n").filter((line) => line !== "");
    const placed: string[] = ["/."];
    // Links come last, so that what they lead to is there.
    const isLink = ({ type }: TarEntry): boolean => type === "symlink";
    for (const entry of [...deb.files.filter((one) => !isLink(one)), ...deb.files.filter(isLink)]) {
      const inner = innerPath(entry.name);
      if (inner === undefined || inner === "") continue;
      const path = `/${inner}`;
      const owner = owners.get(path);
      if (owner !== undefined && entry.type !== "directory") {
        const theirs = database.packages.get(owner)?.get("Version") ?? "";
        throw new PackageTrouble(`trying to overwrite '${path}', which is also in package ${owner} ${theirs}`);
      }
      placed.push(path);
      // What an administrator changed stays; the maintainer's lies beside it.
      const kept = conffiles.includes(path) && (yield* this.#isChanged(name, path));
      yield* placeEntry(sys, kept ? `${path}.dpkg-dist` : path, entry);
    }
    const fresh = new Set(placed);
    for (const path of [...before].reverse()) if (!fresh.has(path)) yield* attempt(sys.unlink(path));
    for (const kind of ["md5sums", "conffiles", ...scripts]) {
      const text = deb.extras.get(kind);
      const at = database.infoPath(name, kind);
      if (text !== undefined && text !== "") yield* replaceFile(sys, at, text, scripts.includes(kind) ? 0o755 : 0o644);
      else yield* attempt(sys.unlink(at));
    }
    return yield* replaceFile(sys, database.infoPath(name, "list"), placed.map((path) => `${path}\n`).join(""));
  }

  /** Whether a configuration file is there and isn't what its package brought. */
  *#isChanged(name: string, path: string): Activity<boolean> {
    const there = yield* readBytesOf(this.#sys, path);
    if (there === undefined) return false;
    const sums = yield* readTextOf(this.#sys, this.#database.infoPath(name, "md5sums"));
    const known = sums.split("\n").find((line) => line.endsWith(`  ${path.slice(1)}`));
    return known !== undefined && known.slice(0, 32) !== hexOf(md5(there));
  }

  /** Configures packages, each behind what it needs of the others. */
  *configure(names: readonly string[]): Activity<undefined> {
    const waiting = [...new Set(names)];
    while (waiting.length > 0) {
      const ready = waiting.findIndex((name) => this.#needs(name).every((other) => !waiting.includes(other)));
      const [name = ""] = waiting.splice(Math.max(0, ready), 1);
      yield* this.#attempting(name, "package", "--configure", this.#configure(name));
      yield* this.#database.save();
    }
    return undefined;
  }

  #needs(name: string): string[] {
    const fields = this.#database.packages.get(name);
    return relationsOf(fields?.get("Depends") ?? "")
      .flatMap((group) => group.map((one) => one.name))
      .filter((one) => one !== name);
  }

  *#configure(name: string): Activity<undefined> {
    const fields = this.#database.packages.get(name);
    if (fields === undefined || stateOf(fields) === "installed")
      throw new PackageTrouble(`package ${name} is already installed and configured`);
    const unmet = relationsOf(fields.get("Depends") ?? "").filter(
      (group) => !group.some((one) => this.#database.satisfied([one]) && this.#database.isInstalled(one.name)),
    );
    if (unmet.length > 0) {
      const lines = unmet.map((group) => {
        const [first] = group;
        const there = first !== undefined && this.#database.state(first.name) !== "not-installed";
        const why = there ? "not configured yet" : "not installed";
        return ` ${name} depends on ${group.map(relationText).join(" | ")}; however:\n  Package ${first?.name ?? ""} is ${why}.\n`;
      });
      yield* this.#it.tell(`dpkg: dependency problems prevent configuration of ${name}:\n${lines.join("")}`);
      throw new PackageTrouble("dependency problems - leaving unconfigured");
    }
    yield* this.#say(`Setting up ${name} (${fields.get("Version") ?? ""}) ...`);
    fields.set("Status", "install ok half-configured");
    yield* this.#script(name, "postinst", undefined, ["configure", ""]);
    fields.set("Status", "install ok installed");
    return undefined;
  }

  /** @param purge whether configuration files go, too */
  *remove(name: string, purge: boolean): Activity<undefined> {
    yield* this.#attempting(name, "package", purge ? "--purge" : "--remove", this.#remove(name, purge));
    yield* this.#database.save();
    return undefined;
  }

  *#remove(name: string, purge: boolean): Activity<undefined> {
    const sys = this.#sys;
    const database = this.#database;
    const fields = database.packages.get(name);
    if (fields === undefined) return undefined;
    const version = fields.get("Version") ?? "";
    const conffiles = (yield* readTextOf(sys, database.infoPath(name, "conffiles")))
      .split("\n")
      .filter((one) => one !== "");
    yield* this.#count();
    if (stateOf(fields) !== "config-files") {
      yield* this.#say(`Removing ${name} (${version}) ...`);
      yield* this.#script(name, "prerm", undefined, ["remove"]);
      const others = new Set<string>();
      for (const other of database.present())
        if (other !== fields) for (const path of yield* database.files(other.get("Package") ?? "")) others.add(path);
      const kept: string[] = [];
      for (const path of (yield* database.files(name)).toReversed()) {
        if (path === "/.") continue;
        if (conffiles.includes(path)) {
          kept.unshift(path);
          continue;
        }
        const isDirectory = yield* isDirectoryOf(sys, path, false);
        if (!isDirectory && !others.has(path)) yield* attempt(sys.unlink(path));
        else if (isDirectory && (others.has(path) || (yield* attempt(sys.rmdir(path))) instanceof Errno))
          kept.unshift(path);
      }
      yield* this.#script(name, "postrm", undefined, ["remove"]);
      for (const kind of [
        "md5sums",
        "preinst",
        "postinst",
        "prerm",
        ...(conffiles.length === 0 ? ["postrm", "conffiles"] : []),
      ])
        yield* attempt(sys.unlink(database.infoPath(name, kind)));
      if (conffiles.length === 0) {
        yield* attempt(sys.unlink(database.infoPath(name, "list")));
        database.packages.delete(name);
        return undefined;
      }
      fields.set("Status", "deinstall ok config-files");
      yield* replaceFile(sys, database.infoPath(name, "list"), kept.map((path) => `${path}\n`).join(""));
    }
    if (!purge) return undefined;
    yield* this.#say(`Purging configuration files for ${name} (${version}) ...`);
    for (const path of conffiles) {
      yield* attempt(sys.unlink(path));
      for (let above = path; above.lastIndexOf("/") > 4;) {
        above = above.slice(0, above.lastIndexOf("/"));
        if ((yield* attempt(sys.rmdir(above))) instanceof Errno) break;
      }
    }
    yield* this.#script(name, "postrm", undefined, ["purge"]);
    for (const kind of ["list", "conffiles", "postrm"]) yield* attempt(sys.unlink(database.infoPath(name, kind)));
    database.packages.delete(name);
    return undefined;
  }

  /** Runs a maintainer's script where there is one: the new package's, or the one that is installed. */
  *#script(name: string, kind: string, text: string | undefined, args: readonly string[]): Activity<undefined> {
    const sys = this.#sys;
    let path = this.#database.infoPath(name, kind);
    if (text !== undefined) {
      path = `/var/lib/dpkg/tmp.ci.${kind}`;
      yield* replaceFile(sys, path, encode(text), 0o755);
    } else if ((yield* readBytesOf(sys, path)) === undefined || kind === "preinst") return undefined;
    const status = yield* runScript(sys, path, args, [...scriptEnvironment, `DPKG_MAINTSCRIPT_PACKAGE=${name}`]);
    if (text !== undefined) yield* attempt(sys.unlink(path));
    if (status === 0) return undefined;
    const which = `${text === undefined ? "installed" : "new"} ${name} package ${scriptNames[kind] ?? kind} script`;
    throw new PackageTrouble(`${which} subprocess returned error exit status ${status}`);
  }
}

import { decodeBase64, type Activity } from "../../../core/index.js";
import { attempt, Errno } from "../../../os/index.js";
import { readAll, readTar, writeTar, type TarEntry } from "../../../userland/index.js";
import { pack } from "../../image/pack.js";
import { unpack } from "../../image/unpack.js";
import { parseJson } from "../../json.js";
import { CliError, DaemonError, type Answer, containerPath as pathOf } from "../client.js";
import { MissingError, type Context, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { fieldOf, numberAt, textAt } from "../rows.js";
import { absolute } from "../run-options.js";

interface Place {
  readonly container?: string;
  readonly path: string;
}

/** "web:/etc" is in a container; "./a:b" and "/a:b" aren't. */
function placeOf(text: string): Place {
  if (text.startsWith("/") || text.startsWith(".")) return { path: text };
  const [container, path] = text.split(/:(.*)/s);
  return path === undefined || container === undefined ? { path: text } : { container, path };
}

const base = (path: string): string => path.replace(/\/+$/, "").replace(/^.*\//, "");
const parent = (path: string): string =>
  path
    .replace(/\/+$/, "")
    .replace(/[^/]*$/, "")
    .replace(/(?<=.)\/$/, "") || "/";

/** Go's os.ModeDir. */
const directoryBit = 2 ** 31;

function* named(container: string, path: string, work: Activity<Answer>): Activity<Answer> {
  try {
    return yield* work;
  } catch (error) {
    if (error instanceof DaemonError && error.code === 404)
      throw new MissingError("container:path", `${container}:${path}`);
    throw error;
  }
}

/** What a path in a container is; undefined where there is none. */
function* statIn(
  it: Context,
  container: string,
  path: string,
): Activity<{ readonly directory: boolean; readonly target: string } | undefined> {
  try {
    const { headers } = yield* it.client.ask("HEAD", pathOf(container, "archive"), { query: { path } });
    const stat = fieldOf(parseJson(decodeBase64(headers["x-docker-container-path-stat"] ?? "e30="), "a path's header"));
    return { directory: numberAt(stat, "mode") >= directoryBit, target: textAt(stat, "linkTarget") };
  } catch (error) {
    if (error instanceof DaemonError && error.code === 404) return undefined;
    throw error;
  }
}

/** The same entries with another first name. */
function renamed(entries: readonly TarEntry[], from: string, to: string): TarEntry[] {
  const change = (name: string): string =>
    name === from
      ? to
      : name.startsWith(`${from}/`)
        ? to === ""
          ? name.slice(from.length + 1)
          : `${to}${name.slice(from.length)}`
        : name;
  return entries
    .map((entry) => ({
      ...entry,
      name: change(entry.name),
      ...(entry.type === "hardlink" && entry.target !== undefined && { target: change(entry.target) }),
    }))
    .filter(({ name }) => name !== "");
}

function* fromContainer(it: Context, container: string, path: string, to: string): Activity<undefined> {
  const got = yield* named(container, path, it.client.ask("GET", pathOf(container, "archive"), { query: { path } }));
  if (to === "-") return yield* it.say(got.body);
  const entries = readTar(got.body);
  const first = entries[0]?.name.replace(/\/.*$/, "") ?? base(path);
  const whole = path.endsWith("/.");
  const target = yield* absolute(it, to);
  const stat = yield* attempt(it.sys.stat(target));
  const isDirectory = !(stat instanceof Errno) && (stat.mode & 0o170000) === 0o040000;
  const source = entries[0]?.type === "directory";
  if (!isDirectory && to.endsWith("/") && !source) throw new CliError(`no such directory: ${JSON.stringify(to)}`);
  if (!isDirectory && !(stat instanceof Errno) && source) throw new CliError("cannot copy directory");
  const [directory, name] = isDirectory ? [target, whole ? "" : first] : [parent(target), base(target)];
  if ((yield* attempt(it.sys.stat(directory))) instanceof Errno)
    throw new CliError(`invalid output path: directory ${JSON.stringify(directory)} does not exist`);
  return yield* unpack(it.sys, directory, renamed(entries, first, name));
}

function* toContainer(it: Context, from: string, container: string, path: string): Activity<undefined> {
  const stat = yield* statIn(it, container, path === "" ? "/" : path);
  const isDirectory = stat?.directory === true;
  if (from === "-") {
    if (!isDirectory) throw new CliError(`destination "${container}:${path}" must be a directory`);
    return yield* put(it, container, path, yield* readAll(it.sys, 0));
  }
  const source = yield* absolute(it, from);
  const seen = yield* attempt(it.sys.stat(source));
  if (seen instanceof Errno) throw new CliError(`lstat ${source}: no such file or directory`);
  const sourceIsDirectory = (seen.mode & 0o170000) === 0o040000;
  if (!isDirectory && stat !== undefined && sourceIsDirectory) throw new CliError("cannot copy directory");
  if (stat === undefined && path.endsWith("/") && !sourceIsDirectory)
    throw new CliError(`no such directory: ${JSON.stringify(path)}`);
  const whole = from.endsWith("/.");
  const name = isDirectory ? (whole ? "" : base(source)) : base(path);
  const entries = yield* pack(it.sys, source, { prefix: "\0" });
  const directory = isDirectory ? path || "/" : parent(path.startsWith("/") ? path : `/${path}`);
  return yield* put(it, container, directory, writeTar(renamed(entries, "\0", name)));
}

function* put(it: Context, container: string, path: string, body: Uint8Array): Activity<undefined> {
  const query = { path, noOverwriteDirNonDir: true };
  yield* named(container, path, it.client.ask("PUT", pathOf(container, "archive"), { query, body }));
  return undefined;
}

export const copy: DockerCommand = {
  paths: ["cp", "container cp"],
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  about: "Copy files/folders between a container and the local filesystem",
  flags: [
    flag("archive", "a", "bool", "Archive mode (copy all uid/gid information)"),
    flag("follow-link", "L", "bool", "Always follow symbol link in SRC_PATH"),
  ],
  operands: [2, 2],
  *run(it) {
    const [source, target] = [placeOf(it.args[0] ?? ""), placeOf(it.args[1] ?? "")];
    if (source.container !== undefined && target.container !== undefined)
      throw new CliError("copying between containers is not supported");
    if (source.container !== undefined) yield* fromContainer(it, source.container, source.path, target.path);
    else if (target.container !== undefined) yield* toContainer(it, source.path, target.container, target.path);
    else throw new CliError("must specify at least one container source");
    return 0;
  },
};

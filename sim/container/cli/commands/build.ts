import { UsageError, type Activity } from "../../../core/index.js";
import { textOf } from "../../../net/index.js";
import { attempt, Errno } from "../../../os/index.js";
import {
  bytesOf,
  fileEntry,
  isGzip,
  readAll,
  readTar,
  writeTar,
  gunzip,
  type TarEntry,
} from "../../../userland/index.js";
import { ignoring } from "../../build/ignore.js";
import { pack } from "../../image/pack.js";
import { readBytes } from "../../runtime/files.js";
import { CliError } from "../client.js";
import type { Context, DockerCommand } from "../command.js";
import { authFor } from "../credentials.js";
import { flag } from "../flags.js";
import { showProgress } from "../progress.js";
import { absolute, mapOf } from "../run-options.js";
import { humanSize } from "../units.js";

/** What is sent to the daemon, and which file of it says what to do. */
export interface BuildContext {
  readonly entries: readonly TarEntry[];
  readonly dockerfile: string;
}

const stdinName = ".dockerfile.stdin";

/**
 * A directory as a build's context, without what .dockerignore leaves out; the Dockerfile and .dockerignore always go.
 * @param file the Dockerfile's path, as the command line has it; "" for the one of the directory
 * @throws CliError in the CLI's words
 */
export function* directoryContext(it: Pick<Context, "sys">, path: string, file: string): Activity<BuildContext> {
  const { sys } = it;
  const from = yield* absolute(it, path);
  const top = yield* attempt(sys.stat(from));
  if (top instanceof Errno) throw new CliError(`unable to prepare context: path ${JSON.stringify(path)} not found`);
  if ((top.mode & 0o170000) !== 0o040000)
    throw new CliError(`unable to prepare context: context must be a directory: ${from}`);
  const source = file === "" ? `${from}/Dockerfile` : yield* absolute(it, file);
  if (file !== "-" && (yield* attempt(sys.stat(source))) instanceof Errno)
    throw new CliError(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${source}: no such file or directory`,
    );
  const all = yield* pack(sys, from, { prefix: "" });
  const listed = all.find(({ name }) => name === ".dockerignore");
  let ignored: (name: string) => boolean;
  try {
    ignored = ignoring(listed === undefined ? "" : textOf(bytesOf(listed)));
  } catch (error) {
    throw error instanceof UsageError ? new CliError(`error checking context: ${error.message}`) : error;
  }
  const inside = file !== "-" && source.startsWith(`${from}/`) ? source.slice(from.length + 1) : undefined;
  const entries = all.filter(({ name }) => name === inside || name === ".dockerignore" || !ignored(name));
  if (inside !== undefined) return { entries, dockerfile: inside };
  const bytes = file === "-" ? yield* readAll(sys, 0) : yield* readBytes(sys, source);
  return { entries: [...entries, fileEntry(stdinName, bytes)], dockerfile: stdinName };
}

/** What standard input brings: an archive, or a Dockerfile alone. */
function* inputContext(it: Context, file: string): Activity<BuildContext> {
  const bytes = yield* readAll(it.sys, 0);
  const archive = isGzip(bytes) ? gunzip(bytes) : bytes;
  const isTar = archive.length > 262 && textOf(archive.subarray(257, 262)) === "ustar";
  if (isTar) return { entries: readTar(archive), dockerfile: file === "" ? "Dockerfile" : file };
  return { entries: [fileEntry("Dockerfile", bytes)], dockerfile: "Dockerfile" };
}

/** What is built, as `docker build` and Compose ask for it. */
export interface BuildRequest {
  readonly context: BuildContext;
  readonly tags: readonly string[];
  readonly args: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly noCache: boolean;
  readonly quiet: boolean;
}

/** Sends a context and tells how the build goes. @param print where its words go @throws CliError */
export function* buildImage(
  it: Context,
  { context, tags, args, labels, target, noCache, quiet }: BuildRequest,
  print: (text: string) => Activity<undefined>,
): Activity<undefined> {
  const archive = writeTar(context.entries);
  // Its one line of progress is written over, and over.
  if (!quiet) yield* print(`Sending build context to Docker daemon  ${humanSize(archive.length, 4)}\r\r\n`);
  const conversation = yield* it.client.open("POST", "/build", {
    query: {
      t: tags,
      dockerfile: context.dockerfile,
      buildargs: JSON.stringify(args),
      labels: JSON.stringify(labels),
      target,
      nocache: noCache,
      q: quiet,
      rm: true,
      version: "1",
    },
    body: archive,
    headers: { "content-type": "application/x-tar", ...(yield* authFor(it, "alpine")) },
  });
  return yield* showProgress(conversation, print);
}

function* run(it: Context): Activity<number> {
  const { flags, args } = it;
  const [path = "."] = args;
  const file = flags.text("file") ?? "";
  if (/^(https?|git|ssh):\/\/|^git@/.test(path))
    throw new CliError(
      `unable to prepare context: this client builds from directories and archives, and not from ${path}`,
    );
  if (path === "-" && file === "-")
    throw new CliError("invalid argument: can't use stdin for both build context and dockerfile");
  const context = path === "-" ? yield* inputContext(it, file) : yield* directoryContext(it, path, file);
  const values = mapOf(flags.all("build-arg").filter((one) => one.includes("=")));
  // A name alone takes the client's variable; one that it hasn't stays undefined.
  const named = flags
    .all("build-arg")
    .filter((one) => !one.includes("="))
    .map((name) => [name, it.variable(name) ?? null] as const);
  const quiet = flags.flag("quiet");
  yield* buildImage(
    it,
    {
      context,
      tags: flags.all("tag"),
      args: { ...values, ...Object.fromEntries(named) },
      labels: mapOf(flags.all("label")),
      target: flags.text("target"),
      noCache: flags.flag("no-cache"),
      quiet,
    },
    (text) => it.say(text),
  );
  return 0;
}

export const build: DockerCommand = {
  paths: ["build", "image build", "builder build"],
  usage: "[OPTIONS] PATH | URL | -",
  about: "Build an image from a Dockerfile",
  flags: [
    flag("build-arg", "", "list", "Set build-time variables"),
    flag("file", "f", "string", "Name of the Dockerfile (Default is 'PATH/Dockerfile')"),
    flag("force-rm", "", "bool", "Always remove intermediate containers"),
    flag("label", "", "list", "Set metadata for an image"),
    flag("no-cache", "", "bool", "Do not use cache when building the image"),
    flag("platform", "", "string", "Set platform if server is multi-platform capable"),
    flag("pull", "", "bool", "Always attempt to pull a newer version of the image"),
    flag("quiet", "q", "bool", "Suppress the build output and print image ID on success"),
    flag("rm", "", "bool", "Remove intermediate containers after a successful build", "true"),
    flag("tag", "t", "list", "Name and optionally a tag in the 'name:tag' format"),
    flag("target", "", "string", "Set the target build stage to build."),
  ],
  operands: [1, 1],
  run,
};

/** Images on their way: from and to registries, and as archives. */
import { UsageError, type Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY } from "../../../os/index.js";
import { readAll, writeAll } from "../../../userland/index.js";
import { familiarName, parseReference } from "../../image/reference.js";
import { readBytes } from "../../runtime/files.js";
import { authFor, indexServer, keepCredentials } from "../credentials.js";
import { CliError, containerPath as pathOf } from "../client.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { showProgress } from "../progress.js";
import { fieldOf, textAt } from "../rows.js";

/** A name's parts. @throws CliError for what can't be one */
export function referenceOf(image: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(image);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const why = /[A-Z]/.test(image.replace(/:[^/]*$/, "")) ? ": repository name must be lowercase" : "";
    throw new CliError(`invalid reference format${why}`);
  }
}

/** Pulls an image, telling how it goes. @param where "error" for what only is on the way to something else */
export function* pullImage(it: Context, image: string, where: "output" | "error" | "nowhere"): Activity<undefined> {
  const reference = referenceOf(image);
  const tag = reference.digest ?? reference.tag ?? "latest";
  const query = { fromImage: `${reference.registry}/${reference.repository}`, tag };
  const conversation = yield* it.client.open("POST", "/images/create", { query, headers: yield* authFor(it, image) });
  return yield* showProgress(conversation, function* (text) {
    if (where === "output") yield* it.say(text);
    else if (where === "error") yield* it.tell(text);
    return undefined;
  });
}

const pull: DockerCommand = {
  paths: ["pull", "image pull"],
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  about: "Pull an image or a repository from a registry",
  flags: [
    flag("platform", "", "string", "Set platform if server is multi-platform capable"),
    flag("quiet", "q", "bool", "Suppress verbose output"),
  ],
  operands: [1, 1],
  *run(it) {
    const [image = ""] = it.args;
    const { registry, repository, tag, digest } = referenceOf(image);
    const quiet = it.flags.flag("quiet");
    const named = /@/.test(image) || /:[^/]*$/.test(image);
    if (!named && !quiet) yield* it.say("Using default tag: latest\n");
    yield* pullImage(it, image, quiet ? "nowhere" : "output");
    const end = digest !== undefined && /@/.test(image) ? `@${digest}` : `:${tag ?? "latest"}`;
    it.out.put(`${registry}/${repository}${end}\n`);
    return 0;
  },
};

const push: DockerCommand = {
  paths: ["push", "image push"],
  usage: "[OPTIONS] NAME[:TAG]",
  about: "Push an image or a repository to a registry",
  flags: [
    flag("all-tags", "a", "bool", "Push all tagged images in the repository"),
    flag("quiet", "q", "bool", "Suppress verbose output"),
  ],
  operands: [1, 1],
  *run(it) {
    const [image = ""] = it.args;
    const { registry, repository, tag } = referenceOf(image);
    const [all, quiet] = [it.flags.flag("all-tags"), it.flags.flag("quiet")];
    const named = /:[^/]*$/.test(image);
    if (all && named) throw new CliError("tag can't be used with --all-tags/-a");
    if (!all && !named && !quiet) yield* it.say("Using default tag: latest\n");
    const familiar = familiarName(parseReference(image)).replace(/:[^:/]*$/, "");
    const conversation = yield* it.client.open("POST", `/images/${familiar}/push`, {
      query: { tag: all ? undefined : (tag ?? "latest") },
      headers: { "x-registry-auth": "e30=", ...(yield* authFor(it, image)) },
    });
    yield* showProgress(conversation, (text) => (quiet ? nothing() : it.say(text)));
    if (quiet) it.out.put(`${registry}/${repository}:${tag ?? "latest"}\n`);
    return 0;
  },
};

// An activity that is over at once.
function* nothing(): Activity<undefined> {
  return undefined;
}

/** Writes what a command makes to a file, or to standard output, which mustn't be a terminal. */
function* writeTo(it: Context, path: string | undefined, bytes: Uint8Array): Activity<undefined> {
  if (path === undefined) return yield* it.say(bytes);
  const fd = yield* attempt(it.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600));
  if (fd instanceof Errno) throw new CliError(`failed to write ${path}: ${fd.message.toLowerCase()}`);
  yield* writeAll(it.sys, fd, bytes);
  yield* it.sys.close(fd);
  return undefined;
}

function* demandNoTerminal(it: Context, option: string): Activity<undefined> {
  if (it.flags.has("output") || (yield* attempt(it.sys.ioctl(1, "TCGETS"))) instanceof Errno) return undefined;
  throw new CliError(`cowardly refusing to save to a terminal. Use the ${option} flag or redirect`);
}

/** A file's bytes, "-" and nothing being standard input. @throws CliError in Go's words */
function* readFrom(it: Context, path: string | undefined): Activity<Uint8Array> {
  if (path === undefined || path === "-") return yield* readAll(it.sys, 0);
  const bytes = yield* attempt(readBytes(it.sys, path));
  if (bytes instanceof Errno) throw new CliError(`open ${path}: ${bytes.message.toLowerCase()}`);
  return bytes;
}

const save: DockerCommand = {
  paths: ["save", "image save"],
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  about: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  flags: [flag("output", "o", "string", "Write to a file, instead of STDOUT")],
  operands: [1, Infinity],
  *run(it) {
    yield* demandNoTerminal(it, "-o");
    const { body } = yield* it.client.ask("GET", "/images/get", { query: { names: it.args } });
    yield* writeTo(it, it.flags.text("output"), body);
    return 0;
  },
};

const load: DockerCommand = {
  paths: ["load", "image load"],
  usage: "[OPTIONS]",
  about: "Load an image from a tar archive or STDIN",
  flags: [
    flag("input", "i", "string", "Read from tar archive file, instead of STDIN"),
    flag("quiet", "q", "bool", "Suppress the load output"),
  ],
  operands: [0, 0],
  *run(it) {
    const input = it.flags.text("input");
    if (input === undefined && !((yield* attempt(it.sys.ioctl(0, "TCGETS"))) instanceof Errno))
      throw new CliError("requested load from stdin, but stdin is empty");
    const body = yield* readFrom(it, input);
    const conversation = yield* it.client.open("POST", "/images/load", {
      query: { quiet: it.flags.flag("quiet") },
      body,
      headers: { "content-type": "application/x-tar" },
    });
    yield* showProgress(conversation, (text) => it.say(text));
    return 0;
  },
};

const importImage: DockerCommand = {
  paths: ["import", "image import"],
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  about: "Import the contents from a tarball to create a filesystem image",
  flags: [
    flag("change", "c", "list", "Apply Dockerfile instruction to the created image"),
    flag("message", "m", "string", "Set commit message for imported image"),
    flag("platform", "", "string", "Set platform if server is multi-platform capable"),
  ],
  operands: [1, 2],
  *run(it) {
    const [source = "-", name = ""] = it.args;
    const body = yield* readFrom(it, source);
    const conversation = yield* it.client.open("POST", "/images/create", {
      query: { fromSrc: "-", repo: name, message: it.flags.text("message"), changes: it.flags.all("change") },
      body,
    });
    yield* showProgress(conversation, (text) => it.say(text));
    return 0;
  },
};

const exportContainer: DockerCommand = {
  paths: ["export", "container export"],
  usage: "[OPTIONS] CONTAINER",
  about: "Export a container's filesystem as a tar archive",
  flags: [flag("output", "o", "string", "Write to a file, instead of STDOUT")],
  operands: [1, 1],
  *run(it) {
    yield* demandNoTerminal(it, "-o");
    const { body } = yield* it.client.ask("GET", pathOf(it.args[0] ?? "", "export"));
    yield* writeTo(it, it.flags.text("output"), body);
    return 0;
  },
};

const login: DockerCommand = {
  paths: ["login"],
  usage: "[OPTIONS] [SERVER]",
  about: "Log in to a Docker registry.\nIf no server is specified, the default is defined by the daemon.",
  flags: [
    flag("password", "p", "string", "Password"),
    flag("password-stdin", "", "bool", "Take the password from stdin"),
    flag("username", "u", "string", "Username"),
  ],
  operands: [0, 1],
  *run(it) {
    const { flags, args } = it;
    const server = args[0] ?? indexServer;
    const username = flags.text("username") ?? "";
    if (flags.has("password")) {
      yield* it.tell("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
      if (flags.flag("password-stdin")) throw new CliError("--password and --password-stdin are mutually exclusive");
    }
    if (flags.flag("password-stdin") && username === "")
      throw new CliError("Must provide --username with --password-stdin");
    const typed = flags.flag("password-stdin") ? yield* readFrom(it, "-") : undefined;
    const password = typed === undefined ? flags.text("password") : textFrom(typed);
    // Without a terminal nobody can be asked.
    if (username === "" || password === undefined)
      throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
    const answer = yield* it.client.json("POST", "/auth", { json: { username, password, serveraddress: server } });
    yield* keepCredentials(it, server, { username, password });
    yield* it.tell(
      `WARNING! Your password will be stored unencrypted in ${it.variable("HOME") ?? "/root"}/.docker/config.json.\n` +
        "Configure a credential helper to remove this warning. See\n" +
        "https://docs.docker.com/engine/reference/commandline/login/#credentials-store\n\n",
    );
    it.out.put(`${textAt(fieldOf(answer), "Status")}\n`);
    return 0;
  },
};

const textFrom = (bytes: Uint8Array): string => String.fromCharCode(...bytes).replace(/\r?\n$/, "");

const logout: DockerCommand = {
  paths: ["logout"],
  usage: "[SERVER]",
  about: "Log out from a Docker registry.\nIf no server is specified, the default is defined by the daemon.",
  flags: [],
  operands: [0, 1],
  *run(it) {
    const server = it.args[0] ?? indexServer;
    const there = yield* keepCredentials(it, server);
    if (!there && server !== indexServer) it.out.put(`Not logged in to ${server}\n`);
    else it.out.put(`Removing login credentials for ${server}\n`);
    return 0;
  },
};

export const transferCommands: readonly DockerCommand[] = [
  ...[pull, push, save, load, importImage, exportContainer, login, logout],
];

import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_EXCL, O_WRONLY } from "../../../os/index.js";
import { encode, writeAll } from "../../../userland/index.js";
import { parseJson } from "../../json.js";
import { CliError, DaemonError, containerPath as pathOf } from "../client.js";
import { known, type Context, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { fieldOf, numberAt, textAt } from "../rows.js";
import { attachingOf, createBody, createFlags, type Attaching } from "../run-options.js";
import { converse, passedSignals, rawTerminal } from "../streams.js";
import { pullImage } from "./transfers.js";

/** A terminal is asked for, and standard input, which should be one, isn't. */
export function* demandTerminal(it: Context, { stdin, tty }: Pick<Attaching, "stdin" | "tty">): Activity<undefined> {
  if (!stdin || !tty || !((yield* attempt(it.sys.ioctl(0, "TCGETS"))) instanceof Errno)) return undefined;
  throw new CliError("the input device is not a TTY");
}

/** Tells a container's terminal, or an exec's, how large the client's is. */
export function* resize(it: Context, path: string): Activity<undefined> {
  const size = yield* attempt(it.sys.ioctl(0, "TIOCGWINSZ"));
  if (size instanceof Errno) return undefined;
  const { rows, columns } = size as { readonly rows: number; readonly columns: number };
  try {
    yield* it.client.ask("POST", `${path}/resize`, { query: { h: rows, w: columns } });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
  return undefined;
}

/** How a client is tied to a container that is about to run. */
interface Attachment extends Attaching {
  readonly id: string;
  /** What the client's waits for: "removed" where the daemon removes it at its end. */
  readonly condition?: "next-exit" | "removed";
  readonly begin: () => Activity<undefined>;
}

/** Attaches, waits, begins, and prints until the end. @returns the container's exit status */
export function* attached(it: Context, given: Attachment): Activity<number> {
  const { client, sys } = it;
  const { id, tty, stdin, streams, condition = "next-exit" } = given;
  const restore = tty && stdin ? yield* rawTerminal(sys) : undefined;
  const conversation = yield* client.open("POST", pathOf(id, "attach"), {
    upgrade: true,
    query: { stream: true, stdin, stdout: streams.includes("stdout"), stderr: streams.includes("stderr") },
  });
  try {
    const wait = yield* client.open("POST", pathOf(id, "wait"), { query: { condition } });
    if (!tty) yield* passSignals(it, id);
    yield* given.begin();
    if (tty) yield* resize(it, pathOf(id));
    yield* converse(sys, conversation, { tty, stdin });
    for (;;) {
      const answer = yield* attempt(wait.rest());
      if (answer instanceof Errno) continue;
      return numberAt(fieldOf(parseJson(answer, "the daemon's answer")), "StatusCode");
    }
  } finally {
    yield* conversation.close();
    if (restore !== undefined) yield* restore();
  }
}

function* passSignals(it: Context, id: string): Activity<undefined> {
  for (const signal of passedSignals)
    yield* it.sys.rt_sigaction(signal, function* () {
      try {
        yield* it.client.ask("POST", pathOf(id, "kill"), { query: { signal: signal.slice("SIG".length) } });
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
      }
    });
  return undefined;
}

/** Creates a container, pulling its image where that is asked for. @returns its id */
function* created(it: Context): Activity<string> {
  const { client, flags, args } = it;
  const [image = "", ...command] = args;
  const policy = flags.text("pull") ?? "missing";
  const cidfile = flags.text("cidfile");
  const json = yield* createBody(it, image, command);
  const query = { name: flags.text("name"), platform: flags.text("platform") };
  const create = (): Activity<Parameters<typeof fieldOf>[0]> =>
    client.json("POST", "/containers/create", { json, query });
  if (policy === "always") yield* pullImage(it, image, "error");
  let answer: Parameters<typeof fieldOf>[0];
  try {
    answer = yield* create();
  } catch (error) {
    const missing = error instanceof DaemonError && error.code === 404 && /no such image/i.test(error.said);
    if (!missing || policy === "never") throw error;
    yield* it.tell(`Unable to find image '${withTag(image)}' locally\n`);
    yield* pullImage(it, image, "error");
    answer = yield* create();
  }
  const made = fieldOf(answer);
  for (const warning of made.at("Warnings").optional((one) => one.texts()) ?? [])
    yield* it.tell(`WARNING: ${warning}\n`);
  const id = textAt(made, "Id");
  if (cidfile !== undefined) {
    const fd = yield* attempt(it.sys.open(cidfile, O_CREAT | O_EXCL | O_WRONLY, 0o644));
    if (fd instanceof Errno)
      throw new CliError(`Container ID file found, make sure the other container isn't running or delete ${cidfile}`);
    yield* writeAll(it.sys, fd, encode(id));
    yield* it.sys.close(fd);
  }
  return id;
}

/** A reference with the tag that it has where it says none. */
const withTag = (image: string): string => (/@/.test(image) || /:[^/]*$/.test(image) ? image : `${image}:latest`);

/** What is refused before anything runs: said by "docker:", with status 125. */
function refused(it: Context, error: CliError): CliError {
  return new CliError(`docker: ${error.message.replace(/\.$/, "")}.\nSee '${it.called} --help'.`, 125);
}

/** Exit statuses of a start that fails, as shells have them: 127 not found, 126 not to be executed. */
function startStatus(message: string): number {
  if (/executable file not found|no such file or directory/.test(message)) return 127;
  return message.includes("permission denied") ? 126 : 125;
}

function* runContainer(it: Context): Activity<number> {
  const { flags, client } = it;
  const attaching = attachingOf(flags);
  yield* demandTerminal(it, attaching);
  let id: string;
  try {
    if (flags.flag("detach") && flags.has("attach")) throw new CliError("Conflicting options: -a and -d");
    id = yield* created(it);
  } catch (error) {
    throw error instanceof CliError ? refused(it, error) : error;
  }
  const begin = function* (): Activity<undefined> {
    try {
      yield* client.ask("POST", pathOf(id, "start"));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      // As with the daemon's own, nothing is left of one that was to be removed.
      throw new CliError(`docker: ${error.message.replace(/\.$/, "")}.`, startStatus(error.message));
    }
    return undefined;
  };
  if (!attaching.stdin && attaching.streams.length === 0) {
    yield* begin();
    yield* it.say(`${id}\n`);
    return 0;
  }
  return yield* attached(it, { ...attaching, id, begin, condition: flags.flag("rm") ? "removed" : "next-exit" });
}

export const run: DockerCommand = {
  paths: ["run", "container run"],
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  about: "Run a command in a new container",
  flags: [
    ...createFlags,
    flag("detach", "d", "bool", "Run container in background and print container ID"),
    flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
    flag("sig-proxy", "", "bool", "Proxy received signals to the process", "true"),
  ],
  operands: [1, Infinity],
  posix: true,
  run: runContainer,
};

export const create: DockerCommand = {
  paths: ["create", "container create"],
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  about: "Create a new container",
  flags: createFlags,
  operands: [1, Infinity],
  posix: true,
  *run(it) {
    try {
      yield* it.say(`${yield* created(it)}\n`);
    } catch (error) {
      // create leaves the prefix to the daemon's own words.
      throw error instanceof DaemonError ? new CliError(error.message) : error;
    }
    return 0;
  },
};

export const attach: DockerCommand = {
  paths: ["attach", "container attach"],
  usage: "[OPTIONS] CONTAINER",
  about: "Attach local standard input, output, and error streams to a running container",
  flags: [
    flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
    flag("no-stdin", "", "bool", "Do not attach STDIN"),
    flag("sig-proxy", "", "bool", "Proxy all received signals to the process", "true"),
  ],
  operands: [1, 1],
  *run(it) {
    const [name = ""] = it.args;
    const seen = fieldOf(yield* known("container", name, it.client.json("GET", pathOf(name, "json"))));
    const state = seen.at("State");
    if (!state.at("Running").boolean()) throw new CliError("You cannot attach to a stopped container, start it first");
    if (state.at("Paused").boolean()) throw new CliError("You cannot attach to a paused container, unpause it first");
    const config = seen.at("Config");
    const stdin = config.at("OpenStdin").boolean() && !it.flags.flag("no-stdin");
    const tty = config.at("Tty").boolean();
    yield* demandTerminal(it, { stdin, tty });
    return yield* attached(it, {
      ...{ id: textAt(seen, "Id"), tty, stdin, streams: ["stdout", "stderr"] },
      *begin() {
        return undefined;
      },
    });
  },
};

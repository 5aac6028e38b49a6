import type { Activity } from "../../../core/index.js";
import { DaemonError, containerPath as pathOf } from "../client.js";
import { known, type Context, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { fieldOf, numberAt, textAt } from "../rows.js";
import { variablesOf } from "../run-options.js";
import { converse, Demultiplexer, rawTerminal } from "../streams.js";
import { writeAll } from "../../../userland/index.js";
import { parseDuration } from "../units.js";
import { secondsOf } from "../../timestamp.js";
import { demandTerminal, resize } from "./run.js";

function* execute(it: Context): Activity<number> {
  const { flags, client, args } = it;
  const [name = "", ...Cmd] = args;
  const detached = flags.flag("detach");
  const [tty, stdin] = [flags.flag("tty"), flags.flag("interactive") && !detached];
  yield* demandTerminal(it, { stdin, tty });
  // The CLI looks whether there is one before it asks for anything.
  yield* known("container", name, client.json("GET", pathOf(name, "json")));
  const made = yield* client.json("POST", pathOf(name, "exec"), {
    json: {
      User: flags.text("user") ?? "",
      Privileged: flags.flag("privileged"),
      Tty: tty,
      AttachStdin: stdin,
      AttachStdout: !detached,
      AttachStderr: !detached,
      Detach: detached,
      DetachKeys: flags.text("detach-keys") ?? "",
      Env: variablesOf(it, flags.all("env")),
      WorkingDir: flags.text("workdir") ?? "",
      Cmd,
    },
  });
  const path = `/exec/${textAt(fieldOf(made), "Id")}`;
  if (detached) {
    yield* client.ask("POST", `${path}/start`, { json: { Detach: true, Tty: tty } });
    return 0;
  }
  const restore = tty && stdin ? yield* rawTerminal(it.sys) : undefined;
  const conversation = yield* client.open("POST", `${path}/start`, {
    upgrade: true,
    json: { Detach: false, Tty: tty },
  });
  try {
    if (tty) yield* resize(it, path);
    yield* converse(it.sys, conversation, { tty, stdin });
  } finally {
    yield* conversation.close();
    if (restore !== undefined) yield* restore();
  }
  return numberAt(fieldOf(yield* client.json("GET", `${path}/json`)), "ExitCode");
}

export const exec: DockerCommand = {
  paths: ["exec", "container exec"],
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  about: "Run a command in a running container",
  flags: [
    flag("detach", "d", "bool", "Detached mode: run command in the background"),
    flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
    flag("env", "e", "list", "Set environment variables"),
    flag("interactive", "i", "bool", "Keep STDIN open even if not attached"),
    flag("privileged", "", "bool", "Give extended privileges to the command"),
    flag("tty", "t", "bool", "Allocate a pseudo-TTY"),
    flag("user", "u", "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
    flag("workdir", "w", "string", "Working directory inside the container"),
  ],
  operands: [2, Infinity],
  posix: true,
  run: execute,
};

/**
 * timetypes.GetTimestamp: "10m" is so long ago, "2025-01-01T00:00:00" a time, and a number seconds since 1970.
 * @param now in nanoseconds since 1970
 * @throws CliError
 */
export function timeParameter(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  const span = parseDuration(text);
  if (span !== undefined && text !== "0") {
    const at = now - span;
    return `${Math.floor(at / 1e9)}.${String(at % 1e9).padStart(9, "0")}`;
  }
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const [, date, time = "T00:00:00", fraction = ""] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2})?(?:\.(\d+))?Z?$/.exec(text) ?? [];
  if (date === undefined) throw new DaemonError(400, `parsing time "${text}": not a time of RFC 3339 or a duration`);
  return `${secondsOf(`${date}${time}Z`)}.${fraction.padEnd(9, "0")}`;
}

export const logs: DockerCommand = {
  paths: ["logs", "container logs"],
  usage: "[OPTIONS] CONTAINER",
  about: "Fetch the logs of a container",
  flags: [
    flag("details", "", "bool", "Show extra details provided to logs"),
    flag("follow", "f", "bool", "Follow log output"),
    flag(
      "since",
      "",
      "string",
      "Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    ),
    flag("tail", "n", "string", "Number of lines to show from the end of the logs", '"all"'),
    flag("timestamps", "t", "bool", "Show timestamps"),
    flag(
      "until",
      "",
      "string",
      "Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    ),
  ],
  operands: [1, 1],
  *run(it) {
    const [name = ""] = it.args;
    const seen = fieldOf(yield* known("container", name, it.client.json("GET", pathOf(name, "json"))));
    return yield* printLogs(it, textAt(seen, "Id"), seen.at("Config").at("Tty").boolean());
  },
};

function* printLogs(it: Context, id: string, tty: boolean): Activity<undefined> {
  const { flags, sys } = it;
  const now = yield* sys.clock_gettime("CLOCK_REALTIME");
  const conversation = yield* it.client.open("GET", pathOf(id, "logs"), {
    query: {
      stdout: true,
      stderr: true,
      follow: flags.flag("follow"),
      timestamps: flags.flag("timestamps"),
      tail: flags.text("tail") ?? "all",
      since: timeParameter(flags.text("since"), now),
      until: timeParameter(flags.text("until"), now),
    },
  });
  const frames = new Demultiplexer(tty);
  for (let bytes = yield* conversation.read(); bytes.length > 0; bytes = yield* conversation.read())
    for (const frame of frames.take(bytes)) yield* writeAll(sys, frame.fd, frame.bytes);
  yield* conversation.close();
  return undefined;
}

import type { Activity } from "../../core/index.js";
import { invalid } from "../engine/errors.js";
import type { Exec, ExecOptions } from "../engine/exec.js";
import { answerEmpty, answerJson, type ApiAnswer, type Call } from "./exchange.js";
import { given } from "./create-request.js";
import { connectionAnswer, watchFor } from "./streams.js";

const execOf = ({ engine, names }: Call): Exec => engine.execs.get(names[0] ?? "");

export function create({ engine, names, body }: Call): ApiAnswer {
  const [name = ""] = names;
  engine.container(name);
  const asked = body();
  const Cmd = asked.words("Cmd") ?? [];
  if (Cmd.length === 0) throw invalid("No exec command specified", "Name a command.");
  const options = given<ExecOptions>({
    AttachStdin: asked.flag("AttachStdin"),
    AttachStdout: asked.flag("AttachStdout"),
    AttachStderr: asked.flag("AttachStderr"),
    Tty: asked.flag("Tty"),
    Env: asked.texts("Env"),
    User: asked.text("User"),
    WorkingDir: asked.text("WorkingDir"),
    Privileged: asked.flag("Privileged"),
  });
  watchFor(asked.text("DetachKeys") ?? "", false);
  return answerJson({ Id: engine.exec(name, { ...options, Cmd }).id }, 201);
}

export function* start(call: Call): Activity<ApiAnswer> {
  const exec = execOf(call);
  const asked = call.body();
  if (asked.flag("Detach") === true) {
    yield* call.engine.execs.start(exec);
    return answerEmpty(200);
  }
  const { Tty = false, AttachStdin = false, AttachStdout = false, AttachStderr = false } = exec.options;
  const all = !AttachStdin && !AttachStdout && !AttachStderr;
  const wanted = { stdin: AttachStdin, stdout: AttachStdout || all, stderr: AttachStderr || all };
  return connectionAnswer(call, {
    attachment: exec.streams.attach(wanted),
    tty: Tty,
    stdin: AttachStdin,
    watch: watchFor("", Tty),
    runs: () => exec.running,
    begin: () => call.engine.execs.start(exec),
  });
}

export function inspect(call: Call): ApiAnswer {
  const { id, container, options, running, exitCode, pid } = execOf(call);
  const [entrypoint = "", ...rest] = options.Cmd;
  const { Tty = false, AttachStdin = false, AttachStdout = false, AttachStderr = false, Privileged = false } = options;
  return answerJson({
    ID: id,
    Running: running,
    ExitCode: exitCode ?? null,
    ProcessConfig: {
      tty: Tty,
      entrypoint,
      arguments: rest,
      privileged: Privileged,
      ...(options.User !== undefined && { user: options.User }),
    },
    OpenStdin: AttachStdin,
    OpenStderr: AttachStderr,
    OpenStdout: AttachStdout,
    CanRemove: exitCode !== undefined,
    ContainerID: container.id,
    DetachKeys: "",
    Pid: pid,
  });
}

export function* resize(call: Call): Activity<ApiAnswer> {
  const exec = execOf(call);
  yield* call.engine.resize(exec, call.query.integer("h") ?? 0, call.query.integer("w") ?? 0);
  return answerEmpty(200);
}

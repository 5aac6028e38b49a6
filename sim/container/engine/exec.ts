import { Signal, type Activity } from "../../core/index.js";
import { attempt, O_RDWR, signalNumbers, type SignalName, type Sys } from "../../os/index.js";
import { defaultSpec } from "../bundle/default-spec.js";
import type { ProcessSpec } from "../bundle/spec.js";
import type { Container } from "./container.js";
import { conflict, EngineError, invalid, missing } from "./errors.js";
import type { EngineHost } from "./host.js";
import { randomId } from "./names.js";
import { execFailureOf, hintOf } from "./outcome.js";
import { capabilitiesFor, userOf } from "./process-spec.js";
import { openRoot } from "../runtime/rootfs.js";
import { exitCodeOf } from "./shim.js";
import { openInput, relay, Streams, type StreamName } from "./streams.js";

/** What is asked of `docker exec`: Docker's API, POST /containers/NAME/exec. */
export interface ExecOptions {
  readonly Cmd: readonly string[];
  readonly AttachStdin?: boolean;
  /** What a client that starts it hears; all where neither is asked for. */
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly Tty?: boolean;
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Privileged?: boolean;
}

/** A further process of a container. */
export class Exec {
  readonly id: string;
  readonly container: Container;
  readonly options: ExecOptions;
  readonly streams: Streams;
  /** Fires with its exit code. */
  readonly ended: Signal<number> = new Signal("the end of an exec");
  running = false;
  pid = 0;
  /** Undefined until it has ended. */
  exitCode: number | undefined;

  constructor(id: string, container: Container, options: ExecOptions, host: EngineHost) {
    this.id = id;
    this.container = container;
    this.options = options;
    this.streams = new Streams(host.kernel.engine, { stdin: options.AttachStdin ?? false, once: options.Tty !== true });
  }
}

/** Docker remembers an exec for five minutes after its end; so many in one container here. */
const kept = 64;

/** Processes that are run in containers beside their first ones. */
export class Execs {
  readonly #host: EngineHost;
  readonly #all = new Map<string, Exec>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** @throws EngineError 409 in a container that doesn't run */
  create(container: Container, options: ExecOptions): Exec {
    if (!container.isRunning) throw conflict(`container ${container.id} is not running`, "Start it first.");
    if (container.state.status === "paused")
      throw conflict(`container ${container.name} is paused, unpause the container before exec`, "Unpause it.");
    if (options.Cmd.length === 0) throw invalid("No exec command specified", "Name a command.");
    const exec = new Exec(randomId(this.#host.rng), container, options, this.#host);
    this.#all.set(exec.id, exec);
    this.#forgetOld(container);
    this.#tell(exec, `exec_create: ${options.Cmd.join(" ")}`);
    return exec;
  }

  /** @throws EngineError 404 */
  get(id: string): Exec {
    const exec = this.#all.get(id);
    if (exec === undefined) throw missing("exec instance", id);
    return exec;
  }

  of(container: Container): Exec[] {
    return [...this.#all.values()].filter((one) => one.container === container);
  }

  forget(container: Container): void {
    for (const { id } of this.of(container)) this.#all.delete(id);
  }

  /** Runs it; returns when it runs. @throws EngineError in Docker's words for what cannot be executed */
  *start(exec: Exec): Activity<undefined> {
    if (exec.running || exec.exitCode !== undefined)
      throw conflict(`Exec command ${exec.id} is already running`, "Create another one.");
    const begun = new Signal<number>("exec");
    exec.running = true;
    // The task is the process's parent, as a shim is.
    this.#host.start("containerd-shim", (sys) => this.#run(sys, exec, begun));
    try {
      exec.pid = yield* begun;
    } catch (error) {
      const { code, message } = execFailureOf(error);
      this.#finish(exec, code);
      throw new EngineError(code === 128 ? 500 : 400, message, hintOf(error));
    }
    this.#tell(exec, `exec_start: ${exec.options.Cmd.join(" ")}`);
    return undefined;
  }

  /** Sends a signal to its process; nothing where that is gone. */
  *kill(exec: Exec, signal: SignalName): Activity<undefined> {
    if (exec.running && exec.pid !== 0)
      yield* this.#host.serve((sys) => attempt(sys.kill(exec.pid, signalNumbers[signal])));
    return undefined;
  }

  *#run(sys: Sys, exec: Exec, begun: Signal<number>): Activity<undefined> {
    const { container, options, streams } = exec;
    try {
      const process = yield* this.#process(sys, exec);
      for (const fd of [0, 1, 2]) yield* attempt(sys.close(fd));
      for (let fd = -1; fd < 2;) fd = yield* sys.open("/dev/null", O_RDWR);
      const input = streams.input === undefined ? undefined : yield* openInput(sys, streams.input);
      const outputs = new Map<number, StreamName>();
      if (options.Tty !== true) {
        if (input !== undefined) yield* sys.dup2(input, 0);
        for (const [fd, stream] of [
          [1, "stdout"],
          [2, "stderr"],
        ] as const) {
          const [reader, writer] = yield* sys.pipe2();
          yield* sys.dup2(writer, fd);
          yield* sys.close(writer);
          outputs.set(reader, stream);
        }
      }
      const { pid, terminal } = yield* this.#host.runtime.exec(sys, container.id, process);
      for (const fd of [0, 1, 2]) yield* sys.close(fd);
      begun.fire(pid);
      if (terminal !== undefined) outputs.set(terminal, "stdout");
      else if (input !== undefined) yield* sys.close(input);
      const status = yield* relay(sys, {
        pid,
        outputs,
        input: terminal === undefined || input === undefined ? undefined : { from: input, to: terminal },
        *hear(chunk) {
          streams.hear(chunk);
          return undefined;
        },
      });
      this.#finish(exec, exitCodeOf(status));
    } catch (error) {
      if (!begun.fail(error)) throw error;
    }
    return undefined;
  }

  *#process(sys: Sys, { container, options }: Exec): Activity<ProcessSpec> {
    const { config, host, state } = container;
    const { Privileged = false, Env = [], User = config.User, WorkingDir = config.WorkingDir, Tty = false } = options;
    const root = yield* openRoot(sys, `/proc/${state.pid}/root`);
    const user = yield* userOf(sys, root, User, host.GroupAdd);
    yield* sys.close(root);
    const capabilities = capabilitiesFor(Privileged ? { ...host, Privileged } : host);
    const names = new Set(Env.map((one) => one.split("=")[0]));
    const inherited = config.Env.filter((one) => !names.has(one.split("=")[0]));
    const home = [...inherited, ...Env].some((one) => one.startsWith("HOME="));
    const { process } = defaultSpec({
      args: options.Cmd,
      env: [
        ...inherited,
        `HOSTNAME=${config.Hostname}`,
        ...(Tty ? ["TERM=xterm"] : []),
        ...Env,
        ...(home ? [] : [`HOME=${user.uid === 0 ? "/root" : "/"}`]),
      ],
      cwd: WorkingDir === "" ? "/" : WorkingDir,
      user,
      capabilities,
    });
    return { ...process, ...(Tty && { terminal: true }) };
  }

  #finish(exec: Exec, code: number): void {
    exec.running = false;
    exec.exitCode = code;
    exec.streams.end();
    this.#tell(exec, "exec_die", { exitCode: String(code) });
    exec.ended.fire(code);
  }

  #forgetOld(container: Container): void {
    const done = this.of(container).filter(({ exitCode }) => exitCode !== undefined);
    for (const { id } of done.slice(0, Math.max(0, done.length - kept))) this.#all.delete(id);
  }

  #tell({ id, container }: Exec, action: string, more: Readonly<Record<string, string>> = {}): void {
    this.#host.events.emit("container", action, container.id, { ...container.attributes, execID: id, ...more });
  }
}

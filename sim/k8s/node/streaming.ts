import { Signal, type Activity } from "../../core/index.js";
import { EngineError, type Attachment, type EngineContainer } from "../../container/index.js";
import { isErrno, type NetworkNamespace } from "../../net/index.js";
import { Errno } from "../../os/index.js";
import { RuntimeFailure, type StreamingRuntime } from "../kubelet/runtime.js";
import type {
  ForwardedConnection,
  ForwardSession,
  ForwardSink,
  ProcessInput,
  ProcessSession,
  ProcessSink,
  StreamOptions,
} from "../apiserver/session.js";
import { endOf, failureOf } from "../kubelet/streaming.js";
import type { NodeMachine } from "./machine.js";

/** What streams need to know of the runtime's pods. */
interface Pods {
  /** @throws RuntimeFailure for a container that isn't there */
  engineContainer(id: string): EngineContainer;
  /** A process in a pod's network. @throws RuntimeFailure where there is none */
  networkOf(sandbox: string): number;
}

/** exec, attach and port-forward on a node's container engine. */
export class EngineStreaming implements StreamingRuntime {
  readonly #machine: NodeMachine;
  readonly #pods: Pods;

  constructor(machine: NodeMachine, pods: Pods) {
    this.#machine = machine;
    this.#pods = pods;
  }

  exec(id: string, command: readonly string[], options: StreamOptions): ProcessSession {
    const { engine, kernel } = this.#machine;
    this.#pods.engineContainer(id);
    return {
      kind: "process",
      options,
      start: (sink) => {
        const exec = engine.exec(id, { Cmd: command, AttachStdin: options.stdin, Tty: options.tty });
        const attached = exec.streams.attach(options);
        const begun = new Signal<void>("exec");
        const run = function* (): Activity<void> {
          try {
            yield* engine.execs.start(exec);
            begun.fire();
            yield* pass(attached, sink);
            sink.end(endOf(yield* exec.ended));
          } catch (error) {
            if (!(error instanceof EngineError)) throw error;
            sink.end(failureOf(`error executing command in container: ${error.message}`));
          }
        };
        kernel.engine.spawn(run(), { name: "exec" });
        return this.#input(
          attached,
          () => {
            attached.closeInput();
            attached.detach();
          },
          function* (rows, columns): Activity<undefined> {
            // Sizes are told before there is a terminal.
            yield* begun;
            return yield* engine.resize(exec, rows, columns);
          },
        );
      },
    };
  }

  attach(id: string, options: StreamOptions): ProcessSession {
    const { engine, kernel } = this.#machine;
    const container = this.#pods.engineContainer(id);
    if (!container.isRunning) throw new RuntimeFailure(`container is not running (${id})`);
    return {
      kind: "process",
      options,
      start: (sink) => {
        const attached = engine.attach(id, options);
        const run = function* (): Activity<void> {
          yield* pass(attached, sink);
          sink.end(endOf(0));
        };
        kernel.engine.spawn(run(), { name: "attach" });
        return this.#input(
          attached,
          () => {
            attached.detach();
          },
          (rows, columns) => engine.resize(id, rows, columns),
        );
      },
    };
  }

  forward(sandbox: string): ForwardSession {
    const { kernel } = this.#machine;
    return {
      kind: "forward",
      connect: (port, sink) => {
        const pid = this.#pods.networkOf(sandbox);
        const stack = kernel.pidNamespace.tasks.get(pid)?.namespaces.net.net;
        if (stack === undefined) throw new RuntimeFailure(`no process ${pid}`);
        return forwardTo(stack, port, sink);
      },
    };
  }

  grown(id: string): Signal<unknown> | undefined {
    const container = this.#pods.engineContainer(id);
    return container.isRunning ? container.log.grown : undefined;
  }

  #input(
    attached: Attachment,
    close: () => void,
    resize: (rows: number, columns: number) => Activity<undefined>,
  ): ProcessInput {
    const { engine } = this.#machine.kernel;
    return {
      input: (bytes) => {
        attached.write(bytes);
      },
      closeInput: () => {
        attached.closeInput();
      },
      resize: (columns, rows) => {
        const body = function* (): Activity<void> {
          try {
            yield* resize(rows, columns);
          } catch (error) {
            // It may have ended, or have no terminal.
            if (!(error instanceof EngineError || error instanceof Errno)) throw error;
          }
        };
        engine.spawn(body(), { name: "resize" });
      },
      close,
    };
  }
}

function* pass(attached: Attachment, sink: ProcessSink): Activity<undefined> {
  for (let chunk = yield* attached.read(); chunk !== undefined; chunk = yield* attached.read())
    sink.output(chunk.stream, chunk.bytes);
  return undefined;
}

/** A connection to a port of 127.0.0.1 in a pod's network, as containerd makes it. */
function forwardTo(stack: NetworkNamespace, port: number, sink: ForwardSink): ForwardedConnection {
  const { engine } = stack.world;
  const socket = stack.tcpSocket();
  const opened = new Signal<boolean>("port-forward");
  const read = function* (): Activity<void> {
    const failed = yield* socket.connect("127.0.0.1", port);
    opened.fire(failed === undefined);
    if (failed !== undefined) {
      sink.error(`failed to connect to localhost:${port} inside namespace: ${failed}`);
      sink.end();
      return;
    }
    for (;;) {
      const bytes = yield* socket.receive();
      if (isErrno(bytes) || bytes.length === 0) break;
      sink.data(bytes.slice());
    }
    sink.end();
  };
  engine.spawn(read(), { name: "port-forward" });
  // One after the other, in the order in which they came.
  let before: Signal<unknown> = opened;
  const queue = (work: () => Activity<unknown>): void => {
    const earlier = before;
    const turn = function* (): Activity<void> {
      yield* earlier;
      if (opened.value) yield* work();
    };
    before = engine.spawn(turn(), { name: "port-forward" });
  };
  return {
    write: (bytes) => {
      queue(() => socket.send(bytes));
    },
    end: () => {
      queue(function* () {
        socket.shutdown("write");
      });
    },
    close: () => {
      socket.close();
    },
  };
}

import { Queue, type Activity, type Engine, s } from "../../core/index.js";
import { attempt, Errno, O_NONBLOCK, POLLIN, WNOHANG, type Sys } from "../../os/index.js";
import type { ContainerConfig } from "./config.js";

export type StreamName = "stdout" | "stderr";

export interface Chunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
}

/** Which streams a client wants. */
export interface Wanted {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** A client's end of a process's streams. */
export class Attachment {
  readonly #chunks: Queue<Chunk | undefined>;
  readonly #streams: Streams;
  readonly #wanted: Wanted;
  #ended = false;

  constructor(engine: Engine, streams: Streams, wanted: Wanted) {
    this.#chunks = new Queue(engine, { name: "attach" });
    this.#streams = streams;
    this.#wanted = wanted;
  }

  /** The next of what the process writes; undefined once it has ended. */
  *read(): Activity<Chunk | undefined> {
    if (this.#ended && this.#chunks.length === 0) return undefined;
    return yield* this.#chunks.get();
  }

  /** All that is left, up to the end. */
  *rest(): Activity<Chunk[]> {
    const all: Chunk[] = [];
    for (let chunk = yield* this.read(); chunk !== undefined; chunk = yield* this.read()) all.push(chunk);
    return all;
  }

  /** Into the process's standard input; nothing where it has none, or the client didn't ask for it. */
  write(bytes: Uint8Array): void {
    if (this.#wanted.stdin === true) this.#streams.input?.put(bytes);
  }

  /** The client has no more to say. The process sees the end of its input where that is to end with its first client. */
  closeInput(): void {
    if (this.#wanted.stdin === true) this.#streams.clientEnded();
  }

  /** The client goes; the process doesn't care. */
  detach(): void {
    this.#streams.leave(this);
    this.closeInput();
    this.end();
  }

  hear(chunk: Chunk): void {
    if (this.#wanted[chunk.stream] === true && !this.#ended) this.#chunks.put(chunk);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunks.put(undefined);
  }
}

/** A process's standard streams, as the engine holds them: who listens, and what is still to be read by the process. */
export class Streams {
  /** What goes into its standard input, undefined at the end; absent where it has none. */
  readonly input: Queue<Uint8Array | undefined> | undefined;
  readonly #engine: Engine;
  readonly #once: boolean;
  readonly #attached = new Set<Attachment>();
  #inputEnded = false;
  #ended = false;

  /** @param once whether the input ends with the first client's */
  constructor(engine: Engine, { stdin, once }: { readonly stdin: boolean; readonly once: boolean }) {
    this.#engine = engine;
    this.#once = once;
    this.input = stdin ? new Queue(engine, { name: "stdin" }) : undefined;
  }

  attach(wanted: Wanted): Attachment {
    const attachment = new Attachment(this.#engine, this, wanted);
    if (this.#ended) attachment.end();
    else this.#attached.add(attachment);
    return attachment;
  }

  leave(attachment: Attachment): void {
    this.#attached.delete(attachment);
  }

  hear(chunk: Chunk): void {
    for (const one of this.#attached) one.hear(chunk);
  }

  clientEnded(): void {
    if (this.#once) this.#endInput();
  }

  /** The process is gone. */
  end(): void {
    this.#ended = true;
    this.#endInput();
    for (const one of this.#attached) one.end();
    this.#attached.clear();
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.input?.put(undefined);
  }
}

/** Those of a container's next run. A terminal outlives whoever typed at it: that one may come back. */
export const streamsFor = (
  engine: Engine,
  { OpenStdin, StdinOnce, Tty }: Pick<ContainerConfig, "OpenStdin" | "StdinOnce" | "Tty">,
): Streams => new Streams(engine, { stdin: OpenStdin, once: StdinOnce && !Tty });

/** Writes all of it, in as many calls as it takes. @throws Errno */
export function* writeAll(sys: Sys, fd: number, bytes: Uint8Array): Activity<undefined> {
  for (let at = 0; at < bytes.length;) at += yield* sys.write(fd, bytes.subarray(at));
  return undefined;
}

/** A pipe into which a child writes what comes, until the end. @returns the end to read from */
export function* openInput(sys: Sys, input: Queue<Uint8Array | undefined>): Activity<number> {
  const [reader, writer] = yield* sys.pipe2();
  yield* sys.clone(function* (child) {
    yield* child.close(reader);
    for (;;) {
      const bytes = yield* input.get();
      if (bytes === undefined) break;
      yield* writeAll(child, writer, bytes);
    }
  });
  yield* sys.close(writer);
  return reader;
}

export interface Relay {
  /** The child to wait for. */
  readonly pid: number;
  /** Descriptors of what it writes to; they are closed. */
  readonly outputs: ReadonlyMap<number, StreamName>;
  /** What comes on one descriptor goes out on another: to a terminal. */
  readonly input?: { readonly from: number; readonly to: number } | undefined;
  readonly hear: (chunk: Chunk) => Activity<undefined>;
}

/** How long streams that others still hold are listened to after the process has ended: as dockerd does. */
const patience = s(2);

/** Passes on what a child writes, until it has ended and said all. @returns its status, as wait4(2) has it */
export function* relay(sys: Sys, { pid, outputs, input, hear }: Relay): Activity<number> {
  yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGCHLD"]);
  const signals = yield* sys.signalfd4(-1, ["SIGCHLD"], O_NONBLOCK);
  const epoll = yield* sys.epoll_create1();
  const open = new Map(outputs);
  for (const fd of [signals, ...open.keys(), ...(input === undefined ? [] : [input.from])])
    yield* sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", fd, { events: POLLIN, data: fd });
  let status = (yield* sys.wait4(pid, WNOHANG))?.status;
  while (status === undefined || open.size > 0) {
    const events = yield* sys.epoll_wait(epoll, 8, status === undefined ? undefined : patience);
    if (events.length === 0) break;
    for (const { data } of events) {
      const fd = Number(data);
      if (fd === signals) {
        yield* attempt(sys.read(signals, 128));
        // Others of its children end, too: each is taken in.
        for (;;) {
          const ended = yield* attempt(sys.wait4(-1, WNOHANG));
          if (ended instanceof Errno || ended === undefined) break;
          if (ended.pid === pid) status = ended.status;
        }
        continue;
      }
      const bytes = yield* attempt(sys.read(fd, 65_536));
      const stream = open.get(fd);
      // A terminal whose last user is gone says EIO.
      if (bytes instanceof Errno || bytes.length === 0) {
        yield* sys.epoll_ctl(epoll, "EPOLL_CTL_DEL", fd);
        open.delete(fd);
        if (fd !== input?.to) yield* sys.close(fd);
      } else if (stream === undefined) yield* writeAll(sys, input?.to ?? fd, bytes);
      else yield* hear({ stream, bytes: bytes.slice() });
    }
  }
  for (const fd of [signals, epoll, ...open.keys()]) yield* sys.close(fd);
  return status ?? 0;
}

/** A container's streams at the client's: frames apart, input forwarded, signals passed on. */
import { concatBytes, type Activity } from "../../core/index.js";
import { attempt, Errno, POLLIN, type SignalName, type Sys } from "../../os/index.js";
import { writeAll } from "../../userland/index.js";
import type { Conversation } from "./client.js";

/** Takes frames of eight bytes' head and what follows apart (stdcopy); a terminal's stream has none. */
export class Demultiplexer {
  readonly #tty: boolean;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(tty: boolean) {
    this.#tty = tty;
  }

  /** @returns whole frames, each with the descriptor that it is for */
  take(bytes: Uint8Array): { readonly fd: 1 | 2; readonly bytes: Uint8Array }[] {
    if (this.#tty) return [{ fd: 1, bytes }];
    const frames: { readonly fd: 1 | 2; readonly bytes: Uint8Array }[] = [];
    let all = this.#rest.length === 0 ? bytes : concatBytes([this.#rest, bytes]);
    for (;;) {
      if (all.length < 8) break;
      const length = new DataView(all.buffer, all.byteOffset).getUint32(4);
      if (all.length < 8 + length) break;
      frames.push({ fd: all[0] === 2 ? 2 : 1, bytes: all.subarray(8, 8 + length) });
      all = all.subarray(8 + length);
    }
    this.#rest = all;
    return frames;
  }
}

/**
 * Prints what comes until the other side ends it, and says meanwhile what standard input brings.
 * @param options.stdin whether there is something to say
 */
export function* converse(
  sys: Sys,
  conversation: Conversation,
  options: { readonly tty: boolean; readonly stdin?: boolean },
): Activity<undefined> {
  const frames = new Demultiplexer(options.tty);
  let listens = options.stdin === true;
  for (;;) {
    const wanted = [conversation.fd, ...(listens ? [0] : [])].map((fd) => ({ fd, events: POLLIN }));
    const polled = conversation.holds ? [{ fd: conversation.fd, events: POLLIN }] : yield* attempt(sys.poll(wanted));
    // A signal that is passed on ends no conversation.
    if (polled instanceof Errno) continue;
    for (const { fd } of polled) {
      if (fd === conversation.fd) {
        const bytes = yield* attempt(conversation.read());
        if (bytes instanceof Errno) {
          if (bytes.code === "EINTR") continue;
          return undefined;
        }
        if (bytes.length === 0) return undefined;
        for (const frame of frames.take(bytes)) yield* writeAll(sys, frame.fd, frame.bytes);
        continue;
      }
      const bytes = yield* attempt(sys.read(0, 65_536));
      if (!(bytes instanceof Errno) && bytes.length > 0) {
        yield* attempt(conversation.write(bytes));
        continue;
      }
      if (bytes instanceof Errno && bytes.code === "EINTR") continue;
      listens = false;
      yield* conversation.finish();
    }
  }
}

/** What a client that is attached passes on to the container (--sig-proxy). */
export const passedSignals: readonly SignalName[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"];

/** cfmakeraw(3). */
const raw = { canonical: false, echo: false, signals: false, carriageReturnIn: false, newlineOut: false };

/** Has the client's terminal hand over every key while something runs. @returns what puts it back; undefined where 0 is none */
export function* rawTerminal(sys: Sys): Activity<(() => Activity<undefined>) | undefined> {
  const before = yield* attempt(sys.ioctl(0, "TCGETS"));
  if (before instanceof Errno) return undefined;
  yield* attempt(sys.ioctl(0, "TCSETS", raw));
  return function* () {
    yield* attempt(sys.ioctl(0, "TCSETS", before));
    return undefined;
  };
}

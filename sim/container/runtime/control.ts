import { encodeUtf8, type Activity, type Nanos } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { AF_UNIX, attempt, Errno, POLLIN, SOCK_CLOEXEC, SOCK_STREAM, type Sys } from "../../os/index.js";

/**
 * A daemon's control socket, of AF_UNIX: a request is a line, the answer is all that comes until the other end closes. A name that begins
 * with "\0" is abstract, unix(7).
 */
export function* listenForRequests(sys: Sys, name: string): Activity<number> {
  const fd = yield* sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC);
  if (!name.startsWith("\0")) yield* attempt(sys.unlink(name));
  yield* sys.bind(fd, name);
  yield* sys.listen(fd, 16);
  return fd;
}

/** Takes the next request. @returns its words, and the descriptor to answer and close */
export function* takeRequest(
  sys: Sys,
  listener: number,
): Activity<{ readonly words: readonly string[]; readonly fd: number }> {
  const fd = yield* sys.accept4(listener, SOCK_CLOEXEC);
  let text = "";
  while (!text.includes("\n")) {
    const bytes = yield* sys.read(fd, 4096);
    if (bytes.length === 0) break;
    text += textOf(bytes);
  }
  return { words: text.trim().split(" "), fd };
}

/** Answers a request; who asked may be gone. */
export function* answer(sys: Sys, fd: number, text: string): Activity<undefined> {
  yield* attempt(sys.write(fd, encodeUtf8(text)));
  return yield* sys.close(fd);
}

/**
 * Asks, and waits for the whole answer.
 * @param within how long; for ever where absent
 * @returns undefined where nobody listens; what came by then where the time is over
 */
export function* request(
  sys: Sys,
  name: string,
  words: readonly string[],
  within?: Nanos,
): Activity<string | undefined> {
  const fd = yield* sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC);
  try {
    const connected = yield* attempt(sys.connect(fd, name));
    if (connected instanceof Errno) {
      if (connected.code === "ECONNREFUSED" || connected.code === "ENOENT") return undefined;
      throw connected;
    }
    yield* sys.write(fd, encodeUtf8(`${words.join(" ")}\n`));
    let text = "";
    for (;;) {
      if (within !== undefined && (yield* sys.poll([{ fd, events: POLLIN }], within)).length === 0) return text;
      const bytes = yield* attempt(sys.read(fd, 65_536));
      if (bytes instanceof Errno || bytes.length === 0) return text;
      text += textOf(bytes);
    }
  } finally {
    yield* sys.close(fd);
  }
}

import { Signal, type Activity, type Nanos } from "../../core/index.js";
import {
  AF_INET,
  attempt,
  E,
  Errno,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  type NetworkAddress,
  type Sys,
} from "../../os/index.js";

interface Wish {
  readonly fd: number;
  readonly events: number;
}

/**
 * One process that serves many connections, each by an activity of its own. What yields waits: for a descriptor with poll(2), all
 * together; everything else that an activity waits for holds the process, and so all of them, as it does in nginx and redis.
 */
export class EventLoop {
  readonly sys: Sys;
  readonly #wishes = new WeakMap<Signal<unknown>, Wish>();
  readonly #parked = new Map<Activity<undefined>, Wish>();
  #ready: Activity<undefined>[] = [];

  constructor(sys: Sys) {
    this.sys = sys;
  }

  /** How many activities there are. */
  get size(): number {
    return this.#parked.size + this.#ready.length;
  }

  spawn(body: Activity<undefined>): void {
    this.#ready.push(body);
  }

  /** Ends an activity where it waits; what it has to tidy up, it does. */
  cancel(body: Activity<undefined>): void {
    this.#parked.delete(body);
    this.#ready = this.#ready.filter((one) => one !== body);
    this.#ready.push(tidy(body));
  }

  *readable(fd: number): Activity<undefined> {
    yield this.#wish({ fd, events: POLLIN });
    return undefined;
  }

  *writable(fd: number): Activity<undefined> {
    yield this.#wish({ fd, events: POLLOUT });
    return undefined;
  }

  /** Serves until `until` says so; it is asked when a signal has come, when `timer` is over, and after each turn. */
  *run(until: () => boolean | Activity<boolean>, timer?: () => Nanos | undefined): Activity<undefined> {
    for (;;) {
      for (const body of this.#ready.splice(0)) yield* this.#advance(body);
      const answer = until();
      if (typeof answer === "boolean" ? answer : yield* answer) return undefined;
      if (this.#ready.length > 0) continue;
      const polled = yield* attempt(this.sys.poll([...this.#parked.values()], timer?.()));
      if (polled instanceof Errno) {
        if (polled.code !== "EINTR") throw polled;
        continue;
      }
      const happened = new Map(polled.map(({ fd, events }) => [fd, events]));
      for (const [body, { fd, events }] of this.#parked) {
        if (((happened.get(fd) ?? 0) & (events | POLLERR | POLLHUP)) === 0) continue;
        this.#parked.delete(body);
        this.#ready.push(body);
      }
    }
  }

  #wish(wish: Wish): Signal<void> {
    const signal = new Signal<void>("event loop");
    this.#wishes.set(signal, wish);
    return signal;
  }

  *#advance(body: Activity<undefined>): Activity<undefined> {
    let resume = (): IteratorResult<Signal<unknown>, undefined> => body.next();
    for (;;) {
      let result: IteratorResult<Signal<unknown>, undefined>;
      try {
        result = resume();
      } catch (error) {
        // What breaks a connection ends its activity alone.
        if (error instanceof Errno) return undefined;
        throw error;
      }
      if (result.done === true) return undefined;
      const wish = this.#wishes.get(result.value);
      if (wish !== undefined) {
        this.#parked.set(body, wish);
        return undefined;
      }
      try {
        yield result.value;
        resume = () => body.next();
      } catch (error) {
        resume = () => body.throw(error);
      }
    }
  }

  // Sockets that never block.

  /** What there is to read; nothing at the end. @throws what broke the connection */
  *read(fd: number, most = 16_384): Activity<Uint8Array> {
    for (;;) {
      const bytes = yield* attempt(this.sys.read(fd, most));
      if (!(bytes instanceof Errno)) return bytes;
      if (bytes.code !== "EAGAIN") throw bytes;
      yield* this.readable(fd);
    }
  }

  *write(fd: number, bytes: Uint8Array): Activity<undefined> {
    for (let at = 0; at < bytes.length;) {
      const wrote = yield* attempt(this.sys.write(fd, bytes.subarray(at)));
      if (!(wrote instanceof Errno)) at += wrote;
      else if (wrote.code !== "EAGAIN") throw wrote;
      else yield* this.writable(fd);
    }
    return undefined;
  }

  /** The next connection of a listener. */
  *accept(listener: number): Activity<number> {
    for (;;) {
      const fd = yield* attempt(this.sys.accept4(listener, SOCK_NONBLOCK));
      if (!(fd instanceof Errno)) return fd;
      if (fd.code !== "EAGAIN" && fd.code !== "ECONNABORTED") throw fd;
      if (fd.code === "EAGAIN") yield* this.readable(listener);
    }
  }

  /** @throws ECONNREFUSED and the like */
  *connect(to: NetworkAddress): Activity<number> {
    const fd = yield* this.sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
    let failure: unknown = yield* attempt(this.sys.connect(fd, to));
    if (failure instanceof Errno && failure.code === "EINPROGRESS") {
      yield* this.writable(fd);
      const number = yield* this.sys.getsockopt(fd, SOL_SOCKET, "SO_ERROR");
      failure = Object.values(E).find((one) => one.number === number);
    }
    if (!(failure instanceof Errno)) return fd;
    yield* this.sys.close(fd);
    throw failure;
  }
}

/** Has a generator do what it does at its end. */
function* tidy(body: Activity<undefined>): Activity<undefined> {
  body.return(undefined);
  return undefined;
}

/** A TCP socket that listens and never blocks. @throws EADDRINUSE, EACCES */
export function* listen(sys: Sys, at: NetworkAddress): Activity<number> {
  const fd = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
  try {
    yield* sys.setsockopt(fd, SOL_SOCKET, "SO_REUSEADDR", 1);
    yield* sys.bind(fd, at);
    yield* sys.listen(fd, 511);
    return fd;
  } catch (error) {
    yield* sys.close(fd);
    throw error;
  }
}

import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { AF_UNIX, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, SOCK_DGRAM, SOCK_STREAM } from "../flags.js";
import type { NamedSocket } from "../namespace/net-namespace.js";
import { until } from "../network/socket.js";
import type { Task } from "../task/task.js";
import type { Channel, Inode } from "../vfs/inode.js";
import type { OpenFile } from "../vfs/open-file.js";
import { WaitQueue } from "../wait-queue.js";
import {
  bufferBytes,
  bufferMessages,
  type Message,
  type Peer,
  type UnixReceived,
  type UnixType,
} from "./unix-message.js";

/** Whose name leads to which socket. A file in a file system is all that leads to those with a path. */
const bound = new WeakMap<Inode, UnixSocket>();

/** Abstract names are told apart by type, too: unix_abstract_hash() in net/unix/af_unix.c. */
export const abstractKey = (type: UnixType, name: string): string => `${type}${name}`;

export const socketAt = (inode: Inode): UnixSocket | undefined => bound.get(inode);

/**
 * A socket of AF_UNIX, unix(7): streams, datagrams and packets in sequence, between sockets of one kernel. A name is a path,
 * or abstract ("\0…", of the net namespace). Simplified: a receiver's queue is what is limited, not each sender's share of
 * it; descriptors that sockets send to each other in a ring are never collected.
 */
export class UnixSocket implements Channel {
  readonly seekable = false;
  readonly type: UnixType;
  name = "";
  /** Who is at the other end. */
  peer: Peer | undefined;
  /** Who it is itself: what its peer sees. */
  owner: Peer | undefined;
  /** SO_PASSCRED. */
  passesCredentials = false;
  private other: UnixSocket | undefined;
  readonly #messages: Message[] = [];
  #bytes = 0;
  #unname: (() => void) | undefined;
  #backlog = 0;
  readonly #waiting: UnixSocket[] = [];
  #readShut = false;
  private writeShut = false;
  /** It was connected, and the other end is gone. */
  #hungUp = false;
  #reset = false;
  #closed = false;
  private readonly queue: WaitQueue = new WaitQueue("unix");

  constructor(type: UnixType) {
    this.type = type;
  }

  get listening(): boolean {
    return this.#backlog > 0;
  }

  get connected(): boolean {
    return this.other !== undefined || this.#hungUp;
  }

  /** The other end's name. @throws ENOTCONN */
  get remoteName(): string {
    if (!this.connected) throw E.ENOTCONN;
    return this.other?.name ?? "";
  }

  /** socketpair(2), and the two ends of a connection. */
  static join(a: UnixSocket, b: UnixSocket): void {
    a.other = b;
    b.other = a;
    a.queue.wake();
    b.queue.wake();
  }

  /** Gives it the name of a file. */
  bindTo(inode: Inode, path: string): void {
    this.name = path;
    bound.set(inode, this);
    this.#unname = () => {
      if (bound.get(inode) === this) bound.delete(inode);
    };
  }

  /** Gives it an abstract name. @throws EADDRINUSE */
  bindAbstract(names: Map<string, NamedSocket>, name: string): void {
    const key = abstractKey(this.type, name);
    if (names.has(key)) throw E.EADDRINUSE;
    names.set(key, this);
    this.name = name;
    this.#unname = () => {
      names.delete(key);
    };
  }

  /** @throws EOPNOTSUPP for datagrams; EINVAL for a socket without a name */
  listen(backlog: number, owner: Peer): void {
    if (this.type === SOCK_DGRAM) throw E.EOPNOTSUPP;
    if (this.name === "" || this.connected) throw E.EINVAL;
    this.#backlog = Math.max(1, backlog);
    this.owner = owner;
  }

  /** connect(2). @throws EPROTOTYPE for a socket of another type; ECONNREFUSED; EAGAIN where too many wait */
  connect(task: Task, to: UnixSocket, owner: Peer, nonblocking: boolean): undefined | Activity<undefined> {
    if (to.type !== this.type) throw E.EPROTOTYPE;
    this.owner = owner;
    if (this.type === SOCK_DGRAM) {
      if (to.#closed) throw E.ECONNREFUSED;
      this.other = to;
      return undefined;
    }
    if (this.connected) throw E.EISCONN;
    if (!to.listening) throw E.ECONNREFUSED;
    const enter = (): true | undefined => {
      if (!to.listening) throw E.ECONNREFUSED;
      if (to.#waiting.length > to.#backlog) return undefined;
      const end = new UnixSocket(this.type);
      end.name = to.name;
      end.owner = to.owner;
      end.peer = owner;
      this.peer = to.owner;
      UnixSocket.join(this, end);
      to.#waiting.push(end);
      to.queue.wake();
      return true;
    };
    if (enter() === true) return undefined;
    if (nonblocking) throw E.EAGAIN;
    const how = { kind: "restartable", name: "unix_wait_for_peer", timeout: 0 } as const;
    return (function* () {
      yield* until(task, enter, () => to.queue.change, how);
      return undefined;
    })();
  }

  accept(task: Task, nonblocking: boolean): UnixSocket | Activity<UnixSocket> {
    if (this.type === SOCK_DGRAM) throw E.EOPNOTSUPP;
    if (!this.listening) throw E.EINVAL;
    const take = (): UnixSocket | undefined => {
      const first = this.#waiting.shift();
      if (first !== undefined) this.queue.wake();
      return first;
    };
    return this.#now(task, take, nonblocking, "unix_accept");
  }

  /**
   * Sends bytes and files: a stream as far as there is room, others whole or not at all.
   * @param to for a datagram, where it isn't connected or goes elsewhere
   * @throws ENOTCONN, EPIPE, ECONNREFUSED, EMSGSIZE, EAGAIN
   */
  send(
    task: Task,
    bytes: Uint8Array,
    files: readonly OpenFile[],
    nonblocking: boolean,
    to?: UnixSocket,
  ): number | Activity<number> {
    const credentials = { pid: task.pids[0] ?? 0, uid: task.credentials.euid, gid: task.credentials.egid };
    if (this.type !== SOCK_STREAM && bytes.length > bufferBytes) throw E.EMSGSIZE;
    for (const file of files) file.hold();
    let left = files;
    const put = (from: number): number | undefined => {
      const goal = this.#goal(to);
      const some = goal.#room(bytes.subarray(from), this.type);
      if (some === undefined) return undefined;
      goal.#messages.push({ bytes: some.slice(), files: left, from: this.name, credentials });
      left = [];
      goal.#bytes += some.length;
      goal.queue.wake();
      return some.length;
    };
    const giveUp = (error: unknown): never => {
      for (const file of left) file.letGo();
      throw error;
    };
    let sent = 0;
    try {
      const first = put(0);
      if (first === bytes.length) return first;
      if (nonblocking && first === undefined) throw E.EAGAIN;
      sent = first ?? 0;
      if (nonblocking) return sent;
    } catch (error) {
      return giveUp(error);
    }
    const how = { kind: "restartable", name: "sock_alloc_send_pskb", timeout: 0 } as const;
    const change = (): Signal<unknown> => this.#goal(to).queue.change;
    return (function* (): Activity<number> {
      do {
        try {
          sent += yield* until(task, () => put(sent), change, how);
        } catch (error) {
          if (sent > 0) return sent;
          return giveUp(error);
        }
      } while (sent < bytes.length);
      return sent;
    })();
  }

  /** Receives what one message brought, or of a stream what there is up to the next files. */
  receive(task: Task, length: number, nonblocking: boolean, peek = false): UnixReceived | Activity<UnixReceived> {
    if (this.type !== SOCK_DGRAM && !this.connected) throw this.listening ? E.EINVAL : E.ENOTCONN;
    return this.#now(task, () => this.#take(length, peek), nonblocking, "unix_stream_read_generic");
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    // Files that nobody asked for are closed: recvmsg(2) would have told.
    const plain = (got: UnixReceived): Uint8Array => {
      for (const file of got.files) file.letGo();
      return got.bytes;
    };
    const got = this.receive(task, length, nonblocking);
    if ("bytes" in got) return plain(got);
    return (function* () {
      return plain(yield* got);
    })();
  }

  write(task: Task, _offset: number, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    return this.send(task, bytes, [], nonblocking);
  }

  /** shutdown(2): 0 reads no more, 1 writes no more, 2 neither. */
  shutdown(how: number): void {
    if (!(how >= 0 && how <= 2)) throw E.EINVAL;
    if (!this.connected) throw E.ENOTCONN;
    if (how !== 1) this.#readShut = true;
    if (how !== 0) this.writeShut = true;
    this.queue.wake();
    this.other?.queue.wake();
  }

  option(name: string): number {
    switch (name) {
      case "SO_TYPE":
        return this.type;
      case "SO_DOMAIN":
        return AF_UNIX;
      case "SO_ACCEPTCONN":
        return this.listening ? 1 : 0;
      case "SO_PASSCRED":
        return this.passesCredentials ? 1 : 0;
      case "SO_SNDBUF":
      case "SO_RCVBUF":
        return bufferBytes;
      case "SO_ERROR":
      case "SO_REUSEADDR":
        return 0;
      default:
        throw E.ENOPROTOOPT;
    }
  }

  setOption(name: string, value: number | string): void {
    if (name === "SO_PASSCRED") this.passesCredentials = value !== 0;
    else if (name !== "SO_REUSEADDR") throw E.ENOPROTOOPT;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const { change } = this.queue;
    if (this.listening) return { events: this.#waiting.length > 0 ? POLLIN : 0, change };
    const other = this.other;
    const ended = this.#readShut || this.#hungUp || other?.writeShut === true;
    let events = 0;
    if (this.#messages.length > 0 || (ended && this.type !== SOCK_DGRAM)) events |= POLLIN;
    if (this.type !== SOCK_DGRAM) {
      if (ended) events |= POLLRDHUP;
      const shut = this.#readShut && this.writeShut;
      if (this.#hungUp || shut || other === undefined) events |= POLLHUP;
    }
    if (other === undefined || other.#hasRoom(this.type)) events |= POLLOUT;
    if (this.#reset) events |= POLLERR;
    return { events, change };
  }

  release(): void {
    this.#closed = true;
    this.#backlog = 0;
    this.#unname?.();
    for (const one of this.#waiting.splice(0)) one.release();
    const unread = this.#messages.length > 0;
    for (const { files } of this.#messages.splice(0)) for (const file of files) file.letGo();
    const other = this.other;
    this.other = undefined;
    if (other?.other === this && this.type !== SOCK_DGRAM) {
      other.other = undefined;
      other.#hungUp = true;
      // Data that nobody will read are a reset, unix_release_sock().
      other.#reset = unread;
      other.queue.wake();
    } else if (other?.other === this) other.other = undefined;
    this.queue.wake();
  }

  /** Where what is sent goes. */
  #goal(to: UnixSocket | undefined): UnixSocket {
    if (this.writeShut) throw E.EPIPE;
    if (to !== undefined && this.type !== SOCK_DGRAM) throw this.connected ? E.EISCONN : E.EOPNOTSUPP;
    const goal = to ?? this.other;
    if (goal === undefined) {
      if (this.#hungUp) throw E.EPIPE;
      throw E.ENOTCONN;
    }
    if (goal.type !== this.type) throw E.EPROTOTYPE;
    if (goal.#closed) throw this.type === SOCK_DGRAM ? E.ECONNREFUSED : E.EPIPE;
    if (goal.#readShut) throw E.EPIPE;
    return goal;
  }

  #hasRoom(type: UnixType): boolean {
    if (type === SOCK_DGRAM && this.#messages.length > bufferMessages) return false;
    return this.#bytes < bufferBytes;
  }

  /** What of some bytes it takes now; undefined where the sender has to wait. */
  #room(bytes: Uint8Array, type: UnixType): Uint8Array | undefined {
    if (!this.#hasRoom(type)) return undefined;
    if (type === SOCK_STREAM) return bytes.subarray(0, bufferBytes - this.#bytes);
    return this.#bytes + bytes.length <= bufferBytes || this.#messages.length === 0 ? bytes : undefined;
  }

  #take(length: number, peek: boolean): UnixReceived | undefined {
    const [first] = this.#messages;
    if (first === undefined) {
      if (this.#reset) {
        this.#reset = false;
        throw E.ECONNRESET;
      }
      const ended = this.#readShut || this.#hungUp || (this.type !== SOCK_DGRAM && this.other?.writeShut === true);
      if (!ended) return undefined;
      return { bytes: new Uint8Array(0), files: [], from: "", credentials: undefined, truncated: false };
    }
    const credentials = this.passesCredentials ? first.credentials : undefined;
    const { files, from } = first;
    const bytes = this.type === SOCK_STREAM ? this.#stream(length, peek) : first.bytes.subarray(0, length);
    const truncated = this.type !== SOCK_STREAM && first.bytes.length > length;
    if (!peek) {
      if (this.type !== SOCK_STREAM) {
        this.#messages.shift();
        this.#bytes -= first.bytes.length;
      }
      this.queue.wake();
      this.other?.queue.wake();
    }
    return { bytes, files: peek ? [] : files, from, credentials, truncated };
  }

  /** Bytes of a stream; files come with the first of theirs, and end what is read before. */
  #stream(length: number, peek: boolean): Uint8Array {
    const parts: Uint8Array[] = [];
    let got = 0;
    for (let at = 0; got < length; at += peek ? 1 : 0) {
      const message = this.#messages[at];
      if (message === undefined || (parts.length > 0 && message.files.length > 0)) break;
      const some = message.bytes.subarray(0, length - got);
      parts.push(some);
      got += some.length;
      if (peek) continue;
      message.files = [];
      this.#bytes -= some.length;
      message.bytes = message.bytes.subarray(some.length);
      if (message.bytes.length > 0) break;
      this.#messages.shift();
    }
    const bytes = new Uint8Array(got);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #now<T>(task: Task, take: () => T | undefined, nonblocking: boolean, name: string): T | Activity<T> {
    const got = take();
    if (got !== undefined) return got;
    if (nonblocking) throw E.EAGAIN;
    return until(task, take, () => this.queue.change, { kind: "restartable", name, timeout: 0 });
  }
}

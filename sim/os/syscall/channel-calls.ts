import { any, type Activity, type Nanos, type Signal } from "../../core/index.js";
import { E } from "../errno.js";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  S_IFSOCK,
} from "../flags.js";
import { EventCounter } from "../ipc/event-counter.js";
import { Pipe, PipeEnd } from "../ipc/pipe.js";
import { listenerAt, UnixSocket, type Peer } from "../ipc/unix-socket.js";
import type { NetworkAddress, NetworkSocket, Received } from "../network.js";
import { wait } from "../task/execution.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { OpenFile } from "../vfs/open-file.js";
import { demand } from "../vfs/permission.js";
import { isActivity } from "./interposer.js";
import { existing, target } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

export interface Polled {
  readonly fd: number;
  readonly events: number;
}

function add(task: Task, channel: Channel, flags: number, label: string): number {
  const file = new OpenFile(channel, flags & ~O_CLOEXEC, undefined, label);
  return task.files.add(file, (flags & O_CLOEXEC) !== 0, task.limits.files);
}

/** What of the asked events holds; errors and hang-ups always tell. */
function look(
  task: Task,
  asked: readonly Polled[],
): { readonly ready: Polled[]; readonly changes: Record<string, Signal<unknown>> } {
  const ready: Polled[] = [];
  const changes: Record<string, Signal<unknown>> = {};
  for (const [place, { fd, events }] of asked.entries()) {
    const { channel } = task.files.file(fd);
    const state = channel.poll?.() ?? { events: POLLIN | POLLOUT, change: undefined };
    const holds = state.events & (events | POLLERR | POLLHUP);
    if (holds !== 0) ready.push({ fd, events: holds });
    if (state.change !== undefined) changes[place] = state.change;
  }
  return { ready, changes };
}

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const SOCK_NONBLOCK: number = O_NONBLOCK;
const SOCK_CLOEXEC: number = O_CLOEXEC;
const typeMask = 0xf;

const isUnix = (channel: Channel): channel is UnixSocket => channel instanceof UnixSocket;
const isNetwork = (channel: Channel): channel is NetworkSocket => "sendTo" in channel;

function peerOf(task: Task): Peer {
  return { pid: task.pids[0] ?? 0, uid: task.credentials.euid, gid: task.credentials.egid };
}

function network(task: Task, descriptor: number): { readonly socket: NetworkSocket; readonly nonblocking: boolean } {
  const { channel, nonblocking } = task.files.file(descriptor);
  if (!isNetwork(channel)) throw isUnix(channel) ? E.EOPNOTSUPP : E.ENOTSOCK;
  return { socket: channel, nonblocking };
}

function unixAddress(address: string | NetworkAddress): string {
  if (typeof address !== "string") throw E.EINVAL;
  return address;
}

function networkAddress(address: string | NetworkAddress): NetworkAddress {
  if (typeof address === "string") throw E.EINVAL;
  return address;
}

export const channelCalls = {
  pipe2(task: Task, flags: number = 0): readonly [number, number] {
    const pipe = new Pipe(task.kernel.nextInode());
    const label = `pipe:[${pipe.number}]`;
    const reader = add(task, new PipeEnd(pipe, O_RDONLY), O_RDONLY | flags, label);
    return [reader, add(task, new PipeEnd(pipe, O_WRONLY), O_WRONLY | flags, label)];
  },
  eventfd2(
    task: Task,
    count: number = 0,
    flags: { readonly semaphore?: boolean; readonly flags?: number } = {},
  ): number {
    return add(
      task,
      new EventCounter(count, flags.semaphore ?? false),
      O_RDWR | (flags.flags ?? 0),
      "anon_inode:[eventfd]",
    );
  },
  poll(task: Task, asked: readonly Polled[], timeout?: Nanos): readonly Polled[] | Activity<readonly Polled[]> {
    const { ready } = look(task, asked);
    if (ready.length > 0 || timeout === 0) return ready;
    const { engine } = task.kernel;
    return (function* (): Activity<readonly Polled[]> {
      const late = timeout === undefined ? undefined : engine.delay(timeout);
      for (;;) {
        const now = look(task, asked);
        if (now.ready.length > 0) return now.ready;
        if (late?.settled === true) return [];
        const signals = { ...now.changes, ...(late && { late }) };
        if (Object.keys(signals).length === 0) throw E.EINTR;
        const first: { readonly key: string } = yield* wait(task, any(signals), "once", "poll_schedule_timeout");
        if (first.key === "late") return look(task, asked).ready;
      }
    })();
  },
  socket(task: Task, family: number, type: number, protocol: number = 0): number {
    const flags = O_RDWR | (type & (SOCK_NONBLOCK | SOCK_CLOEXEC));
    const label = `socket:[${task.kernel.nextInode()}]`;
    if (family === AF_UNIX) {
      if ((type & typeMask) !== SOCK_STREAM) throw E.EPROTONOSUPPORT;
      return add(task, new UnixSocket(), flags, label);
    }
    const { stack } = task.namespaces.net;
    if (stack === undefined) throw E.EAFNOSUPPORT;
    return add(task, stack.socket(family, type & typeMask, protocol), flags, label);
  },
  socketpair(task: Task, family: number, type: number): readonly [number, number] {
    if (family !== AF_UNIX) throw E.EOPNOTSUPP;
    if ((type & typeMask) !== SOCK_STREAM) throw E.EPROTONOSUPPORT;
    const [a, b] = [new UnixSocket(), new UnixSocket()];
    UnixSocket.join(a, b, () => task.kernel.nextInode());
    a.peer = b.peer = peerOf(task);
    const flags = O_RDWR | (type & (SOCK_NONBLOCK | SOCK_CLOEXEC));
    const label = `socket:[${task.kernel.nextInode()}]`;
    return [add(task, a, flags, label), add(task, b, flags, label)];
  },
  bind(task: Task, descriptor: number, address: string | NetworkAddress): undefined {
    const { channel } = task.files.file(descriptor);
    if (!isUnix(channel)) {
      network(task, descriptor).socket.bind(networkAddress(address));
      return;
    }
    if (channel.path !== "") throw E.EINVAL;
    const path = unixAddress(address);
    const found = target(task, AT_FDCWD, path, { follow: false });
    if (found.place !== undefined) throw E.EADDRINUSE;
    demand(task.credentials, found.directory.inode, 3);
    const { euid: uid, egid: gid } = task.credentials;
    const mode = S_IFSOCK | (0o777 & ~task.context.umask);
    channel.bind(found.directory.inode.create(found.name, { mode, uid, gid }, task), path);
  },
  listen(task: Task, descriptor: number, backlog: number): undefined {
    const { channel } = task.files.file(descriptor);
    if (isUnix(channel)) channel.listen(backlog);
    else network(task, descriptor).socket.listen(backlog);
  },
  accept4(task: Task, descriptor: number, flags: number = 0): number | Activity<number> {
    const { channel, nonblocking } = task.files.file(descriptor);
    const label = `socket:[${task.kernel.nextInode()}]`;
    const install = (socket: Channel): number => add(task, socket, O_RDWR | flags, label);
    const accepted = isUnix(channel)
      ? channel.accept(task, nonblocking)
      : network(task, descriptor).socket.accept(nonblocking);
    if (!isActivity(accepted)) return install(accepted);
    return (function* () {
      return install(yield* accepted);
    })();
  },
  connect(task: Task, descriptor: number, address: string | NetworkAddress): undefined | Activity<undefined> {
    const { channel, nonblocking } = task.files.file(descriptor);
    if (!isUnix(channel)) return network(task, descriptor).socket.connect(networkAddress(address), nonblocking);
    if (channel.connected) throw E.EISCONN;
    const { inode } = existing(task, AT_FDCWD, unixAddress(address));
    demand(task.credentials, inode, 2);
    const listener = listenerAt(inode);
    if (listener === undefined) throw E.ECONNREFUSED;
    channel.peer = peerOf(task);
    listener.request(channel, () => task.kernel.nextInode());
    return undefined;
  },
  sendto(task: Task, descriptor: number, bytes: Uint8Array, address?: NetworkAddress): number | Activity<number> {
    const { socket, nonblocking } = network(task, descriptor);
    return socket.sendTo(bytes, address, nonblocking);
  },
  recvfrom(task: Task, descriptor: number, length: number): Received | Activity<Received> {
    const { socket, nonblocking } = network(task, descriptor);
    return socket.receiveFrom(length, nonblocking);
  },
  shutdown(task: Task, descriptor: number, how: number): undefined {
    const { channel } = task.files.file(descriptor);
    if (isUnix(channel)) channel.shutdown(how);
    else network(task, descriptor).socket.shutdown(how);
  },
  getsockname(task: Task, descriptor: number): string | NetworkAddress {
    const { channel } = task.files.file(descriptor);
    return isUnix(channel) ? channel.path : network(task, descriptor).socket.local();
  },
  getpeername(task: Task, descriptor: number): string | NetworkAddress {
    const { channel } = task.files.file(descriptor);
    if (!isUnix(channel)) return network(task, descriptor).socket.remote();
    if (!channel.connected) throw E.ENOTCONN;
    return "";
  },
  getsockopt(task: Task, descriptor: number, level: number, name: number | "SO_PEERCRED"): number | Peer {
    const { channel } = task.files.file(descriptor);
    if (name !== "SO_PEERCRED") return network(task, descriptor).socket.option(level, name);
    if (!isUnix(channel) || channel.peer === undefined) throw E.ENOTCONN;
    const { userNamespace } = task.credentials;
    const other = task.kernel.pidNamespace.tasks.get(channel.peer.pid);
    const { uid, gid } = channel.peer;
    return {
      pid: other?.pidIn(task.pidNamespace) ?? 0,
      uid: userNamespace.shownUid(uid),
      gid: userNamespace.shownGid(gid),
    };
  },
  setsockopt(task: Task, descriptor: number, level: number, name: number, value: number): undefined {
    network(task, descriptor).socket.option(level, name, value);
  },
};

const streams = "AF_UNIX streams without descriptors sent along; other families as the machine's network has them";

export const channelRows: Rows<typeof channelCalls> = {
  pipe2: partial(293, "no O_DIRECT; the size is fixed"),
  eventfd2: partial(290, "counts exact to 2^53"),
  poll: full(7),
  socket: partial(41, streams),
  socketpair: partial(53, streams),
  bind: partial(49, "no abstract names"),
  listen: full(50),
  accept4: full(288),
  connect: partial(42, streams),
  sendto: partial(44, "not for AF_UNIX: write"),
  recvfrom: partial(45, "not for AF_UNIX: read"),
  shutdown: full(48),
  getsockname: full(51),
  getpeername: full(52),
  getsockopt: partial(55, "SO_PEERCRED, and what the network knows"),
  setsockopt: partial(54, "what the network knows"),
};

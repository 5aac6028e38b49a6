import type { Activity } from "../../core/index.js";
import { E } from "../errno.js";
import { AT_FDCWD, MSG_DONTWAIT } from "../flags.js";
import type { Peer, UnixType } from "../ipc/unix-message.js";
import { abstractKey, socketAt, UnixSocket } from "../ipc/unix-socket.js";
import { NetlinkSocket } from "../network/netlink.js";
import type { NetworkAddress, NetworkSocket } from "../network/socket.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { demand } from "../vfs/permission.js";
import { isActivity } from "./interposer.js";
import { existing } from "./paths.js";

export const isUnix = (channel: Channel): channel is UnixSocket => channel instanceof UnixSocket;
const isNetwork = (channel: Channel): channel is NetworkSocket => "sendTo" in channel;

export const peerOf = (task: Task): Peer => ({
  pid: task.pids[0] ?? 0,
  uid: task.credentials.euid,
  gid: task.credentials.egid,
});

/** Ids as a task sees them. */
export function shown(task: Task, { pid, uid, gid }: Peer): Peer {
  const { userNamespace } = task.credentials;
  const other = task.kernel.pidNamespace.tasks.get(pid);
  return {
    pid: other?.pidIn(task.pidNamespace) ?? 0,
    uid: userNamespace.shownUid(uid),
    gid: userNamespace.shownGid(gid),
  };
}

interface Asked {
  readonly socket: NetworkSocket;
  readonly nonblocking: boolean;
}

export function network(task: Task, descriptor: number, flags = 0): Asked {
  const { channel, nonblocking } = task.files.file(descriptor);
  if (!isNetwork(channel)) throw isUnix(channel) || channel instanceof NetlinkSocket ? E.EOPNOTSUPP : E.ENOTSOCK;
  return { socket: channel, nonblocking: nonblocking || (flags & MSG_DONTWAIT) !== 0 };
}

export function networkAddress(address: string | NetworkAddress): NetworkAddress {
  if (typeof address === "string") throw E.EAFNOSUPPORT;
  const { port } = address;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) throw E.EINVAL;
  return address;
}

/** sockaddr_un holds 108 bytes. */
export function unixName(address: string | NetworkAddress): string {
  if (typeof address !== "string" || address === "" || address.length > 108) throw E.EINVAL;
  return address;
}

/** The socket that a name leads to. @throws ECONNREFUSED, ENOENT, EACCES */
export function unixAt(task: Task, type: UnixType, address: string | NetworkAddress): UnixSocket {
  const name = unixName(address);
  if (name.startsWith("\0")) {
    const found = task.namespaces.net.abstractNames.get(abstractKey(type, name));
    if (!(found instanceof UnixSocket)) throw E.ECONNREFUSED;
    return found;
  }
  const { inode } = existing(task, AT_FDCWD, name);
  demand(task.credentials, inode, 2);
  const found = socketAt(inode);
  if (found === undefined) throw E.ECONNREFUSED;
  return found;
}

/** A value, now or when an activity gives it, made into another. */
export function after<T, U>(outcome: T | Activity<T>, make: (value: T) => U): U | Activity<U> {
  if (!isActivity(outcome)) return make(outcome);
  return (function* () {
    return make(yield* outcome);
  })();
}

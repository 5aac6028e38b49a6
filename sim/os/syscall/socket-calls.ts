import type { Activity } from "../../core/index.js";
import { E } from "../errno.js";
import {
  AF_INET,
  AF_NETLINK,
  AF_UNIX,
  AT_FDCWD,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  O_RDWR,
  S_IFSOCK,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../flags.js";
import type { Peer, UnixType } from "../ipc/unix-message.js";
import { UnixSocket } from "../ipc/unix-socket.js";
import { IcmpChannel } from "../network/icmp-channel.js";
import { NetlinkSocket } from "../network/netlink.js";
import type { NetworkAddress, OptionValue } from "../network/socket.js";
import { TcpChannel } from "../network/tcp-channel.js";
import { UdpChannel } from "../network/udp-channel.js";
import { capable } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { demand } from "../vfs/permission.js";
import { add } from "./descriptors.js";
import { target } from "./paths.js";
import { full, partial, type Rows } from "./row.js";
import { after, isUnix, network, networkAddress, peerOf, shown, unixAt, unixName } from "./sockets.js";

const typeMask = 0xf;

function unixType(type: number): UnixType {
  const known = ([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] as const).find((one) => one === type);
  if (known === undefined) throw E.EPROTONOSUPPORT;
  return known;
}

/** @throws EPERM without CAP_NET_RAW, EACCES for who may not ping: icmp(7) */
function icmp(task: Task, type: number): Channel {
  const { net: namespace } = task.namespaces;
  if (type === SOCK_RAW) {
    if (!capable(task.credentials, namespace.userNamespace, "NET_RAW")) throw E.EPERM;
  } else {
    const [low, high] = namespace.settings.pingGroups;
    const { egid, groups } = task.credentials;
    if (![egid, ...groups].some((gid) => gid >= low && gid <= high)) throw E.EACCES;
  }
  return new IcmpChannel(namespace, type, namespace.net.echoSocket());
}

function inet(task: Task, type: number, protocol: number): Channel {
  const { net: namespace } = task.namespaces;
  if (!namespace.present) throw E.EAFNOSUPPORT;
  switch (type) {
    case SOCK_STREAM:
      if (protocol !== 0 && protocol !== IPPROTO_TCP) throw E.EPROTONOSUPPORT;
      return new TcpChannel(namespace, namespace.net.tcpSocket());
    case SOCK_DGRAM:
      if (protocol === IPPROTO_ICMP) return icmp(task, type);
      if (protocol !== 0 && protocol !== IPPROTO_UDP) throw E.EPROTONOSUPPORT;
      return new UdpChannel(namespace, namespace.net.udpSocket());
    case SOCK_RAW:
      if (protocol !== IPPROTO_ICMP) throw E.EPROTONOSUPPORT;
      return icmp(task, type);
    default:
      throw E.EPROTONOSUPPORT;
  }
}

/** Low ports are for those with CAP_NET_BIND_SERVICE: ip(7). */
function demandPort(task: Task, { port }: NetworkAddress): void {
  const { net } = task.namespaces;
  if (port === 0 || port >= net.settings.unprivilegedPorts) return;
  if (!capable(task.credentials, net.userNamespace, "NET_BIND_SERVICE")) throw E.EACCES;
}

export const socketCalls = {
  socket(task: Task, family: number, type: number, protocol: number = 0): number {
    const flags = O_RDWR | (type & (SOCK_NONBLOCK | SOCK_CLOEXEC));
    const label = `socket:[${task.kernel.nextInode()}]`;
    const kind = type & typeMask;
    if (family === AF_UNIX) return add(task, new UnixSocket(unixType(kind)), flags, label);
    if (family === AF_INET) return add(task, inet(task, kind, protocol), flags, label);
    if (family !== AF_NETLINK || !task.namespaces.net.present) throw E.EAFNOSUPPORT;
    if (kind !== SOCK_RAW && kind !== SOCK_DGRAM) throw E.EPROTONOSUPPORT;
    return add(task, new NetlinkSocket(task.namespaces.net), flags, label);
  },
  socketpair(task: Task, family: number, type: number): readonly [number, number] {
    if (family !== AF_UNIX) throw E.EOPNOTSUPP;
    const kind = unixType(type & typeMask);
    const [a, b] = [new UnixSocket(kind), new UnixSocket(kind)];
    UnixSocket.join(a, b);
    a.peer = b.peer = peerOf(task);
    const flags = O_RDWR | (type & (SOCK_NONBLOCK | SOCK_CLOEXEC));
    const label = `socket:[${task.kernel.nextInode()}]`;
    return [add(task, a, flags, label), add(task, b, flags, label)];
  },
  bind(task: Task, descriptor: number, address: string | NetworkAddress): undefined {
    const { channel } = task.files.file(descriptor);
    if (channel instanceof NetlinkSocket) return;
    if (!isUnix(channel)) {
      const { socket } = network(task, descriptor);
      const wanted = networkAddress(address);
      demandPort(task, wanted);
      socket.bind(wanted);
      return;
    }
    if (channel.name !== "") throw E.EINVAL;
    const name = unixName(address);
    if (name.startsWith("\0")) {
      channel.bindAbstract(task.namespaces.net.abstractNames, name);
      return;
    }
    const found = target(task, AT_FDCWD, name, { follow: false });
    if (found.place !== undefined) throw E.EADDRINUSE;
    demand(task.credentials, found.directory.inode, 3);
    const { euid: uid, egid: gid } = task.credentials;
    const mode = S_IFSOCK | (0o777 & ~task.context.umask);
    channel.bindTo(found.directory.inode.create(found.name, { mode, uid, gid }, task), name);
  },
  listen(task: Task, descriptor: number, backlog: number): undefined {
    const { channel } = task.files.file(descriptor);
    if (isUnix(channel)) channel.listen(backlog, peerOf(task));
    else network(task, descriptor).socket.listen(backlog);
  },
  accept4(task: Task, descriptor: number, flags: number = 0): number | Activity<number> {
    const { channel, nonblocking } = task.files.file(descriptor);
    const label = `socket:[${task.kernel.nextInode()}]`;
    const accepted = isUnix(channel)
      ? channel.accept(task, nonblocking)
      : network(task, descriptor).socket.accept(task, nonblocking);
    return after<Channel, number>(accepted, (socket) => add(task, socket, O_RDWR | flags, label));
  },
  accept(task: Task, descriptor: number): number | Activity<number> {
    return socketCalls.accept4(task, descriptor, 0);
  },
  connect(task: Task, descriptor: number, address: string | NetworkAddress): undefined | Activity<undefined> {
    const { channel, nonblocking } = task.files.file(descriptor);
    if (!isUnix(channel)) return network(task, descriptor).socket.connect(task, networkAddress(address), nonblocking);
    if (channel.connected && channel.type !== SOCK_DGRAM) throw E.EISCONN;
    return channel.connect(task, unixAt(task, channel.type, address), peerOf(task), nonblocking);
  },
  shutdown(task: Task, descriptor: number, how: number): undefined {
    const { channel } = task.files.file(descriptor);
    if (isUnix(channel)) channel.shutdown(how);
    else network(task, descriptor).socket.shutdown(how);
  },
  getsockname(task: Task, descriptor: number): string | NetworkAddress {
    const { channel } = task.files.file(descriptor);
    return isUnix(channel) ? channel.name : network(task, descriptor).socket.local();
  },
  getpeername(task: Task, descriptor: number): string | NetworkAddress {
    const { channel } = task.files.file(descriptor);
    return isUnix(channel) ? channel.remoteName : network(task, descriptor).socket.remote();
  },
  getsockopt(task: Task, descriptor: number, _level: number, name: string): OptionValue | Peer {
    const { channel } = task.files.file(descriptor);
    if (!isUnix(channel)) return network(task, descriptor).socket.option(name);
    if (name !== "SO_PEERCRED") return channel.option(name);
    if (channel.peer === undefined) throw E.ENOTCONN;
    return shown(task, channel.peer);
  },
  setsockopt(task: Task, descriptor: number, _level: number, name: string, value: OptionValue): undefined {
    const { channel } = task.files.file(descriptor);
    if (isUnix(channel)) {
      channel.setOption(name, value);
      return;
    }
    const { socket } = network(task, descriptor);
    // Another device than the route's: without CAP_NET_RAW only while none is chosen (sock_bindtoindex).
    const { userNamespace } = task.namespaces.net;
    if (
      name === "SO_BINDTODEVICE" &&
      socket.option(name) !== "" &&
      !capable(task.credentials, userNamespace, "NET_RAW")
    )
      throw E.EPERM;
    socket.setOption(name, value);
  },
};

const families = "AF_UNIX, AF_INET with TCP, UDP and ICMP echo, AF_NETLINK with requests as objects";

export const socketRows: Rows<typeof socketCalls> = {
  socket: partial(41, `${families}; no IPv6, no packet sockets`),
  socketpair: full(53),
  bind: full(49),
  listen: full(50),
  accept4: full(288),
  accept: full(43),
  connect: partial(42, "no AF_UNSPEC to take a connection back"),
  shutdown: full(48),
  getsockname: full(51),
  getpeername: full(52),
  getsockopt: partial(55, "options by name, whatever the level; those of the table in network/"),
  setsockopt: partial(54, "options by name, whatever the level; those of the table in network/"),
};

import type { Activity } from "../../core/index.js";
import { E } from "../errno.js";
import { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK } from "../flags.js";
import { filesMax, type Peer, type UnixReceived } from "../ipc/unix-message.js";
import { NetlinkSocket, type NetlinkAnswer } from "../network/netlink.js";
import type { NetlinkRequest } from "../network/rtnetlink-messages.js";
import type { NetworkAddress, Received } from "../network/socket.js";
import { send } from "../task/signal-sending.js";
import { SIGPIPE } from "../task/signals.js";
import type { Task } from "../task/task.js";
import type { OpenFile } from "../vfs/open-file.js";
import { moved } from "./descriptors.js";
import { isActivity } from "./interposer.js";
import { partial, type Rows } from "./row.js";
import { after, isUnix, network, networkAddress, shown, unixAt } from "./sockets.js";

/** What sendmsg(2) sends: bytes, SCM_RIGHTS, and where to; to a netlink socket a request. */
export interface SentMessage {
  readonly bytes?: Uint8Array;
  readonly address?: NetworkAddress | string;
  readonly descriptors?: readonly number[];
  readonly netlink?: NetlinkRequest;
}

/** What recvmsg(2) receives. */
export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  readonly from: NetworkAddress | string | undefined;
  /** New descriptors of files that were sent along. */
  readonly descriptors: readonly number[];
  /** SCM_CREDENTIALS, in the receiver's ids; with SO_PASSCRED. */
  readonly credentials?: Peer;
  readonly ttl?: number;
  /** MSG_TRUNC. */
  readonly truncated: boolean;
  readonly netlink?: NetlinkAnswer;
}

/** A send that may wait; EPIPE sends SIGPIPE, unless MSG_NOSIGNAL. */
function sent(task: Task, flags: number, begin: () => number | Activity<number>): number | Activity<number> {
  const broken = (error: unknown): unknown => {
    if (error === E.EPIPE && (flags & MSG_NOSIGNAL) === 0) send(task, SIGPIPE, task);
    return error;
  };
  try {
    const taken = begin();
    const done = (count: number): number => {
      moved(task, count);
      return count;
    };
    if (!isActivity(taken)) return done(taken);
    return (function* () {
      try {
        return done(yield* taken);
      } catch (error) {
        throw broken(error);
      }
    })();
  } catch (error) {
    throw broken(error);
  }
}

function transmit(task: Task, descriptor: number, message: SentMessage, flags: number): number | Activity<number> {
  const { channel, nonblocking } = task.files.file(descriptor);
  const { bytes = new Uint8Array(0), address, descriptors = [] } = message;
  if (channel instanceof NetlinkSocket) {
    if (message.netlink === undefined) throw E.EINVAL;
    channel.request(task, message.netlink);
    return 0;
  }
  return sent(task, flags, () => {
    if (!isUnix(channel)) {
      const to = network(task, descriptor, flags);
      return to.socket.sendTo(task, bytes, address === undefined ? undefined : networkAddress(address), to.nonblocking);
    }
    if (descriptors.length > filesMax) throw E.EINVAL;
    const files = descriptors.map((one) => task.files.file(one));
    const goal = address === undefined ? undefined : unixAt(task, channel.type, address);
    return channel.send(task, bytes, files, nonblocking || (flags & MSG_DONTWAIT) !== 0, goal);
  });
}

/** Files that were sent along become descriptors; those beyond the limit are lost (MSG_CTRUNC). */
function install(task: Task, files: readonly OpenFile[]): number[] {
  const descriptors: number[] = [];
  for (const file of files) {
    if (task.files.count < task.limits.files) descriptors.push(task.files.add(file, false, task.limits.files));
    file.letGo();
  }
  return descriptors;
}

function receive(
  task: Task,
  descriptor: number,
  length: number,
  flags: number,
): ReceivedMessage | Activity<ReceivedMessage> {
  const { channel, nonblocking } = task.files.file(descriptor);
  const waitless = nonblocking || (flags & MSG_DONTWAIT) !== 0;
  const peek = (flags & MSG_PEEK) !== 0;
  if (channel instanceof NetlinkSocket) {
    const none = { bytes: new Uint8Array(0), from: undefined, descriptors: [], truncated: false };
    return after(channel.receive(task, waitless), (netlink) => ({ ...none, netlink }));
  }
  if (isUnix(channel)) {
    return after(channel.receive(task, length, waitless, peek), (got: UnixReceived) => ({
      bytes: got.bytes,
      from: got.from === "" ? undefined : got.from,
      descriptors: install(task, got.files),
      truncated: got.truncated,
      ...(got.credentials !== undefined && { credentials: shown(task, got.credentials) }),
    }));
  }
  const { socket } = network(task, descriptor);
  return after(socket.receiveFrom(task, length, waitless, peek), ({ bytes, from, ttl, truncated }: Received) => {
    moved(task, bytes.length);
    return {
      bytes,
      from,
      descriptors: [],
      truncated: truncated ?? false,
      ...(ttl !== undefined && { ttl }),
    };
  });
}

export const messageCalls = {
  sendto(
    task: Task,
    descriptor: number,
    bytes: Uint8Array,
    address?: NetworkAddress | string,
    flags: number = 0,
  ): number | Activity<number> {
    return transmit(task, descriptor, { bytes, ...(address !== undefined && { address }) }, flags);
  },
  recvfrom(
    task: Task,
    descriptor: number,
    length: number,
    flags: number = 0,
  ): ReceivedMessage | Activity<ReceivedMessage> {
    return receive(task, descriptor, length, flags);
  },
  sendmsg(task: Task, descriptor: number, message: SentMessage, flags: number = 0): number | Activity<number> {
    return transmit(task, descriptor, message, flags);
  },
  recvmsg(
    task: Task,
    descriptor: number,
    length: number,
    flags: number = 0,
  ): ReceivedMessage | Activity<ReceivedMessage> {
    return receive(task, descriptor, length, flags);
  },
};

export const messageRows: Rows<typeof messageCalls> = {
  sendto: partial(44, "flags MSG_DONTWAIT, MSG_NOSIGNAL"),
  recvfrom: partial(45, "flags MSG_DONTWAIT, MSG_PEEK"),
  sendmsg: partial(46, "of control messages SCM_RIGHTS; flags as sendto"),
  recvmsg: partial(47, "of control messages SCM_RIGHTS, SCM_CREDENTIALS, IP_TTL; flags as recvfrom"),
};

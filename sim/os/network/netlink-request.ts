import type { Activity } from "../../core/index.js";
import { E } from "../errno.js";
import { AF_NETLINK, SOCK_RAW } from "../flags.js";
import type { Sys } from "../syscall/table.js";
import type { NetlinkReply, NetlinkRequest } from "./rtnetlink-messages.js";

/**
 * What `ip`, `ss` and `iptables` do for each question or change, as a routine for programs: socket, sendmsg, recvmsg, close.
 * @throws Errno as the kernel answers it
 */
export function* netlink<R extends NetlinkRequest>(sys: Sys, request: R): Activity<NetlinkReply<R["type"]>> {
  const fd = yield* sys.socket(AF_NETLINK, SOCK_RAW, request.type === "SOCK_DIAG_BY_FAMILY" ? 4 : 0);
  try {
    yield* sys.sendmsg(fd, { netlink: request });
    const { netlink: got } = yield* sys.recvmsg(fd, 0);
    if (got === undefined) throw E.EPROTO;
    if ("error" in got) throw got.error;
    // An answer has the shape that its request's type says.
    return got.reply as NetlinkReply<R["type"]>;
  } finally {
    yield* sys.close(fd);
  }
}

import type { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../flags.js";
import type { OpenFile } from "../vfs/open-file.js";

/** Who is at the other end, SO_PEERCRED: as of connect(2), listen(2) or socketpair(2); ids are the kernel's. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export type UnixType = typeof SOCK_STREAM | typeof SOCK_DGRAM | typeof SOCK_SEQPACKET;

/** What was sent at once. */
export interface Message {
  bytes: Uint8Array;
  /** SCM_RIGHTS: held until they are received, or the socket goes. */
  files: readonly OpenFile[];
  /** The sender's name; "" where it has none. */
  readonly from: string;
  /** SCM_CREDENTIALS, where the receiver asked by SO_PASSCRED. */
  readonly credentials: Peer;
}

/** What was received, its files to be put under descriptors. */
export interface UnixReceived {
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
  readonly from: string;
  readonly credentials: Peer | undefined;
  readonly truncated: boolean;
}

/** Bytes of a sender that wait to be read at most (net.core.wmem_default); messages, of datagrams (max_dgram_qlen). */
export const bufferBytes = 212_992;
export const bufferMessages = 10;
/** SCM_MAX_FD. */
export const filesMax = 253;

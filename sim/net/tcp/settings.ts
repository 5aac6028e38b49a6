import { KiB, MiB, s, type Nanos } from "../../core/index.js";
import type { CongestionName } from "./congestion.js";

/** What a socket's options (tcp(7)) and the system's settings decide; Linux's names in brackets. */
export interface TcpSettings {
  /** How the window of what is under way grows and shrinks (TCP_CONGESTION). */
  congestion: CongestionName;
  /** Bytes that wait to be sent or acknowledged at most (SO_SNDBUF). */
  sendBuffer: number;
  /** Bytes that wait to be read at most: what the window offers (SO_RCVBUF). It doesn't grow by itself, as Linux's does. */
  receiveBuffer: number;
  /** Sends small segments at once, and not only when all before is acknowledged (TCP_NODELAY; RFC 896). */
  noDelay: boolean;
  /** Waits a little with an acknowledgement, for data to ride with or a second segment (RFC 1122, 4.2.3.2). */
  delayedAck: boolean;
  /** Selective acknowledgements (RFC 2018). */
  sack: boolean;
  /** Whether a silent peer is asked for a sign of life (SO_KEEPALIVE). */
  keepAlive: boolean;
  /** After how long a silence (TCP_KEEPIDLE), how often (TCP_KEEPINTVL), and how many times (TCP_KEEPCNT). */
  keepIdle: Nanos;
  keepInterval: Nanos;
  keepCount: number;
  /** Binds to a port that connections still have, though nobody listens there any more (SO_REUSEADDR). */
  reuseAddress: boolean;
}

/**
 * Linux's defaults (tcp(7)), with the buffers at what tcp_wmem (4 MiB) and, at the overhead that it counts, tcp_rmem (6 MiB, of which
 * half are data) let them grow to.
 */
export const tcpDefaults: Readonly<TcpSettings> = {
  congestion: "cubic",
  sendBuffer: MiB(4),
  receiveBuffer: KiB(3072),
  noDelay: false,
  delayedAck: true,
  sack: true,
  keepAlive: false,
  keepIdle: s(7200),
  keepInterval: s(75),
  keepCount: 9,
  reuseAddress: false,
};

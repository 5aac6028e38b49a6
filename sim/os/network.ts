import type { Activity } from "../core/index.js";
import type { Channel } from "./vfs/inode.js";

/**
 * What the socket system calls take for every family but AF_UNIX: a machine with a network gives one for each net
 * namespace. What may wait is an activity, as in `Channel`; errors are thrown as `E.…`.
 */
export interface NetworkStack {
  /** @throws EAFNOSUPPORT, EPROTONOSUPPORT */
  socket(family: number, type: number, protocol: number): NetworkSocket;
  /** The namespace's last task and descriptor are gone. */
  release(): void;
}

export interface NetworkAddress {
  readonly address: string;
  readonly port: number;
}

export interface NetworkSocket extends Channel {
  bind(address: NetworkAddress): void;
  listen(backlog: number): void;
  accept(nonblocking: boolean): NetworkSocket | Activity<NetworkSocket>;
  connect(address: NetworkAddress, nonblocking: boolean): undefined | Activity<undefined>;
  sendTo(bytes: Uint8Array, address: NetworkAddress | undefined, nonblocking: boolean): number | Activity<number>;
  receiveFrom(length: number, nonblocking: boolean): Received | Activity<Received>;
  shutdown(how: number): void;
  local(): NetworkAddress;
  remote(): NetworkAddress;
  option(level: number, name: number, value?: number): number;
}

export interface Received {
  readonly bytes: Uint8Array;
  readonly from: NetworkAddress | undefined;
}

import type { Activity, Signal } from "../../core/index.js";
import { isErrno, type Datagram, type UdpSocket } from "../../net/index.js";
import { E } from "../errno.js";
import { IPPROTO_UDP, POLLERR, POLLIN, POLLOUT, SOCK_DGRAM } from "../flags.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import type { Task } from "../task/task.js";
import { InetSocket, numeric, textual } from "./inet-socket.js";
import { addressOf, given, nameOf, until, type NetworkAddress, type OptionValue, type Received } from "./socket.js";

/** A UDP socket as a file, udp(7). */
export class UdpChannel extends InetSocket {
  readonly #socket: UdpSocket;
  #peeked: Datagram | undefined;
  #readShut = false;

  constructor(namespace: NetNamespace, socket: UdpSocket) {
    super(namespace, SOCK_DGRAM, IPPROTO_UDP);
    this.#socket = socket;
  }

  bind({ address, port }: NetworkAddress): void {
    given(this.#socket.bind(addressOf(address), port));
  }

  connect(_task: Task, { address, port }: NetworkAddress): undefined {
    given(this.#socket.connect(addressOf(address), port));
  }

  sendTo(task: Task, bytes: Uint8Array, to: NetworkAddress | undefined): number {
    const address = to === undefined ? undefined : addressOf(to.address);
    given(this.paidBy(task, () => this.#socket.send(bytes, address, to?.port)));
    return bytes.length;
  }

  receiveFrom(task: Task, length: number, nonblocking: boolean, peek: boolean): Received | Activity<Received> {
    const take = (): Received | undefined => {
      const got = this.#peeked ?? this.#socket.tryReceive();
      if (isErrno(got)) {
        if (got !== "EAGAIN") throw E[got];
        return this.#readShut ? { bytes: new Uint8Array(0), from: undefined } : undefined;
      }
      this.#peeked = peek ? got : undefined;
      const { data } = got;
      return { bytes: data.subarray(0, length), from: nameOf(got), ...(data.length > length && { truncated: true }) };
    };
    const now = take();
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    const how = { kind: "restartable", name: "__skb_wait_for_more_packets", timeout: this.receiveTimeout } as const;
    return until(task, take, () => this.#socket.changed, how);
  }

  shutdown(how: number): void {
    if (this.#socket.remote === undefined) throw E.ENOTCONN;
    if (how !== 1) this.#readShut = true;
  }

  local(): NetworkAddress {
    return nameOf(this.#socket.local);
  }

  remote(): NetworkAddress {
    const { remote } = this.#socket;
    if (remote === undefined) throw E.ENOTCONN;
    return nameOf(remote);
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const socket = this.#socket;
    const readable = socket.waits || this.#peeked !== undefined || this.#readShut;
    const events = POLLOUT | (readable ? POLLIN : 0) | (socket.failing ? POLLERR | POLLIN : 0);
    return { events, change: socket.changed };
  }

  override option(name: string): OptionValue {
    switch (name) {
      case "SO_REUSEADDR":
        return this.#socket.reuseAddress ? 1 : 0;
      case "SO_BINDTODEVICE":
        return this.#socket.device?.name ?? "";
      case "IP_TTL":
        return this.#socket.ttl;
      default:
        return super.option(name);
    }
  }

  override setOption(name: string, value: OptionValue): void {
    switch (name) {
      case "SO_REUSEADDR":
        this.#socket.reuseAddress = numeric(value) !== 0;
        break;
      case "SO_BINDTODEVICE": {
        const device = textual(value);
        const found = device === "" ? undefined : this.namespace.net.find(device);
        if (device !== "" && found === undefined) throw E.ENODEV;
        this.#socket.device = found;
        break;
      }
      case "IP_TTL":
        if (numeric(value) < 1 || numeric(value) > 255) throw E.EINVAL;
        this.#socket.ttl = numeric(value);
        break;
      default:
        super.setOption(name, value);
    }
  }

  protected close(): void {
    this.#socket.close();
  }

  protected takeError(): number {
    const error = this.#socket.takeError();
    return error === undefined ? 0 : E[error].number;
  }
}

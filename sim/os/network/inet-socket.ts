import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { AF_INET } from "../flags.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import type { Task } from "../task/task.js";
import type { NetworkAddress, NetworkSocket, OptionValue, Received } from "./socket.js";

/** What the sockets of AF_INET have in common, socket(7) and ip(7). A socket keeps its network namespace alive. */
export abstract class InetSocket implements NetworkSocket {
  readonly seekable = false;
  readonly namespace: NetNamespace;
  /** SOCK_… and IPPROTO_…, as socket(2) was told. */
  readonly type: number;
  readonly protocol: number;
  /** SO_RCVTIMEO, SO_SNDTIMEO: nanoseconds, 0 for none. */
  protected receiveTimeout = 0;
  protected sendTimeout = 0;
  readonly #others = new Map<string, number>();

  constructor(namespace: NetNamespace, type: number, protocol: number) {
    this.namespace = namespace;
    this.type = type;
    this.protocol = protocol;
    namespace.hold();
  }

  abstract bind(address: NetworkAddress): void;
  abstract connect(task: Task, address: NetworkAddress, nonblocking: boolean): undefined | Activity<undefined>;
  abstract sendTo(
    task: Task,
    bytes: Uint8Array,
    address: NetworkAddress | undefined,
    nonblocking: boolean,
  ): number | Activity<number>;
  abstract receiveFrom(task: Task, length: number, nonblocking: boolean, peek: boolean): Received | Activity<Received>;
  abstract shutdown(how: number): void;
  abstract local(): NetworkAddress;
  abstract remote(): NetworkAddress;
  abstract poll(): { readonly events: number; readonly change: Signal<unknown> };
  protected abstract close(): void;
  /** SO_ERROR: takes the error that waits to be told. */
  protected abstract takeError(): number;

  listen(...given: readonly [backlog: number]): void {
    refuse(given);
  }

  accept(...given: readonly [task: Task, nonblocking: boolean]): NetworkSocket | Activity<NetworkSocket> {
    return refuse(given);
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    const got = this.receiveFrom(task, length, nonblocking, false);
    if ("bytes" in got) return got.bytes;
    return (function* () {
      return (yield* got).bytes;
    })();
  }

  write(task: Task, _offset: number, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    return this.sendTo(task, bytes, undefined, nonblocking);
  }

  option(name: string): OptionValue {
    switch (name) {
      case "SO_TYPE":
        return this.type;
      case "SO_DOMAIN":
        return AF_INET;
      case "SO_PROTOCOL":
        return this.protocol;
      case "SO_ERROR":
        return this.takeError();
      case "SO_RCVTIMEO":
        return this.receiveTimeout;
      case "SO_SNDTIMEO":
        return this.sendTimeout;
      case "SO_ACCEPTCONN":
        return 0;
      default:
        if (!remembered.has(name)) throw E.ENOPROTOOPT;
        return this.#others.get(name) ?? 0;
    }
  }

  setOption(name: string, value: OptionValue): void {
    const number = numeric(value);
    if (name === "SO_RCVTIMEO") this.receiveTimeout = number;
    else if (name === "SO_SNDTIMEO") this.sendTimeout = number;
    else if (remembered.has(name)) this.#others.set(name, number);
    else throw E.ENOPROTOOPT;
  }

  /** Sends: what that takes of a CPU is the task's. */
  protected paidBy<T>(task: Task, action: () => T): T {
    return this.namespace.paidBy(task, action);
  }

  release(): void {
    this.close();
    this.namespace.letGo();
  }
}

/** What datagrams don't do, whatever they are asked with. */
const refuse: (given: unknown) => never = () => {
  throw E.EOPNOTSUPP;
};

/** Options that are kept and change nothing here: nobody hears of priorities, and broadcasts need no leave. */
const remembered: ReadonlySet<string> = new Set(["SO_BROADCAST", "SO_PRIORITY", "IP_TOS", "IP_RECVERR", "IP_RECVTTL"]);

/** @throws EINVAL */
export function numeric(value: OptionValue): number {
  if (typeof value !== "number" || !(value >= 0)) throw E.EINVAL;
  return value;
}

export function textual(value: OptionValue): string {
  if (typeof value !== "string") throw E.EINVAL;
  return value;
}

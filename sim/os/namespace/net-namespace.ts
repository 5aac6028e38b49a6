import type { World } from "../../core/index.js";
import type { NetworkNamespace } from "../../net/index.js";
import { Links } from "../network/links.js";
import type { Namespace } from "./namespace.js";
import type { UserNamespace } from "./user-namespace.js";

/** What network sysctls hold, ip(7) and icmp(7): those that some call here goes by. */
export interface NetworkSettings {
  /** net.ipv4.ip_unprivileged_port_start */
  unprivilegedPorts: number;
  /** net.ipv4.ping_group_range: who may make datagram sockets of ICMP. Nobody, as the kernel has it. */
  pingGroups: readonly [number, number];
}

/** Whoever pays for a packet that it sends. */
export interface Payer {
  debt: number;
  systemTime: number;
}

/** A socket of AF_UNIX, as those see it who know its abstract name. */
export interface NamedSocket {
  readonly type: number;
  readonly listening: boolean;
}

/** What a net namespace needs of the kernel. */
export interface NetworkHost {
  readonly world: World;
  /** Where cards go when their namespace ends. Undefined on a machine without a network. */
  readonly initial: NetNamespace | undefined;
  /** Whether a mount keeps it: a bind mount of its file in /proc/PID/ns. */
  pins(namespace: NetNamespace): boolean;
  /** Makes its stack. */
  stack(name: string, loopback: boolean): NetworkNamespace;
  /** In whose name packets are sent now. */
  payer: Payer | undefined;
  /** A namespace's file is mounted somewhere. */
  noteMount(): void;
  /** Mounts, or tasks, have gone. */
  settle(): void;
  /** Has a bridge pass a frame on, when a CPU has had the time for it. */
  bridging(pass: () => void): void;
}

/**
 * network_namespaces(7): a network stack of its own, made when something first asks for it. It lives while a task is in it,
 * a socket was made in it, or its file is open or mounted; then its interfaces go: veths with their peers, bridges, and
 * cards back to where the machine began.
 */
export class NetNamespace implements Namespace {
  readonly kind = "net";
  readonly number: number;
  readonly userNamespace: UserNamespace;
  readonly settings: NetworkSettings = { unprivilegedPorts: 1024, pingGroups: [1, 0] };
  /** Sockets of AF_UNIX by their abstract names, unix(7). */
  readonly #names: Map<string, NamedSocket> = new Map();
  readonly #host: NetworkHost | undefined;
  #net: NetworkNamespace | undefined;
  #links: Links | undefined;
  #users = 0;
  #released = false;

  /** @param host undefined on a machine without a network */
  constructor(number: number, userNamespace: UserNamespace, host: NetworkHost | undefined) {
    this.number = number;
    this.userNamespace = userNamespace;
    this.#host = host;
  }

  /** Whether the machine has a network at all. */
  get present(): boolean {
    return this.#host !== undefined;
  }

  /** Its stack. Ask only where it is `present`. */
  get net(): NetworkNamespace {
    if (this.#net !== undefined) return this.#net;
    if (this.#host === undefined) throw new Error("a machine without a network has no stack");
    // A new namespace's lo is down; the first one's was brought up by whoever booted.
    this.#net = this.#host.stack(`net:[${this.number}]`, this.#host.initial === undefined);
    return this.#net;
  }

  /** Its interfaces, as they are made and taken away. */
  get links(): Links {
    return (this.#links ??= new Links(this.net, (pass) => this.#host?.bridging(pass)));
  }

  get abstractNames(): Map<string, NamedSocket> {
    return this.#names;
  }

  get released(): boolean {
    return this.#released;
  }

  /** Does something whose packets a task pays for. */
  paidBy<T>(payer: Payer, action: () => T): T {
    const host = this.#host;
    if (host === undefined) return action();
    host.payer = payer;
    try {
      return action();
    } finally {
      host.payer = undefined;
    }
  }

  hold(): this {
    this.#users++;
    return this;
  }

  letGo(): void {
    this.#users--;
    this.settle();
  }

  /** Ends it where nothing holds it any more. */
  settle(): void {
    if (this.#users > 0 || this.#released || this.#host?.pins(this) === true) return;
    this.#released = true;
    if (this.#net === undefined) return;
    const home = this.#host?.initial;
    for (const link of this.#net.interfaces) {
      if (link.kind === "ethernet" && home !== undefined && home !== this) {
        // Where its name is taken there, it gets one that is free: default_device_exit_net().
        let name = link.name;
        for (let number = 0; home.net.find(name) !== undefined; number++) name = `dev${number}`;
        home.links.take(link, name);
      } else this.links.remove(link);
    }
  }
}

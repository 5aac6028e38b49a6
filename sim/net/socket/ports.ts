import type { Rng } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import type { Ipv4 } from "../packet/address.js";

/** net.ipv4.ip_local_port_range. */
const first = 32_768;
const last = 60_999;

/** Whoever has a port. */
export interface Bound {
  readonly address: Ipv4;
  /** Whether another that says so, too, may share it (SO_REUSEADDR, as far as nobody listens). */
  readonly shares: () => boolean;
}

/** The ports of one protocol in a namespace. */
export class Ports {
  readonly #rng: Rng;
  readonly #bound = new Map<number, Bound[]>();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Whether someone has the port, at any address. */
  has(port: number): boolean {
    return this.#bound.has(port);
  }

  /** Takes a port, or one that is free where it is 0. */
  bind(port: number, who: Bound): number | Errno {
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) return "EINVAL";
    const chosen = port === 0 ? this.free((candidate) => !this.#bound.has(candidate)) : port;
    if (chosen === undefined) return "EADDRINUSE";
    const others = this.#bound.get(chosen);
    if (others === undefined) this.#bound.set(chosen, [who]);
    else {
      const clash = ({ address, shares }: Bound): boolean =>
        (address === 0 || who.address === 0 || address === who.address) && !(shares() && who.shares());
      if (others.some(clash)) return "EADDRINUSE";
      others.push(who);
    }
    return chosen;
  }

  release(port: number, who: Bound): void {
    const others = this.#bound.get(port);
    const at = others?.indexOf(who) ?? -1;
    if (others === undefined || at < 0) return;
    if (others.length === 1) this.#bound.delete(port);
    else others.splice(at, 1);
  }

  /** An ephemeral port that `usable` holds for, from a random one on; undefined where there is none. */
  free(usable: (port: number) => boolean): number | undefined {
    const count = last - first + 1;
    const start = this.#rng.integer(count);
    for (let step = 0; step < count; step++) {
      const port = first + ((start + step) % count);
      if (usable(port)) return port;
    }
    return undefined;
  }
}

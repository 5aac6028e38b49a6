import { Signal } from "../../core/index.js";
import type { Ipv4 } from "../packet/address.js";
import type { TcpSettings } from "./settings.js";
import type { Tcb } from "./tcb.js";

/** net.core.somaxconn. */
const most = 4096;

/** A socket that listens: connections that are being made, and those that wait to be accepted. */
export class Listener {
  readonly address: Ipv4;
  readonly port: number;
  readonly settings: TcpSettings;
  /** Established and not accepted, oldest first. */
  readonly waiting: Tcb[] = [];
  /** In SYN_RECEIVED. */
  readonly opening: Set<Tcb> = new Set<Tcb>();
  closed = false;
  backlog: number;
  #changed: Signal<void> | undefined;

  constructor(address: Ipv4, port: number, settings: TcpSettings, backlog: number) {
    this.address = address;
    this.port = port;
    this.settings = settings;
    this.backlog = Math.max(0, Math.min(most, backlog));
  }

  /** Whether no further connection fits into the line; as in Linux, one more than the backlog does. */
  get full(): boolean {
    return this.waiting.length > this.backlog;
  }

  /** Whether no further handshake may begin: as many as the backlog, but a few in any case. */
  get busy(): boolean {
    return this.full || this.opening.size >= Math.max(8, this.backlog);
  }

  /** Fires when a connection can be accepted, or nothing more will be. */
  get changed(): Signal<void> {
    return (this.#changed ??= new Signal<void>("connection to accept"));
  }

  wake(): void {
    const signal = this.#changed;
    this.#changed = undefined;
    signal?.fire();
  }
}

import {
  s,
  UsageError,
  type Nanos,
  type Persist,
  type TableView,
  type Viewable,
  type World,
} from "../../core/index.js";
import { formatMac, isGroup, type Mac } from "../packet/address.js";
import type { Frame } from "../packet/packet.js";
import type { FrameLink, SendFrame } from "./link.js";

/** Which virtual LANs a port of a VLAN-aware bridge carries. */
export interface PortVlans {
  /** The one that untagged frames belong to, and whose frames leave without a tag: an access port. 0 for none. */
  readonly untagged: number;
  /** Those whose frames come and go with a tag: a trunk. */
  readonly tagged: readonly number[];
}

export interface BridgePort {
  readonly name: string;
  readonly vlans: PortVlans;
  /** Whether a frame may leave where it came in (802.1Qbg's reflective relay; pods that reach themselves by a service). */
  hairpin: boolean;
  readonly transmit: (frame: Frame) => void;
}

export interface BridgeOptions {
  readonly name: string;
  /** Whether virtual LANs are kept apart here; if not, tags pass through as they are. */
  readonly vlanAware: boolean;
  /** How long an address is known after it was heard last. */
  readonly ageing: Nanos;
}

/** 300 s: IEEE 802.1Q, table 8-6. */
const defaultAgeing = s(300);

interface Learned {
  port: BridgePort;
  /** When it was heard last; Infinity for one that was set. */
  seen: number;
}

export interface BridgeState {
  readonly addresses: readonly {
    readonly vlan: number;
    readonly mac: number;
    readonly port: string;
    /** Nanoseconds since it was heard; null for one that was set. */
    readonly age: number | null;
  }[];
}

/**
 * A learning bridge (IEEE 802.1D, 7): it notes behind which port a source is, sends to that port what goes there, and floods what it
 * doesn't know. There is no spanning tree: a loop of bridges floods for ever. A switch is one of these with cables.
 */
export class Bridge implements FrameLink, Viewable, Persist<BridgeState> {
  readonly options: BridgeOptions;
  readonly #world: World;
  readonly #ports: BridgePort[] = [];
  /** By VLAN, then by address. */
  readonly #learned = new Map<number, Map<Mac, Learned>>();
  #flooded = 0;
  #forwarded = 0;
  /**
   * Looks at each frame that goes from port to port, as `br_netfilter` does: gives the frame that goes on, or undefined where it has
   * taken it.
   */
  interpose: ((frame: Frame, from: BridgePort) => Frame | undefined) | undefined = undefined;

  constructor(world: World, options?: Partial<BridgeOptions>) {
    this.options = { name: "bridge", vlanAware: false, ageing: defaultAgeing, ...options };
    this.#world = world;
  }

  get ports(): readonly BridgePort[] {
    return this.#ports;
  }

  /** How many frames went to one port because their destination was known, and how many to all. */
  get counts(): { readonly forwarded: number; readonly flooded: number } {
    return { forwarded: this.#forwarded, flooded: this.#flooded };
  }

  /** @throws UsageError for a name that is taken */
  addPort(name: string, transmit: (frame: Frame) => void, vlans?: Partial<PortVlans>): BridgePort {
    if (this.#ports.some((port) => port.name === name)) {
      throw new UsageError(`${this.options.name} has a port "${name}" already`, "Give another name.");
    }
    const port = { name, vlans: { untagged: 1, tagged: [], ...vlans }, hairpin: false, transmit };
    this.#ports.push(port);
    return port;
  }

  removePort(port: BridgePort): void {
    const at = this.#ports.indexOf(port);
    if (at >= 0) this.#ports.splice(at, 1);
    for (const table of this.#learned.values()) {
      for (const [mac, learned] of table) if (learned.port === port) table.delete(mac);
    }
  }

  /**
   * A port for a machine's card, an interface or another bridge: named by its number, carrying VLAN 1 untagged. Frames come in by an
   * event of their own, so that nobody hears an answer within its own sending.
   */
  plug(receive: (frame: Frame) => void): SendFrame {
    const { engine } = this.#world;
    const port = this.addPort(`port${this.#ports.length + 1}`, receive);
    return (frame, ahead = 0) => {
      engine.after(ahead as Nanos, () => {
        this.input(port, frame);
      });
    };
  }

  /** Says for good behind which port an address is. */
  setAddress(mac: Mac, port: BridgePort, vlan?: number): void {
    const known = vlan ?? (this.options.vlanAware ? port.vlans.untagged : 0);
    this.#table(known).set(mac, { port, seen: Infinity });
  }

  /** A frame has come in at a port. */
  input(from: BridgePort, frame: Frame): void {
    const vlan = this.#vlanOf(from, frame);
    if (vlan === undefined) {
      this.#world.trace.emit("net.vlan-drop", this.options.name, { port: from.name, vlan: frame.vlan });
      return;
    }
    this.#learn(vlan, frame.source, from);
    const out = this.interpose === undefined ? frame : this.interpose(frame, from);
    if (out === undefined) return;
    const known = isGroup(out.destination) ? undefined : this.#find(vlan, out.destination);
    if (known !== undefined) {
      this.#forwarded++;
      if (known !== from || from.hairpin) this.#output(known, vlan, out);
      return;
    }
    this.#flooded++;
    for (const port of this.#ports) if (port !== from || from.hairpin) this.#output(port, vlan, out);
  }

  view(): TableView {
    return {
      as: "table",
      title: `Addresses that ${this.options.name} has learned`,
      columns: [
        { key: "vlan", label: "VLAN" },
        { key: "mac", label: "address" },
        { key: "port" },
        { key: "age", unit: "s" },
      ],
      rows: this.save().addresses.map(({ vlan, mac, port, age }) => ({
        vlan,
        mac: formatMac(mac as Mac),
        port,
        age: age === null ? null : age / 1e9,
      })),
    };
  }

  save(): BridgeState {
    const { now } = this.#world.engine;
    return {
      addresses: [...this.#learned].flatMap(([vlan, table]) =>
        [...table].map(([mac, { port, seen }]) => ({
          vlan,
          mac,
          port: port.name,
          age: seen === Infinity ? null : now - seen,
        })),
      ),
    };
  }

  /** @throws UsageError where a port of that name is missing */
  restore({ addresses }: BridgeState): void {
    this.#learned.clear();
    for (const { vlan, mac, port: name, age } of addresses) {
      const port = this.#ports.find((candidate) => candidate.name === name);
      if (port === undefined) {
        throw new UsageError(
          `${this.options.name} has no port "${name}", which the state names`,
          "Build it as it was.",
        );
      }
      this.#table(vlan).set(mac as Mac, { port, seen: age === null ? Infinity : this.#world.engine.now - age });
    }
  }

  /** The VLAN that a frame which came in there belongs to; undefined where the port doesn't carry it. */
  #vlanOf({ vlans }: BridgePort, { vlan }: Frame): number | undefined {
    if (!this.options.vlanAware) return 0;
    if (vlan === 0) return vlans.untagged === 0 ? undefined : vlans.untagged;
    return vlan === vlans.untagged || vlans.tagged.includes(vlan) ? vlan : undefined;
  }

  #output(port: BridgePort, vlan: number, frame: Frame): void {
    if (!this.options.vlanAware) port.transmit(frame);
    else if (vlan === port.vlans.untagged) port.transmit(frame.vlan === 0 ? frame : { ...frame, vlan: 0 });
    else if (port.vlans.tagged.includes(vlan)) port.transmit(frame.vlan === vlan ? frame : { ...frame, vlan });
  }

  #table(vlan: number): Map<Mac, Learned> {
    let table = this.#learned.get(vlan);
    if (table === undefined) this.#learned.set(vlan, (table = new Map<Mac, Learned>()));
    return table;
  }

  #learn(vlan: number, mac: Mac, port: BridgePort): void {
    if (isGroup(mac)) return;
    const table = this.#table(vlan);
    const entry = table.get(mac);
    if (entry === undefined) table.set(mac, { port, seen: this.#world.engine.now });
    else if (entry.seen !== Infinity) {
      entry.port = port;
      entry.seen = this.#world.engine.now;
    }
  }

  #find(vlan: number, mac: Mac): BridgePort | undefined {
    const table = this.#learned.get(vlan);
    const entry = table?.get(mac);
    if (entry === undefined) return undefined;
    if (this.#world.engine.now - entry.seen <= this.options.ageing) return entry.port;
    table?.delete(mac);
    return undefined;
  }
}

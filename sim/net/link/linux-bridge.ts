import { UsageError, type World } from "../../core/index.js";
import { Bridge, type BridgeOptions, type BridgePort, type PortVlans } from "./bridge.js";
import { NetworkInterface } from "./interface.js";
import { newMac } from "./kinds.js";

/** A bridge inside a computer: it has an interface of its own, by which its namespace takes part in what it joins. */
export class LinuxBridge {
  readonly interface: NetworkInterface;
  readonly bridge: Bridge;
  readonly #ports = new Map<NetworkInterface, BridgePort>();

  constructor(world: World, name: string, options?: Partial<Omit<BridgeOptions, "name">>) {
    this.bridge = new Bridge(world, { ...options, name });
    const own = new NetworkInterface(name, "bridge", newMac(world));
    this.interface = own;
    const port = this.bridge.addPort(name, (frame) => {
      own.receive(frame);
    });
    this.bridge.setAddress(own.mac, port);
    own.driver = (frame) => {
      this.bridge.input(port, frame);
    };
  }

  /** Its ports, without its own. */
  get ports(): readonly NetworkInterface[] {
    return [...this.#ports.keys()];
  }

  /**
   * Makes an interface a port: `ip link set NAME master BRIDGE`.
   * @throws UsageError where it is one already
   */
  attach(port: NetworkInterface, vlans?: Partial<PortVlans>): BridgePort {
    if (port.master !== undefined) {
      throw new UsageError(`${port.name} is a port of ${port.master} already`, "Detach it there first.");
    }
    const made = this.bridge.addPort(
      port.name,
      (frame) => {
        port.send(frame);
      },
      vlans,
    );
    this.#ports.set(port, made);
    port.master = this.interface.name;
    port.handler = (frame) => {
      if (this.interface.up) this.bridge.input(made, frame);
    };
    return made;
  }

  detach(port: NetworkInterface): void {
    const made = this.#ports.get(port);
    if (made === undefined) return;
    this.bridge.removePort(made);
    this.#ports.delete(port);
    port.master = undefined;
    port.handler = undefined;
  }
}

import type { Nanos } from "../../core/index.js";
import type { FrameLink, SendFrame } from "../../net/index.js";
import type { Kernel } from "../../os/index.js";
import type { ExitCosts } from "./exit-costs.js";
import { interrupt } from "./interrupt.js";

type Receive = Parameters<FrameLink["plug"]>[0];

/**
 * A virtio network card and its backend in the host's kernel (vhost-net): the guest's card is plugged in first, the host's interface second. A
 * frame out costs the guest's CPU the kick's exits, and the host's the switch to vhost's thread and a copy; one in goes the other way, and
 * costs the guest the exits of its interrupt's handler.
 */
export class VirtioCable implements FrameLink {
  /** Whose CPU the exits are. */
  guest: Kernel | undefined;
  readonly #host: Kernel;
  readonly #costs: ExitCosts;
  readonly #receivers: Receive[] = [];

  constructor(host: Kernel, costs: ExitCosts) {
    this.#host = host;
    this.#costs = costs;
  }

  plug(receive: Receive): SendFrame {
    const isGuest = this.#receivers.length === 0;
    this.#receivers.push(receive);
    const { kick, interrupt: handler } = this.#costs.request;
    const { contextSwitch, page } = this.#host.costs;
    const vhost = (contextSwitch + page) as Nanos;
    return (frame) => {
      const { guest } = this;
      if (guest === undefined) return;
      const send = (): void => {
        this.#receivers[isGuest ? 1 : 0]?.(frame);
      };
      if (isGuest)
        interrupt(guest, this.#costs.exits(kick), () => {
          interrupt(this.#host, vhost, send);
        });
      else
        interrupt(this.#host, vhost, () => {
          interrupt(guest, this.#costs.exits(handler), send);
        });
    };
  }
}

import { invariant, UsageError, type TableView, type Viewable, type World } from "../../core/index.js";
import type { Frame } from "../packet/packet.js";
import type { FrameLink, SendFrame } from "./link.js";
import { linkOptions, Transmitter, type LinkOptions } from "./transmitter.js";

/** What a link sent, in each direction, as a table. */
function statisticsTable(name: string, transmitters: readonly (readonly [string, Transmitter])[]): TableView {
  return {
    as: "table",
    title: `What went over ${name}`,
    columns: [
      { key: "direction" },
      { key: "frames" },
      { key: "bytes", unit: "B" },
      { key: "overflowed", label: "lost in the queue" },
      { key: "lost", label: "lost on the way" },
      { key: "busy", unit: "ns" },
    ],
    rows: transmitters.map(([direction, transmitter]) => ({ direction, ...transmitter.statistics })),
  };
}

/** A full-duplex cable between two ends: each direction has its own transmitter. */
export class Cable implements FrameLink, Viewable {
  readonly options: LinkOptions;
  readonly #transmitters: readonly [Transmitter, Transmitter];
  readonly #receivers: ((frame: Frame) => void)[] = [];

  /** @throws UsageError for options that make no sense */
  constructor(world: World, options?: Partial<LinkOptions>) {
    this.options = linkOptions("cable", options);
    const make = (): Transmitter =>
      new Transmitter(world, this.options, (frame, from) => this.#receivers[1 - from]?.(frame));
    this.#transmitters = [make(), make()];
  }

  /** The direction that frames of the first, or the second, who plugged in take. */
  direction(end: 0 | 1): Transmitter {
    return this.#transmitters[end];
  }

  /** @throws UsageError for a third end */
  plug(receive: (frame: Frame) => void): SendFrame {
    const from = this.#receivers.length;
    const transmitter = this.#transmitters[from];
    if (transmitter === undefined) {
      throw new UsageError(`both ends of ${this.options.name} are taken`, "Put a switch between, or use a medium.");
    }
    this.#receivers.push(receive);
    return (frame, ahead) => {
      transmitter.send(frame, from, ahead);
    };
  }

  view(): TableView {
    const [there, back] = this.#transmitters;
    return statisticsTable(this.options.name, [
      ["there", there],
      ["back", back],
    ]);
  }
}

/**
 * A medium that all who are plugged in share, half duplex, as a hub or a radio channel is: one sends at a time, all others hear
 * it. Who is next is decided without collisions, in the order of asking (a simplification: CSMA/CD would lose time to them).
 */
export class Medium implements FrameLink, Viewable {
  readonly options: LinkOptions;
  readonly #transmitter: Transmitter;
  readonly #receivers: ((frame: Frame) => void)[] = [];

  /** @throws UsageError for options that make no sense */
  constructor(world: World, options?: Partial<LinkOptions>) {
    this.options = linkOptions("medium", options);
    this.#transmitter = new Transmitter(world, this.options, (frame, from) => {
      this.#receivers.forEach((receive, place) => {
        if (place !== from) receive(frame);
      });
    });
  }

  plug(receive: (frame: Frame) => void): SendFrame {
    invariant(this.#receivers.length < 2 ** 16, "a medium has no end of stations");
    const from = this.#receivers.push(receive) - 1;
    return (frame, ahead) => {
      this.#transmitter.send(frame, from, ahead);
    };
  }

  view(): TableView {
    return statisticsTable(this.options.name, [["all", this.#transmitter]]);
  }
}

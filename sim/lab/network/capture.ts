import type { SequenceView, TableView, Viewable, World } from "../../core/index.js";
import {
  describeFrame,
  describePacket,
  endsOf,
  formatMac,
  frameLength,
  pcap,
  type Frame,
  type NetworkInterface,
} from "../../net/index.js";

/** A frame that was seen: when, where, and what. */
export interface Captured {
  readonly time: number;
  readonly host: string;
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly frame: Frame;
}

/** The most rows that a picture shows. */
const most = 200;

/** What passes some interfaces, from its making until `stop`: what tcpdump shows. */
export class Capture implements Viewable {
  readonly frames: Captured[] = [];
  readonly #taps: (() => void)[] = [];

  constructor(world: World, interfaces: readonly NetworkInterface[]) {
    for (const watched of interfaces) {
      const tap = ({ direction, frame }: Pick<Captured, "direction" | "frame">): void => {
        const host = watched.owner?.name ?? "";
        this.frames.push({ time: world.engine.now, host, interface: watched.name, direction, frame });
      };
      (watched.taps ??= []).push(tap);
      this.#taps.push(() => {
        const left = watched.taps?.filter((other) => other !== tap) ?? [];
        watched.taps = left.length === 0 ? undefined : left;
      });
    }
  }

  /** Captures nothing more; what was captured stays. */
  stop(): this {
    for (const remove of this.#taps.splice(0)) remove();
    return this;
  }

  /** Every frame in a line. */
  table(): TableView {
    const columns = [
      { key: "time", unit: "ms" },
      { key: "at" },
      { key: "direction", label: "" },
      { key: "length", unit: "B" },
      { key: "frame" },
    ];
    const rows = this.frames.slice(0, most).map(({ time, host, interface: name, direction, frame }) => ({
      time: time / 1e6,
      at: `${host}/${name}`,
      direction,
      length: frameLength(frame),
      frame: describeFrame(frame),
    }));
    const more = this.frames.length > most ? { caption: `The first ${most} of ${this.frames.length} frames.` } : {};
    return { as: "table", title: "Frames that passed", columns, rows, ...more };
  }

  /** Who sends what to whom, by addresses. A frame that is seen at both ends is shown once. */
  sequence(): SequenceView {
    const sent = this.frames.some(({ direction }) => direction === "out");
    const shown = this.frames.filter(({ direction }) => !sent || direction === "out").slice(0, most);
    const messages = shown.map(({ frame }) => message(frame));
    const participants = [...new Set(messages.flatMap(({ from, to }) => [from, to]))];
    const caption = shown.length < most ? `${shown.length} frames` : `the first ${most} frames`;
    return { as: "sequence", title: "Who sends what to whom", caption, participants, messages };
  }

  /** The frames as a file for Wireshark or tcpdump. */
  pcap(): Uint8Array<ArrayBuffer> {
    return pcap(this.frames);
  }

  view(): TableView {
    return this.table();
  }
}

function message(frame: Frame): {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly reply?: boolean;
} {
  const { payload, source, destination } = frame;
  const tag = frame.vlan === 0 ? "" : `VLAN ${frame.vlan}: `;
  if (payload.kind !== "ipv4")
    return { from: formatMac(source), to: formatMac(destination), label: describeFrame(frame) };
  const { from, to } = endsOf(payload);
  const host = (end: string): string => end.split(":")[0] ?? end;
  const reply = payload.payload.kind === "echo" && payload.payload.reply ? { reply: true } : {};
  return { from: host(from), to: host(to), label: tag + describePacket(payload), ...reply };
}

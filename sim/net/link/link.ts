import { decodeFrame } from "../packet/decode.js";
import { encodeFrame } from "../packet/encode.js";
import type { Frame } from "../packet/packet.js";

/** Sends a frame. @param ahead how many nanoseconds behind the world's present it begins: a machine's quantum is one event */
export type SendFrame = (frame: Frame, ahead?: number) => void;

/**
 * What an interface is plugged into: a cable, a medium, a switch. Between two interfaces of ours there is at least one that brings
 * frames by an event of its own, as all of these do.
 */
export interface FrameLink {
  /** Plugs something in. `receive` is how it is given frames. @returns how it sends */
  plug(receive: (frame: Frame) => void): SendFrame;
}

/** The same in bytes: what a simulated computer's network card is plugged into. */
export interface ByteLink {
  plug(receive: (frame: Uint8Array) => void): (frame: Uint8Array, ahead?: number) => void;
}

/**
 * A link for a machine's card. What the machine sends is read as frames; what is damaged is dropped, as a card drops a frame whose
 * check sequence is wrong.
 */
export function byteLink(link: FrameLink): ByteLink {
  return {
    plug(receive) {
      const send = link.plug((frame) => {
        receive(encodeFrame(frame));
      });
      return (bytes, ahead) => {
        const frame = decodeFrame(bytes);
        if (frame !== undefined) send(frame, ahead);
      };
    },
  };
}

/** A link of a machine (its `wire`, its `hub`) for an interface of ours. */
export function frameLink(link: ByteLink): FrameLink {
  return {
    plug(receive) {
      const send = link.plug((bytes) => {
        const frame = decodeFrame(bytes);
        if (frame !== undefined) receive(frame);
      });
      return (frame, ahead) => {
        send(encodeFrame(frame), ahead);
      };
    },
  };
}

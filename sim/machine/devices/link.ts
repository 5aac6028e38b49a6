/**
 * What a network card is plugged into: Ethernet frames from the destination's address to the payload's end, without preamble and
 * check sequence.
 */
export interface Link {
  /** Plugs a card in. `receive` is how it is given frames, within another's `send` or later. @returns how it sends */
  plug(receive: (frame: Uint8Array) => void): Send;
}

/**
 * @param frame the link's from now on
 * @param ahead how many nanoseconds behind the world's present the frame begins: a machine executes a quantum as one event
 */
export type Send = (frame: Uint8Array, ahead?: number) => void;

/** A plug that gives back what is sent into it, at once. */
export function loopback(): Link {
  return {
    plug: (receive) => (frame) => {
      receive(frame);
    },
  };
}

/** A hub: what one of those plugged in sends, all others receive, at once. */
export function hub(): Link {
  const receivers: ((frame: Uint8Array) => void)[] = [];
  return {
    plug(receive) {
      receivers.push(receive);
      return (frame) => {
        for (const other of receivers) if (other !== receive) other(frame);
      };
    },
  };
}

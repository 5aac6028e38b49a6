import { connectRelay, relayedChannels, type Connection, type Relay } from "../../wire/index.js";
import type { ChannelMessage } from "./channel-message.js";

/** Takes a message on its way to a client. @returns false where the connection takes no more: it is then gone */
type Deliver = (message: ChannelMessage) => boolean;

/**
 * One client's place at a kernel. It outlives the client's connection: what comes meanwhile is kept, and handed over in
 * order when the client, known by its session, comes back.
 */
export interface Seat {
  readonly session: string;
  readonly isTaken: boolean;
  /**
   * Hands over what was kept, then everything as it comes.
   * @param replaced told that another connection of the same client has taken over
   * @returns frees the seat again
   */
  take(deliver: Deliver, replaced: () => void): () => void;
  /** To the kernel; waits while that starts. */
  send(message: ChannelMessage): void;
  /** To the client, or kept for it. */
  deliver(message: ChannelMessage): void;
  /** A kernel has started: requests go there from now on, once `ready` has resolved. */
  connect(connection: Connection, ready: Promise<unknown>): void;
  /** The kernel has gone. */
  disconnect(): void;
}

/** Bytes kept for a client that is away; beyond it the oldest messages are dropped. */
const largestBacklog = 64 * 1024 * 1024;

/** About how much memory a message takes. */
function sizeOf({ content, buffers }: ChannelMessage): number {
  return JSON.stringify(content).length + buffers.reduce((sum, { length }) => sum + length, 500);
}

export function createSeat(session: string): Seat {
  let taken: { readonly deliver: Deliver; readonly replaced: () => void } | undefined;
  let kept: { readonly message: ChannelMessage; readonly size: number }[] = [];
  let keptBytes = 0;
  let relay: Relay | undefined;
  /** Requests for a kernel that is starting; undefined when it is ready. */
  let waiting: ChannelMessage[] | undefined = [];

  function keep(message: ChannelMessage): void {
    const size = sizeOf(message);
    kept.push({ message, size });
    keptBytes += size;
    while (keptBytes > largestBacklog) keptBytes -= kept.shift()?.size ?? keptBytes;
  }

  function deliver(message: ChannelMessage): void {
    if (taken?.deliver(message) === true) return;
    taken = undefined;
    keep(message);
  }

  function pass(message: ChannelMessage): void {
    const channel = relayedChannels.find((each) => each === message.channel);
    // Nothing is ever sent on iopub by a client.
    if (channel === undefined) return;
    const { header, parent_header, metadata, content, buffers } = message;
    relay?.send(channel, { identities: [], header, parent_header, metadata, content, buffers });
  }

  function disconnect(): void {
    relay?.close();
    relay = undefined;
    // What was asked of the kernel that is gone, the next one isn't asked.
    waiting = [];
  }

  return {
    session,
    get isTaken() {
      return taken !== undefined;
    },
    take(next, replaced) {
      taken?.replaced();
      const mine = { deliver: next, replaced };
      taken = mine;
      const backlog = kept;
      [kept, keptBytes] = [[], 0];
      for (const { message } of backlog) deliver(message);
      return () => {
        if (taken === mine) taken = undefined;
      };
    },
    send(message) {
      if (waiting === undefined) pass(message);
      else waiting.push(message);
    },
    deliver,
    connect(connection, ready) {
      const asked = waiting ?? [];
      disconnect();
      waiting = asked;
      const mine = connectRelay(connection, session, (channel, message) => {
        deliver({ ...message, channel });
      });
      relay = mine;
      const go = (): void => {
        if (relay !== mine || waiting === undefined) return;
        const messages = waiting;
        waiting = undefined;
        for (const message of messages) pass(message);
      };
      void ready.then(go, () => undefined);
    },
    disconnect,
  };
}

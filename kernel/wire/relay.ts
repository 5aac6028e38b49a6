import { Dealer } from "zeromq";
import { address, type Connection } from "./connection.js";
import { decode, encode, type Outgoing } from "./framing.js";
import type { Message } from "./messages.js";
import { createSendQueue } from "./send-queue.js";
import { createSigner } from "./signing.js";

/** The channels on which a client and a kernel talk to one another alone. */
export const relayedChannels = ["shell", "control", "stdin"] as const;
type RelayedChannel = (typeof relayedChannels)[number];

/** Passes another program's messages on to a kernel and back, unchanged but for the signature. */
export interface Relay {
  /** What is sent before the kernel has bound its channels waits for it. */
  send(channel: RelayedChannel, message: Outgoing): void;
  /** Hangs up; the kernel lives on. */
  close(): void;
}

/**
 * Connects without waiting, as a client of its own: the kernel's questions go to the relay whose request runs.
 * @param identity tells this client apart from the kernel's others
 * @param heard told of every reply and question; what is malformed or wrongly signed is dropped
 */
export function connectRelay(
  connection: Connection,
  identity: string,
  heard: (channel: RelayedChannel, message: Message) => void,
): Relay {
  const signer = createSigner(connection.signature_scheme, connection.key);
  const ends = relayedChannels.map((channel) => {
    const socket = new Dealer({
      linger: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      reconnectInterval: 20,
      // A kernel tells clients' shell and stdin apart by one identity; ZeroMQ takes at most 255 bytes.
      routingId: identity.slice(0, 200),
    });
    socket.connect(address(connection, channel));
    const listen = async (): Promise<void> => {
      for await (const frames of socket) {
        const decoded = decode(frames, signer);
        if (decoded.ok) heard(channel, decoded.message);
      }
    };
    // The loop ends when the socket is closed.
    listen().catch(() => undefined);
    return [channel, { socket, queue: createSendQueue(socket, () => undefined) }] as const;
  });
  const byChannel = new Map(ends);
  let closed = false;
  return {
    send(channel, message) {
      if (!closed) byChannel.get(channel)?.queue.push(encode({ ...message, identities: [] }, signer));
    },
    close() {
      if (closed) return;
      closed = true;
      for (const { socket } of byChannel.values()) socket.close();
    },
  };
}

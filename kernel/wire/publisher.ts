import type { XPublisher } from "zeromq";

/** Messages that ZeroMQ holds for one subscriber. */
export const highWaterMark = 500;
/** How long a subscriber may read nothing at all while its queue is full, in ms. */
const patience = 1_000;
/** How soon a full queue is looked at again, in ms. */
const lookAgain = 1;

/** Sends to all subscribers. */
export interface Publisher {
  send(frames: Uint8Array[]): Promise<void>;
  /** Subscribers came or went: the one that stalled may be gone. */
  subscribersChanged(): void;
}

/**
 * While all subscribers read, none loses a message: a full queue holds everyone up until its client has read some. When
 * that has taken too long, the client has stalled: it loses what doesn't fit into its queue, until subscribers change,
 * and the others are served without waiting for it. Any other client that falls a whole queue behind loses messages too
 * meanwhile.
 */
export function createPublisher(socket: Pick<XPublisher, "send" | "noDrop">): Publisher {
  return {
    async send(frames) {
      let end: number | undefined;
      for (;;) {
        try {
          await socket.send(frames);
          return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
          end ??= performance.now() + patience;
          if (performance.now() < end) await new Promise((resolve) => setTimeout(resolve, lookAgain));
          else socket.noDrop = false;
        }
      }
    },
    subscribersChanged() {
      socket.noDrop = true;
    },
  };
}

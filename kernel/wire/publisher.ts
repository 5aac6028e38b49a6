import type { XPublisher } from "zeromq";
import type { Frame } from "./signing.js";

/** Messages that ZeroMQ holds for one subscriber. */
export const highWaterMark = 500;
/** How long a subscriber may read nothing at all while its queue is full, in ms. */
const patience = 1_000;
/** How soon a full queue is looked at again, in ms. */
const lookAgain = 1;

/** Sends to all subscribers of a socket that is made with `noDrop`, `highWaterMark` and `sendTimeout: 0`. */
export interface Publisher {
  send(frames: Frame[]): Promise<void>;
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
  let strict = true;

  function setStrict(next: boolean): void {
    if (strict === next) return;
    strict = next;
    // zeromq.js warns that a bound socket will not heed an option; ZeroMQ's XPUB heeds this one at once (xpub.cpp).
    const emitWarning = process.emitWarning.bind(process);
    process.emitWarning = () => undefined;
    try {
      socket.noDrop = next;
    } finally {
      process.emitWarning = emitWarning;
    }
  }

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
          else setStrict(false);
        }
      }
    },
    subscribersChanged() {
      setStrict(true);
    },
  };
}

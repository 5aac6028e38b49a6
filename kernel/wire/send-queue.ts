import type { Frame } from "./signing.js";

/** The part of a ZeroMQ socket that sends. */
interface Sender {
  send(frames: Frame[]): Promise<void>;
}

/** Sends one message after the other, in the order of `push`. */
export interface SendQueue {
  /** @param failed in place of the queue's own */
  push(frames: Frame[], failed?: (error: unknown) => void): void;
  /** Resolves when everything pushed so far has been handed to ZeroMQ. */
  drained(): Promise<void>;
  /** How many messages wait. */
  readonly length: number;
}

/**
 * zeromq.js goes asynchronous now and then (every 512th send, or at the high-water mark) and refuses a send that
 * overlaps another: one queue per socket, so that none is lost.
 * @param failed told of a message that ZeroMQ wouldn't take, such as one for a client that went away
 */
export function createSendQueue(socket: Sender, failed: (error: unknown) => void): SendQueue {
  const waiting: { readonly frames: Frame[]; readonly failed: (error: unknown) => void }[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await socket.send(next.frames);
      } catch (error) {
        next.failed(error);
      }
    }
    running = undefined;
  };
  return {
    push(frames, ownFailed = failed) {
      waiting.push({ frames, failed: ownFailed });
      running ??= run();
    },
    drained: () => running ?? Promise.resolve(),
    get length() {
      return waiting.length;
    },
  };
}

/** The part of a ZeroMQ socket that sends. */
interface Sender {
  send(frames: Uint8Array[]): Promise<void>;
}

/** Sends one message after the other, in the order of `push`. */
export interface SendQueue {
  push(frames: Uint8Array[]): void;
  /** Resolves when everything pushed so far has been handed to ZeroMQ. */
  drained(): Promise<void>;
}

/**
 * zeromq.js goes asynchronous now and then (every 512th send, or at the high-water mark) and refuses a send that
 * overlaps another: one queue per socket, so that none is lost.
 * @param failed told of a message that ZeroMQ wouldn't take, such as one for a client that went away
 */
export function createSendQueue(socket: Sender, failed: (error: unknown) => void): SendQueue {
  const waiting: Uint8Array[][] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    for (let frames = waiting.shift(); frames !== undefined; frames = waiting.shift()) {
      try {
        await socket.send(frames);
      } catch (error) {
        failed(error);
      }
    }
    running = undefined;
  };
  return {
    push(frames) {
      waiting.push(frames);
      running ??= run();
    },
    drained: () => running ?? Promise.resolve(),
  };
}

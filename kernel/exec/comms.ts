import { randomUUID } from "node:crypto";
import type { CommData, CommDelivery, Output } from "./outcome.js";

/** What goes through a comm at once. */
interface CommContent {
  readonly data: CommData;
  readonly metadata?: CommData;
  readonly buffers?: readonly Uint8Array[];
}

/** Takes what a client sent. It runs like a cell of its own: what it shows belongs to the client's message. */
type CommHandler = (content: Required<CommContent>) => unknown;

/** One conversation with the clients, whichever side opened it. */
interface Comm {
  readonly id: string;
  send(content: CommContent): void;
  /** The latest handler counts; a promise that it returns is waited for. */
  onMessage(handler: CommHandler): void;
  /** When the client closes it. */
  onClose(handler: CommHandler): void;
  close(data?: CommData): void;
}

/** The cells' side of comms: `globalThis[Symbol.for("virtlab.comms")]`. */
export interface Comms {
  open(target: string, content: CommContent): Comm;
  /** From now on clients may open comms for `target`. */
  onTarget(target: string, handler: (comm: Comm, content: Required<CommContent>) => unknown): void;
}

interface Entry {
  readonly comm: Comm;
  readonly handlers: Partial<Record<"message" | "close", CommHandler>>;
}

/** Comms of this thread, and the way in for what clients send. */
interface CommEnds {
  readonly comms: Comms;
  /** Settles when every handler has; rejects with the first error of one. */
  readonly deliver: (deliveries: readonly CommDelivery[]) => Promise<unknown>;
  /** Closes every comm and forgets all targets. */
  readonly forget: () => void;
}

/** @param tell takes what is to be sent to the clients */
export function createComms(tell: (output: Extract<Output, { type: "comm" }>) => void): CommEnds {
  const open = new Map<string, Entry>();
  const targets = new Map<string, (comm: Comm, content: Required<CommContent>) => unknown>();

  function say(id: string, event: "open" | "message" | "close", content: CommContent, target = ""): void {
    const { data, metadata = {}, buffers = [] } = content;
    const base64 = buffers.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"));
    tell({ type: "comm", event, id, target, data, metadata, buffers: base64 });
  }

  function add(id: string): Entry {
    const handlers: Entry["handlers"] = {};
    const comm: Comm = {
      id,
      send(content) {
        if (open.has(id)) say(id, "message", content);
      },
      onMessage(handler) {
        handlers.message = handler;
      },
      onClose(handler) {
        handlers.close = handler;
      },
      close(data = {}) {
        if (open.delete(id)) say(id, "close", { data });
      },
    };
    const entry = { comm, handlers };
    open.set(id, entry);
    return entry;
  }

  function receive({ event, id, target, ...content }: CommDelivery): unknown {
    if (event === "open") {
      const handler = targets.get(target);
      // "If the target_name key is not found on the receiving side, then it should immediately reply with a comm_close."
      if (handler !== undefined) return handler(add(id).comm, content);
      say(id, "close", { data: {} });
      return undefined;
    }
    const handlers = open.get(id)?.handlers;
    if (event === "close") open.delete(id);
    return handlers?.[event]?.(content);
  }

  return {
    comms: {
      open(target, content) {
        const { comm } = add(randomUUID());
        say(comm.id, "open", content, target);
        return comm;
      },
      onTarget(target, handler) {
        targets.set(target, handler);
      },
    },
    // Each is received, also behind one whose handler throws.
    deliver: (deliveries) =>
      Promise.all(
        deliveries.map(async (delivery) => {
          await receive(delivery);
        }),
      ),
    forget() {
      for (const { comm } of [...open.values()]) comm.close();
      targets.clear();
    },
  };
}

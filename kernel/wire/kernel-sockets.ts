import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { Router, XPublisher } from "zeromq";
import { ConnectionError } from "./connection-error.js";
import { address, channels, socketPath, type Channel, type Connection } from "./connection.js";
import { decode, encode, type Outgoing } from "./framing.js";
import { readIncoming } from "./incoming.js";
import {
  protocolVersion,
  type Broadcasts,
  type BroadcastType,
  type Fields,
  type Header,
  type Incoming,
  type Message,
  type Prompts,
  type Replies,
  type Requests,
  type RequestType,
} from "./messages.js";
import { createPublisher, highWaterMark } from "./publisher.js";
import { createSendQueue, type SendQueue } from "./send-queue.js";
import { createReplayGuard, createSigner } from "./signing.js";

/** Broadcasts that may wait before more are unwelcome. */
const crowded = 50;

type RequestChannel = "shell" | "control" | "stdin";

/** Where a message came from or what it answers; enough to reply to it. */
export type Origin = Pick<Message, "identities" | "header">;

interface MessageExtras {
  readonly metadata?: Fields;
  readonly buffers?: readonly Uint8Array[];
}

/** What a kernel says to its clients. */
interface Speech {
  reply<T extends keyof Replies>(
    channel: "shell" | "control",
    to: Origin,
    type: T,
    content: Replies[T],
    extras?: MessageExtras,
  ): void;
  /** To every client, as the consequence of `parent`; of nothing where it is undefined. */
  broadcast<T extends BroadcastType>(
    parent: Header | undefined,
    type: T,
    content: Broadcasts[T],
    extras?: MessageExtras,
  ): void;
  /**
   * Asks the user of the client that sent `to`.
   * @param unreachable called where that client has no stdin channel connected, now or any more
   * @returns the message's id
   */
  prompt<T extends keyof Prompts>(to: Origin, type: T, content: Prompts[T], unreachable: () => void): string;
}

/** The kernel's end of the five channels. */
export interface KernelSockets extends Speech {
  /** Resolves when the first subscriber to iopub has been welcomed. */
  readonly subscribed: Promise<void>;
  /** Where broadcasts wait for a client to read, resolves when they have been sent: until then there had better be no more. */
  congestion(): Promise<void> | undefined;
  /** Hands over what clients send, from now until `close`. */
  serve(handle: Handler): void;
  /** An end that leads to nobody. */
  rehearsal(handle: Handler): Rehearsal;
  /** Sends what is queued and unbinds; ipc leaves no file. */
  close(): Promise<void>;
}

/** What is said on it is written and signed as ever, and goes nowhere. */
interface Rehearsal extends Speech {
  /** Has a request read as if it had come on shell. */
  request<T extends RequestType>(type: T, content: Requests[T]): void;
}

/** Takes a message of a known type, signed, new and well formed. */
type Handler = (channel: RequestChannel, message: Incoming) => void;

/**
 * Binds the channels, echoes heartbeats and welcomes subscribers until `close`.
 * iopub comes before shell, so that a client that is answered can also listen.
 * @param log told what was dropped or failed, and why; the kernel goes on
 * @throws ConnectionError where an address is taken or impossible
 */
export async function bindKernel(connection: Connection, log: (reason: string) => void): Promise<KernelSockets> {
  const signer = createSigner(connection.signature_scheme, connection.key);
  const guard = createReplayGuard();
  const session = randomUUID();
  // What is queued still goes out after close: a shutdown's reply.
  const options = { linger: 1000, sendHighWaterMark: 0, receiveHighWaterMark: 1_000 };
  const iopub = new XPublisher({
    ...options,
    // See publisher.ts.
    sendHighWaterMark: highWaterMark,
    noDrop: true,
    sendTimeout: 0,
    // Every client's subscription is told, also of one that another has: for its iopub_welcome.
    verbosity: "allSubsUnsubs",
  });
  const publisher = createPublisher(iopub);
  // A client that never reads its replies loses those that don't fit.
  const bounded = { ...options, sendHighWaterMark: 10_000 };
  const shell = new Router({ ...bounded, handover: true });
  const control = new Router({ ...bounded, handover: true });
  // "mandatory": a question that nobody gets is told rather than dropped.
  const stdin = new Router({ ...options, handover: true, mandatory: true });
  const hb = new Router({ ...bounded, linger: 0 });
  const sockets = { iopub, shell, control, stdin, hb };

  try {
    for (const channel of ["iopub", "hb", "stdin", "control", "shell"] as const) await bind(channel);
  } catch (error) {
    for (const socket of Object.values(sockets)) socket.close();
    throw error;
  }

  async function bind(channel: Channel): Promise<void> {
    const where = address(connection, channel);
    try {
      await sockets[channel].bind(where);
    } catch (error) {
      throw new ConnectionError(
        `the ${channel} channel can't be bound to ${where}: ${error instanceof Error ? error.message : String(error)}`,
        "Start the kernel again: the client picks other ports.",
      );
    }
  }

  const queue = (socket: Pick<Router, "send">, channel: Channel): SendQueue =>
    createSendQueue(socket, (error) => {
      log(`${channel}: a message wasn't sent: ${String(error)}`);
    });
  const queues = {
    iopub: queue(publisher, "iopub"),
    shell: queue(shell, "shell"),
    control: queue(control, "control"),
    stdin: queue(stdin, "stdin"),
    hb: queue(hb, "hb"),
  };

  let closed = false;
  /**
   * What is sent at the end of the event loop's turn: signing and sending keep no one waiting for what the turn does, and
   * all that it says leaves together, so that ZeroMQ's thread and the client's wake up once.
   */
  let outbox: (() => void)[] = [];
  function flush(): void {
    const sends = outbox;
    outbox = [];
    for (const each of sends) each();
  }

  let messages = 0;
  const topics = new Map<string, Buffer>();
  function topic(type: string): Buffer {
    let written = topics.get(type);
    if (written === undefined) topics.set(type, (written = Buffer.from(type)));
    return written;
  }

  const makeHeader = (type: string): Header => ({
    // As jupyter_client makes them.
    msg_id: `${session}_${++messages}`,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    msg_type: type,
    version: protocolVersion,
  });

  /** @returns the message's id */
  function send(
    to: SendQueue,
    message: Omit<Outgoing, "header">,
    type: string,
    failed?: (error: unknown) => void,
  ): string {
    const header = makeHeader(type);
    // What a cell still shows while the kernel ends has no one left to go to.
    if (closed) return header.msg_id;
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(() => {
      try {
        to.push(encode({ ...message, header }, signer), failed);
      } catch (error) {
        log(`${type} can't be sent: ${String(error)}`);
        failed?.(error);
      }
    });
    return header.msg_id;
  }

  /** What the kernel says, on queues of its own choice. */
  function speech(to: (channel: Channel) => SendQueue): Speech {
    return {
      reply(channel, { identities, header }, type, content, extras) {
        const { metadata = {}, buffers = [] } = extras ?? {};
        send(to(channel), { identities, parent_header: header, metadata, content, buffers }, type);
      },
      broadcast(parent, type, content, extras) {
        const { metadata = {}, buffers = [] } = extras ?? {};
        send(to("iopub"), { identities: [topic(type)], parent_header: parent ?? {}, metadata, content, buffers }, type);
      },
      prompt({ identities, header }, type, content, unreachable) {
        const message = { identities, parent_header: header, metadata: {}, content, buffers: [] };
        return send(to("stdin"), message, type, unreachable);
      },
    };
  }

  async function serveRequests(channel: RequestChannel, handle: Handler): Promise<void> {
    for await (const frames of sockets[channel]) receive(channel, frames, handle);
  }

  function receive(channel: RequestChannel, frames: readonly Uint8Array[], handle: Handler): void {
    const drop = (reason: string): void => {
      log(`${channel}: dropped a message: ${reason}`);
    };
    const decoded = decode(frames, signer);
    if (!decoded.ok) {
      drop(decoded.reason);
      return;
    }
    if (!guard.admit(decoded.signature)) {
      drop(`${decoded.message.header.msg_type} was seen before`);
      return;
    }
    const read = readIncoming(decoded.message);
    if (!read.ok) {
      drop(read.reason);
      return;
    }
    try {
      handle(channel, read.message);
    } catch (error) {
      drop(`its handling failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  async function echoHeartbeats(): Promise<void> {
    for await (const frames of hb) queues.hb.push(frames);
  }

  let welcomed = (): void => undefined;
  const subscribed = new Promise<void>((resolve) => {
    welcomed = resolve;
  });

  async function welcomeSubscribers(): Promise<void> {
    for await (const [frame] of iopub) {
      publisher.subscribersChanged();
      // XPUB's own frames: 1 and the topic for a subscription, 0 and the topic for its end.
      if (frame?.[0] !== 1) continue;
      const topic = frame.subarray(1);
      const content = { subscription: topic.toString() };
      send(
        queues.iopub,
        { identities: [topic], parent_header: {}, metadata: {}, content, buffers: [] },
        "iopub_welcome",
      );
      welcomed();
    }
  }

  const serving: Promise<void>[] = [];
  function start(loop: Promise<void>): void {
    serving.push(
      loop.catch((error: unknown) => {
        log(`a channel ended: ${String(error)}`);
      }),
    );
  }
  start(echoHeartbeats());
  start(welcomeSubscribers());

  return {
    subscribed,
    congestion() {
      flush();
      return queues.iopub.length < crowded ? undefined : queues.iopub.drained();
    },
    serve(handle) {
      for (const channel of ["shell", "control", "stdin"] as const) start(serveRequests(channel, handle));
    },
    ...speech((channel) => queues[channel]),
    rehearsal(handle) {
      const nowhere = queue({ send: () => Promise.resolve() }, "shell");
      return {
        ...speech(() => nowhere),
        request(type, content) {
          const message = { identities: [Buffer.of(0)], parent_header: {}, metadata: {}, content, buffers: [] };
          const frames = encode({ ...message, header: makeHeader(type) }, signer);
          receive(
            "shell",
            frames.map((frame) => Buffer.from(frame)),
            handle,
          );
        },
      };
    },
    async close() {
      closed = true;
      flush();
      await Promise.all(Object.values(queues).map((each) => each.drained()));
      for (const socket of Object.values(sockets)) socket.close();
      await Promise.all(serving);
      // ZeroMQ leaves the files of its ipc sockets behind.
      if (connection.transport === "ipc")
        for (const channel of channels) rmSync(socketPath(connection, channel), { force: true });
    },
  };
}

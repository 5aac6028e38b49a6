import { randomUUID } from "node:crypto";
import { Dealer, Subscriber } from "zeromq";
import { address, type Connection } from "./connection.js";
import { decode, encode } from "./framing.js";
import {
  protocolVersion,
  type Broadcast,
  type Fields,
  type Header,
  type Message,
  type Notices,
  type NoticeType,
  type Prompts,
  type Replies,
  type Requests,
  type RequestType,
  type ReplyTo,
} from "./messages.js";
import { createSendQueue, type SendQueue } from "./send-queue.js";
import { createSigner } from "./signing.js";

interface RequestOptions {
  /** Told of every broadcast that the request causes; the request is then over when the kernel is idle again too. */
  readonly onBroadcast?: (message: Broadcast) => void;
  /** Milliseconds until the request is given up; without it, it waits until the client is closed. */
  readonly timeout?: number;
  /** Told the request's msg_id before it is sent. */
  readonly onSend?: (id: string) => void;
  readonly metadata?: Fields;
  readonly buffers?: readonly Uint8Array[];
}

/** A reply whose content has the type that the request asks for. */
type ReplyMessage<T extends RequestType> = Omit<Message, "content"> & { readonly content: ReplyTo<T> };

/** One client of a kernel, of ours or another. */
export interface Client {
  /** This client's session in its headers. */
  readonly session: string;
  /**
   * Sends a request and waits for its reply, and for its last broadcast where one listens. Fields left out of
   * `content` take the protocol's defaults.
   * @throws Error when the time is over or the client is closed before
   */
  request<T extends RequestType>(
    channel: "shell" | "control",
    type: T,
    content: Partial<Requests[T]>,
    options?: RequestOptions,
  ): Promise<ReplyMessage<T>>;
  /** Sends what has no reply. */
  notify<T extends NoticeType>(type: T, content: Notices[T], options?: Pick<RequestOptions, "buffers">): string;
  /** Hears every broadcast, whoever caused it. @returns ends the listening */
  onBroadcast(listener: (message: Broadcast) => void): () => void;
  /** Answers the kernel's questions to the user; without a listener they stay open. */
  onPrompt(listener: (question: Prompts["input_request"]) => Promise<string> | string): void;
  /** Resolves when the kernel answers on shell and its broadcasts arrive. @param timeout milliseconds */
  ready(timeout: number): Promise<Replies["kernel_info_reply"]>;
  /** One heartbeat. @returns milliseconds there and back @throws Error after `timeout` ms without an echo */
  ping(timeout: number): Promise<number>;
  /** Hangs up; the kernel lives on. */
  close(): void;
}

interface Waiting {
  readonly settle: (reply: Message) => void;
  readonly reject: (error: Error) => void;
  readonly onBroadcast: ((message: Broadcast) => void) | undefined;
  reply?: Message;
  idle: boolean;
}

/** How often a kernel that is starting is asked again, in ms. */
const nudge = 100;

/** Connects without waiting: ZeroMQ joins once the kernel has bound its channels. */
export function connectClient(connection: Connection): Client {
  const session = randomUUID();
  const signer = createSigner(connection.signature_scheme, connection.key);
  const options = { linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, reconnectInterval: 20 };
  // A kernel tells a client's shell and stdin apart from others' by one identity.
  const routingId = `client-${session}`;
  const shell = new Dealer({ ...options, routingId });
  const control = new Dealer({ ...options, routingId });
  const stdin = new Dealer({ ...options, routingId });
  const hb = new Dealer(options);
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0, reconnectInterval: 20 });
  const sockets = { shell, control, stdin, hb, iopub };
  iopub.subscribe("");
  for (const channel of ["iopub", "hb", "stdin", "control", "shell"] as const) {
    sockets[channel].connect(address(connection, channel));
  }
  const queue = (socket: Dealer): SendQueue => createSendQueue(socket, () => undefined);
  const queues = { shell: queue(shell), control: queue(control), stdin: queue(stdin), hb: queue(hb) };

  let closed = false;
  const waiting = new Map<string, Waiting>();
  const listeners = new Set<(message: Broadcast) => void>();
  const echoes = new Map<string, () => void>();
  let answerPrompt: ((question: Prompts["input_request"]) => Promise<string> | string) | undefined;

  function send(
    channel: "shell" | "control" | "stdin",
    type: string,
    content: object,
    parent: Header | undefined,
    extras: Pick<RequestOptions, "metadata" | "buffers">,
  ): string {
    const date = new Date().toISOString();
    const msg_id = randomUUID();
    const header = { msg_id, session, username: "client", date, msg_type: type, version: protocolVersion };
    const { metadata = {}, buffers = [] } = extras;
    const message = { identities: [], header, parent_header: parent ?? {}, metadata, content, buffers };
    queues[channel].push(encode(message, signer));
    return msg_id;
  }

  async function listen(socket: Dealer | Subscriber, heard: (message: Message) => void): Promise<void> {
    for await (const frames of socket) {
      const decoded = decode(frames, signer);
      if (decoded.ok) heard(decoded.message);
    }
  }

  function finish(id: string, pending: Waiting): void {
    if (pending.reply === undefined || (pending.onBroadcast !== undefined && !pending.idle)) return;
    waiting.delete(id);
    pending.settle(pending.reply);
  }

  function heardReply(message: Message): void {
    const id = message.parent_header.msg_id ?? "";
    const pending = waiting.get(id);
    if (pending === undefined) return;
    pending.reply = message;
    finish(id, pending);
  }

  function heardBroadcast(message: Message): void {
    // Whoever sent it is trusted to keep the protocol's types: it holds the key.
    const broadcast = { ...message, type: message.header.msg_type } as Broadcast;
    for (const listener of listeners) listener(broadcast);
    const id = message.parent_header.msg_id ?? "";
    const pending = waiting.get(id);
    if (pending === undefined) return;
    pending.onBroadcast?.(broadcast);
    if (broadcast.type === "status" && broadcast.content.execution_state === "idle") {
      pending.idle = true;
      finish(id, pending);
    }
  }

  async function heardPrompt(message: Message): Promise<void> {
    if (answerPrompt === undefined || message.header.msg_type !== "input_request") return;
    const { prompt, password } = message.content;
    const value = await answerPrompt({ prompt: String(prompt), password: password === true });
    if (!closed) send("stdin", "input_reply", { value }, message.header, {});
  }

  const loops = [
    listen(shell, heardReply),
    listen(control, heardReply),
    listen(iopub, heardBroadcast),
    listen(stdin, (message) => void heardPrompt(message)),
    (async () => {
      for await (const frames of hb) echoes.get(frames.at(-1)?.toString() ?? "")?.();
    })(),
  ];
  // A socket's loop ends when it is closed; nothing is left to wait for then.
  for (const loop of loops) loop.catch(() => undefined);

  async function request<T extends RequestType>(
    channel: "shell" | "control",
    type: T,
    content: Partial<Requests[T]>,
    { onBroadcast, timeout, onSend, ...extras }: RequestOptions = {},
  ): Promise<ReplyMessage<T>> {
    if (closed) throw new Error(`${type}: the client is closed`);
    const id = send(channel, type, content, undefined, extras);
    onSend?.(id);
    const reply = new Promise<Message>((settle, reject) => {
      waiting.set(id, { settle, reject, onBroadcast, idle: false });
    });
    const limited = timeout === undefined ? reply : within(reply, timeout, `${type}: no answer in ${timeout} ms`);
    try {
      // The kernel's reply to a request of type T has the content ReplyTo<T>, by the protocol.
      return (await limited) as ReplyMessage<T>;
    } finally {
      waiting.delete(id);
    }
  }

  return {
    session,
    request,
    notify: (type, content, extras = {}) => send("shell", type, content, undefined, extras),
    onBroadcast(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onPrompt(listener) {
      answerPrompt = listener;
    },
    async ready(timeout) {
      let stop = (): void => undefined;
      const heard = new Promise<true>((resolve) => {
        stop = this.onBroadcast(() => {
          resolve(true);
        });
      });
      const end = performance.now() + timeout;
      try {
        for (;;) {
          const left = end - performance.now();
          if (left <= 0) throw new Error(`the kernel didn't answer in ${timeout} ms`);
          const info = await request("shell", "kernel_info_request", {}, { timeout: left });
          // A broadcast of that request may still be under way, or the subscription may have come too late for it.
          if (await Promise.race([heard, pause(nudge)])) return info.content;
        }
      } finally {
        stop();
      }
    },
    async ping(timeout) {
      const id = randomUUID();
      const start = performance.now();
      const echo = new Promise<void>((resolve) => echoes.set(id, resolve));
      queues.hb.push([Buffer.from(id)]);
      try {
        await within(echo, timeout, `no heartbeat in ${timeout} ms`);
      } finally {
        echoes.delete(id);
      }
      return performance.now() - start;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const socket of Object.values(sockets)) socket.close();
      for (const { reject } of waiting.values()) reject(new Error("the client was closed before the reply came"));
      waiting.clear();
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function within<T>(promise: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(message));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

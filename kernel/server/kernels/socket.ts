import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer, type RawData } from "ws";
import { HttpError } from "../http/http-error.js";
import type { ChannelMessage } from "./channel-message.js";
import { plain, protocols, type Protocol } from "./frames.js";
import type { Kernel } from "./kernel.js";
import type { Kernels } from "./kernels.js";

/** The largest message that a client may send, in bytes: a file that a widget uploads is one message. */
const largestMessage = 128 * 1024 * 1024;
/** Milliseconds between signs of life; a client that misses one is gone. */
const heartbeat = 30_000;

/** What is sent to several clients is written once per protocol. */
const written = new WeakMap<ChannelMessage, Map<Protocol, Buffer | string>>();

function write(message: ChannelMessage, protocol: Protocol): Buffer | string {
  const forms = written.get(message) ?? new Map<Protocol, Buffer | string>();
  written.set(message, forms);
  const form = forms.get(protocol) ?? protocol.encode(message);
  forms.set(protocol, form);
  return form;
}

function toBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

/** Joins a client's WebSocket to its seat at a kernel. */
function join(socket: WebSocket, kernel: Kernel, session: string, longestQueue: number): void {
  const protocol = protocols.find(({ name }) => name === socket.protocol) ?? plain;
  const seat = kernel.seat(session);
  const leave = seat.take(
    (message) => {
      if (socket.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > longestQueue) {
        // "Try again later" (IANA's registry of WebSocket close codes): Jupyter's interface does.
        socket.close(1013, "the messages are read too slowly");
        return false;
      }
      socket.send(write(message, protocol));
      return true;
    },
    () => {
      socket.close(4001, "another connection of this session has taken over");
    },
  );
  socket.on("message", (data, isBinary) => {
    const message = protocol.decode(toBuffer(data), isBinary);
    if (message === undefined) socket.close(1007, "that was no Jupyter message");
    else seat.send(message);
  });
  socket.once("close", leave);
}

/** Keeps connections alive through proxies, and ends those whose other side is gone. */
function watch(sockets: WebSocketServer): NodeJS.Timeout {
  const silent = new WeakSet<WebSocket>();
  sockets.on("connection", (socket) => {
    socket.on("pong", () => silent.delete(socket));
    // ws closes the connection itself; without a listener, a client's broken frame would end the server.
    socket.on("error", () => undefined);
  });
  return setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) socket.terminate();
      else {
        silent.add(socket);
        socket.ping();
      }
    }
  }, heartbeat).unref();
}

/** The WebSockets of one server: `/api/kernels/:id/channels`, and `/api/events/subscribe`, on which nothing ever comes. */
export interface Sockets {
  /** Takes over an HTTP connection whose request was admitted. @throws HttpError 404 */
  upgrade(request: IncomingMessage, url: URL, stream: Duplex, head: Buffer): void;
  close(): void;
}

/** @param longestQueue bytes that may wait for one client */
export function createSockets(kernels: Kernels, longestQueue: number): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find(({ name }) => name !== "" && offered.has(name))?.name ?? false,
  });
  const watching = watch(server);

  function accept(request: IncomingMessage, stream: Duplex, head: Buffer, joined: (socket: WebSocket) => void): void {
    server.handleUpgrade(request, stream, head, (socket) => {
      server.emit("connection", socket, request);
      joined(socket);
    });
  }

  return {
    upgrade(request, url, stream, head) {
      if (url.pathname === "/api/events/subscribe") {
        accept(request, stream, head, () => undefined);
        return;
      }
      const [, id] = /^\/api\/kernels\/([\w-]+)\/channels$/.exec(url.pathname) ?? [];
      if (id === undefined) throw new HttpError(404, "there is no WebSocket at this address");
      const kernel = kernels.get(id);
      // A client without a session is another one each time.
      const session = url.searchParams.get("session_id") ?? randomUUID();
      accept(request, stream, head, (socket) => {
        join(socket, kernel, session, longestQueue);
      });
    },
    close() {
      clearInterval(watching);
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

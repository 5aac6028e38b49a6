import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer, type RawData, type WebSocket } from "ws";
import { serveSession, type ForwardSession, type ProcessSession, type Session } from "./sessions.js";

/** Channels of a process's streams (kubernetes, `pkg/cri/streaming/remotecommand/websocket.go`): the first byte of each message. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** Followed by the number of a channel on which no more will come (`v5.channel.k8s.io`). */
const CLOSE = 255;

/** SPDY inside of a WebSocket's messages (KEP-4006). */
const tunnel = "SPDY/3.1+portforward.k8s.io";

/** The protocol that is spoken, of those that a client offers; undefined where none is known. */
export function webSocketProtocolOf(session: Session, offered: string): string | undefined {
  const known = session.kind === "forward" ? [tunnel, "v4.channel.k8s.io"] : ["v5.channel.k8s.io", "v4.channel.k8s.io"];
  const names = offered.split(",").map((name) => name.trim());
  return known.find((name) => names.includes(name));
}

/** Joins a session with a client's streams over one WebSocket. @param step lets the simulation go on, behind what the client has said */
export function serveWebSocket(
  session: Session,
  protocol: string,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  step: () => void,
): void {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol });
  server.handleUpgrade(message, socket, head, (webSocket) => {
    webSocket.on("error", () => {
      webSocket.terminate();
    });
    if (session.kind === "process") serveProcess(session, webSocket, step);
    else if (protocol === tunnel) serveSession(session, createWebSocketStream(webSocket), Buffer.alloc(0), step);
    else
      serveForward(
        session,
        new URL(message.url ?? "/", "http://localhost").searchParams.getAll("ports"),
        webSocket,
        step,
      );
  });
}

function send(webSocket: WebSocket, channel: number, bytes: Uint8Array): void {
  if (webSocket.readyState === webSocket.OPEN) webSocket.send(Buffer.concat([Buffer.of(channel), bytes]));
}

/** Tells of each message: its channel, and what stands behind. */
function hear(webSocket: WebSocket, take: (channel: number, bytes: Buffer) => void): void {
  webSocket.on("message", (data: RawData) => {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (bytes.length > 0) take(bytes[0] ?? 0, bytes.subarray(1));
  });
}

function serveProcess(session: ProcessSession, webSocket: WebSocket, step: () => void): void {
  const { stdout, stderr } = session.options;
  // What tells a client that its connection is there.
  send(webSocket, stdout ? STDOUT : stderr ? STDERR : ERROR, new Uint8Array(0));
  const process = session.start({
    output: (name, bytes) => {
      send(webSocket, name === "stdout" ? STDOUT : STDERR, bytes);
    },
    end: (status) => {
      send(webSocket, ERROR, Buffer.from(JSON.stringify(status)));
      webSocket.close(1000);
    },
  });
  hear(webSocket, (channel, bytes) => {
    if (channel === STDIN) process.input(bytes);
    else if (channel === CLOSE && bytes[0] === STDIN) process.closeInput();
    else if (channel === RESIZE) {
      const { Width, Height } = sizeOf(bytes.toString());
      process.resize(Width, Height);
    }
    step();
  });
  webSocket.on("close", () => {
    process.close();
    step();
  });
  step();
}

/** What a terminal says of its size; what can't be read says nothing. */
function sizeOf(text: string): { readonly Width: number; readonly Height: number } {
  try {
    return JSON.parse(text) as { Width: number; Height: number };
  } catch {
    return { Width: 80, Height: 24 };
  }
}

/** One connection for each port that the address names: two channels each, for data and for what is wrong, of which the first message is the port. */
function serveForward(session: ForwardSession, ports: readonly string[], webSocket: WebSocket, step: () => void): void {
  let open = ports.length;
  const made = ports.map((text, i) => {
    const [data, error] = [2 * i, 2 * i + 1];
    const port = Buffer.alloc(2);
    port.writeUInt16LE(Number(text) & 0xffff);
    send(webSocket, data, port);
    send(webSocket, error, port);
    return session.connect(Number(text), {
      data: (bytes) => {
        send(webSocket, data, bytes);
      },
      error: (why) => {
        send(webSocket, error, Buffer.from(why));
      },
      end: () => {
        if (--open === 0) webSocket.close(1000);
      },
    });
  });
  hear(webSocket, (channel, bytes) => {
    if (channel % 2 === 0) made[channel / 2]?.write(bytes);
    step();
  });
  webSocket.on("close", () => {
    for (const one of made) one.close();
    step();
  });
  step();
}

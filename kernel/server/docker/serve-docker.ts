import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { UsageError } from "../../../sim/core/index.js";
import type { container } from "../../../sim/lab/index.js";

/** What is served: requests go in, and answers come out once the simulation's time has passed as far as they need. */
export interface DockerCalls {
  /**
   * @param told called once, with the answer
   * @returns takes the request back: its client is gone
   */
  call(request: container.ApiRequest, told: (answer: container.ApiAnswer) => void): () => void;
}

export interface ServedSocket {
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Whether a client lags so far behind that what more is said would pile up here. */
  readonly full: () => boolean;
  close(): Promise<void>;
}

/** More than a request may bring: an archive of images. */
const largest = 2 ** 31 - 1;

/** Bytes that may wait for one client. */
const most = 4 * 2 ** 20;

/** What keeps a server from sending its answer in time. */
class TooLarge extends Error {}

/** The rest of a message, behind what of it has come already. */
function readBody(source: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    source.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= largest) parts.push(part);
    });
    source.on("end", () => {
      if (size <= largest) resolve(Buffer.concat(parts));
      else reject(new TooLarge());
    });
    source.on("error", reject);
  });
}

/**
 * The body of a request that asks for an upgrade, as long as its header says: Node gives what came behind the header as `head`, the body
 * among it. @returns the body, and what the client has said behind it
 */
function readUpgradeBody(
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<[body: Buffer, rest: Buffer]> {
  const length = Number(message.headers["content-length"] ?? 0);
  const chunked = message.headers["transfer-encoding"] === "chunked";
  return new Promise((resolve, reject) => {
    let bytes = head;
    const look = (): boolean => {
      // dockerode sends a chunked body with nothing in it, and then says what goes to the process.
      const empty = chunked && bytes.toString("latin1", 0, 5) === "0\r\n\r\n";
      if (!empty && bytes.length < length) return false;
      const from = empty ? 5 : length;
      resolve([bytes.subarray(0, length), bytes.subarray(from)]);
      return true;
    };
    if (look()) return;
    const more = (part: Buffer): void => {
      bytes = Buffer.concat([bytes, part]);
      if (look()) socket.off("data", more);
    };
    socket.on("data", more);
    socket.once("close", () => {
      reject(new Error("the connection ended within a request"));
    });
  });
}

/** Headers as the API takes them: one value for each name. */
const headersOf = (message: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );

const requestOf = (message: IncomingMessage, body: Uint8Array): container.ApiRequest => ({
  method: message.method ?? "GET",
  target: message.url ?? "/",
  headers: headersOf(message),
  body,
});

/** Answers a request by HTTP's own means. */
async function answer(calls: DockerCalls, message: IncomingMessage, response: ServerResponse): Promise<void> {
  let body: Uint8Array;
  try {
    body = await readBody(message);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    response.writeHead(413, { "content-type": "application/json" });
    response.end(`${JSON.stringify({ message: "http: request body too large" })}\n`);
    return;
  }
  let gone = calls.call(requestOf(message, body), (answered) => {
    if (answered.open === undefined) {
      response.writeHead(answered.status, answered.headers);
      response.end(message.method === "HEAD" ? undefined : answered.body);
      gone = () => undefined;
      return;
    }
    response.writeHead(answered.status, answered.headers);
    // A client waits for the header of /wait before it starts the container.
    response.flushHeaders();
    const source = answered.open({
      write: (bytes) => response.write(bytes),
      end: () => response.end(),
    });
    gone = () => {
      source.close();
    };
  });
  response.on("close", () => {
    gone();
  });
}

const reasons: Readonly<Record<number, string>> = {
  101: "UPGRADED",
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
};

const headOf = (status: number, headers: Readonly<Record<string, string>>): string =>
  [
    `HTTP/1.1 ${status} ${reasons[status] ?? "Error"}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "\r\n",
  ].join("\r\n");

/** Answers a request that asks for an upgrade: from the answer on, the connection is the process's streams. */
async function upgrade(calls: DockerCalls, message: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  socket.setNoDelay(true);
  // What comes before the answer is kept.
  const [body, rest] = await readUpgradeBody(message, socket, head);
  let early: Buffer[] = rest.length > 0 ? [rest] : [];
  let ended = false;
  const keep = (part: Buffer): void => {
    early.push(part);
  };
  const keepEnd = (): void => {
    ended = true;
  };
  socket.on("data", keep);
  socket.once("end", keepEnd);
  let gone = calls.call(requestOf(message, body), (answered) => {
    if (answered.open === undefined) {
      const headers = { ...answered.headers, "content-length": String(answered.body.length), connection: "close" };
      socket.write(headOf(answered.status, headers));
      socket.end(answered.body);
      return;
    }
    socket.write(headOf(answered.status, answered.headers));
    const source = answered.open({
      write: (bytes) => socket.write(bytes),
      end: () => socket.end(),
    });
    socket.off("data", keep);
    socket.off("end", keepEnd);
    for (const part of early) source.receive(part);
    early = [];
    if (ended) source.finish();
    socket.on("data", (part: Buffer) => {
      source.receive(part);
    });
    // A client without an input says so at once, and still listens.
    socket.once("end", () => {
      source.finish();
    });
    gone = () => {
      source.close();
    };
  });
  socket.on("close", () => {
    gone();
  });
}

function listen(server: Server, where: { readonly socket: string } | { readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const name = "socket" in where ? `the socket ${where.socket}` : `port ${where.port}`;
      const message = error.code === "EADDRINUSE" ? `${name} is in use` : `${name} can't be opened: ${error.message}`;
      reject(
        new UsageError(
          message,
          "socket" in where
            ? "Name another path, in a folder that is there."
            : "Take another port, or 0 for a free one.",
        ),
      );
    });
    const ready = (): void => {
      resolve("socket" in where ? 0 : (server.address() as AddressInfo).port);
    };
    if ("socket" in where) server.listen(where.socket, ready);
    else server.listen(where.port, "127.0.0.1", ready);
  });
}

/**
 * Opens a Unix socket, or a port on the loopback address, at which stock clients find Docker's API.
 * @throws UsageError for a path or a port that can't be had
 */
export async function serveDocker(
  calls: DockerCalls,
  where: { readonly socket: string } | { readonly port: number },
): Promise<ServedSocket> {
  const sockets = new Set<Socket>();
  const server = createServer((message, response) => {
    answer(calls, message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  // A build may send its context, and a client wait, for as long as it takes.
  server.requestTimeout = 0;
  server.on("upgrade", (message: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgrade(calls, message, socket, head).catch(() => socket.destroy());
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listen(server, where);
  server.unref();
  return {
    port,
    full: () => [...sockets].some(({ writableLength }) => writableLength > most),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

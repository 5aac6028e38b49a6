import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../../../sim/core/index.js";
import { protocolOf, serveSession, type Session } from "./sessions.js";
import { serveWebSocket, webSocketProtocolOf } from "./web-sockets.js";
import { selfSigned } from "./certificate.js";

/** What is served: a simulated API server, which answers at once and tells streams what happens. */
interface KubernetesApi {
  handle(request: {
    readonly method: string;
    readonly path: string;
    readonly query: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Uint8Array;
    /** Where the connection can be upgraded. */
    readonly connect?: (session: Session) => void;
  }): KubernetesAnswer;
}

type KubernetesAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
} & ({ body(): Uint8Array; readonly stream?: undefined } | { stream(sink: Sink): () => void });

interface Sink {
  event(event: { text(): string }): void;
  end(): void;
}

interface ServeKubernetesOptions {
  /** A port of this computer; 0, the default, takes a free one. */
  readonly port?: number;
  /** A bearer token that clients send; without one they come as `system:anonymous`. */
  readonly token?: string;
  /** Called while a session is open, behind each thing that its client says: lets the simulation answer. */
  readonly step?: () => void;
  /** Told when a session begins, and what is given back when it ends. */
  readonly opened?: () => () => void;
}

export interface ServedKubernetes {
  readonly port: number;
  /** A configuration for kubectl and client libraries: what `KUBECONFIG` names. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** More than a request may bring is not read; the API server refuses less than that by itself. */
const largest = 4 * 1024 * 1024;

function readBody(message: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    message.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= largest) parts.push(part);
    });
    message.on("end", () => {
      resolve(Buffer.concat(parts));
    });
    message.on("error", reject);
  });
}

/** Headers as the API takes them: one value for each name. */
function headersOf(message: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

async function answer(api: KubernetesApi, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message);
  const [path = "/", query = ""] = (message.url ?? "/").split("?", 2);
  const answered = api.handle({ method: message.method ?? "GET", path, query, headers: headersOf(message), body });
  if (answered.stream === undefined) {
    response.writeHead(answered.status, answered.headers);
    response.end(message.method === "HEAD" ? undefined : answered.body());
    return;
  }
  response.writeHead(answered.status, answered.headers);
  response.flushHeaders();
  const stop = answered.stream({
    event: (event) => response.write(event.text()),
    end: () => response.end(),
  });
  response.on("close", stop);
}

/** An upgrade to SPDY or to a WebSocket: exec, attach, port-forward. What is refused is answered as any request. */
function upgrade(
  api: KubernetesApi,
  options: ServeKubernetesOptions,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const [path = "/", query = ""] = (message.url ?? "/").split("?", 2);
  const headers = headersOf(message);
  let session: Session | undefined;
  const connect = (made: Session): void => {
    session = made;
  };
  const spdy = /^spdy\/3\.1$/i.test(headers["upgrade"] ?? "");
  const webSocket = /^websocket$/i.test(headers["upgrade"] ?? "");
  const answered = api.handle({
    ...{ method: message.method ?? "GET", path, query, headers, body: new Uint8Array(0) },
    ...((spdy || webSocket) && { connect }),
  });
  const protocol =
    session === undefined
      ? undefined
      : spdy
        ? protocolOf(session, headers["x-stream-protocol-version"] ?? "")
        : webSocketProtocolOf(session, headers["sec-websocket-protocol"] ?? "");
  if (session === undefined || protocol === undefined) {
    const body =
      answered.stream === undefined && session === undefined ? Buffer.from(answered.body()) : Buffer.alloc(0);
    const status = session === undefined ? answered.status : 403;
    const lines = Object.entries({ ...answered.headers, "content-length": String(body.length), connection: "close" });
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`);
    socket.end(
      Buffer.concat([Buffer.from(`${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n`), body]),
    );
    return;
  }
  const closed = options.opened?.();
  socket.on("close", () => closed?.());
  const step = (): void => options.step?.();
  if (webSocket) {
    serveWebSocket(session, protocol, message, socket, head, step);
    return;
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  serveSession(session, socket, head, step);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const message =
        error.code === "EADDRINUSE" ? `port ${port} is in use` : `port ${port} can't be opened: ${error.message}`;
      reject(new UsageError(message, "Take another port, or 0 for a free one."));
    });
    server.listen(port, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function kubeconfigFor(port: number, certificate: string, token: string | undefined): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    "certificate-authority-data": Buffer.from(certificate).toString("base64"),
  };
  // JSON is YAML.
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "virtlab",
      clusters: [{ name: "virtlab", cluster }],
      users: [{ name: "virtlab", user: token === undefined ? {} : { token } }],
      contexts: [{ name: "virtlab", context: { cluster: "virtlab", user: "virtlab" } }],
    },
    undefined,
    2,
  );
}

/**
 * Opens a port on the loopback address at which stock clients find a simulated cluster's API: kubectl, client libraries. Over
 * TLS, since they keep their tokens to themselves without it.
 * @throws UsageError for a port that can't be had
 */
export async function serveKubernetes(
  api: KubernetesApi,
  options: ServeKubernetesOptions = {},
): Promise<ServedKubernetes> {
  const { key, certificate } = selfSigned();
  const upgrades = new Set<Duplex>();
  const server = createServer({ key, cert: certificate }, (message, response) => {
    answer(api, message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.add(socket);
    socket.on("close", () => upgrades.delete(socket));
    try {
      upgrade(api, options, message, socket, head);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  const port = await listen(server, options.port ?? 0);
  server.unref();
  return {
    port,
    kubeconfig: kubeconfigFor(port, certificate, options.token),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        // Those that were upgraded are the server's no more.
        for (const socket of upgrades) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

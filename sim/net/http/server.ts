import { UsageError, type Activity, type Process } from "../../core/index.js";
import { isErrno } from "../ip/errno.js";
import type { NetworkNamespace } from "../namespace.js";
import { noData } from "../packet/packet.js";
import type { SocketAddress, TcpSocket } from "../tcp/socket.js";
import { encodeHead, statusLine, textResponse, type HttpRequest, type HttpResponse } from "./message.js";
import { HttpReader } from "./reader.js";

/** What a server does with a request: an activity, so that it can take time and ask others. */
export type Handler = (request: HttpRequest, from: SocketAddress) => HttpResponse | Activity<HttpResponse>;

export interface HttpServerOptions {
  readonly port: number;
  readonly address?: string;
  readonly handler: Handler;
}

/**
 * An HTTP/1.1 server (RFC 9112): connections at once, requests of one connection in turn, kept open until the client ends it or says
 * `Connection: close`.
 */
export class HttpServer {
  readonly counters = { connections: 0, requests: 0, malformed: 0 };
  readonly #handler: Handler;
  readonly #listener: TcpSocket;
  readonly #namespace: NetworkNamespace;
  readonly #process: Process<void>;
  readonly #open = new Map<TcpSocket, Process<void>>();

  /** Begins to serve. @throws UsageError where the port is taken */
  constructor(namespace: NetworkNamespace, { port, address, handler }: HttpServerOptions) {
    this.#handler = handler;
    this.#namespace = namespace;
    this.#listener = namespace.tcpSocket();
    this.#listener.settings.reuseAddress = true;
    const failed = this.#listener.bind(address, port) ?? this.#listener.listen();
    if (failed !== undefined) {
      throw new UsageError(
        `${namespace.name} cannot serve HTTP at port ${port}: ${failed}`,
        "Stop who is there, or give another port.",
      );
    }
    const { engine } = namespace.world;
    this.#process = engine.spawn(this.#accept(), { name: `HTTP of ${namespace.name}`, background: true });
  }

  /** Ends all of its connections, too. */
  stop(): void {
    this.#process.cancel();
    this.#listener.close();
    for (const [socket, process] of [...this.#open]) {
      process.cancel();
      socket.close();
    }
  }

  *#accept(): Activity<void> {
    for (;;) {
      const socket = yield* this.#listener.accept();
      if (isErrno(socket)) return;
      this.counters.connections++;
      const process = this.#namespace.world.engine.spawn(this.#serve(socket), {
        name: "HTTP connection",
        background: true,
      });
      this.#open.set(socket, process);
      process.onSettled(() => this.#open.delete(socket));
    }
  }

  *#serve(socket: TcpSocket): Activity<void> {
    const reader = new HttpReader(socket);
    const from = socket.remote;
    for (;;) {
      const head = yield* reader.head();
      if (head === undefined || (isErrno(head) && head !== "EPROTO") || from === undefined) break;
      const [, method = "", path = "", minor] = isErrno(head)
        ? []
        : (/^(\S+) (\S+) HTTP\/1\.([01])$/.exec(head.start) ?? []);
      const body = isErrno(head) || minor === undefined ? "EPROTO" : yield* reader.body(head.headers, false);
      if (isErrno(body) || isErrno(head)) {
        this.counters.malformed++;
        yield* this.#answer(socket, "GET", textResponse("Bad Request\n", 400), true);
        break;
      }
      this.counters.requests++;
      const made = this.#handler({ method, path, headers: head.headers, body }, from);
      const response = "next" in made ? yield* made : made;
      const wish = head.headers["connection"]?.toLowerCase();
      const last = minor === "0" ? wish !== "keep-alive" : wish === "close";
      const sent = yield* this.#answer(socket, method, response, last);
      if (!sent || last) break;
    }
    socket.close();
  }

  *#answer(
    socket: TcpSocket,
    method: string,
    { status, headers, body }: HttpResponse,
    last: boolean,
  ): Activity<boolean> {
    const bodiless = method === "HEAD" || status === 204 || status === 304;
    const length =
      headers["transfer-encoding"] !== undefined || status === 204 ? {} : { "content-length": String(body.length) };
    const head = encodeHead(statusLine(status), { ...headers, ...length, ...(last ? { connection: "close" } : {}) });
    const content = bodiless ? noData : headers["transfer-encoding"] === undefined ? body : chunked(body);
    const whole = new Uint8Array(head.length + content.length);
    whole.set(head);
    whole.set(content, head.length);
    return !isErrno(yield* socket.send(whole));
  }
}

/** The size of chunks that a body is sent in where a handler asks for `transfer-encoding: chunked`. */
const chunkSize = 16_384;

/** RFC 9112, 7.1. */
function chunked(body: Uint8Array): Uint8Array {
  const parts: number[] = [];
  const text = (line: string): void => {
    for (const letter of line) parts.push(letter.charCodeAt(0));
  };
  for (let at = 0; at < body.length; at += chunkSize) {
    const chunk = body.subarray(at, at + chunkSize);
    text(`${chunk.length.toString(16)}\r\n`);
    for (const byte of chunk) parts.push(byte);
    text("\r\n");
  }
  text("0\r\n\r\n");
  return Uint8Array.from(parts);
}

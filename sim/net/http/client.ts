import { UsageError, type Activity } from "../../core/index.js";
import type { ResolveError, Resolver } from "../dns/resolver.js";
import { isErrno } from "../ip/errno.js";
import type { NetworkNamespace } from "../namespace.js";
import { formatIpv4, parseIpv4 } from "../packet/address.js";
import { noData } from "../packet/packet.js";
import type { TcpSocket } from "../tcp/socket.js";
import { concat, encodeHead, requestLine, type Headers, type HttpResponse } from "./message.js";
import { HttpReader, type HttpError } from "./reader.js";

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: Uint8Array;
}

/** A connection that waits for another request. */
interface Kept {
  readonly socket: TcpSocket;
  readonly reader: HttpReader;
}

/** An HTTP/1.1 client: `request("http://web:8080/path")`. It keeps connections open and uses them again. */
export class HttpClient {
  readonly counters = { connections: 0, requests: 0 };
  readonly #namespace: NetworkNamespace;
  readonly #resolver: Resolver | undefined;
  readonly #kept = new Map<string, Kept[]>();

  /** @param resolver finds addresses of hosts that are named; without one, URLs have addresses */
  constructor(namespace: NetworkNamespace, resolver?: Resolver) {
    this.#namespace = namespace;
    this.#resolver = resolver;
  }

  /** @throws UsageError for what is no URL of http */
  *request(
    url: string,
    { method = "GET", headers = {}, body = noData }: RequestOptions = {},
  ): Activity<HttpResponse | HttpError | ResolveError> {
    const [, host, port = "80", path = "/"] = /^http:\/\/([\w.-]+)(?::(\d{1,5}))?(\/[^\s#]*)?(?:#.*)?$/.exec(url) ?? [];
    if (host === undefined)
      throw new UsageError(`"${url}" is no URL of HTTP`, 'Give one as "http://10.0.0.1:8080/path".');
    this.counters.requests++;
    const key = `${host}:${port}`;
    const length =
      body.length > 0 || method === "POST" || method === "PUT" ? { "content-length": String(body.length) } : {};
    const head = encodeHead(requestLine(method, path), { host: port === "80" ? host : key, ...length, ...headers });
    const kept = this.#take(key);
    if (kept !== undefined) {
      const got = yield* this.#exchange(key, kept, method, head, body);
      // One that the server ended meanwhile: the request goes again by a new one (RFC 9110, 9.2.2).
      if (!isErrno(got) || method === "POST") return got;
    }
    const made = yield* this.#connect(host, Number(port));
    return isErrno(made) ? made : yield* this.#exchange(key, made, method, head, body);
  }

  /** Ends the connections that are kept. */
  close(): void {
    for (const { socket } of [...this.#kept.values()].flat()) socket.close();
    this.#kept.clear();
  }

  #take(key: string): Kept | undefined {
    const all = this.#kept.get(key) ?? [];
    for (;;) {
      const kept = all.pop();
      // What can be read though nothing was asked for is the end.
      if (kept === undefined || !kept.socket.readiness.readable) return kept;
      kept.socket.close();
    }
  }

  *#connect(host: string, port: number): Activity<Kept | HttpError | ResolveError> {
    const fixed = parseIpv4(host);
    const addresses =
      fixed !== undefined ? [fixed] : this.#resolver === undefined ? "ENOTFOUND" : yield* this.#resolver.resolve(host);
    if (typeof addresses === "string") return addresses;
    let failed: HttpError = "EHOSTUNREACH";
    for (const address of addresses) {
      const socket = this.#namespace.tcpSocket();
      socket.settings.noDelay = true;
      const outcome = yield* socket.connect(formatIpv4(address), port);
      if (outcome === undefined) {
        this.counters.connections++;
        return { socket, reader: new HttpReader(socket) };
      }
      socket.close();
      failed = outcome;
    }
    return failed;
  }

  *#exchange(
    key: string,
    kept: Kept,
    method: string,
    head: Uint8Array,
    body: Uint8Array,
  ): Activity<HttpResponse | HttpError> {
    const { socket, reader } = kept;
    const sent = yield* socket.send(concat([head, body]));
    const answer = isErrno(sent) ? sent : yield* reader.head();
    if (answer === undefined || isErrno(answer)) {
      socket.close();
      return answer ?? "ECONNRESET";
    }
    const [, code] = /^HTTP\/1\.[01] (\d{3})(?: .*)?$/.exec(answer.start) ?? [];
    const status = Number(code);
    const bodiless = method === "HEAD" || status === 204 || status === 304;
    const content = code === undefined ? "EPROTO" : bodiless ? noData : yield* reader.body(answer.headers, true);
    const { headers } = answer;
    const delimited = bodiless || headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
    const last = headers["connection"]?.toLowerCase() === "close" || !answer.start.startsWith("HTTP/1.1") || !delimited;
    if (isErrno(content) || last) socket.close();
    else {
      const all = this.#kept.get(key);
      if (all === undefined) this.#kept.set(key, [kept]);
      else all.push(kept);
    }
    return isErrno(content) ? content : { status, headers, body: content };
  }
}

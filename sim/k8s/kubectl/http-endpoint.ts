import { concatBytes, encodeUtf8, type Activity } from "../../core/index.js";
import { encodeHead, HttpReader, isErrno, requestLine } from "../../net/index.js";
import { AF_INET, attempt, Errno, SOCK_STREAM, type Sys } from "../../os/index.js";
import { writeAll } from "../../userland/index.js";
import { parseQuery, type ApiRequest, type ApiResponse } from "../apiserver/request.js";
import type { ApiEndpoint } from "../client/client.js";
import { decodeUtf8 } from "../objects/text.js";
import { isObject, type Json, type JsonObject } from "../objects/value.js";

/** The API server as a process of a simulated Linux reaches it: a TCP connection for each request, HTTP on it. */
export class HttpEndpoint implements ApiEndpoint {
  readonly #sys: Sys;
  readonly #address: string;
  readonly #port: number;

  /** @param address an IPv4 address */
  constructor(sys: Sys, address: string, port: number) {
    this.#sys = sys;
    this.#address = address;
    this.#port = port;
  }

  /** Nothing is answered at once. */
  handle(): undefined {
    return undefined;
  }

  /** @returns undefined where nobody is there */
  *ask(request: ApiRequest): Activity<ApiResponse | undefined> {
    const sys = this.#sys;
    const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
    try {
      const connected = yield* attempt(sys.connect(fd, { address: this.#address, port: this.#port }));
      if (connected instanceof Errno) return undefined;
      const body = bytesOf(request);
      const head = encodeHead(requestLine(request.method, targetOf(request)), {
        host: `${this.#address}:${this.#port}`,
        connection: "close",
        "content-length": String(body.length),
        ...headersOf(request),
      });
      yield* writeAll(sys, fd, concatBytes([head, body]));
      return yield* answerOf(sys, fd);
    } finally {
      yield* attempt(sys.close(fd));
    }
  }
}

function bytesOf({ body = "" }: ApiRequest): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return encodeUtf8(typeof body === "string" ? body : JSON.stringify(body));
}

function targetOf({ path, query }: ApiRequest): string {
  if (query === undefined || query === "") return path;
  if (typeof query === "string") return `${path}?${query}`;
  const pairs = Object.entries(parseQuery(query)).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

const headersOf = ({ headers = {} }: ApiRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function* answerOf(sys: Sys, fd: number): Activity<ApiResponse | undefined> {
  const reader = new HttpReader({
    *receive() {
      const bytes = yield* attempt(sys.read(fd, 65_536));
      return bytes instanceof Errno ? "ECONNRESET" : bytes;
    },
  });
  const head = yield* reader.head();
  if (head === undefined || isErrno(head)) return undefined;
  const body = yield* reader.body(head.headers, true);
  if (isErrno(body)) return undefined;
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.start)?.[1] ?? 0);
  if (status === 503 && !isJson(head.headers)) return undefined;
  const object = isJson(head.headers) ? objectOf(decodeUtf8(body)) : undefined;
  return { status, headers: head.headers, object, body: () => body };
}

const isJson = (headers: Readonly<Record<string, string>>): boolean =>
  headers["content-type"]?.startsWith("application/json") === true;

function objectOf(text: string): JsonObject | undefined {
  const value = JSON.parse(text) as Json;
  return isObject(value) ? value : undefined;
}

import type { Activity } from "../../core/index.js";
import { encodeHead, HttpReader, requestLine, type Headers } from "../../net/index.js";
import { AF_INET, attempt, Errno, getaddrinfo, SOCK_STREAM, type NameError, type Sys } from "../../os/index.js";
import { concat } from "./encoding.js";
import { writeAll } from "./streams.js";

/** An address of HTTP, taken apart. */
export interface HttpUrl {
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
}

/** @returns undefined for what is no address of HTTP; the scheme may be left out */
export function parseHttpUrl(text: string): HttpUrl | undefined {
  const [, host, port = "80", path = ""] =
    /^(?:http:\/\/)?([^/:?#\s]+)(?::(\d+))?([/?][^#\s]*)?(?:#.*)?$/i.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host, port: Number(port), path: path.startsWith("/") ? path : `/${path}` };
}

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** What stands behind the status. */
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Why there is no answer: the name, the connection (with the address that was tried), or what came over it. */
export type HttpTrouble =
  | { readonly failed: "name"; readonly error: NameError }
  | { readonly failed: "connect"; readonly error: Errno; readonly address: string }
  | { readonly failed: "answer" };

/** A connection to the first of a host's addresses that takes it. */
export function* connectTo(
  sys: Sys,
  host: string,
  port: number,
): Activity<{ readonly fd: number; readonly address: string } | HttpTrouble> {
  const found = yield* getaddrinfo(sys, host);
  if ("code" in found) return { failed: "name", error: found };
  let trouble: HttpTrouble = { failed: "answer" };
  for (const address of found) {
    const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
    const outcome = yield* attempt(sys.connect(fd, { address, port }));
    if (!(outcome instanceof Errno)) return { fd, address };
    trouble = { failed: "connect", error: outcome, address };
    yield* sys.close(fd);
  }
  return trouble;
}

/** Sends a request over a connection, and reads the answer to its end. */
export function* exchange(
  sys: Sys,
  fd: number,
  { host, port, path }: HttpUrl,
  headers: Headers,
  method = "GET",
  body: Uint8Array = new Uint8Array(0),
): Activity<HttpAnswer | HttpTrouble> {
  const name = port === 80 ? host : `${host}:${port}`;
  const head = encodeHead(requestLine(method, path), { Host: name, ...headers });
  const sent = yield* attempt(writeAll(sys, fd, concat([head, body])));
  if (sent instanceof Errno) return { failed: "answer" };
  const reader = new HttpReader({
    *receive() {
      const bytes = yield* attempt(sys.read(fd, 65_536));
      return bytes instanceof Errno ? "ECONNRESET" : bytes;
    },
  });
  const got = yield* reader.head();
  if (got === undefined || typeof got === "string") return { failed: "answer" };
  const [, status = "0", reason = ""] = /^HTTP\/\d\.\d (\d{3}) ?(.*)$/.exec(got.start) ?? [];
  const bodiless = method === "HEAD" || status === "204" || status === "304";
  const content = bodiless ? new Uint8Array(0) : yield* reader.body(got.headers, true);
  if (typeof content === "string") return { failed: "answer" };
  return { status: Number(status), reason, headers: got.headers, body: content };
}

/** Gets what is behind an address, over a connection of its own. */
export function* httpGet(sys: Sys, url: HttpUrl, headers: Headers): Activity<HttpAnswer | HttpTrouble> {
  const connected = yield* connectTo(sys, url.host, url.port);
  if ("failed" in connected) return connected;
  try {
    return yield* exchange(sys, connected.fd, url, { ...headers, Connection: "close" });
  } finally {
    yield* sys.close(connected.fd);
  }
}

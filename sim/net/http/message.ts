import { encodeUtf8, UsageError } from "../../core/index.js";

/** Header fields by name, in lower case. */
export type Headers = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly method: string;
  /** With the query: "/a?b=c". */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** The reason phrases of RFC 9110, 15, that are used. */
const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  307: "Temporary Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const checked = (name: string, value: string): string => {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && !/[\r\n\0]/.test(value)) return `${name}: ${value}\r\n`;
  throw new UsageError(`"${name}: ${value}" is no header field`, "Give a name without blanks and a value in one line.");
};

/** A message's bytes up to its body (RFC 9112, 2.1). */
export function encodeHead(start: string, headers: Headers): Uint8Array {
  const fields = Object.entries(headers).map(([name, value]) => checked(name, value));
  return encodeUtf8(`${start}\r\n${fields.join("")}\r\n`);
}

export const requestLine = (method: string, path: string): string => `${method} ${path} HTTP/1.1`;

export const statusLine = (status: number): string => `HTTP/1.1 ${status} ${reasons[status] ?? ""}`.trimEnd();

/** Bytes one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Characters made at a time: arguments are on the stack. */

/** Bytes as text: UTF-8, or Latin-1 where they aren't that. */
export function textOf(bytes: Uint8Array): string {
  let plain = "";
  let bits = 0;
  for (let at = 0; at < bytes.length; at++) bits |= bytes[at] ?? 0;
  let at = 0;
  // A few at a time: twice as fast as one, or as all as arguments on the stack.
  for (; at + 8 <= bytes.length; at += 8)
    plain += String.fromCharCode(
      bytes[at] ?? 0,
      bytes[at + 1] ?? 0,
      bytes[at + 2] ?? 0,
      bytes[at + 3] ?? 0,
      bytes[at + 4] ?? 0,
      bytes[at + 5] ?? 0,
      bytes[at + 6] ?? 0,
      bytes[at + 7] ?? 0,
    );
  for (; at < bytes.length; at++) plain += String.fromCharCode(bytes[at] ?? 0);
  if (bits < 128) return plain;
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
  } catch {
    return plain;
  }
}

/** A response of text. */
export const textResponse = (text: string, status = 200): HttpResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: encodeUtf8(text),
});

import type { Activity } from "../../core/index.js";
import { encodeHead, HttpReader, requestLine, type ByteSource, type Headers } from "../../net/index.js";
import {
  AF_INET,
  attempt,
  Errno,
  getaddrinfo,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
  SOCK_STREAM,
  type Sys,
} from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { concat, encode } from "../program/encoding.js";
import { writeAll } from "../program/streams.js";

/** The version that it acts like: Debian 12's. */
const agent = "curl/7.88.1";
/** --max-redirs, as curl has it where nothing is said. */
const redirections = 50;

interface Url {
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
}

interface Answer {
  readonly status: number;
  readonly start: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly from: string;
}

/** curl's exit codes and what it says: libcurl-errors(3). */
const failure = (code: number, text: string): Failure => new Failure(`(${code}) ${text}`, code);

/** @throws Failure with curl's codes 1 and 3 */
function parseUrl(text: string): Url {
  const [, scheme = "http", host, port = "80", path = ""] =
    /^(?:([a-z][a-z\d+.-]*):\/\/)?([^/:?#\s]+)(?::(\d+))?([/?][^#\s]*)?(?:#.*)?$/i.exec(text) ?? [];
  if (host === undefined) throw failure(3, "URL using bad/illegal format or missing URL");
  if (scheme.toLowerCase() !== "http") throw failure(1, `Protocol "${scheme}" not supported or disabled in libcurl`);
  if (Number(port) > 65535) throw failure(3, "Port number was not a decimal number between 0 and 65535");
  return { host, port: Number(port), path: path.startsWith("/") ? path : `/${path}` };
}

/** A connection to the first of a host's addresses that takes it. */
function* connect(sys: Sys, { host, port }: Url): Activity<{ readonly fd: number; readonly from: string }> {
  const begun = yield* sys.clock_gettime("CLOCK_MONOTONIC");
  const found = yield* getaddrinfo(sys, host);
  if ("code" in found) throw failure(6, `Could not resolve host: ${host}`);
  for (const address of found) {
    const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
    const outcome = yield* attempt(sys.connect(fd, { address, port }));
    if (!(outcome instanceof Errno)) return { fd, from: address };
    yield* sys.close(fd);
  }
  const took = Math.floor(((yield* sys.clock_gettime("CLOCK_MONOTONIC")) - begun) / 1e6);
  throw failure(7, `Failed to connect to ${host} port ${port} after ${took} ms: Couldn't connect to server`);
}

/** What a request is made of, besides its address. */
interface Asked {
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

function* exchange(it: Invocation, url: Url, { method, headers, body }: Asked): Activity<Answer> {
  const { sys } = it;
  const { fd, from } = yield* connect(sys, url);
  try {
    const host = url.port === 80 ? url.host : `${url.host}:${url.port}`;
    const start = requestLine(method, url.path);
    const fields = { Host: host, "User-Agent": agent, Accept: "*/*", ...headers };
    const head = encodeHead(start, fields);
    if (it.has("v")) yield* it.tell(verbose(">", start, fields));
    yield* writeAll(sys, fd, concat([head, body]));
    const source: ByteSource = {
      *receive() {
        const bytes = yield* attempt(sys.read(fd, 65_536));
        return bytes instanceof Errno ? "ECONNRESET" : bytes;
      },
    };
    const reader = new HttpReader(source);
    const got = yield* reader.head();
    if (got === undefined) throw failure(52, "Empty reply from server");
    if (got === "EPROTO") throw failure(1, "Received HTTP/0.9 when not allowed");
    if (typeof got === "string") throw failure(56, "Recv failure: Connection reset by peer");
    const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(got.start)?.[1] ?? 0);
    if (it.has("v")) yield* it.tell(verbose("<", got.start, got.headers));
    const empty = method === "HEAD" || status === 204 || status === 304;
    const content = empty ? new Uint8Array(0) : yield* reader.body(got.headers, true);
    if (typeof content === "string") throw failure(18, "transfer closed with outstanding read data remaining");
    return { status, start: got.start, headers: got.headers, body: content, from };
  } finally {
    yield* sys.close(fd);
  }
}

const fieldLines = (headers: Headers): string[] => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

const verbose = (mark: string, start: string, headers: Headers): string =>
  [start, ...fieldLines(headers), ""].map((line) => `${mark} ${line}`.trimEnd()).join("\n");

/** The headers that the command line asks for: "Name: value"; "Name:" takes one of curl's own away. */
function headersOf(it: Invocation, length: number | undefined): Headers {
  const headers: Record<string, string> = {};
  if (it.value("A") !== undefined) headers["User-Agent"] = it.value("A") ?? "";
  if (length !== undefined) {
    headers["Content-Length"] = String(length);
    headers["Content-Type"] = "application/x-www-form-urlencoded";
  }
  for (const line of it.values("H")) {
    const [, name, value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = ["Host", "User-Agent", "Accept", "Content-Type"].find(
      (one) => one.toLowerCase() === name.toLowerCase(),
    );
    headers[known ?? name] = value;
  }
  return headers;
}

/** -d: what is sent; "@FILE" without its line ends. */
function* dataOf(it: Invocation): Activity<Uint8Array | undefined> {
  const given = it.values("d");
  if (given.length === 0) return undefined;
  const parts: string[] = [];
  for (const one of given) {
    const text = one.startsWith("@") ? yield* it.readText(one.slice(1)) : one;
    if (text === undefined) throw failure(26, "Failed to open/read local data from file/application");
    parts.push(one.startsWith("@") ? text.replace(/[\r\n]/g, "") : text);
  }
  return encode(parts.join("&"));
}

/** -w: `%{http_code}` and its like. */
function written(format: string, answer: Answer, took: number): string {
  const values: Readonly<Record<string, string>> = {
    http_code: String(answer.status).padStart(3, "0"),
    response_code: String(answer.status).padStart(3, "0"),
    size_download: String(answer.body.length),
    time_total: (took / 1e9).toFixed(6),
    remote_ip: answer.from,
    content_type: answer.headers["content-type"] ?? "",
  };
  return format
    .replace(/%\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t");
}

function* transfer(it: Invocation, text: string): Activity<undefined> {
  const begun = yield* it.sys.clock_gettime("CLOCK_MONOTONIC");
  let url = parseUrl(text);
  const data = yield* dataOf(it);
  let method = it.value("X") ?? (it.has("I") ? "HEAD" : data === undefined ? "GET" : "POST");
  let asked: Asked = { method, headers: headersOf(it, data?.length), body: data ?? new Uint8Array(0) };
  const pieces: Uint8Array[] = [];
  let answer: Answer;
  for (let hops = 0; ; hops++) {
    answer = yield* exchange(it, url, asked);
    if (it.has("f") && answer.status >= 400) throw failure(22, `The requested URL returned error: ${answer.status}`);
    if (it.has("i", "I")) pieces.push(encode([answer.start, ...fieldLines(answer.headers), "", ""].join("\r\n")));
    const to = answer.headers["location"];
    if (!it.has("L") || to === undefined || answer.status < 300 || answer.status >= 400) break;
    if (hops === redirections) throw failure(47, `Maximum (${redirections}) redirects followed`);
    const { host, port } = url;
    url = parseUrl(to.startsWith("/") ? `http://${host}:${port}${to}` : to);
    // POST becomes GET with 301, 302 and 303, as browsers do it (RFC 9110, 15.4), unless -X insists.
    if (answer.status < 304 && data !== undefined && it.value("X") === undefined) {
      method = "GET";
      asked = { method, headers: headersOf(it, undefined), body: new Uint8Array(0) };
    }
  }
  const name = it.has("O") ? url.path.replace(/\?.*$/, "").replace(/^.*\//, "") : it.value("o");
  if (name === "") throw failure(23, "Failed writing received data to disk/application");
  const content = concat([...pieces, answer.body]);
  if (name === undefined || name === "-") it.out.putBytes(content);
  else {
    const fd = yield* attempt(it.sys.open(name, O_WRONLY | O_CREAT | O_TRUNC, 0o644));
    if (fd instanceof Errno) throw failure(23, "Failure writing output to destination");
    yield* writeAll(it.sys, fd, content);
    yield* it.sys.close(fd);
  }
  const format = it.value("w");
  if (format !== undefined) {
    const took = (yield* it.sys.clock_gettime("CLOCK_MONOTONIC")) - begun;
    it.out.put(written(format, answer, took));
  }
  return undefined;
}

/**
 * curl(1) for HTTP: messages and exit codes are 7.88's. Absent: TLS, other protocols, the progress meter, time-outs, a connection that
 * is kept for the next URL.
 */
export const curl: Command = {
  name: "curl",
  usage: ["[options...] <url>"],
  about: "Transfer a URL.",
  options: [
    { short: "d", long: "data", argument: "<data>", help: "HTTP POST data" },
    { short: "f", long: "fail", help: "Fail fast with no output on HTTP errors" },
    { short: "i", long: "include", help: "Include protocol response headers in the output" },
    { short: "I", long: "head", help: "Show document info only" },
    { short: "H", long: "header", argument: "<header>", help: "Pass custom header to server" },
    { short: "L", long: "location", help: "Follow redirects" },
    { short: "o", long: "output", argument: "<file>", help: "Write to file instead of stdout" },
    { short: "O", long: "remote-name", help: "Write output to a file named as the remote file" },
    { short: "s", long: "silent", help: "Silent mode" },
    { short: "S", long: "show-error", help: "Show error even when -s is used" },
    { short: "A", long: "user-agent", argument: "<name>", help: "Send User-Agent <name> to server" },
    { short: "v", long: "verbose", help: "Make the operation more talkative" },
    { short: "w", long: "write-out", argument: "<format>", help: "Use output FORMAT after completion" },
    { short: "X", long: "request", argument: "<method>", help: "Specify request method to use" },
  ],
  usageStatus: 2,
  *run(it) {
    if (it.operands.length === 0) {
      yield* it.tell("curl: try 'curl --help' or 'curl --manual' for more information");
      return 2;
    }
    for (const operand of it.operands) {
      try {
        yield* transfer(it, operand);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        it.status = error.status;
        if (!it.has("s") || it.has("S")) yield* it.tell(`curl: ${error.message}`);
      }
    }
    return it.status;
  },
};

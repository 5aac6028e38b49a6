import type { Activity, Nanos } from "../../../core/index.js";
import {
  encodeHead,
  HttpReader,
  requestLine,
  statusLine,
  textOf,
  type ByteSource,
  type Headers,
} from "../../../net/index.js";
import { attempt, Errno, O_RDONLY, type NetworkAddress } from "../../../os/index.js";
import { formatTime } from "../../commands/dates.js";
import { concat, encode } from "../../program/encoding.js";
import { readAll, writeAll } from "../../program/streams.js";
import type { EventLoop } from "../event-loop.js";
import type { Config, Location, Server } from "./config.js";
import { expand, httpDate, madePage, version, type Response } from "./responses.js";

/**
 * Its own work for a request, beside system calls and packets. "Testing the Performance of NGINX and NGINX Plus Web Servers" (F5, 2017)
 * has 145,551 requests a second for empty files with one core of a Xeon E5-2699 v3, 6.9 µs in all; that less than half of them
 * is outside of the kernel is an estimate.
 */
const requestWork = 3000 as Nanos;

interface Request {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly start: string;
}

/** Where a log's lines go: files that the master opened. */
export type Logs = ReadonlyMap<string, number>;

/** One worker's way with connections. */
export class Worker {
  readonly #loop: EventLoop;
  readonly #config: Config;
  readonly #logs: Logs;
  readonly #hostname: string;
  /** Connections that wait for a request: a graceful end closes these. */
  readonly idle: Map<Activity<undefined>, number> = new Map();
  #turn = 0;
  closing = false;

  constructor(loop: EventLoop, config: Config, logs: Logs, hostname: string) {
    this.#loop = loop;
    this.#config = config;
    this.#logs = logs;
    this.#hostname = hostname;
  }

  *accept(listener: number, at: NetworkAddress): Activity<undefined> {
    for (;;) {
      const fd = yield* this.#loop.accept(listener);
      const holder: { body?: Activity<undefined> } = {};
      holder.body = this.#connection(fd, at, () => holder.body);
      this.#loop.spawn(holder.body);
    }
  }

  *#connection(fd: number, at: NetworkAddress, self: () => Activity<undefined> | undefined): Activity<undefined> {
    const { sys } = this.#loop;
    const peer = yield* sys.getpeername(fd);
    const from = typeof peer === "string" ? peer : peer.address;
    const loop = this.#loop;
    const source: ByteSource = {
      *receive() {
        const bytes = yield* attempt(loop.read(fd));
        return bytes instanceof Errno ? "ECONNRESET" : bytes;
      },
    };
    const reader = new HttpReader(source);
    const own = self();
    for (;;) {
      if (own !== undefined) this.idle.set(own, fd);
      const head = yield* reader.head();
      if (own !== undefined) this.idle.delete(own);
      if (head === undefined || (typeof head === "string" && head !== "EPROTO")) break;
      yield* sys.charge(requestWork);
      const [, method = "", target = "", protocol = ""] =
        typeof head === "string" ? [] : (/^([A-Z]+) (\S+) HTTP\/(1\.[01])$/.exec(head.start) ?? []);
      const body = typeof head === "string" || method === "" ? "EPROTO" : yield* reader.body(head.headers, false);
      if (typeof head === "string" || typeof body === "string") {
        const request = {
          method: "",
          target: "",
          path: "",
          query: "",
          headers: {},
          body: new Uint8Array(0),
          start: "",
        };
        yield* this.#send(fd, request, madePage(400), false);
        break;
      }
      const [path = "", query = ""] = target.split(/\?(.*)/s);
      const request = { method, target, path: decoded(path), query, headers: head.headers, body, start: head.start };
      const wish = (head.headers["connection"] ?? "").toLowerCase();
      const kept = !this.closing && (protocol === "1.1" ? wish !== "close" : wish === "keep-alive");
      const server = this.#serverOf(at, head.headers["host"] ?? "");
      const values = this.#variables(request, from, server);
      const { response, location } = yield* this.#answer(request, server, values, 0);
      const sent = yield* this.#send(fd, request, response, kept);
      const { status, upstream = "" } = response;
      const outcome = { status: String(status), body_bytes_sent: String(sent), upstream_addr: upstream };
      yield* this.#log(location, { ...values, ...outcome });
      if (!kept) break;
    }
    yield* sys.close(fd);
    return undefined;
  }

  #serverOf({ address, port }: NetworkAddress, host: string): Server | undefined {
    const name = host.replace(/:\d+$/, "").toLowerCase();
    const here = this.#config.servers.filter(({ listens }) =>
      listens.some((one) => one.port === port && one.address === address),
    );
    const fits = (pattern: string): boolean =>
      pattern === name ||
      (pattern.startsWith("*.") && name.endsWith(pattern.slice(1))) ||
      (pattern.startsWith("~") && new RegExp(pattern.slice(1)).test(name));
    return here.find(({ names }) => names.some(fits)) ?? here[0];
  }

  #variables(request: Request, from: string, server: Server | undefined): Readonly<Record<string, string>> {
    const { method, target, path, query, headers, start } = request;
    const host = (headers["host"] ?? "").replace(/:\d+$/, "");
    const fields = Object.entries(headers).map(([name, value]) => [`http_${name.replaceAll("-", "_")}`, value]);
    return {
      ...(Object.fromEntries(fields) as Record<string, string>),
      ...{ remote_addr: from, host, request: start, request_method: method, request_uri: target, uri: path },
      ...{
        args: query,
        query_string: query,
        is_args: query === "" ? "" : "?",
        scheme: "http",
        server_protocol: "HTTP/1.1",
      },
      ...{ hostname: this.#hostname, server_name: server?.names[0] ?? "", nginx_version: version.slice(6) },
      proxy_add_x_forwarded_for: [headers["x-forwarded-for"], from].filter((one) => one !== undefined).join(", "),
    };
  }

  *#answer(
    request: Request,
    server: Server | undefined,
    values: Readonly<Record<string, string>>,
    depth: number,
  ): Activity<{ readonly response: Response; readonly location: Location | undefined }> {
    const location = server === undefined ? undefined : locationOf(server, request.path);
    let response: Response;
    if (location === undefined) response = madePage(404);
    else if (location.answer !== undefined) {
      const { status, text } = location.answer;
      const shown = expand(text, (name) => values[name] ?? "");
      if (status >= 300 && status < 400) response = madePage(status, { Location: shown });
      else if (text === "") response = status >= 400 ? madePage(status) : { status, headers: {}, body: encode("") };
      else response = { status, headers: { "Content-Type": this.#config.defaultType }, body: encode(shown) };
    } else if (location.proxy !== undefined) response = yield* this.#forward(request, location, values);
    else response = yield* this.#file(request, location, values);
    const page = response.status >= 400 ? location?.errorPages.get(response.status) : undefined;
    if (page !== undefined && depth === 0) {
      const { response: made } = yield* this.#answer({ ...request, method: "GET", path: page }, server, values, 1);
      if (made.status === 200) response = { ...made, status: response.status };
    }
    for (const [name, value] of location?.headers ?? [])
      response.headers[name] = expand(value, (one) => values[one] ?? "");
    return { response, location };
  }

  *#file(request: Request, location: Location, values: Readonly<Record<string, string>>): Activity<Response> {
    if (request.method !== "GET" && request.method !== "HEAD") return madePage(405);
    const place = (path: string): string =>
      location.alias === undefined ? location.root + path : location.alias + path.slice(location.path.length);
    if (location.tryFiles.length > 0) {
      for (const given of location.tryFiles.slice(0, -1)) {
        const path = expand(given, (name) => values[name] ?? "");
        const about = yield* attempt(this.#loop.sys.stat(place(path)));
        if (about instanceof Errno || ((about.mode & 0o170000) === 0o040000) !== path.endsWith("/")) continue;
        return yield* this.#served(request, location, path, place);
      }
      const last = expand(location.tryFiles.at(-1) ?? "", (name) => values[name] ?? "");
      if (last.startsWith("=")) return madePage(Number(last.slice(1)));
      return yield* this.#served(request, location, last, place);
    }
    return yield* this.#served(request, location, request.path, place);
  }

  *#served(request: Request, location: Location, path: string, place: (path: string) => string): Activity<Response> {
    const { sys } = this.#loop;
    if (path.endsWith("/")) {
      for (const name of location.index) {
        const about = yield* attempt(sys.stat(place(path) + name));
        if (!(about instanceof Errno)) return yield* this.#content(place(path) + name);
      }
      const about = yield* attempt(sys.stat(place(path)));
      if (about instanceof Errno) return yield* this.#refusal(place(path), about);
      if (!location.autoindex) {
        yield* this.complain("error", `directory index of "${place(path)}" is forbidden`);
        return madePage(403);
      }
      return yield* this.#listing(path, place(path));
    }
    const about = yield* attempt(sys.stat(place(path)));
    if (!(about instanceof Errno) && (about.mode & 0o170000) === 0o040000)
      return madePage(301, { Location: `http://${request.headers["host"] ?? ""}${path}/` });
    return yield* this.#content(place(path));
  }

  *#content(path: string): Activity<Response> {
    const { sys } = this.#loop;
    const fd = yield* attempt(sys.open(path, O_RDONLY));
    if (fd instanceof Errno) return yield* this.#refusal(path, fd);
    const { mtime } = yield* sys.fstat(fd);
    const body = yield* readAll(sys, fd);
    yield* sys.close(fd);
    const suffix = /\.(\w+)$/.exec(path)?.[1] ?? "";
    const seconds = Math.floor(mtime / 1e9);
    const type = this.#config.types.get(suffix) ?? this.#config.defaultType;
    const etag = `"${seconds.toString(16)}-${body.length.toString(16)}"`;
    const headers = { "Content-Type": type, "Last-Modified": httpDate(mtime), ETag: etag, "Accept-Ranges": "bytes" };
    return { status: 200, headers, body };
  }

  *#refusal(path: string, { code, number, message }: Errno): Activity<Response> {
    yield* this.complain("error", `open() "${path}" failed (${number}: ${message})`);
    return madePage(code === "EACCES" || code === "EPERM" ? 403 : 404);
  }

  *#listing(path: string, directory: string): Activity<Response> {
    const { sys } = this.#loop;
    const fd = yield* sys.open(directory, O_RDONLY);
    const names = (yield* sys.getdents64(fd)).map(({ name }) => name).filter((name) => !name.startsWith("."));
    yield* sys.close(fd);
    const links = ["../", ...names.sort()].map((name) => `<a href="${name}">${name}</a>\r\n`).join("");
    const title = `Index of ${path}`;
    const text = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<h1>${title}</h1><hr><pre>${links}</pre><hr></body>\r\n</html>\r\n`;
    return { status: 200, headers: { "Content-Type": "text/html" }, body: encode(text) };
  }

  *#forward(request: Request, location: Location, values: Readonly<Record<string, string>>): Activity<Response> {
    const { proxy } = location;
    if (proxy === undefined) return madePage(500);
    const { sys } = this.#loop;
    const tried: string[] = [];
    for (let tries = 0; tries < proxy.servers.length; tries++) {
      const server = proxy.servers[this.#turn++ % proxy.servers.length];
      if (server === undefined) break;
      tried.push(`${server.address}:${server.port}`);
      const fd = yield* attempt(this.#loop.connect(server));
      if (fd instanceof Errno) {
        const upstream = `http://${server.address}:${server.port}${request.target}`;
        yield* this.complain(
          "error",
          `connect() failed (${fd.number}: ${fd.message}) while connecting to upstream, upstream: "${upstream}"`,
        );
        continue;
      }
      const path = proxy.path === undefined ? request.target : proxy.path + request.target.slice(location.path.length);
      const kept = Object.entries(request.headers).filter(
        ([name]) => !["host", "connection", "content-length"].includes(name),
      );
      const headers: Record<string, string> = { Host: proxy.host, Connection: "close", ...Object.fromEntries(kept) };
      if (request.body.length > 0) headers["Content-Length"] = String(request.body.length);
      for (const [name, value] of proxy.headers) headers[name] = expand(value, (one) => values[one] ?? "");
      const loop = this.#loop;
      const reader = new HttpReader({
        *receive() {
          const bytes = yield* attempt(loop.read(fd));
          return bytes instanceof Errno ? "ECONNRESET" : bytes;
        },
      });
      const sent = yield* attempt(
        loop.write(fd, concat([encodeHead(requestLine(request.method, path), headers), request.body])),
      );
      const head = sent instanceof Errno ? undefined : yield* reader.head();
      const status = typeof head === "object" ? Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.start)?.[1]) : NaN;
      const bare = request.method === "HEAD" || status === 204 || status === 304;
      const body =
        typeof head !== "object" ? "EPROTO" : bare ? new Uint8Array(0) : yield* reader.body(head.headers, true);
      yield* sys.close(fd);
      if (typeof head === "object" && typeof body !== "string" && status > 0) {
        const hidden = ["connection", "transfer-encoding", "content-length", "server", "date", "keep-alive"];
        const passed = Object.entries(head.headers).filter(([name]) => !hidden.includes(name));
        return { status, headers: Object.fromEntries(passed), body, upstream: tried.join(", ") };
      }
      yield* this.complain(
        "error",
        "upstream prematurely closed connection while reading response header from upstream",
      );
    }
    return { ...madePage(502), upstream: tried.join(", ") };
  }

  *#send(fd: number, { method }: { readonly method: string }, response: Response, kept: boolean): Activity<number> {
    const { status, headers, body } = response;
    const now = yield* this.#loop.sys.clock_gettime("CLOCK_REALTIME");
    const length = status === 204 || status === 304 ? {} : { "Content-Length": String(body.length) };
    const { "Content-Type": type, ...rest } = headers;
    const head = encodeHead(statusLine(status), {
      ...{ Server: version, Date: httpDate(now) },
      ...(type !== undefined && { "Content-Type": type }),
      ...length,
      ...{ Connection: kept ? "keep-alive" : "close" },
      ...rest,
    });
    const content = method === "HEAD" || status === 204 || status === 304 ? body.subarray(0, 0) : body;
    yield* this.#loop.write(fd, concat([head, content]));
    return content.length;
  }

  *#log(location: Location | undefined, values: Readonly<Record<string, string>>): Activity<undefined> {
    const now = yield* this.#loop.sys.clock_gettime("CLOCK_REALTIME");
    const all: Readonly<Record<string, string>> = { ...values, time_local: formatTime("%d/%b/%Y:%H:%M:%S +0000", now) };
    for (const { path, format } of location?.accessLogs ?? []) {
      const fd = this.#logs.get(path);
      const line = expand(format, (name) => all[name] || "-");
      if (fd !== undefined) yield* attempt(writeAll(this.#loop.sys, fd, encode(`${line}\n`)));
    }
    return undefined;
  }

  /** A line in the error log. */
  *complain(level: string, message: string): Activity<undefined> {
    const { sys } = this.#loop;
    const fd = this.#logs.get(this.#config.errorLog);
    const now = yield* sys.clock_gettime("CLOCK_REALTIME");
    const pid = yield* sys.getpid();
    const line = `${formatTime("%Y/%m/%d %H:%M:%S", now)} [${level}] ${pid}#${pid}: ${message}\n`;
    if (fd !== undefined) yield* attempt(writeAll(sys, fd, encode(line)));
    return undefined;
  }
}

/** A path without escapes and without ".." that would lead out of the root. */
function decoded(path: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < path.length; at++) {
    const code = /^%[\da-f]{2}/i.test(path.slice(at, at + 3))
      ? Number.parseInt(path.slice(at + 1, at + 3), 16)
      : undefined;
    if (code === undefined) bytes.push(...encode(path[at] ?? ""));
    else {
      bytes.push(code);
      at += 2;
    }
  }
  const parts: string[] = [];
  const text = textOf(Uint8Array.from(bytes));
  for (const part of text.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  const end = parts.length > 0 && /\/(?:\.{1,2})?$/.test(text) ? "/" : "";
  return `/${parts.join("/")}${end}`;
}

/** ngx_http_core_module: an exact path, the longest prefix if it says so, the first pattern, else the longest prefix. */
function locationOf({ locations }: Server, path: string): Location | undefined {
  const exact = locations.find((one) => one.match === "exact" && one.path === path);
  if (exact !== undefined) return exact;
  const [longest] = locations
    .filter((one) => (one.match === "prefix" || one.match === "first") && path.startsWith(one.path))
    .sort((a, b) => b.path.length - a.path.length);
  if (longest?.match === "first") return longest;
  return locations.find((one) => one.pattern?.test(path) === true) ?? longest;
}

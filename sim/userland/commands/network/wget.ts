import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { connectTo, exchange, parseHttpUrl, type HttpAnswer, type HttpUrl } from "../../program/http.js";
import { encode } from "../../program/encoding.js";
import { writeAll } from "../../program/streams.js";
import { formatTime } from "../dates.js";

/** GNU Wget's exit statuses (its manual, "Exit Status"). */
const exits = { generic: 1, files: 3, network: 4, server: 8 };
/** --max-redirect, where nothing is said. */
const redirections = 20;

/** How much wget says: nothing, one line, or all. */
type Loudness = "quiet" | "terse" | "verbose";

const loudness = (it: Invocation): Loudness => (it.has("q") ? "quiet" : it.has("no-verbose") ? "terse" : "verbose");

/** A rate as wget writes it: "873 KB/s", "1.24 MB/s"; powers of 1024, three digits. */
function rateText(bytes: number, nanoseconds: number): string {
  let rate = (bytes * 1e9) / Math.max(1, nanoseconds);
  const units = ["B/s", "KB/s", "MB/s", "GB/s"];
  let at = 0;
  for (; rate >= 1024 && at < 3; at++) rate /= 1024;
  const digits = rate >= 99.95 ? 0 : rate >= 9.995 ? 1 : 2;
  return `${rate.toFixed(digits)} ${units[at] ?? ""}`;
}

/** "4.0K": the size beside the exact one. */
function humanSize(bytes: number): string {
  if (bytes < 1024) return "";
  let size = bytes / 1024;
  let at = 0;
  for (; size >= 1024; at++) size /= 1024;
  return ` (${size < 10 ? size.toFixed(1) : size.toFixed(0)}${"KMG"[at] ?? ""})`;
}

class Download {
  readonly #it: Invocation;

  constructor(it: Invocation) {
    this.#it = it;
  }

  *#say(line: string): Activity<undefined> {
    if (loudness(this.#it) === "verbose") yield* this.#it.tell(line);
    return undefined;
  }

  *#now(pattern: string): Activity<string> {
    return formatTime(pattern, yield* this.#it.sys.clock_gettime("CLOCK_REALTIME"));
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = {
      "User-Agent": this.#it.value("U") ?? "Wget/1.21.3",
      Accept: "*/*",
      "Accept-Encoding": "identity",
      Connection: "Keep-Alive",
    };
    for (const line of this.#it.values("header")) {
      const [, name, value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined) headers[name] = value;
    }
    const data = this.#it.value("post-data");
    if (data !== undefined) {
      headers["Content-Type"] = "application/x-www-form-urlencoded";
      headers["Content-Length"] = String(encode(data).length);
    }
    return headers;
  }

  /** Connects, and says so. @returns the answer, or wget's exit status */
  *#ask(url: HttpUrl, text: string): Activity<HttpAnswer | number> {
    const it = this.#it;
    yield* this.#say(`--${yield* this.#now("%Y-%m-%d %H:%M:%S")}--  ${text}`);
    const connected = yield* connectTo(it.sys, url.host, url.port);
    const named = !/^[\d.]+$/.test(url.host);
    if ("failed" in connected && connected.failed === "name") {
      yield* this.#say(`Resolving ${url.host} (${url.host})... failed: ${connected.error.message}.`);
      if (!it.has("q")) yield* it.tell(`wget: unable to resolve host address '${url.host}'`);
      return exits.network;
    }
    const address =
      "failed" in connected ? (connected.failed === "connect" ? connected.address : url.host) : connected.address;
    if (named) yield* this.#say(`Resolving ${url.host} (${url.host})... ${address}`);
    const where = named ? `${url.host} (${url.host})|${address}|:${url.port}` : `${address}:${url.port}`;
    if ("failed" in connected) {
      const why = connected.failed === "connect" ? connected.error.message : "Connection reset by peer";
      if (loudness(it) === "terse") yield* it.tell(`failed: ${why}.`);
      yield* this.#say(`Connecting to ${where}... failed: ${why}.`);
      return exits.network;
    }
    yield* this.#say(`Connecting to ${where}... connected.`);
    try {
      const data = it.value("post-data");
      const method = it.has("spider") ? "HEAD" : data === undefined ? "GET" : "POST";
      const got = yield* exchange(it.sys, connected.fd, url, this.#headers(), method, encode(data ?? ""));
      if ("failed" in got) {
        yield* this.#say("HTTP request sent, awaiting response... No data received.");
        return exits.network;
      }
      const { status, reason, headers } = got;
      if (it.has("S")) {
        yield* this.#say("HTTP request sent, awaiting response... ");
        const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
        yield* it.tell([`  HTTP/1.1 ${status} ${reason}`.trimEnd(), ...lines].join("\n"));
      } else yield* this.#say(`HTTP request sent, awaiting response... ${status} ${reason}`.trimEnd());
      return got;
    } finally {
      yield* it.sys.close(connected.fd);
    }
  }

  /** Where it goes: -O's file, else the address' last part, with a number where that is taken. */
  *#target({ path }: HttpUrl): Activity<string> {
    const it = this.#it;
    const given = it.value("O");
    if (given !== undefined) return given;
    const last = path.replace(/^.*\//, "");
    const name = `${it.value("P") === undefined ? "" : `${it.value("P") ?? ""}/`}${last === "" ? "index.html" : last}`;
    if ((yield* attempt(it.sys.lstat(name))) instanceof Errno) return name;
    for (let number = 1; ; number++)
      if ((yield* attempt(it.sys.lstat(`${name}.${number}`))) instanceof Errno) return `${name}.${number}`;
  }

  /** Gets one address. @returns wget's exit status */
  *get(given: string): Activity<number> {
    const it = this.#it;
    let text = /^https?:\/\//i.test(given) ? given : `http://${given}`;
    for (let hops = 0; ; hops++) {
      const url = parseHttpUrl(text);
      if (url === undefined) {
        const secure = /^https:/i.test(text);
        yield* it.tell(`${text}: ${secure ? "HTTPS support not compiled in" : "Invalid host name"}.`);
        return exits.generic;
      }
      const shown = `${text}${/^http:\/\/[^/]+$/.test(text) ? "/" : ""}`;
      const begun = yield* it.sys.clock_gettime("CLOCK_MONOTONIC");
      const got = yield* this.#ask(url, shown);
      if (typeof got === "number") return got;
      const to = got.headers["location"];
      if (got.status >= 300 && got.status < 400 && to !== undefined) {
        if (hops === redirections) {
          yield* it.tell(`${redirections} redirections exceeded.`);
          return exits.server;
        }
        text = to.startsWith("/") ? `http://${url.host}${url.port === 80 ? "" : `:${url.port}`}${to}` : to;
        yield* this.#say(`Location: ${to} [following]`);
        continue;
      }
      if (got.status >= 400) return yield* this.#refused(got, shown);
      return yield* this.#save(url, shown, got, (yield* it.sys.clock_gettime("CLOCK_MONOTONIC")) - begun);
    }
  }

  *#refused({ status, reason }: HttpAnswer, shown: string): Activity<number> {
    const it = this.#it;
    if (it.has("spider")) yield* this.#say("Remote file does not exist -- broken link!!!\n");
    else if (!it.has("q")) {
      if (loudness(it) === "terse") yield* it.tell(`${shown}:`);
      yield* it.tell(`${yield* this.#now("%Y-%m-%d %H:%M:%S")} ERROR ${status}: ${reason}.`);
      yield* this.#say("");
    }
    return exits.server;
  }

  *#save(url: HttpUrl, shown: string, { body, headers }: HttpAnswer, took: number): Activity<number> {
    const it = this.#it;
    const type = headers["content-type"]?.replace(/;.*/, "");
    const known = headers["content-length"];
    const length = known === undefined ? "unspecified" : `${known}${humanSize(Number(known))}`;
    yield* this.#say(`Length: ${length}${type === undefined ? "" : ` [${type}]`}`);
    if (it.has("spider")) {
      yield* this.#say("Remote file exists.\n");
      return 0;
    }
    const target = yield* this.#target(url);
    yield* this.#say(`Saving to: '${target === "-" ? "STDOUT" : target}'\n`);
    if (target === "-") {
      it.out.putBytes(body);
      yield* it.out.flush();
    } else {
      if (it.value("P") !== undefined) yield* attempt(it.sys.mkdir(it.value("P") ?? "", 0o777));
      const fd = yield* attempt(it.sys.open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o644));
      if (fd instanceof Errno) {
        yield* it.tell(`${target}: ${fd.message}\n\nCannot write to '${target}' (${fd.message}).`);
        return exits.files;
      }
      yield* writeAll(it.sys, fd, body);
      yield* it.sys.close(fd);
    }
    const size = known === undefined ? String(body.length) : `${body.length}/${known}`;
    const now = yield* this.#now("%Y-%m-%d %H:%M:%S");
    if (loudness(it) === "terse") yield* it.tell(`${now} URL:${shown} [${size}] -> "${target}" [1]`);
    const where = target === "-" ? "written to stdout" : `'${target}' saved`;
    yield* this.#say(`${now} (${rateText(body.length, took)}) - ${where} [${size}]\n`);
    return 0;
  }
}

/**
 * wget(1) for HTTP, worded as GNU's 1.21; busybox's flags are among these. Absent: TLS, FTP, recursion, the bar of progress, time-outs (-T is read), -c, -N.
 */
export const wget: Command = {
  name: "wget",
  usage: ["[OPTION]... [URL]..."],
  about: "GNU Wget, a non-interactive network retriever.",
  options: [
    { short: "q", long: "quiet", help: "quiet (no output)" },
    { long: "no-verbose", help: "turn off verboseness, without being quiet (-nv)" },
    { short: "v", long: "verbose", help: "be verbose (this is the default)" },
    { short: "O", long: "output-document", argument: "FILE", help: "write documents to FILE" },
    { short: "P", long: "directory-prefix", argument: "PREFIX", help: "save files to PREFIX/.." },
    { short: "S", long: "server-response", help: "print server response" },
    { long: "spider", help: "don't download anything" },
    { short: "T", long: "timeout", argument: "SECONDS", help: "set all timeout values to SECONDS" },
    { short: "t", long: "tries", argument: "NUMBER", help: "set number of retries to NUMBER" },
    { short: "U", long: "user-agent", argument: "AGENT", help: "identify as AGENT" },
    { long: "header", argument: "STRING", help: "insert STRING among the headers" },
    { long: "post-data", argument: "STRING", help: "use the POST method; send STRING as the data" },
    { long: "no-check-certificate", help: "don't validate the server's certificate" },
  ],
  usageStatus: 2,
  rewrite: (words) => words.map((word) => (word === "-nv" ? "--no-verbose" : word)),
  *run(it) {
    if (it.operands.length === 0) {
      yield* it.tell("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.");
      return exits.generic;
    }
    if (it.has("spider") && loudness(it) === "verbose")
      yield* it.tell("Spider mode enabled. Check if remote file exists.");
    const download = new Download(it);
    for (const url of it.operands) it.status = (yield* download.get(url)) || it.status;
    return it.status;
  },
};

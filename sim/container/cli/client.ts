import { concatBytes, type Activity } from "../../core/index.js";
import { encodeHead, HttpReader, requestLine, textOf, type Headers } from "../../net/index.js";
import { AF_UNIX, attempt, Errno, SHUT_WR, SOCK_STREAM, type Sys } from "../../os/index.js";
import { writeAll } from "../../userland/index.js";
import { encodeJson, type Json } from "../json.js";

/** Docker 20.10's: it speaks 1.41 to any daemon that is newer. */
export const apiVersion = "1.41";
const piece = 65_536;

/** What a command ends with, and why. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly status: number;

  /** @param message said on standard error as it is */
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** What the daemon has refused; its message is the daemon's own. */
export class DaemonError extends CliError {
  /** HTTP's. */
  readonly code: number;
  /** The daemon's words alone. */
  readonly said: string;

  constructor(code: number, said: string) {
    super(`Error response from daemon: ${said}`);
    this.code = code;
    this.said = said;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type Scalar = string | number | boolean | undefined;
type QueryParameters = Readonly<Record<string, Scalar | readonly string[]>>;

export interface RequestParts {
  readonly query?: QueryParameters;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: Uint8Array;
  readonly headers?: Headers;
  /** Asks for the connection itself: attach, exec. */
  readonly upgrade?: boolean;
}

/** A connection on which an answer goes on, and perhaps what the client says. */
export class Conversation {
  readonly fd: number;
  readonly headers: Headers;
  readonly #sys: Sys;
  #early: Uint8Array;

  constructor(sys: Sys, fd: number, headers: Headers, early: Uint8Array) {
    this.#sys = sys;
    this.fd = fd;
    this.headers = headers;
    this.#early = early;
  }

  /** Whether something came together with the head: poll(2) wouldn't tell. */
  get holds(): boolean {
    return this.#early.length > 0;
  }

  /** What has come; nothing at the end. @throws Errno EINTR where a signal came */
  *read(): Activity<Uint8Array> {
    if (this.#early.length > 0) {
      const bytes = this.#early;
      this.#early = new Uint8Array(0);
      return bytes;
    }
    return yield* this.#sys.read(this.fd, piece);
  }

  /** Everything until the end. */
  *rest(): Activity<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let bytes = yield* this.read(); bytes.length > 0; bytes = yield* this.read()) pieces.push(bytes);
    return concatBytes(pieces);
  }

  write(bytes: Uint8Array): Activity<undefined> {
    return writeAll(this.#sys, this.fd, bytes);
  }

  *finish(): Activity<undefined> {
    yield* attempt(this.#sys.shutdown(this.fd, SHUT_WR));
    return undefined;
  }

  *close(): Activity<undefined> {
    yield* attempt(this.#sys.close(this.fd));
    return undefined;
  }
}

function targetOf(path: string, query: QueryParameters): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value as Scalar]).flatMap((one) =>
      one === undefined || one === false ? [] : [`${name}=${encodeURIComponent(one === true ? "1" : String(one))}`],
    ),
  );
  return `/v${apiVersion}${path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

/** A client of Docker's Engine API over the socket of a daemon on the same Linux: a connection for each request. */
export class DockerClient {
  readonly sys: Sys;
  /** "unix:///var/run/docker.sock". */
  readonly host: string;

  constructor(sys: Sys, host: string) {
    this.sys = sys;
    this.host = host;
  }

  /** @throws DaemonError for a status of 400 and up; CliError without a daemon */
  *ask(method: string, path: string, parts: RequestParts = {}): Activity<Answer> {
    const { conversation, status } = yield* this.#send(method, path, parts);
    const body = method === "HEAD" ? new Uint8Array(0) : yield* conversation.rest();
    yield* conversation.close();
    const answer = { status, headers: conversation.headers, body };
    if (status >= 400) throw refusal(answer);
    return answer;
  }

  /** The same, with the answer read as JSON: null where there is none. */
  *json(method: string, path: string, parts: RequestParts = {}): Activity<Json> {
    const { body } = yield* this.ask(method, path, parts);
    return body.length === 0 ? null : (JSON.parse(textOf(body)) as Json);
  }

  /** Begins an answer that is told bit by bit. @throws as `ask` */
  *open(method: string, path: string, parts: RequestParts = {}): Activity<Conversation> {
    const { conversation, status } = yield* this.#send(method, path, parts);
    if (status < 400) return conversation;
    const body = yield* conversation.rest();
    yield* conversation.close();
    throw refusal({ status, headers: conversation.headers, body });
  }

  *#send(
    method: string,
    path: string,
    { query = {}, json, body = json === undefined ? new Uint8Array(0) : encodeJson(json), ...parts }: RequestParts,
  ): Activity<{ readonly status: number; readonly conversation: Conversation }> {
    const { sys } = this;
    const fd = yield* this.#connect(targetOf(path, query));
    const head = encodeHead(requestLine(method, targetOf(path, query)), {
      host: "docker",
      "user-agent": "Docker-Client/20.10.24 (linux)",
      "content-length": String(body.length),
      ...(json !== undefined && { "content-type": "application/json" }),
      ...(parts.upgrade === true && { connection: "Upgrade", upgrade: "tcp" }),
      ...parts.headers,
    });
    yield* writeAll(sys, fd, concatBytes([head, body]));
    const reader = new HttpReader({
      *receive() {
        const bytes = yield* attempt(sys.read(fd, piece));
        return bytes instanceof Errno ? "ECONNRESET" : bytes;
      },
    });
    const got = yield* reader.head();
    if (got === undefined || typeof got === "string")
      throw new CliError("error during connect: the daemon has ended the connection");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(got.start)?.[1] ?? 0);
    return { status, conversation: new Conversation(sys, fd, got.headers, reader.take()) };
  }

  *#connect(target: string): Activity<number> {
    const { sys, host } = this;
    const path = /^unix:\/\/(.+)$/.exec(host)?.[1];
    if (path === undefined)
      throw new CliError(`unable to reach a docker daemon at "${host}": this client speaks through unix sockets alone`);
    const fd = yield* sys.socket(AF_UNIX, SOCK_STREAM);
    const outcome = yield* attempt(sys.connect(fd, path));
    if (!(outcome instanceof Errno)) return fd;
    yield* sys.close(fd);
    if (outcome.code === "EACCES")
      throw new CliError(
        `Got permission denied while trying to connect to the Docker daemon socket at ${host}: ` +
          `"http://${encodeURIComponent(path)}${target}": dial unix ${path}: connect: permission denied`,
      );
    throw new CliError(`Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`);
  }
}

function refusal({ status, body }: Answer): DaemonError {
  const text = textOf(body).trim();
  try {
    const { message } = JSON.parse(text) as { readonly message?: string };
    return new DaemonError(status, message ?? text);
  } catch {
    return new DaemonError(status, text);
  }
}

/** A container in the API: "/containers/web/start". */
export const containerPath = (name: string, verb = ""): string =>
  `/containers/${encodeURIComponent(name)}${verb === "" ? "" : `/${verb}`}`;

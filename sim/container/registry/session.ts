import { concatBytes, encodeBase64, encodeUtf8, s, UsageError, type Activity, type Engine } from "../../core/index.js";
import type { Headers, HttpResponse } from "../../net/index.js";
import { Field, parseJson } from "../json.js";
import { requestOf, type Transport } from "./transport.js";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Attempts at a transfer before it is given up, and what is waited after each: Docker's, in moby's xfer package. */
const attempts = 5;
const pause = 5;

/** A registry's answer that is no success, or no answer. */
export class RegistryError extends UsageError {
  readonly status: number | undefined;
  readonly code: string;

  constructor(code: string, message: string, status: number | undefined) {
    super(message, hintFor(code));
    this.code = code;
    this.status = status;
  }
}

function hintFor(code: string): string {
  switch (code) {
    case "UNAUTHORIZED":
    case "DENIED":
      return "Log in as somebody who may, or write the repository's name right.";
    case "TOOMANYREQUESTS":
      return "Wait until the window is over, or log in.";
    case "MANIFEST_UNKNOWN":
    case "NAME_UNKNOWN":
      return "Look at the repository's tags.";
    default:
      return "Try again; look at the registry.";
  }
}

/** The error that a response tells of. */
export function errorOf(response: HttpResponse): RegistryError {
  let code = "UNKNOWN";
  let message = `unexpected status ${response.status}`;
  try {
    const first = new Field(parseJson(response.body, "an error"), "error").at("errors").list()[0];
    if (first !== undefined) {
      code = first.at("code").text();
      message = `${code.toLowerCase().replaceAll("_", " ")}: ${first.at("message").text()}`;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  return new RegistryError(code, message, response.status);
}

/** Requests to one registry, with tokens where it wants them, and again where a transfer broke off. */
export class Session {
  readonly engine: Engine;
  readonly #transport: Transport;
  readonly #credentials: Credentials | undefined;
  /** Tokens by what they are good for. */
  readonly #tokens = new Map<string, string>();

  constructor(engine: Engine, transport: Transport, credentials?: Credentials) {
    this.engine = engine;
    this.#transport = transport;
    this.#credentials = credentials;
  }

  /**
   * @param scope what a token is asked for: "library/alpine:pull"
   * @throws RegistryError where no answer comes
   */
  *request(
    scope: string,
    method: string,
    path: string,
    headers: Headers = {},
    body?: Uint8Array,
    progress?: (current: number, total: number) => void,
  ): Activity<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      const sent = requestOf(method, path, this.#withToken(scope, headers), body);
      const response = yield* this.#transport.request(sent, progress);
      if ("failed" in response) {
        if (attempt >= attempts)
          throw new RegistryError(response.failed, `${method} ${path}: ${response.failed}`, undefined);
        yield* this.engine.delay(s(pause * attempt));
        continue;
      }
      if (response.status !== 401 || attempt > 1) return response;
      if (!(yield* this.#authenticate(scope, response))) return response;
    }
  }

  /**
   * Downloads a blob; what broke off goes on where it stopped (RFC 9110, 14.2).
   * @param onRetry told how long is waited, in seconds
   */
  *download(
    scope: string,
    path: string,
    progress?: (current: number, total: number) => void,
    onRetry?: (seconds: number) => void,
  ): Activity<Uint8Array> {
    const parts: Uint8Array[] = [];
    let have = 0;
    // What earlier attempts brought, as the link counted it.
    let counted = 0;
    let seen = 0;
    for (let attempt = 1; ; attempt++) {
      const range = have > 0 ? { range: `bytes=${have}-` } : {};
      const before = counted;
      const told = (current: number, total: number): void => {
        seen = current;
        progress?.(before + current, before + total);
      };
      const request = requestOf("GET", path, this.#withToken(scope, range));
      const response = yield* this.#transport.request(request, told);
      if ("failed" in response) {
        // A piece of an answer that is an error is none of the blob.
        if (response.status === 200 || response.status === 206) {
          parts.push(response.received);
          have += response.received.length;
          counted += seen;
        }
        seen = 0;
        if (attempt >= attempts) throw new RegistryError(response.failed, `GET ${path}: ${response.failed}`, undefined);
        onRetry?.(pause * attempt);
        yield* this.engine.delay(s(pause * attempt));
        continue;
      }
      if (response.status === 401 && attempt === 1 && (yield* this.#authenticate(scope, response))) continue;
      if (response.status !== 200 && response.status !== 206) throw errorOf(response);
      // A server without ranges begins anew.
      if (response.status === 200) parts.length = 0;
      parts.push(response.body);
      return concatBytes(parts);
    }
  }

  #withToken(scope: string, headers: Headers): Headers {
    const token = this.#tokens.get(scope);
    return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
  }

  /** Gets a token as a 401 says. @returns whether there is a new one */
  *#authenticate(scope: string, { headers }: HttpResponse): Activity<boolean> {
    const challenge = headers["www-authenticate"] ?? "";
    const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
    const realm = field("realm").replace(/^https?:\/\/[^/]+/, "");
    if (!challenge.startsWith("Bearer ") || realm === "") return false;
    const query = `service=${encodeURIComponent(field("service"))}&scope=${encodeURIComponent(`repository:${scope}`)}`;
    const { username, password } = this.#credentials ?? {};
    const basic =
      username === undefined
        ? {}
        : { authorization: `Basic ${encodeBase64(encodeUtf8(`${username}:${password ?? ""}`))}` };
    const answer = yield* this.#transport.request(requestOf("GET", `${realm}?${query}`, basic));
    if ("failed" in answer) return false;
    if (answer.status !== 200) throw errorOf(answer);
    this.#tokens.set(scope, new Field(parseJson(answer.body, "a token"), "token").at("token").text());
    return true;
  }
}

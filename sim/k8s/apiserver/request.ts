import { encodeUtf8 } from "../../core/index.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { StreamSession } from "./session.js";

/** Who asks (authentication/v1, `UserInfo`). */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** An HTTP request, or a call from inside the simulation, which may hand over objects instead of bytes. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query: `/api/v1/pods`. */
  readonly path: string;
  /** The query as it came, or parsed. */
  readonly query?: string | Readonly<Record<string, string>> | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: Uint8Array | string | JsonObject | undefined;
  /** Whether an object that is the body is never changed again, so that what is stored may share its parts. */
  readonly lasting?: boolean;
  /** Who asks, known from elsewhere, such as a component of the control plane; otherwise the headers tell. */
  readonly user?: User | undefined;
  /** Where the connection can be upgraded: given the session of exec, attach or port-forward, before the answer, whose status is 101. */
  readonly connect?: (session: StreamSession) => void;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The object of the answer, to be shared and not changed; undefined where the body is no JSON. */
  readonly object: JsonObject | undefined;
  /** The body as bytes; encoded when first asked for. */
  body(): Uint8Array;
  readonly stream?: undefined;
}

/** What a watch tells: one change, or a bookmark, or the error that ends it. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject | JsonObject;
  /** As a line of JSON; encoded once for all who watch in the same form. */
  text(): string;
}

/** Who takes a stream's parts. Called by the simulation, when something happens. */
export interface StreamSink {
  event(event: WatchEvent): void;
  end(): void;
}

/** An answer that goes on. */
export interface ApiStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly object?: undefined;
  /** Begins to tell, first what there is to tell already. @returns what ends the stream from the client's side */
  stream(sink: StreamSink): () => void;
}

/** Reads a query: percent-encoding, plus signs, the first of several values. */
export function parseQuery(
  query: string | Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (query === undefined) return {};
  if (typeof query !== "string") return query;
  const parsed: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of query.replace(/^\?/, "").split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const key = decodePart(at < 0 ? part : part.slice(0, at));
    parsed[key] ??= at < 0 ? "" : decodePart(part.slice(at + 1));
  }
  return parsed;
}

function decodePart(text: string): string {
  const plain = text.replaceAll("+", " ");
  if (!plain.includes("%")) return plain;
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

/** An answer of JSON; `text` where the bytes are at hand. */
export function json(
  status: number,
  object: JsonObject,
  headers: Readonly<Record<string, string>> = {},
  text?: () => string,
): ApiResponse {
  let bytes: Uint8Array | undefined;
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-cache, private", ...headers },
    object,
    body: () => (bytes ??= encodeUtf8(text === undefined ? JSON.stringify(object) : text())),
  };
}

/** An answer of anything else. */
export function plain(
  status: number,
  body: string | Uint8Array,
  type: string = "text/plain; charset=utf-8",
): ApiResponse {
  return {
    status,
    headers: { "content-type": type, "cache-control": "no-cache, private" },
    object: undefined,
    body: () => (typeof body === "string" ? encodeUtf8(body) : body),
  };
}

/** One change; its line of JSON is made once, when first wanted. */
class Told implements WatchEvent {
  readonly type: WatchEvent["type"];
  readonly object: KubeObject | JsonObject;
  #text: string | undefined;

  constructor(type: WatchEvent["type"], object: KubeObject | JsonObject) {
    this.type = type;
    this.object = object;
  }

  text(): string {
    return (this.#text ??= `{"type":"${this.type}","object":${JSON.stringify(this.object)}}\n`);
  }
}

export const watchEvent = (type: WatchEvent["type"], object: KubeObject | JsonObject): WatchEvent =>
  new Told(type, object);

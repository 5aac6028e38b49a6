import { encodeUtf8, type Activity } from "../../core/index.js";
import type { Headers } from "../../net/index.js";
import type { ContainerEngine } from "../engine/engine.js";
import { encodeJson } from "../json.js";
import type { Body } from "./body.js";
import type { Query } from "./query.js";

/** A request to Docker's API, as HTTP brings it. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, as the request line has them. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** Where an answer's bytes go. */
export interface Sink {
  write(bytes: Uint8Array): void;
  /** The server has said all. */
  end(): void;
}

/** What comes back from the client while an answer is open. */
export interface Source {
  /** Of a connection that was upgraded: what the client says. */
  receive(bytes: Uint8Array): void;
  /** The client has no more to say, and may still listen. */
  finish(): void;
  /** The connection is gone. */
  close(): void;
}

/**
 * What an open answer has time pass for.
 * - "work": something is being done, and the client waits for its end: a build.
 * - "end": the client waits for a process to end.
 * - "talk": the client may type, at any time.
 * - "watch": the client looks on.
 */
export type Pull = "work" | "end" | "talk" | "watch";

/** An answer: whole, or opened and told bit by bit. */
export type ApiAnswer =
  | { readonly status: number; readonly headers: Headers; readonly body: Uint8Array; readonly open?: undefined }
  | {
      readonly status: number;
      readonly headers: Headers;
      /** Begins it; called once. */
      readonly open: (sink: Sink) => Source & { readonly pull: () => Pull };
    };

/** A request, read. */
export interface Call {
  readonly engine: ContainerEngine;
  readonly request: ApiRequest;
  readonly query: Query;
  /** What the path's places in braces hold. */
  readonly names: readonly string[];
  /** The API's minor version that the client speaks: 41 for 1.41. */
  readonly version: number;
  /** Its JSON. @throws EngineError 400 for what is none */
  readonly body: () => Body;
}

export type Handler = (call: Call) => ApiAnswer | Activity<ApiAnswer>;

const json = { "content-type": "application/json" };

/** A JSON document, with the newline that Go's encoder ends it with. */
export const answerJson = (value: unknown, status = 200): ApiAnswer => ({
  status,
  headers: json,
  body: encodeUtf8(`${JSON.stringify(value)}\n`),
});

export const answerEmpty = (status: 200 | 201 | 204 | 304): ApiAnswer => ({
  status,
  headers: {},
  body: new Uint8Array(0),
});

export const answerTar = (archive: Uint8Array, headers: Headers = {}): ApiAnswer => ({
  status: 200,
  headers: { "content-type": "application/x-tar", ...headers },
  body: archive,
});

export const answerError = (status: number, message: string): ApiAnswer => ({
  status,
  headers: json,
  body: encodeUtf8(`${JSON.stringify({ message })}\n`),
});

/** A line of a JSON stream, as Docker ends it. */
export const jsonLine = (value: unknown): Uint8Array => Uint8Array.from([...encodeJson(value), 13, 10]);

import { encodeJson } from "../json.js";
import type { Headers, HttpResponse } from "../../net/index.js";

export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "RANGE_INVALID"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS";

/** Error codes of the distribution specification ("Error Codes"), with their HTTP status and words. */
const codes: Readonly<Record<ErrorCode, readonly [status: number, message: string]>> = {
  BLOB_UNKNOWN: [404, "blob unknown to registry"],
  BLOB_UPLOAD_INVALID: [400, "blob upload invalid"],
  BLOB_UPLOAD_UNKNOWN: [404, "blob upload unknown to registry"],
  DIGEST_INVALID: [400, "provided digest did not match uploaded content"],
  MANIFEST_BLOB_UNKNOWN: [404, "manifest references a manifest or blob unknown to registry"],
  MANIFEST_INVALID: [400, "manifest invalid"],
  MANIFEST_UNKNOWN: [404, "manifest unknown"],
  NAME_INVALID: [400, "invalid repository name"],
  NAME_UNKNOWN: [404, "repository name not known to registry"],
  PAGINATION_NUMBER_INVALID: [400, "invalid number of results requested"],
  RANGE_INVALID: [416, "invalid content range"],
  SIZE_INVALID: [400, "provided length did not match content length"],
  TAG_INVALID: [400, "manifest tag did not match URI"],
  UNAUTHORIZED: [401, "authentication required"],
  DENIED: [403, "requested access to the resource is denied"],
  UNSUPPORTED: [405, "the operation is unsupported"],
  TOOMANYREQUESTS: [429, "too many requests"],
};

/** The header with which every answer says what speaks. */
const version: Headers = { "docker-distribution-api-version": "registry/2.0" };

export interface ErrorDetail {
  readonly message?: string;
  readonly detail?: unknown;
  readonly headers?: Headers;
}

export function failure(code: ErrorCode, { message, detail, headers }: ErrorDetail = {}): HttpResponse {
  const [status, words] = codes[code];
  const error = { code, message: message ?? words, ...(detail !== undefined && { detail }) };
  return answer(status, encodeJson({ errors: [error] }), { "content-type": "application/json", ...headers });
}

export function answer(status: number, body: Uint8Array = new Uint8Array(0), headers: Headers = {}): HttpResponse {
  return { status, headers: { ...version, ...headers }, body };
}

export const json = (value: unknown, headers: Headers = {}): HttpResponse =>
  answer(200, encodeJson(value), { "content-type": "application/json", ...headers });

/** Says, beside a blob or a part of one, how many bytes a simulated link counts for it: see `image/layer`. */
export const transferSizeHeader = "virtlab-transfer-size";

/** A request's path and its query. */
export interface Target {
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Percent signs and plus signs of a URL undone; as it is where they are none. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
};

export function parseTarget(target: string): Target {
  const mark = target.indexOf("?");
  const query = new Map<string, string>();
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0) query.set(decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1)));
  }
  return { path: decoded(mark < 0 ? target : target.slice(0, mark)), query };
}

import { encodeBase64, encodeUtf8 } from "../../core/index.js";
import { decode } from "../objects/decode.js";
import { groupVersion, type Resource } from "../objects/kinds.js";
import { at, isObject, show, type Draft, type JsonObject } from "../objects/value.js";
import type { WriteOptions } from "./options.js";
import type { User } from "./request.js";
import { badRequest, type ApiError } from "./status.js";

/** Who writes, and how. */
export interface Writer {
  readonly user: User;
  readonly options: WriteOptions;
  readonly warn: (message: string) => void;
}

/** What clients write as text is kept as bytes. */
export function encodeStringData(draft: Draft): void {
  const plain = at(draft, "stringData");
  if (!isObject(plain)) return;
  draft["stringData"] = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, encodeBase64(encodeUtf8(show(value)))]),
  );
}

/**
 * Reads what a client sent as a kind, with what it says about unknown fields.
 * @param lasting whether parts of `given` may become parts of what is stored, as they are
 * @param old whose parts it shares where they are the same: then it is not to be changed below its top
 * @throws ApiError 400
 */
export function decodeAs(
  resource: Resource,
  given: JsonObject,
  { options, warn }: Writer,
  lasting = false,
  old?: JsonObject,
): Draft {
  const { struct, kind, version } = resource;
  const { value, unknown, error } = decode(struct, given, old, lasting);
  const refuse = (why: string): ApiError =>
    badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  if (error !== undefined) throw refuse(error);
  if (unknown.length > 0 && options.fieldValidation !== "Ignore") {
    const messages = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
    if (options.fieldValidation === "Strict") throw refuse(`strict decoding error: ${messages.join(", ")}`);
    for (const message of messages) warn(message);
  }
  const draft: Draft = { kind, apiVersion: groupVersion(resource) };
  for (const key in value) draft[key] = value[key];
  return draft;
}

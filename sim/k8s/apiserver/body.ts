import { encodeUtf8, ProtobufError } from "../../core/index.js";
import { groupVersion, type Resource } from "../objects/kinds.js";
import { decodeProtobuf, hasProtobuf, openEnvelope, type Envelope } from "../objects/protobuf.js";
import { decodeUtf8 } from "../objects/text.js";
import { parseYaml, YamlError } from "../objects/yaml.js";
import { isObject, type Json, type JsonObject } from "../objects/value.js";
import type { ApiRequest } from "./request.js";
import { badRequest, unsupportedMediaType, ApiError } from "./status.js";
import { mediaTypes, protobufType } from "./negotiation.js";

/** More than this is refused (apiserver, `MaxRequestBodyBytes`). */
const largest = 3 * 1024 * 1024;

const deepest = 1000;

/** The media type of a body, without parameters. */
export const contentType = ({ headers }: ApiRequest): string =>
  (headers?.["content-type"] ?? "").split(";")[0]?.trim() ?? "";

/** @throws ApiError 413 */
function bodyText({ body = "" }: ApiRequest): string {
  if (typeof body === "string" || body instanceof Uint8Array) {
    limit(body.length);
    return typeof body === "string" ? body : decodeUtf8(body);
  }
  return JSON.stringify(body);
}

/** @throws ApiError 413 */
function bodyBytes({ body }: ApiRequest): Uint8Array {
  const bytes = body instanceof Uint8Array ? body : encodeUtf8(typeof body === "string" ? body : "");
  limit(bytes.length);
  return bytes;
}

function limit(length: number): void {
  if (length > largest)
    throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${largest}`);
}

/** JSON of any shape. @throws ApiError 400 in the words of Go's decoder */
function parseJson(text: string, what: string): Json {
  try {
    const value = JSON.parse(text) as Json;
    // What is deeper would overflow a stack somewhere; Go's decoder draws the line at 10,000.
    if (text.length > 2 * deepest && depth(text) > deepest) throw badRequest(`${what}: json: exceeded max depth`);
    return value;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const [first = ""] = text.trimStart();
    throw badRequest(
      text.trim() === ""
        ? `${what}: unexpected end of JSON input`
        : `${what}: couldn't get version/kind; json parse error: invalid character ${JSON.stringify(first)} looking for beginning of value`,
    );
  }
}

/** What a patch says: what was handed over as it is, bytes as JSON, and where `yaml` allows it as YAML. @throws ApiError 400 */
export function patchValue(request: ApiRequest, what: string, yaml = false): Json {
  const { body } = request;
  if (typeof body === "object" && !(body instanceof Uint8Array)) return body;
  const text = bodyText(request);
  if (!yaml || /^\s*[{[]/.test(text)) return parseJson(text, what);
  return fromYaml(text, what);
}

function fromYaml(text: string, what: string): Json {
  try {
    const [document] = parseYaml(text);
    if (document !== undefined) return document;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw badRequest(`${what}: yaml: ${error.message}`);
  }
  throw badRequest(`${what}: unexpected end of YAML input`);
}

/** How deep brackets are nested in JSON text that is known to be right. */
function depth(text: string): number {
  let most = 0;
  let now = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const mark = text[i];
    if (mark === "\\" && quoted) i++;
    else if (mark === '"') quoted = !quoted;
    else if (!quoted && (mark === "{" || mark === "[")) most = Math.max(most, ++now);
    else if (!quoted && (mark === "}" || mark === "]")) now--;
  }
  return most;
}

/** What a body must be: what of a resource, or of what a subresource takes, is needed to read it. */
export type Expected = Pick<Resource, "group" | "version" | "kind" | "struct">;

/** The object of a request's body. @throws ApiError 400, 415 */
export function parseBody(request: ApiRequest, expected: Expected): JsonObject {
  const { body } = request;
  const type = contentType(request);
  if (body !== undefined && typeof body === "object" && !(body instanceof Uint8Array)) return body;
  const binary = hasProtobuf(expected.struct);
  if (type === protobufType && binary) return parseProtobuf(bodyBytes(request), expected);
  if (type !== "" && type !== "application/json" && type !== "application/yaml")
    throw unsupportedMediaType(binary ? mediaTypes : mediaTypes.filter((each) => each !== protobufType));
  const what = "error decoding request body";
  const value = type === "application/yaml" ? patchValue(request, what, true) : parseJson(bodyText(request), what);
  if (!isObject(value))
    throw badRequest(
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  return value;
}

function parseProtobuf(bytes: Uint8Array, expected: Expected): JsonObject {
  let envelope: Envelope | undefined;
  try {
    envelope = openEnvelope(bytes);
    const { apiVersion = groupVersion(expected), kind = expected.kind } = envelope;
    // Another kind's fields mean nothing here; that it is another one is said where bodies are compared with paths.
    const fields = kind === expected.kind ? decodeProtobuf(expected.struct, envelope.raw) : {};
    return { apiVersion, kind, ...fields };
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    const { kind = expected.kind, apiVersion = groupVersion(expected) } = envelope ?? {};
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
    throw badRequest(
      envelope === undefined
        ? `the object provided is unrecognized (must be of type ${expected.kind}): ${error.message} (${summary(bytes)})`
        : `${kind} in version "${version}" cannot be handled as a ${expected.kind}: ${error.message}`,
    );
  }
}

/** The beginning of what can't be read (apiserver, `summarizeData`). */
function summary(bytes: Uint8Array): string {
  const most = 30;
  if (bytes.length === 0) return "<empty>";
  const some = bytes.subarray(0, most);
  const text =
    some[0] === 0x7b ? decodeUtf8(some) : Array.from(some, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > most ? `${text} ...` : text;
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "./http-error.js";

/** The largest body that is read into memory, in bytes; larger files arrive in chunks. Half of V8's longest string. */
export const largestBody: number = 256 * 1024 * 1024;

export type Fields = Readonly<Record<string, unknown>>;

/** One request with its answer under way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the route's pattern took out of the path, percent-decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The body as a JSON object; an empty body is an empty one. @throws HttpError 400, 413 */
  json(): Promise<Fields>;
  /** The body as it is. @throws HttpError 413 */
  body(limit?: number): Promise<Buffer>;
}

/** A parameter of the route's pattern. */
export const parameter = ({ parameters }: Exchange, name: string): string => parameters[name] ?? "";

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new HttpError(413, `the body has more than ${limit} bytes`, { connection: "close" });
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // Without an encoding, a request's chunks are buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseObject(body: Buffer): Fields {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new HttpError(400, "the body is no JSON");
  }
  if (!isObject(value)) throw new HttpError(400, "the body is no JSON object");
  return value;
}

export function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  parameters: Readonly<Record<string, string>>,
): Exchange {
  const body = (limit = largestBody): Promise<Buffer> => readBody(request, limit);
  return { request, response, url, parameters, body, json: async () => parseObject(await body()) };
}

/** Answers with JSON. */
export function sendJson({ response }: Pick<Exchange, "response">, value: unknown, status = 200): void {
  const text = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": text.length,
    "cache-control": "no-store",
  });
  response.end(text);
}

export function sendNothing({ response }: Pick<Exchange, "response">): void {
  response.writeHead(204, { "cache-control": "no-store" });
  response.end();
}

export function redirect({ response }: Pick<Exchange, "response">, location: string): void {
  response.writeHead(302, { location, "cache-control": "no-store", "content-length": 0 });
  response.end();
}

/** A field of a JSON body that must be a string where it is there. @throws HttpError 400 */
export function optionalString(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new HttpError(400, `"${name}" is no string`);
  return value;
}

/** A field of a JSON body that must be a string. @throws HttpError 400 */
export function requiredString(fields: Fields, name: string): string {
  const value = optionalString(fields, name);
  if (value === undefined) throw new HttpError(400, `"${name}" is missing`);
  return value;
}

/** A field of a JSON body that must be an object where it is there. @throws HttpError 400 */
export function optionalObject(fields: Fields, name: string): Fields | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new HttpError(400, `"${name}" is no object`);
  return value;
}

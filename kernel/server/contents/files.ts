import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { parameter, type Exchange } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import { setPolicy } from "../security/headers.js";
import { contentType } from "./mime.js";
import type { Root } from "./root.js";

/** The part of a file that a `Range` header asks for (RFC 9110, 14.2): one range only, others get the whole. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) throw new HttpError(416, "the file has no such part", { "content-range": `bytes */${size}` });
  return { start, end };
}

/** Sends a file as it comes from the disk, however large it is. */
export async function sendFile(
  { request, response }: Exchange,
  file: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const stats = await stat(file);
  if (!stats.isFile()) throw new HttpError(404, "no such file");
  const tag = `"${stats.mtimeMs.toString(36)}-${stats.size.toString(36)}"`;
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304, { etag: tag });
    response.end();
    return;
  }
  const range = rangeOf(request.headers.range, stats.size);
  const length = range === undefined ? stats.size : range.end - range.start + 1;
  response.writeHead(range === undefined ? 200 : 206, {
    "accept-ranges": "bytes",
    etag: tag,
    ...headers,
    "content-length": length,
    ...(range === undefined ? {} : { "content-range": `bytes ${range.start}-${range.end}/${stats.size}` }),
  });
  if (request.method === "HEAD" || length === 0) {
    response.end();
    return;
  }
  // A file that grows meanwhile doesn't break the length that was announced.
  await pipeline(createReadStream(file, range ?? { start: 0, end: stats.size - 1 }), response);
}

/** The user's files as they are: what a notebook shows or a person downloads. */
export function filesRoute(root: Root): Route {
  return {
    method: "GET",
    pattern: "/files/*path",
    async handle(exchange) {
      const { path, file } = await root.locate(parameter(exchange, "path"));
      setPolicy(exchange.response, "file");
      const download = exchange.url.searchParams.get("download") === "1";
      const name = encodeURIComponent(basename(path)).replaceAll("'", "%27");
      await sendFile(exchange, file, {
        "content-type": contentType(path),
        "cache-control": "no-cache",
        ...(download ? { "content-disposition": `attachment; filename*=UTF-8''${name}` } : {}),
      });
    },
  };
}

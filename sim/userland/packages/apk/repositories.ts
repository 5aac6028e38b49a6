import { sha1 } from "@noble/hashes/legacy.js";
import type { Activity } from "../../../core/index.js";
import { attempt, Errno, type Sys } from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";
import { encode } from "../../program/encoding.js";
import { httpGet, parseHttpUrl } from "../../program/http.js";
import { hexOf, readIndex, type ApkRecord } from "../apk-file.js";
import { readBytesOf, readTextOf, replaceFile } from "../files.js";
import { fullName } from "./database.js";

/** A package as a repository has it. */
export interface Available {
  readonly record: ApkRecord;
  readonly url: string;
}

/** What came of reading the repositories. */
export interface Repositories {
  readonly packages: readonly Available[];
  readonly found: readonly { readonly url: string; readonly description: string }[];
  readonly unavailable: number;
}

/** How apk-tools 2.14 says what went wrong (its print.c). */
const troubles = {
  temporary: "temporary error (try again later)",
  name: "DNS lookup error",
  refused: "could not connect to server (check repositories file)",
  network: "network error (check Internet connection and firewall)",
  timeout: "operation timed out",
  server: "remote server returned error (try 'apk update')",
  missing: "No such file or directory",
  url: "invalid URL (check your repositories file)",
  archive: "BAD archive",
} as const;

const agent = { "User-Agent": "libfetch/2.0" };

/** @returns the bytes, or why there are none */
export function* download(sys: Sys, address: string): Activity<Uint8Array | string> {
  const url = parseHttpUrl(address);
  if (url === undefined) return troubles.url;
  const got = yield* httpGet(sys, url, agent);
  if (!("failed" in got)) return got.status === 200 ? got.body : got.status < 500 ? troubles.missing : troubles.server;
  if (got.failed === "name") return got.error.code === "EAI_AGAIN" ? troubles.temporary : troubles.name;
  if (got.failed === "answer") return troubles.server;
  if (got.error.code === "ECONNREFUSED") return troubles.refused;
  return got.error.code === "ETIMEDOUT" ? troubles.timeout : troubles.network;
}

/** Where an index is kept: named by its address. */
const cacheOf = (url: string): string => `/var/cache/apk/APKINDEX.${hexOf(sha1(encode(url))).slice(0, 8)}.tar.gz`;

/** How long an index is good before it is asked for again: four hours. */
const age = 4 * 3600 * 1e9;

/**
 * Reads the indexes of /etc/apk/repositories, from the cache or from their servers; warns of those that can't be had.
 * @param fresh whether the cache's aren't good enough
 */
export function* readRepositories(it: Invocation, fresh: boolean): Activity<Repositories> {
  const { sys } = it;
  const { machine } = yield* sys.uname();
  const arch = (yield* readTextOf(sys, "/etc/apk/arch")).trim() || machine;
  const lines = (yield* readTextOf(sys, "/etc/apk/repositories")).split("\n").map((line) => line.trim());
  const packages: Available[] = [];
  const found: { url: string; description: string }[] = [];
  let unavailable = 0;
  for (const url of lines.filter((line) => line !== "" && !line.startsWith("#"))) {
    const index = `${url}/${arch}/APKINDEX.tar.gz`;
    const bytes = yield* indexBytes(it, index, fresh);
    const read = typeof bytes === "string" ? undefined : readIndex(bytes);
    if (read === undefined) {
      unavailable++;
      const action = it.has("no-cache") ? "fetching" : "updating and opening";
      yield* it.tell(`WARNING: ${action} ${url}: ${typeof bytes === "string" ? bytes : troubles.archive}`);
      continue;
    }
    found.push({ url, description: read.description });
    for (const record of read.records)
      packages.push({ record, url: `${url}/${record.get("A") ?? arch}/${fullName(record)}.apk` });
  }
  return { packages, found, unavailable };
}

function* indexBytes(it: Invocation, index: string, fresh: boolean): Activity<Uint8Array | string> {
  const { sys } = it;
  const cached = cacheOf(index);
  if (!it.has("no-cache") && !fresh) {
    const about = yield* attempt(sys.stat(cached));
    const now = yield* sys.clock_gettime("CLOCK_REALTIME");
    if (!(about instanceof Errno) && now - about.mtime < age)
      return (yield* readBytesOf(sys, cached)) ?? troubles.missing;
  }
  if (it.has("no-network")) return troubles.missing;
  if (!it.has("q")) it.out.put(`fetch ${index}\n`);
  yield* it.out.flush();
  const bytes = yield* download(sys, index);
  if (typeof bytes !== "string" && !it.has("no-cache")) {
    yield* attempt(sys.mkdir("/var/cache", 0o755));
    yield* attempt(sys.mkdir("/var/cache/apk", 0o755));
    yield* attempt(replaceFile(sys, cached, bytes));
  }
  return bytes;
}

import { sha256 } from "@noble/hashes/sha2.js";
import { UsageError, type Activity } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDWR, type Sys } from "../../../os/index.js";
import { gunzip } from "../../archive/gzip.js";
import { namesIn } from "../../commands/tree.js";
import { Failure, type Invocation } from "../../program/command.js";
import { decode } from "../../program/encoding.js";
import { httpGet, parseHttpUrl, type HttpAnswer } from "../../program/http.js";
import { hexOf } from "../apk-file.js";
import { makeAbove, readBytesOf, readTextOf, replaceFile } from "../files.js";
import { readParagraphs, type Paragraph } from "../paragraphs.js";

/** A line of sources.list: `deb [trusted=yes] http://… bookworm main`. */
export interface Source {
  readonly url: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly trusted: boolean;
}

/** A package that can be had. */
export interface Candidate {
  readonly fields: Paragraph;
  readonly source: Source;
  readonly component: string;
}

function* readSources(sys: Sys): Activity<Source[]> {
  const names = yield* namesIn(sys, "/etc/apt/sources.list.d");
  const more = names instanceof Errno ? [] : names.filter((name) => name.endsWith(".list")).sort();
  const paths = ["/etc/apt/sources.list", ...more.map((name) => `/etc/apt/sources.list.d/${name}`)];
  const sources: Source[] = [];
  for (const path of paths)
    for (const [at, line] of (yield* readTextOf(sys, path)).split("\n").entries()) {
      const text = line.replace(/#.*/, "").trim();
      if (text === "" || text.startsWith("deb-src")) continue;
      const [, options = "", url, suite, rest] = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(text) ?? [];
      if (url === undefined || suite === undefined || rest === undefined)
        throw new Failure(
          `E: Malformed entry ${at + 1} in list file ${path} (Component)\nE: The list of sources could not be read.`,
          100,
        );
      const trusted = /\btrusted=yes\b/.test(options);
      sources.push({ url: url.replace(/\/+$/, ""), suite, components: rest.trim().split(/\s+/), trusted });
    }
  return sources;
}

const directory = "/var/lib/apt/lists";

/** How apt names a file by its address. */
const fileOf = (address: string): string => `${directory}/${address.replace(/^http:\/\//, "").replaceAll("/", "_")}`;

const agent = { "User-Agent": "Debian APT-HTTP/1.3 (2.6.1)", Accept: "*/*" };

/** apt's sizes: bytes up to 10,000, then powers of a thousand (its SizeToStr). */
export function sizeText(bytes: number): string {
  const letters = ["", "k", "M", "G"];
  for (let [size, at] = [bytes, 0]; ; size /= 1000, at++) {
    if (size < 100 && at > 0) return `${size.toFixed(1)} ${letters[at] ?? ""}B`;
    if (size < 10_000 || at === 3) return `${size.toFixed(0)} ${letters[at] ?? ""}B`;
  }
}

/** What came of a request, in apt's words where it failed for good. */
export type Fetched = HttpAnswer | { readonly trouble: string };

export function* get(sys: Sys, address: string, modified?: string): Activity<Fetched> {
  const url = parseHttpUrl(address);
  if (url === undefined)
    return { trouble: `The method driver /usr/lib/apt/methods/${address.replace(/:.*/, "")} could not be found.` };
  const since = modified === undefined ? {} : { "If-Modified-Since": modified };
  const got = yield* httpGet(sys, url, { ...agent, ...since });
  if (!("failed" in got)) return got;
  const { host, port } = url;
  if (got.failed === "name")
    return {
      trouble: got.error.code === "EAI_AGAIN" ? `Temporary failure resolving '${host}'` : `Could not resolve '${host}'`,
    };
  if (got.failed === "answer") return { trouble: "Connection failed" };
  const { number, message } = got.error;
  return { trouble: `Could not connect to ${host}:${port} (${got.address}). - connect (${number}: ${message})` };
}

/** Tells of requests as apt does: Get, Hit, Ign, Err with a number each, and the sum at the end. */
export class Progress {
  readonly #it: Invocation;
  #number = 0;
  #bytes = 0;
  #begun: number;

  constructor(it: Invocation, begun: number) {
    this.#it = it;
    this.#begun = begun;
  }

  next(): number {
    return ++this.#number;
  }

  *tell(kind: string, number: number, what: string): Activity<undefined> {
    if (!this.#it.has("q") || this.#it.options.filter(({ name }) => name === "q").length < 2)
      this.#it.out.put(`${kind}:${number} ${what}\n`);
    return yield* this.#it.out.flush();
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** "Fetched 7012 B in 0s (639 kB/s)"; nothing where nothing came. */
  *done(): Activity<undefined> {
    if (this.#bytes === 0) return undefined;
    const took = (yield* this.#it.sys.clock_gettime("CLOCK_MONOTONIC")) - this.#begun;
    const rate = sizeText(Math.floor((this.#bytes * 1e9) / Math.max(1, took)));
    const line = `Fetched ${sizeText(this.#bytes)} in ${Math.floor(took / 1e9)}s (${rate}/s)\n`;
    if (this.#it.options.filter(({ name }) => name === "q").length < 2) this.#it.out.put(line);
    return yield* this.#it.out.flush();
  }
}

/** Whether the caller may write the lists; else what apt says. */
function* lockLists(sys: Sys): Activity<undefined> {
  yield* attempt(sys.mkdir("/var/lib/apt", 0o755));
  yield* attempt(sys.mkdir(directory, 0o755));
  const lock = yield* attempt(sys.open(`${directory}/lock`, O_RDWR | O_CREAT, 0o640));
  if (lock instanceof Errno)
    throw new Failure(
      `E: Could not open lock file ${directory}/lock - open (${lock.number}: ${lock.message})\nE: Unable to lock directory ${directory}/`,
      100,
    );
  yield* sys.close(lock);
  return undefined;
}

/** Gets the indexes of all sources. @returns apt's exit status */
export function* updateLists(it: Invocation, architecture: string): Activity<number> {
  const { sys } = it;
  it.out.drop();
  yield* lockLists(sys);
  const progress = new Progress(it, yield* sys.clock_gettime("CLOCK_MONOTONIC"));
  const warnings: string[] = [];
  const errors: string[] = [];
  for (const source of yield* readSources(sys))
    yield* updateSource(it, source, architecture, progress, warnings, errors);
  yield* progress.done();
  const ignored = "Some index files failed to download. They have been ignored, or old ones used instead.";
  if (!it.has("q")) it.out.put("Reading package lists...\n");
  for (const line of warnings) yield* it.tell(`W: ${line}`);
  for (const line of errors) yield* it.tell(`E: ${line}`);
  if (errors.length > 0) {
    if (errors.some((line) => line.startsWith("Failed"))) yield* it.tell(`E: ${ignored}`);
    return 100;
  }
  if (warnings.length > 0) yield* it.tell(`W: ${ignored}`);
  return 0;
}

/** What a file of a source has to be, by `Release`. */
interface Expected {
  readonly sum: string;
  readonly size: number;
}

function expectedOf(release: string): Map<string, Expected> {
  const [fields] = readParagraphs(release);
  const rows = (fields?.get("SHA256") ?? "").split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.flatMap(([sum = "", size = "", name]) =>
      name === undefined ? [] : [[name, { sum, size: Number(size) }] as const],
    ),
  );
}

function* updateSource(
  it: Invocation,
  source: Source,
  architecture: string,
  progress: Progress,
  warnings: string[],
  errors: string[],
): Activity<undefined> {
  const { sys } = it;
  const { url, suite } = source;
  const base = `${url}/dists/${suite}`;
  const shown = `${url} ${suite}`;
  // A file with its own signature, which repositories here don't have.
  const inline = progress.next();
  const first = yield* get(sys, `${base}/InRelease`);
  if ("trouble" in first) {
    for (let tried = 0; tried < 3; tried++) yield* progress.tell("Ign", inline, `${shown} InRelease`);
    yield* progress.tell("Err", inline, `${shown} InRelease\n  ${first.trouble}`);
    warnings.push(`Failed to fetch ${base}/InRelease  ${first.trouble}`);
    return undefined;
  }
  yield* progress.tell("Ign", inline, `${shown} InRelease`);
  const number = progress.next();
  const kept = fileOf(`${base}/Release`);
  const known = yield* readTextOf(sys, kept);
  const modified = yield* readTextOf(sys, `${kept}.date`);
  const release = yield* get(sys, `${base}/Release`, known === "" ? undefined : modified);
  if ("trouble" in release || (release.status !== 200 && release.status !== 304)) {
    const why =
      "trouble" in release
        ? release.trouble
        : `${release.status}  ${release.reason} [IP: ${url.replace(/^http:\/\/([^/]*).*$/, "$1")} 80]`;
    yield* progress.tell("Err", number, `${shown} Release\n  ${why}`);
    errors.push(`The repository '${shown} Release' does not have a Release file.`);
    return undefined;
  }
  const unchanged = release.status === 304;
  if (!unchanged) progress.count(release.body.length);
  yield* progress.tell(
    unchanged ? "Hit" : "Get",
    number,
    `${shown} Release${unchanged ? "" : ` [${sizeText(release.body.length)}]`}`,
  );
  yield* progress.tell("Ign", progress.next(), `${shown} Release.gpg`);
  if (!source.trusted) {
    errors.push(`The repository '${shown} Release' is not signed.`);
    return undefined;
  }
  const text = unchanged ? known : decode(release.body);
  const files = expectedOf(text);
  for (const component of source.components) {
    const name = `${component}/binary-${architecture}/Packages`;
    const target = fileOf(`${base}/${name}`);
    const expected = files.get(`${name}.gz`);
    if (expected === undefined || (unchanged && (yield* readBytesOf(sys, target)) !== undefined)) continue;
    const own = progress.next();
    const what = `${url} ${suite}/${component} ${architecture} Packages`;
    const got = yield* get(sys, `${base}/${name}.gz`);
    const trouble =
      "trouble" in got
        ? got.trouble
        : got.status !== 200
          ? `${got.status}  ${got.reason}`
          : hexOf(sha256(got.body)) !== expected.sum
            ? "File has unexpected size or hash. Mirror sync in progress?"
            : undefined;
    if (trouble !== undefined || "trouble" in got) {
      yield* progress.tell("Err", own, `${what}\n  ${trouble ?? ""}`);
      errors.push(`Failed to fetch ${base}/${name}.gz  ${trouble ?? ""}`);
      continue;
    }
    progress.count(got.body.length);
    yield* progress.tell("Get", own, `${what} [${sizeText(got.body.length)}]`);
    yield* makeAbove(sys, target);
    yield* replaceFile(sys, target, gunzip(got.body));
  }
  if (unchanged) return undefined;
  yield* replaceFile(sys, kept, text);
  return yield* replaceFile(sys, `${kept}.date`, release.headers["last-modified"] ?? "");
}

/** What a source's `Release` says of where its packages are from: "Debian:12.7/stable". */
export function* originOf(sys: Sys, { url, suite }: Source): Activity<string> {
  const [fields] = readParagraphs(yield* readTextOf(sys, fileOf(`${url}/dists/${suite}/Release`)));
  return `${fields?.get("Label") ?? ""}:${fields?.get("Version") ?? ""}/${fields?.get("Suite") ?? suite}`;
}

/** The packages of all lists that were got. @throws Failure for a list that is damaged */
export function* readCandidates(sys: Sys, architecture: string): Activity<Candidate[]> {
  const all: Candidate[] = [];
  for (const source of yield* readSources(sys))
    for (const component of source.components) {
      const path = fileOf(`${source.url}/dists/${source.suite}/${component}/binary-${architecture}/Packages`);
      try {
        for (const fields of readParagraphs(yield* readTextOf(sys, path))) all.push({ fields, source, component });
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new Failure(`E: Unable to parse package file ${path} (1)`, 100);
      }
    }
  return all;
}

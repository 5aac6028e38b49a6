import { createWorld, UsageError, withDefaults, type World } from "../../core/index.js";
import { formatIpv4, type HttpRequest, type HttpResponse, type SocketAddress } from "../../net/index.js";
import { ContentStore } from "../image/content-store.js";
import { digestOf, isDigest, type Digest } from "../image/digest.js";
import { blobsOf, type Image } from "../image/image.js";
import { transferSizeAnnotation, transferSizeOf } from "../image/layer.js";
import { isIndex, parseManifest, type Descriptor, type Index, type Manifest } from "../image/oci.js";
import { isRepository, isTag } from "../image/reference.js";
import { Authorization, type AccessPolicy } from "./authorization.js";
import { answer, failure, json, parseTarget, transferSizeHeader, type Target } from "./protocol.js";
import { RateLimit, type RateLimitOptions } from "./rate-limit.js";
import { Repository } from "./repository.js";
import { Uploads } from "./uploads.js";

export interface RegistryOptions {
  readonly world: World;
  /** Without one everybody may do everything. */
  readonly access: AccessPolicy | undefined;
  readonly rateLimit: RateLimitOptions | undefined;
}

/**
 * A registry, by OCI's distribution-spec 1.1 and Docker's additions (catalogue, tokens, limits on pulls): one handler from a
 * request to a response, to be served over sim/net's HTTP, over a simulated link or by a bridge to real clients. Blobs are
 * kept once for all repositories; each repository has links to those that were pushed or mounted into it.
 * Absent: referrers, warnings, redirection of downloads.
 */
export class Registry {
  readonly content: ContentStore = new ContentStore();
  /** Requests that it answered, by method and status: "GET 200". */
  readonly counters: Map<string, number> = new Map();
  readonly #world: World;
  readonly #repositories = new Map<string, Repository>();
  readonly #transferSizes = new Map<Digest, number>();
  readonly #uploads: Uploads;
  readonly #authorization: Authorization | undefined;
  readonly #rateLimit: RateLimit | undefined;

  constructor(options?: Partial<RegistryOptions>) {
    const { world, access, rateLimit } = withDefaults<RegistryOptions>("Registry", options, {
      world: options?.world ?? createWorld(),
      access: undefined,
      rateLimit: undefined,
    });
    this.#world = world;
    const rng = world.rng.stream("registry");
    this.#uploads = new Uploads(this.content, () => uuid(() => rng.uint32()));
    this.#authorization = access === undefined ? undefined : new Authorization(access, world.engine);
    this.#rateLimit = rateLimit === undefined ? undefined : new RateLimit(rateLimit, world.engine);
  }

  /** Names of the repositories, sorted. */
  get repositories(): string[] {
    return [...this.#repositories.keys()].sort();
  }

  /** A repository's tags, sorted; undefined where there is none of this name. */
  tags(repository: string): string[] | undefined {
    const found = this.#repositories.get(repository);
    return found === undefined ? undefined : [...found.tags.keys()].sort();
  }

  /**
   * Takes an image, or an index of images, in without a request: how a registry is stocked.
   * @throws UsageError for names that aren't any, and blobs that are missing
   */
  publish(
    source: ContentStore,
    repository: string,
    tags: readonly string[],
    images: readonly Image[],
    target?: Descriptor,
  ): Digest {
    const bad = isRepository(repository) ? tags.find((tag) => !isTag(tag)) : repository;
    if (bad !== undefined)
      throw new UsageError(`"${bad}" is no name in a registry`, "Write it in lower case, without blanks.");
    const into = this.#repository(repository);
    for (const image of images) {
      for (const digest of blobsOf(image)) {
        this.content.put(source.get(digest));
        if (!into.blobs.has(digest)) this.content.hold(digest);
        into.blobs.add(digest);
      }
      this.#know(into, image.target.digest, image.manifest);
    }
    const top = target ?? images[0]?.target;
    if (top === undefined) throw new UsageError("nothing to publish", "Give one image at least.");
    const bytes = source.get(top.digest);
    this.content.put(bytes);
    this.#know(into, top.digest, parseManifest(bytes));
    for (const tag of tags) into.tags.set(tag, top.digest);
    return top.digest;
  }

  /** Answers a request: sim/net's `Handler`. */
  handle(request: HttpRequest, from?: SocketAddress): HttpResponse {
    const response = this.#answer(request, from === undefined ? "127.0.0.1" : formatIpv4(from.address));
    const key = `${request.method} ${response.status}`;
    this.counters.set(key, (this.counters.get(key) ?? 0) + 1);
    const { trace } = this.#world;
    if (trace.kept) trace.emit("registry.request", request.path, { method: request.method, status: response.status });
    return response;
  }

  #answer(request: HttpRequest, address: string): HttpResponse {
    const target = parseTarget(request.path);
    const { path } = target;
    if (this.#authorization?.serves(path) === true) return this.#authorization.issue(request, target);
    const route = routeOf(path);
    if (route === undefined) return { ...answer(404), body: new Uint8Array(0) };
    const writes = request.method !== "GET" && request.method !== "HEAD";
    const grant = this.#authorization?.check(
      request,
      route.kind === "manifests" || route.kind === "blobs" || route.kind === "uploads" || route.kind === "tags"
        ? route.repository
        : undefined,
      writes ? "push" : "pull",
    );
    if (grant !== undefined && "status" in grant) return grant;
    switch (route.kind) {
      case "base":
        return writes ? failure("UNSUPPORTED") : json({});
      case "catalog":
        return paged(target, path, this.repositories, (repositories) => ({ repositories }));
      case "invalid":
        return failure("NAME_INVALID", { detail: { name: route.repository } });
      case "tags": {
        const tags = this.tags(route.repository);
        if (tags === undefined) return failure("NAME_UNKNOWN", { detail: { name: route.repository } });
        return paged(target, path, tags, (shown) => ({ name: route.repository, tags: shown }));
      }
      case "manifests":
        return this.#manifest(request, route.repository, route.last, grant?.user, address);
      case "blobs":
        return this.#blob(request, route.repository, route.last);
      case "uploads":
        return this.#upload(request, route.repository, route.last, target);
    }
  }

  #manifest(
    request: HttpRequest,
    name: string,
    reference: string,
    user: string | undefined,
    address: string,
  ): HttpResponse {
    const repository = this.#repositories.get(name);
    switch (request.method) {
      case "GET":
      case "HEAD": {
        const limit = this.#rateLimit?.count(user, address, request.method === "GET");
        if (limit?.allowed === false)
          return failure("TOOMANYREQUESTS", {
            message:
              "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
            headers: limit.headers,
          });
        if (repository === undefined) return failure("NAME_UNKNOWN", { detail: { name } });
        const digest = repository.resolve(reference);
        const type = digest === undefined ? undefined : repository.manifests.get(digest);
        if (digest === undefined || type === undefined)
          return failure("MANIFEST_UNKNOWN", { detail: { Tag: reference } });
        return answer(200, this.content.get(digest), {
          "content-type": type,
          "docker-content-digest": digest,
          etag: `"${digest}"`,
          ...limit?.headers,
        });
      }
      case "PUT":
        return this.#putManifest(name, reference, request);
      case "DELETE": {
        // Docker's registry takes a tag too: the tag goes, the manifest stays.
        if (repository?.tags.delete(reference) === true) return answer(202);
        if (!isDigest(reference)) return failure("UNSUPPORTED");
        if (repository?.manifests.has(reference) !== true) return failure("MANIFEST_UNKNOWN");
        repository.removeManifest(reference);
        this.content.release(reference);
        this.content.collect([reference]);
        return answer(202);
      }
      default:
        return failure("UNSUPPORTED");
    }
  }

  #putManifest(name: string, reference: string, { body, headers }: HttpRequest): HttpResponse {
    const digest = digestOf(body);
    if (isDigest(reference) ? reference !== digest : !isTag(reference))
      return failure(isDigest(reference) ? "DIGEST_INVALID" : "TAG_INVALID");
    let document: Manifest | Index;
    try {
      document = parseManifest(body);
    } catch (error) {
      if (error instanceof UsageError) return failure("MANIFEST_INVALID", { message: error.message });
      throw error;
    }
    const said = headers["content-type"]?.split(";")[0];
    if (said !== undefined && said !== document.mediaType)
      return failure("MANIFEST_INVALID", { message: `the manifest is ${document.mediaType}, not ${said}` });
    const repository = this.#repository(name);
    const needed = isIndex(document) ? document.manifests : [document.config, ...document.layers];
    const missing = needed.find(({ digest: one }) =>
      isIndex(document) ? !repository.manifests.has(one) : !repository.blobs.has(one),
    );
    if (missing !== undefined) return failure("MANIFEST_BLOB_UNKNOWN", { detail: { digest: missing.digest } });
    this.content.put(body);
    this.#know(repository, digest, document);
    if (!isDigest(reference)) repository.tags.set(reference, digest);
    return answer(201, undefined, { location: `/v2/${name}/manifests/${digest}`, "docker-content-digest": digest });
  }

  #blob({ method, headers }: HttpRequest, name: string, reference: string): HttpResponse {
    const repository = this.#repositories.get(name);
    if (!isDigest(reference)) return failure("DIGEST_INVALID", { message: "invalid digest" });
    if (repository?.blobs.has(reference) !== true) return failure("BLOB_UNKNOWN", { detail: reference });
    if (method === "DELETE") {
      repository.blobs.delete(reference);
      this.content.release(reference);
      this.content.collect([reference]);
      return answer(202);
    }
    if (method !== "GET" && method !== "HEAD") return failure("UNSUPPORTED");
    const bytes = this.content.get(reference);
    const counted = this.#transferSizes.get(reference) ?? bytes.length;
    const about = {
      "content-type": "application/octet-stream",
      "docker-content-digest": reference,
      "accept-ranges": "bytes",
      etag: `"${reference}"`,
    };
    const range = headers["range"];
    if (range === undefined || method === "HEAD")
      return answer(200, bytes, { ...about, [transferSizeHeader]: String(counted) });
    const part = rangeOf(range, bytes.length);
    if (part === undefined)
      return failure("RANGE_INVALID", { headers: { "content-range": `bytes */${bytes.length}` } });
    const [first, last] = part;
    const share = Math.round((counted * (last + 1 - first)) / bytes.length);
    return answer(206, bytes.subarray(first, last + 1), {
      ...about,
      "content-range": `bytes ${first}-${last}/${bytes.length}`,
      [transferSizeHeader]: String(share),
    });
  }

  #upload(request: HttpRequest, name: string, session: string, target: Target): HttpResponse {
    if (session !== "") {
      const repository = this.#repositories.get(name);
      return repository === undefined
        ? failure("BLOB_UPLOAD_UNKNOWN")
        : this.#uploads.handle(repository, session, request, target);
    }
    if (request.method !== "POST") return failure("UNSUPPORTED");
    return this.#uploads.begin(
      this.#repository(name),
      target,
      request.body,
      (from, digest) =>
        this.#repositories.get(from)?.blobs.has(digest as Digest) === true &&
        (this.#authorization === undefined || !("status" in this.#authorization.check(request, from, "pull"))),
    );
  }

  #repository(name: string): Repository {
    let repository = this.#repositories.get(name);
    if (repository === undefined) {
      repository = new Repository(name);
      this.#repositories.set(name, repository);
    }
    return repository;
  }

  #know(repository: Repository, digest: Digest, document: Manifest | Index): void {
    if (!repository.manifests.has(digest)) this.content.hold(digest);
    repository.manifests.set(digest, document.mediaType);
    if (isIndex(document)) return;
    for (const layer of document.layers)
      if (layer.annotations?.[transferSizeAnnotation] !== undefined)
        this.#transferSizes.set(layer.digest, transferSizeOf(layer));
  }
}

type Route =
  | { readonly kind: "base" | "catalog" }
  | { readonly kind: "tags" | "invalid"; readonly repository: string }
  | { readonly kind: "manifests" | "blobs" | "uploads"; readonly repository: string; readonly last: string };

/** What a path stands for: a repository's name has slashes, so it is found from the end. */
function routeOf(path: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  const match =
    /^\/v2\/(.+)\/(?:(tags)\/list|blobs\/(uploads)\/([^/]*)|(manifests|blobs)\/([^/]+))$/.exec(path) ??
    /^\/v2\/(.+)\/blobs\/(?:()(uploads)())$/.exec(path);
  if (match === null) return undefined;
  const [, repository = "", tags, uploads, session = "", kind, last = ""] = match;
  if (!isRepository(repository)) return { kind: "invalid", repository };
  if (tags === "tags") return { kind: "tags", repository };
  if (uploads !== undefined) return { kind: "uploads", repository, last: session };
  return { kind: kind === "manifests" ? "manifests" : "blobs", repository, last };
}

/** A page of a sorted list: `n` of them behind `last`, with a link to the next (RFC 8288). */
function paged(
  { query }: Target,
  path: string,
  all: readonly string[],
  body: (shown: readonly string[]) => object,
): HttpResponse {
  const wanted = query.get("n");
  if (wanted !== undefined && !/^\d{1,9}$/.test(wanted)) return failure("PAGINATION_NUMBER_INVALID");
  const last = query.get("last");
  const rest = last === undefined ? all : all.filter((one) => one > last);
  const shown = wanted === undefined ? rest : rest.slice(0, Number(wanted));
  const end = shown.at(-1);
  const more = shown.length < rest.length && end !== undefined;
  return json(body(shown), {
    ...(more && { link: `<${path}?last=${encodeURIComponent(end)}&n=${wanted ?? ""}>; rel="next"` }),
  });
}

/** One range of bytes (RFC 9110, 14.1.2); undefined where it can't be satisfied. */
function rangeOf(range: string, length: number): readonly [number, number] | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (from === "" && to === "") return undefined;
  const first = from === "" ? Math.max(0, length - Number(to)) : Number(from);
  const last = from === "" || to === "" ? length - 1 : Math.min(Number(to), length - 1);
  return first > last ? undefined : [first, last];
}

/** A random UUID (RFC 9562, version 4). */
function uuid(word: () => number): string {
  const hex = Array.from({ length: 4 }, () => word().toString(16).padStart(8, "0")).join("");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

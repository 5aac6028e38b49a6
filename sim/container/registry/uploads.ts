import { concatBytes } from "../../core/index.js";
import type { HttpRequest, HttpResponse } from "../../net/index.js";
import type { ContentStore } from "../image/content-store.js";
import { digestOf, isDigest } from "../image/digest.js";
import { answer, failure, type Target } from "./protocol.js";
import type { Repository } from "./repository.js";

/** A blob that comes in pieces. */
interface Upload {
  readonly repository: string;
  readonly parts: Uint8Array[];
  length: number;
}

/** The longest blob. */
const longest = 2 ** 30;

/** Blobs on their way into a registry, by their sessions' names. */
export class Uploads {
  readonly #content: ContentStore;
  readonly #open = new Map<string, Upload>();
  readonly #name: () => string;

  /** @param name a new session's name each time */
  constructor(content: ContentStore, name: () => string) {
    this.#content = content;
    this.#name = name;
  }

  /** `POST /v2/NAME/blobs/uploads/`, also with the whole blob or one of another repository. */
  begin(
    repository: Repository,
    { query }: Target,
    body: Uint8Array,
    mountable: (from: string, digest: string) => boolean,
  ): HttpResponse {
    const [mount, from, digest] = [query.get("mount"), query.get("from"), query.get("digest")];
    if (mount !== undefined && from !== undefined && isDigest(mount) && mountable(from, mount)) {
      repository.blobs.add(mount);
      this.#content.hold(mount);
      return created(repository, mount);
    }
    const session = this.#name();
    const upload: Upload = { repository: repository.name, parts: [], length: 0 };
    this.#open.set(session, upload);
    if (digest !== undefined) return this.#finish(repository, session, upload, digest, body);
    return status(202, session, upload);
  }

  /** What is done with a session: its state, a chunk, the end, or giving it up. */
  handle(repository: Repository, session: string, request: HttpRequest, { query }: Target): HttpResponse {
    const upload = this.#open.get(session);
    if (upload?.repository !== repository.name) return failure("BLOB_UPLOAD_UNKNOWN");
    switch (request.method) {
      case "GET":
        return status(204, session, upload);
      case "DELETE":
        this.#open.delete(session);
        return answer(204);
      case "PATCH":
        if (!continues(upload, request)) return refused(session, upload);
        return this.#append(upload, request.body) ?? status(202, session, upload);
      case "PUT":
        if (!continues(upload, request)) return refused(session, upload);
        return this.#finish(repository, session, upload, query.get("digest"), request.body);
      default:
        return failure("UNSUPPORTED");
    }
  }

  #append(upload: Upload, body: Uint8Array): HttpResponse | undefined {
    if (upload.length + body.length > longest) return failure("SIZE_INVALID", { message: "the blob is too long" });
    if (body.length > 0) upload.parts.push(body);
    upload.length += body.length;
    return undefined;
  }

  #finish(
    repository: Repository,
    session: string,
    upload: Upload,
    digest: string | undefined,
    body: Uint8Array,
  ): HttpResponse {
    if (digest === undefined || !isDigest(digest))
      return failure("DIGEST_INVALID", { message: "invalid checksum digest format" });
    const failed = this.#append(upload, body);
    if (failed !== undefined) return failed;
    const bytes = concatBytes(upload.parts);
    this.#open.delete(session);
    if (digestOf(bytes) !== digest) return failure("DIGEST_INVALID", { detail: { digest } });
    this.#content.put(bytes);
    if (!repository.blobs.has(digest)) this.#content.hold(digest);
    repository.blobs.add(digest);
    return created(repository, digest);
  }
}

/** Whether a chunk says nothing of where it belongs, or belongs just behind what is there. */
function continues(upload: Upload, { headers, body }: HttpRequest): boolean {
  const range = headers["content-range"];
  if (range === undefined) return true;
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(range);
  return (
    match !== null && Number(match[1]) === upload.length && Number(match[2]) - Number(match[1]) + 1 === body.length
  );
}

const place = (session: string, { repository, length }: Upload): Record<string, string> => ({
  location: `/v2/${repository}/blobs/uploads/${session}`,
  // Inclusive; "0-0" where nothing has come yet, as the specification has it.
  range: `0-${Math.max(0, length - 1)}`,
  "docker-upload-uuid": session,
});

const status = (code: number, session: string, upload: Upload): HttpResponse =>
  answer(code, undefined, place(session, upload));

const refused = (session: string, upload: Upload): HttpResponse =>
  failure("RANGE_INVALID", { headers: place(session, upload) });

const created = ({ name }: Repository, digest: string): HttpResponse =>
  answer(201, undefined, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest });

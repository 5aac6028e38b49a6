import { Resource, type Activity } from "../../core/index.js";
import type { Digest } from "../image/digest.js";
import type { Image } from "../image/image.js";
import type { ImageStore } from "../image/image-store.js";
import { transferSizeOf } from "../image/layer.js";
import type { Descriptor } from "../image/oci.js";
import type { Reference } from "../image/reference.js";
import { plain, short, together, type Progress, type TransferOptions } from "./progress.js";
import { transferSizeHeader } from "./protocol.js";
import { errorOf, type Session } from "./session.js";

/**
 * Pushes an image as Docker does: layers that the registry lacks, a few at once, mounted from another repository where
 * `mountFrom` has them; then the configuration, then the manifest under the tag.
 * @returns the manifest's digest
 * @throws RegistryError with the registry's code
 */
export function* push(
  session: Session,
  image: Image,
  reference: Reference,
  store: ImageStore,
  options: TransferOptions & { readonly mountFrom?: string; readonly chunk?: number } = {},
): Activity<Digest> {
  const { progress = () => undefined, parallel = 5 } = options;
  const { repository, tag = "latest" } = reference;
  progress({ status: `The push refers to repository [${reference.registry}/${repository}]` });
  const turns = new Resource(session.engine, { name: "uploads", capacity: parallel });
  const sending = new Sending(session, repository, store, options);
  const layers = image.manifest.layers.map((layer) =>
    session.engine.spawn(sending.layer(layer, turns, progress), { name: `push of ${short(layer.digest)}` }),
  );
  yield* together(layers);
  yield* sending.blob(image.manifest.config, undefined);
  const bytes = store.content.get(image.target.digest);
  const response = yield* session.request(
    sending.scope,
    "PUT",
    `/v2/${repository}/manifests/${tag}`,
    { "content-type": image.manifest.mediaType },
    bytes,
  );
  if (response.status !== 201) throw errorOf(response);
  const { digest } = image.target;
  store.tag(image.id, plain(reference, { digest }));
  progress({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  return digest;
}

/** One push's uploads. */
class Sending {
  readonly scope: string;
  readonly #session: Session;
  readonly #repository: string;
  readonly #store: ImageStore;
  readonly #mountFrom: string | undefined;
  readonly #chunk: number | undefined;

  constructor(
    session: Session,
    repository: string,
    store: ImageStore,
    { mountFrom, chunk }: { readonly mountFrom?: string; readonly chunk?: number },
  ) {
    this.scope = `${repository}:pull,push`;
    this.#session = session;
    this.#repository = repository;
    this.#store = store;
    this.#mountFrom = mountFrom;
    this.#chunk = chunk;
  }

  *layer(layer: Descriptor, turns: Resource, tell: (line: Progress) => void): Activity<void> {
    const id = short(layer.digest);
    tell({ status: "Preparing", id });
    const claim = turns.acquire();
    if (!claim.settled) tell({ status: "Waiting", id });
    yield* claim;
    try {
      const how = yield* this.blob(layer, (current, total) => {
        tell({ status: "Pushing", id, progressDetail: { current, total } });
      });
      tell({ status: how, id });
    } finally {
      claim.release();
    }
  }

  /** @returns what became of it, in Docker's words */
  *blob(
    blob: Descriptor,
    progress: ((current: number, total: number) => void) | undefined,
  ): Activity<"Layer already exists" | "Mounted" | "Pushed"> {
    const { digest } = blob;
    const session = this.#session;
    const base = `/v2/${this.#repository}/blobs`;
    const there = yield* session.request(this.scope, "HEAD", `${base}/${digest}`);
    if (there.status === 200) return "Layer already exists";
    const mount = this.#mountFrom === undefined ? "" : `?mount=${digest}&from=${this.#mountFrom}`;
    const begun = yield* session.request(this.scope, "POST", `${base}/uploads/${mount}`);
    if (begun.status === 201) return "Mounted";
    if (begun.status !== 202) throw errorOf(begun);
    let location = begun.headers["location"] ?? "";
    let bytes = this.#store.content.get(digest);
    const counted = transferSizeOf(blob);
    const each = this.#chunk ?? bytes.length;
    const whole = bytes.length;
    for (let at = 0; bytes.length > each; at += each) {
      const part = bytes.subarray(0, each);
      const headers = {
        "content-range": `${at}-${at + each - 1}`,
        [transferSizeHeader]: String(Math.round((counted * each) / whole)),
      };
      const response = yield* session.request(this.scope, "PATCH", location, headers, part, progress);
      if (response.status !== 202) throw errorOf(response);
      location = response.headers["location"] ?? location;
      bytes = bytes.subarray(each);
    }
    const end = yield* session.request(
      this.scope,
      "PUT",
      `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`,
      { [transferSizeHeader]: String(Math.round((counted * bytes.length) / Math.max(1, whole))) },
      bytes,
      progress,
    );
    if (end.status !== 201) throw errorOf(end);
    return "Pushed";
  }
}

import { Resource, UsageError, type Activity } from "../../core/index.js";
import { digestOf } from "../image/digest.js";
import { choosePlatform, readImage, verifyLayers, type Image } from "../image/image.js";
import type { ImageStore } from "../image/image-store.js";
import { uncompressed } from "../image/layer.js";
import {
  isIndex,
  isIndexType,
  isManifestType,
  mediaTypes,
  parseConfig,
  parseManifest,
  type Descriptor,
  type Platform,
} from "../image/oci.js";
import { familiarName, type Reference } from "../image/reference.js";
import { plain, short, together, type Progress, type TransferOptions } from "./progress.js";
import { errorOf, RegistryError, type Session } from "./session.js";

const accepted = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerIndex].join(", ");
const usual: Platform = { os: "linux", architecture: "amd64" };

/**
 * Pulls an image into a store, as Docker does: the manifest, of an index this platform's, the configuration, and what is
 * missing of the layers, a few at once. Every byte is held against its digest; a transfer that breaks off is taken up again.
 * @throws RegistryError with the registry's code; UsageError for blobs that aren't what they are called
 */
export function* pull(
  session: Session,
  reference: Reference,
  store: ImageStore,
  options: TransferOptions = {},
): Activity<Image> {
  const { progress: tell = () => undefined, platform = usual, parallel = 3 } = options;
  const { repository } = reference;
  const scope = `${repository}:pull`;
  const wanted = reference.digest ?? reference.tag ?? "latest";
  tell({ status: `Pulling from ${repository}`, id: wanted });
  const top = yield* fetchManifest(session, scope, reference, wanted, store);
  let target = top;
  const first = parseManifest(store.content.get(top.digest));
  if (isIndex(first))
    target = yield* fetchManifest(session, scope, reference, choosePlatform(first, platform).digest, store);
  const manifest = parseManifest(store.content.get(target.digest));
  if (isIndex(manifest)) throw new UsageError("an index of indexes", "Push the images themselves.");
  const known = store.find(manifest.config.digest) !== undefined;
  yield* fetchBlob(session, scope, repository, manifest.config, store);
  const turns = new Resource(session.engine, { name: "downloads", capacity: parallel });
  const unique = manifest.layers.filter(
    ({ digest }, place) => manifest.layers.findIndex((layer) => layer.digest === digest) === place,
  );
  const missing = unique.filter(({ digest }) => !store.content.has(digest));
  const processes = unique.map((layer) =>
    session.engine.spawn(fetchLayer(session, scope, repository, layer, store, turns, tell), {
      name: `pull of ${short(layer.digest)}`,
    }),
  );
  yield* together(processes);
  const image = readImage(store.content, target, platform);
  verifyLayers(image, (digest) => uncompressed(store.content.get(digest)));
  for (const { digest } of missing) tell({ status: "Pull complete", id: short(digest) });
  const kept = store.add(image);
  if (reference.tag !== undefined) store.tag(kept.id, plain(reference, { tag: reference.tag }));
  store.tag(kept.id, plain(reference, { digest: top.digest }));
  tell({ status: `Digest: ${top.digest}` });
  const name = familiarName(reference);
  tell({ status: known ? `Status: Image is up to date for ${name}` : `Status: Downloaded newer image for ${name}` });
  return kept;
}

/** What a registry has under a name: its descriptor, and the platforms that it is there for. @throws RegistryError */
export function* lookUp(
  session: Session,
  reference: Reference,
  store: ImageStore,
): Activity<{ readonly descriptor: Descriptor; readonly platforms: readonly Platform[] }> {
  const { repository } = reference;
  const scope = `${repository}:pull`;
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const descriptor = yield* fetchManifest(session, scope, reference, wanted, store);
  const top = parseManifest(store.content.get(descriptor.digest));
  if (isIndex(top))
    return {
      descriptor,
      platforms: top.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform])),
    };
  yield* fetchBlob(session, scope, repository, top.config, store);
  const { os, architecture } = parseConfig(store.content.get(top.config.digest));
  return { descriptor, platforms: [{ os, architecture }] };
}

function* fetchManifest(
  session: Session,
  scope: string,
  of: Reference,
  wanted: string,
  store: ImageStore,
): Activity<Descriptor> {
  const { repository } = of;
  const path = `/v2/${repository}/manifests/${wanted}`;
  const response = yield* session.request(scope, "GET", path, { accept: accepted });
  if (response.status !== 200)
    throw named(errorOf(response), familiarName({ registry: of.registry, repository }), wanted);
  const { body, headers } = response;
  const digest = digestOf(body);
  if (wanted.startsWith("sha256:") && digest !== wanted) throw changed(wanted, digest);
  const mediaType = (headers["content-type"] ?? "").split(";")[0] ?? "";
  if (!isManifestType(mediaType) && !isIndexType(mediaType))
    throw new UsageError(`the registry gave a manifest of type "${mediaType}"`, "Push the image again in OCI's form.");
  store.content.put(body);
  return { mediaType, digest, size: body.length };
}

/** Docker's words for what isn't there, or isn't for everybody. */
function named(error: RegistryError, repository: string, reference: string): RegistryError {
  switch (error.code) {
    case "MANIFEST_UNKNOWN":
      return new RegistryError(
        error.code,
        `manifest for ${repository}:${reference} not found: ${error.message}`,
        error.status,
      );
    case "NAME_UNKNOWN":
    case "UNAUTHORIZED":
    case "DENIED":
      return new RegistryError(
        error.code,
        `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${error.message}`,
        error.status,
      );
    default:
      return error;
  }
}

const changed = (wanted: string, found: string): UsageError =>
  new UsageError(
    `the registry gave ${found} for ${wanted}`,
    "Don't use it: it was changed on the way or in the registry.",
  );

function* fetchBlob(
  session: Session,
  scope: string,
  repository: string,
  { digest }: Descriptor,
  store: ImageStore,
  progress?: (current: number, total: number) => void,
  onRetry?: (seconds: number) => void,
): Activity<void> {
  if (store.content.has(digest)) return;
  const bytes = yield* session.download(scope, `/v2/${repository}/blobs/${digest}`, progress, onRetry);
  const found = digestOf(bytes);
  if (found !== digest) throw changed(digest, found);
  store.content.put(bytes);
}

function* fetchLayer(
  session: Session,
  scope: string,
  repository: string,
  layer: Descriptor,
  store: ImageStore,
  turns: Resource,
  tell: (line: Progress) => void,
): Activity<void> {
  const id = short(layer.digest);
  if (store.content.has(layer.digest)) {
    tell({ status: "Already exists", id });
    return;
  }
  tell({ status: "Pulling fs layer", id });
  const claim = turns.acquire();
  if (!claim.settled) tell({ status: "Waiting", id });
  yield* claim;
  try {
    yield* fetchBlob(
      session,
      scope,
      repository,
      layer,
      store,
      (current, total) => {
        tell({ status: "Downloading", id, progressDetail: { current, total } });
      },
      (seconds) => {
        tell({ status: `Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`, id });
      },
    );
  } finally {
    claim.release();
  }
  tell({ status: "Verifying Checksum", id });
  tell({ status: "Download complete", id });
}

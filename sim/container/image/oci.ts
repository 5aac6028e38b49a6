import { UsageError } from "../../core/index.js";
import { Field, parseJson } from "../json.js";
import { demandDigest, type Digest } from "./digest.js";

/** Media types of OCI's image-spec (media-types.md) and Docker's own, schema 2, which mean the same. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  plainLayer: "application/vnd.oci.image.layer.v1.tar",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** What one blob says of another: descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** manifest.md. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** image-index.md: the same image for several platforms, or a layout's images. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** Docker's HEALTHCHECK, in nanoseconds: an extension that OCI reserves. */
interface HealthConfig {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** What a container of the image runs, unless told otherwise. */
export interface ExecutionConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: HealthConfig;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

export interface History {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly empty_layer?: boolean;
}

/** config.md. Its digest is the image's id. */
export interface ImageConfig {
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config: ExecutionConfig;
  /** Digests of the uncompressed layers, the lowest first. */
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] };
  readonly history: readonly History[];
}

export const isIndexType = (type: string): boolean => type === mediaTypes.index || type === mediaTypes.dockerIndex;
export const isManifestType = (type: string): boolean =>
  type === mediaTypes.manifest || type === mediaTypes.dockerManifest;

/** Leaves out what is undefined: optional fields are absent, not empty. */
function present<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function readDescriptor(field: Field): Descriptor {
  const size = field.at("size").number();
  if (!Number.isSafeInteger(size) || size < 0)
    throw new UsageError(`${field.where}.size is no size`, "Give a whole number of bytes.");
  return present<Descriptor>({
    mediaType: field.at("mediaType").text(),
    digest: demandDigest(field.at("digest").text()),
    size,
    platform: field.at("platform").optional((platform) =>
      present<Platform>({
        architecture: platform.at("architecture").text(),
        os: platform.at("os").text(),
        variant: platform.at("variant").optional((one) => one.text()),
      }),
    ),
    annotations: field.at("annotations").optional((one) => one.textMap()),
  });
}

/** A manifest or an index, by its own word or its shape. @throws UsageError naming the field that is wrong */
export function parseManifest(bytes: Uint8Array): Manifest | Index {
  const field = new Field(parseJson(bytes, "a manifest"), "manifest");
  if (field.at("schemaVersion").number() !== 2)
    throw new UsageError("a manifest is of another schema than 2", "Push or save the image again with a newer tool.");
  const given = field.at("mediaType").optional((one) => one.text());
  if (!field.at("manifests").absent) {
    if (given !== undefined && !isIndexType(given)) throw contradiction(given);
    return {
      schemaVersion: 2,
      mediaType: given ?? mediaTypes.index,
      manifests: field.at("manifests").list().map(readDescriptor),
    };
  }
  if (given !== undefined && !isManifestType(given)) throw contradiction(given);
  return present<Manifest>({
    schemaVersion: 2,
    mediaType: given ?? mediaTypes.manifest,
    config: readDescriptor(field.at("config")),
    layers: field.at("layers").list().map(readDescriptor),
    annotations: field.at("annotations").optional((one) => one.textMap()),
  });
}

const contradiction = (type: string): UsageError =>
  new UsageError(`a manifest says that it is "${type}", and is not`, "Push or save the image again.");

export const isIndex = (document: Manifest | Index): document is Index => "manifests" in document;

function readHealth(field: Field): HealthConfig {
  const number = (key: string): number | undefined => field.at(key).optional((one) => one.number());
  return present<HealthConfig>({
    Test: field.at("Test").optional((one) => one.texts()) ?? [],
    Interval: number("Interval"),
    Timeout: number("Timeout"),
    StartPeriod: number("StartPeriod"),
    StartInterval: number("StartInterval"),
    Retries: number("Retries"),
  });
}

/** The part of a configuration that is about running; unknown fields are left out. */
function readExecutionConfig(field: Field): ExecutionConfig {
  const texts = (key: string): string[] | undefined => field.at(key).optional((one) => one.texts());
  const text = (key: string): string | undefined => field.at(key).optional((one) => one.text());
  const keys = (key: string): Record<string, object> | undefined =>
    field.at(key).optional((one) => Object.fromEntries(one.entries().map(([name]) => [name, {}])));
  return present<ExecutionConfig>({
    User: text("User"),
    ExposedPorts: keys("ExposedPorts"),
    Env: texts("Env"),
    Entrypoint: texts("Entrypoint"),
    Cmd: texts("Cmd"),
    Volumes: keys("Volumes"),
    WorkingDir: text("WorkingDir"),
    Labels: field.at("Labels").optional((one) => one.textMap()),
    StopSignal: text("StopSignal"),
    Healthcheck: field.at("Healthcheck").optional(readHealth),
    Shell: texts("Shell"),
    OnBuild: texts("OnBuild"),
  });
}

/** @throws UsageError naming the field that is wrong */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const field = new Field(parseJson(bytes, "an image's configuration"), "config");
  const text = (key: string): string | undefined => field.at(key).optional((one) => one.text());
  const rootfs = field.at("rootfs");
  if (rootfs.at("type").text() !== "layers")
    throw new UsageError('config.rootfs.type is not "layers"', "Make the image again.");
  return present<ImageConfig>({
    created: text("created"),
    author: text("author"),
    architecture: field.at("architecture").text(),
    os: field.at("os").text(),
    variant: text("variant"),
    config: field.at("config").optional(readExecutionConfig) ?? {},
    rootfs: {
      type: "layers",
      diff_ids: rootfs
        .at("diff_ids")
        .texts()
        .map((digest) => demandDigest(digest)),
    },
    history: (field.at("history").optional((one) => one.list()) ?? []).map((one) =>
      present<History>({
        created: one.at("created").optional((inner) => inner.text()),
        created_by: one.at("created_by").optional((inner) => inner.text()),
        comment: one.at("comment").optional((inner) => inner.text()),
        author: one.at("author").optional((inner) => inner.text()),
        empty_layer: one.at("empty_layer").optional((inner) => inner.boolean()),
      }),
    ),
  });
}

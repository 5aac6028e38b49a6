import { decodeBase64, encodeBase64, encodeUtf8 } from "../../core/index.js";
import { decodeUtf8 } from "../objects/text.js";
import { fieldText, matches } from "../objects/selectors.js";
import { isObject, labelsOf, type Draft, type Json, type KubeObject } from "../objects/value.js";
import { prefixEnd } from "../etcd/types.js";
import { storageError, type Collection } from "./collection.js";
import type { ListOptions } from "./options.js";
import { ApiError, badRequest, expired } from "./status.js";
import type { Storage } from "./storage.js";

/** Whether an object is one of those asked for. */
export function selects({ labels, fields }: Pick<ListOptions, "labels" | "fields">, object: KubeObject): boolean {
  return (
    (labels.length === 0 || matches(labels, labelsOf(object))) &&
    fields.every(({ path, equal, value }) => (fieldText(object, path) === value) === equal)
  );
}

export interface Listed {
  readonly items: readonly KubeObject[];
  readonly metadata: Draft;
}

/** Where a list in parts goes on: at which key, and as of which revision. */
interface Token {
  readonly revision: number;
  readonly start: string;
}

const encodeToken = ({ revision, start }: Token): string =>
  encodeBase64(encodeUtf8(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start })))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

function decodeToken(text: string): Token {
  try {
    const parsed = JSON.parse(decodeUtf8(decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/")))) as Json;
    if (isObject(parsed) && typeof parsed["start"] === "string" && typeof parsed["rv"] === "number") {
      if (Number.isInteger(parsed["rv"])) return { revision: parsed["rv"], start: parsed["start"] };
    }
  } catch {
    // Said below.
  }
  throw badRequest("continue key is not valid: invalid continue token");
}

/** What a client hears whose revision is still to come. */
export const tooLarge = (wanted: number, current: number): ApiError =>
  new ApiError(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });

/**
 * Lists a collection, or what is under a prefix of its keys (kubernetes.io, "API concepts", resource versions and chunks). The
 * present comes from the watch cache; a part that continues, or an exact revision, from the store.
 * @param single whether what follows the prefix is a name alone, so that there is at most one object of it
 */
export function list(
  collection: Collection,
  storage: Storage,
  prefix: string,
  options: ListOptions,
  single = false,
): Listed {
  const { limit, resourceVersion, resourceVersionMatch } = options;
  const now = storage.revision;
  if (options.continue !== "") {
    if (resourceVersion !== "" && resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const token = decodeToken(options.continue);
    return ranged(storage, prefix, options, token.revision, prefix + token.start);
  }
  const wanted = Number(resourceVersion);
  if (wanted > now) throw tooLarge(wanted, now);
  const exact = resourceVersionMatch === "Exact" || (resourceVersionMatch === "" && limit > 0 && wanted > 0);
  if (exact && wanted < now) return ranged(storage, prefix, options, wanted, prefix);
  const plain = options.labels.length === 0 && options.fields.length === 0;
  const metadata: Draft = { resourceVersion: String(now) };
  // As the watch cache does: of any age means all of it.
  const whole = limit <= 0 || resourceVersion === "0";
  const all = plain && !whole ? collection.under(prefix, limit + 1) : candidates(collection, prefix, options, single);
  const items = plain ? all : all.filter((object) => selects(options, object));
  if (whole || items.length <= limit) return { items, metadata };
  const part = items.slice(0, limit);
  return {
    items: part,
    metadata: cut(metadata, part, prefix, now, plain ? collection.count(prefix) - limit : undefined, collection),
  };
}

/** What may be selected: of a name, all of that name, which are found without looking at the others where there can be but one. */
function candidates(collection: Collection, prefix: string, { fields }: ListOptions, single: boolean): KubeObject[] {
  const named = single ? fields.find(({ path, equal }) => equal && path === "metadata.name") : undefined;
  if (named === undefined) return collection.under(prefix);
  const found = collection.get(prefix + named.value);
  return found === undefined ? [] : [found];
}

function cut(
  metadata: Draft,
  part: readonly KubeObject[],
  prefix: string,
  revision: number,
  left: number | undefined,
  { prefix: all }: Pick<Collection, "prefix">,
): Draft {
  const last = part.at(-1);
  const key = last === undefined ? "" : keyWithin(all, last);
  metadata["continue"] = encodeToken({ revision, start: `${key.slice(prefix.length)}\0` });
  if (left !== undefined) metadata["remainingItemCount"] = left;
  return metadata;
}

/** An object's key in the store. */
const keyWithin = (prefix: string, { metadata: { namespace, name = "" } }: KubeObject): string =>
  namespace === undefined ? prefix + name : `${prefix}${namespace}/${name}`;

/** Lists from the store, as of a revision and from a key on. */
function ranged(storage: Storage, prefix: string, options: ListOptions, revision: number, from: string): Listed {
  const { limit } = options;
  const at = revision > 0 ? { revision } : {};
  const plain = options.labels.length === 0 && options.fields.length === 0;
  const found = storage.range(from, prefixEnd(prefix), { ...at, ...(plain && limit > 0 ? { limit } : {}) });
  if (!found.ok) {
    if (found.failure === "unavailable") throw storageError(found);
    throw options.continue === ""
      ? expired(`The resourceVersion for the provided list is too old.`)
      : expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        );
  }
  const chosen = plain ? found.items : found.items.filter(({ value }) => selects(options, value));
  const part = limit > 0 ? chosen.slice(0, limit) : chosen;
  const rv = revision > 0 ? revision : storage.revision;
  const metadata: Draft = { resourceVersion: String(rv) };
  const last = part.at(-1);
  if (last !== undefined && (found.more || part.length < chosen.length)) {
    metadata["continue"] = encodeToken({ revision: rv, start: `${last.key.slice(prefix.length)}\0` });
    if (plain) metadata["remainingItemCount"] = found.count - part.length;
  }
  return { items: part.map(({ value }) => value), metadata };
}

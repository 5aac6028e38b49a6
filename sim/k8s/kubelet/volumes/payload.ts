import { decodeBase64, encodeUtf8, type Activity } from "../../../core/index.js";
import type { Pod } from "../../client/pod-types.js";
import {
  at,
  isObject,
  listAt,
  objectAt,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import type { NodeContext } from "../node-context.js";
import { fieldOf, readObject, resourceOf, type ObjectKind } from "../pod-config.js";
import { RuntimeFailure } from "../runtime.js";

/** A file of a volume that is made of objects. */
interface VolumeFile {
  readonly bytes: Uint8Array;
  readonly mode: number;
}
export type Payload = Map<string, VolumeFile>;

const numberOr = (value: Json | undefined, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;

/**
 * The files of a volume that shows objects of the API: configMap, secret, downwardAPI, projected.
 * @returns undefined for volumes of other kinds
 * @throws RuntimeFailure in the kubelet's words for what is missing
 */
export function* payloadOf(context: NodeContext, pod: Pod, volume: JsonObject): Activity<Payload | undefined> {
  const projected = volume["projected"];
  const sources: readonly Json[] = isObject(projected) ? listAt(projected, "sources") : [volume];
  const known = ["configMap", "secret", "downwardAPI", "serviceAccountToken"];
  if (!isObject(projected) && !known.some((kind) => isObject(volume[kind]))) return undefined;
  const payload: Payload = new Map();
  for (const source of sources) {
    for (const kind of known) {
      const from = at(source, kind);
      if (!isObject(from)) continue;
      const mode = numberOr(isObject(projected) ? projected["defaultMode"] : from["defaultMode"], 0o644);
      if (kind === "configMap" || kind === "secret") yield* addObject(payload, context, pod, kind, from, mode);
      else if (kind === "downwardAPI") addFields(payload, context, pod, from, mode);
      else yield* addToken(payload, context, pod, from, mode);
    }
  }
  return payload;
}

function* addObject(
  payload: Payload,
  context: NodeContext,
  pod: Pod,
  kind: "configMap" | "secret",
  from: JsonObject,
  mode: number,
): Activity<undefined> {
  const plural: ObjectKind = kind === "configMap" ? "configmaps" : "secrets";
  const name = stringAt(from, "secretName") ?? stringAt(from, "name") ?? "";
  const optional = from["optional"] === true;
  const object = yield* readObject(context.client, plural, pod, name, optional);
  const values = valuesOf(plural, object);
  const items = listAt(from, "items");
  if (items.length === 0) for (const [key, bytes] of values) payload.set(key, { bytes, mode });
  for (const item of items) {
    const key = stringAt(item, "key") ?? "";
    const bytes = values.get(key);
    if (bytes !== undefined)
      payload.set(stringAt(item, "path") ?? key, { bytes, mode: numberOr(at(item, "mode"), mode) });
    else if (!optional)
      throw new RuntimeFailure(
        `${kind === "secret" ? "references non-existent secret" : "references non-existent config"} key: ${key}`,
      );
  }
  return undefined;
}

function valuesOf(kind: ObjectKind, object: KubeObject | undefined): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(objectAt(object, "data")))
    if (typeof value === "string") values.set(key, kind === "secrets" ? decodeBase64(value) : encodeUtf8(value));
  for (const [key, value] of Object.entries(objectAt(object, "binaryData")))
    if (typeof value === "string") values.set(key, decodeBase64(value));
  return values;
}

function addFields(payload: Payload, context: NodeContext, pod: Pod, from: JsonObject, mode: number): void {
  for (const item of listAt(from, "items")) {
    const field = stringAt(item, "fieldRef", "fieldPath");
    const container = pod.spec.containers.find(
      ({ name }) => name === stringAt(item, "resourceFieldRef", "containerName"),
    );
    const text =
      field === undefined
        ? resourceOf(container, stringAt(item, "resourceFieldRef", "resource") ?? "")
        : fieldOf(context, pod, field, pod.status?.podIP ?? "");
    payload.set(stringAt(item, "path") ?? "", { bytes: encodeUtf8(text), mode: numberOr(at(item, "mode"), mode) });
  }
}

function* addToken(
  payload: Payload,
  { client }: NodeContext,
  pod: Pod,
  from: JsonObject,
  mode: number,
): Activity<undefined> {
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const audience = stringAt(from, "audience");
  const request = {
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds: numberOr(from["expirationSeconds"], 3600),
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
    },
  };
  const account = stringAt(pod.spec, "serviceAccountName") ?? "default";
  const made = yield* client.post("serviceaccounts", namespace, account, "token", request);
  const token = stringAt(made, "status", "token") ?? "";
  // Others than its owner have no business with a token (kubernetes, `pkg/volume/projected`).
  payload.set(stringAt(from, "path") ?? "token", { bytes: encodeUtf8(token), mode });
  return undefined;
}
